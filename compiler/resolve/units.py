"""Resolve: the units of a binding's metrics, from its key `in`, else from the names of the metrics.

The compiler takes a unit from a name only if the name is unambiguous. An ambiguous unit, or one that cannot be the
unit of the limits, is an error: a limit that is compared in the wrong unit fires always or never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from compiler.diagnostics import Diagnostics, Related, Span, did_you_mean
from compiler.document import Table
from compiler.metric_names import NamedUnit, contradiction, unit_of, whole_of
from compiler.promql import Selector
from compiler.quantities import COUNT, EXAMPLES, METRIC_UNITS, PER_SECOND, RATIO, SECONDS, STATE, Comparison
from compiler.signals import kinds
from compiler.signals.bound import MeasuredIn, Signal
from compiler.signals.contract import Input, Measure
from compiler.signals.inputs import CAPACITY, COUNTER, HISTOGRAM

IN: Final = "in"
"""The key of a binding that states the units of its metrics."""

Inputs = Mapping[str, Selector | Decimal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """The units of the metrics that are not in base units, and the numbers of a binding, converted to base units."""

    metrics: Mapping[str, MeasuredIn]
    numbers: Mapping[str, Decimal]


NO_UNITS: Final = Units(metrics={}, numbers={})


def units(signal: Signal, given: Table, inputs: Inputs, active: Comparison | None, diagnostics: Diagnostics) -> Units:
    """Return the units of a binding's metrics; a unit that cannot be determined is an error."""
    return _Reading(signal, given, inputs, active, diagnostics).units()


def stated(given: Table, names: Mapping[str, object]) -> dict[str, tuple[str, Span]]:
    """Return the units that a binding states for its inputs, with their places; a single unit holds for all inputs."""
    value = given.get(IN)
    if value is None:
        return {}
    if isinstance(value, Table):
        return {name: (str(value[name]), value.value_spans[name]) for name in names if name in value}
    return {name: (str(value), given.value_spans[IN]) for name in names}


def metric_of(name: str, selector: Selector) -> str:
    """Return the metric name that tells an input's unit; for a series of a histogram, the name of the histogram."""
    return whole_of(selector.metric) if name == HISTOGRAM.name else selector.metric


class _Reading:
    """Reads the units of one binding."""

    def __init__(
        self, signal: Signal, given: Table, inputs: Inputs, active: Comparison | None, diagnostics: Diagnostics
    ) -> None:
        self.signal = signal
        self.given = given
        self.inputs = inputs
        self.active = active
        self.diagnostics = diagnostics
        known = {input_.name: input_ for form in kinds()[signal.kind].forms for input_ in form}
        self.known: dict[str, Input] = {name: known[name] for name in inputs if name in known}
        self.stated = stated(given, self.known)

    def units(self) -> Units:
        if IN in self.given and not self._in_makes_sense():
            return NO_UNITS
        if any(input_.measure is Measure.PART for input_ in self.known.values()):
            return self._of_parts()
        self._check_events()
        named: dict[str, MeasuredIn] = {}
        for name, input_ in self.known.items():
            base = self._base(input_)
            if input_.measure is Measure.EVENTS or base is None:
                continue
            unit = self._stated_unit(name, base) if name in self.stated else self._named_unit(name, base)
            if unit is not None and unit.factor != 1:
                named[name] = unit
        return Units(metrics=named, numbers={})

    def _base(self, input_: Input) -> str | None:
        """Return the base unit that an input should have, or None if it may have any."""
        if input_.measure in {Measure.INSTANT, Measure.SPAN}:
            return SECONDS
        if self.signal.unit == STATE:
            unit = self.active.quantity.unit if self.active is not None and input_.name != COUNTER.name else COUNT
            # A number without a unit is compared with the metric's value, whatever its unit.
            return None if unit == COUNT and input_.name not in self.stated else unit
        if input_.name == COUNTER.name and self.signal.unit in {RATIO, PER_SECOND}:
            # Seconds per second are a ratio. Other things that are counted per second may have any unit.
            return SECONDS if self.signal.unit == RATIO else None if input_.name not in self.stated else PER_SECOND
        return self.signal.unit

    def _in_makes_sense(self) -> bool:
        """Return whether `in` names only inputs that have a unit; add an error if not."""
        span = self.given.key_spans[IN]
        scaled = [name for name, input_ in self.known.items() if input_.measure is not Measure.EVENTS]
        if self.signal.query is not None:
            hint = "divide in the query itself, such as `{{ lag }} / 1000`"
            self._error("metrics", span, f"`{IN}` means nothing to the query of `{self.signal.id}`", hint)
            return False
        if not scaled or (self.signal.unit == STATE and COUNTER.name in self.known):
            names = " and ".join(f"`{name}`" for name in self.known)
            self._error("metrics", span, f"`{IN}` means nothing to {names}: events have no unit", "take it out")
            return False
        value = self.given[IN]
        if not isinstance(value, Table):
            if CAPACITY.name in self.known and isinstance(self.inputs[COUNTER.name], Selector):
                message = f"`{IN}: {value}` does not say whether `{CAPACITY.name}` is in {value} a second, too"
                base = _base_name(METRIC_UNITS[str(value)].base)
                hint = f"write `{IN}: {{{COUNTER.name}: {value}, {CAPACITY.name}: {base}}}`, or what it is in"
                self._error("metric-unit", self.given.value_spans[IN], message, hint)
                return False
            return True
        unknown = [key for key in value if key not in scaled]
        for key in unknown:
            message = f"`{key}` is no input of `{self.signal.id}` that has a unit"
            self._error("unknown-key", value.key_spans[key], message, did_you_mean(key, scaled))
        return not unknown

    def _stated_unit(self, name: str, base: str) -> MeasuredIn | None:
        unit, span = self.stated[name]
        if METRIC_UNITS[unit].base == base:
            return MeasuredIn(unit=unit, by_name=False)
        if self.active is not None and base == COUNT:
            message = f"`{self.given['active']}` has no unit, so `{IN}: {unit}` scales nothing"
            example = next(iter(EXAMPLES[METRIC_UNITS[unit].base].split(",")))
            self._error("metric-unit", span, message, f"write a number with a unit in `active`, such as {example}")
            return None
        self._error(
            "metric-unit",
            span,
            f"`{IN}: {unit}` says {METRIC_UNITS[unit].base}, and {self._limits(name)} {base}",
            f"write one of {_list(base)}" if _list(base) else "take it out",
        )
        return None

    def _limits(self, name: str) -> str:
        if self.known[name].measure in {Measure.INSTANT, Measure.SPAN}:
            return f"`{name}` is a time, in"
        if name == COUNTER.name and self.signal.unit == RATIO:
            return "a share of time is counted in"
        if self.active is not None:
            return f"`{self.given['active']}` is in"
        return f"the limits of `{self.signal.id}` are in"

    def _named_unit(self, name: str, base: str) -> MeasuredIn | None:
        """Return the unit that a metric's name tells, or None if it tells none or after adding an error."""
        selector = self.inputs[name]
        assert isinstance(selector, Selector)  # noqa: S101 - what may be a number is a part
        metric = metric_of(name, selector)
        named = unit_of(metric, base)
        if named is None:
            return None
        if base in named.against:
            # If the name contradicts the type of the input, that is the true cause, and another check reports it.
            if contradiction(selector.metric, self.known[name].type) is None:
                message = f"`{metric}` {_is_in(named)} by its name, and {self._limits(name)} {base}"
                example = f"`{IN}: {_base_name(base)}`" if _base_name(base) else f"`{IN}: …`"
                hint = f"bind a metric of {base}; where the name is wrong, say what it is in, such as {example}"
                self._error("metric-unit", self.given.value_spans[name], message, hint)
            return None
        if named.base != base:
            return None
        if not named.sure:
            self._unclear(name, metric, named)
            return None
        return MeasuredIn(unit=named.units[0], by_name=True)

    def _unclear(self, name: str, metric: str, named: NamedUnit, *, of_parts: bool = False) -> None:
        """Add the error for a metric name with an ambiguous unit."""
        examples = [f"`{IN}: {{{name}: {unit}}}`" if of_parts else f"`{IN}: {unit}`" for unit in named.units]
        if len(examples) == 1:
            message = f"`{metric}` may be in {named.units[0]}: `{named.word}` can mean something else"
            hint = f"look at one of its values, and write {examples[0]} if so, else the unit that it is in"
        else:
            message = f"`{metric}` may be in {' or in '.join(named.units)}: its name does not tell"
            parts = (
                f"{example} ({_MEANS.get(unit, unit)})" for example, unit in zip(examples, named.units, strict=True)
            )
            hint = f"look at one of its values, and write {' or '.join(parts)}"
        self._error("metric-unit", self.given.value_spans[name], message, hint)

    def _of_parts(self) -> Units:
        """Return the units of the two parts of a ratio; they matter only if they differ."""
        if self.stated and not isinstance(self.given[IN], Table):
            return NO_UNITS
        numbers = {name: number for name, number in self.inputs.items() if isinstance(number, Decimal)}
        alone = numbers.keys() - self.stated.keys()
        if alone and not self.stated and not self._counts_time():
            # A number without a unit has the unit of the metric.
            return NO_UNITS
        unit_by_part = self._parts()
        if unit_by_part is None or (
            len({METRIC_UNITS[unit].factor for unit in unit_by_part.values()}) == 1 and len(unit_by_part) > 1
        ):
            return NO_UNITS
        by_name = frozenset(unit_by_part) - self.stated.keys()
        metrics = {
            name: MeasuredIn(unit=unit, by_name=name in by_name)
            for name, unit in unit_by_part.items()
            if name not in numbers and METRIC_UNITS[unit].factor != 1
        }
        scales = {name: METRIC_UNITS[unit].factor for name, unit in unit_by_part.items() if name in numbers}
        return Units(
            metrics=metrics,
            numbers={name: numbers[name] * factor.numerator / factor.denominator for name, factor in scales.items()},
        )

    def _counts_time(self) -> bool:
        """Return whether the counter counts seconds, so that a number beside it means seconds per second."""
        counter = self.inputs.get(COUNTER.name)
        named = unit_of(counter.metric, SECONDS) if isinstance(counter, Selector) else None
        return named is not None and named.base == SECONDS

    def _parts(self) -> dict[str, str] | None:
        """Return the unit of each part, or None if all have the same unit or after adding an error."""
        named = {name: self._said(name, None) for name in self.known}
        bases = {name: METRIC_UNITS[unit].base for name, (unit, _) in self.stated.items()}
        bases |= {name: unit.base for name, unit in named.items() if unit is not None and name not in bases}
        if len(set(bases.values())) > 1:
            second = list(bases)[1]
            hint = f"bind two metrics of one unit; where a name is wrong, say what it is in: `{IN}: {{{second}: …}}`"
            self._apart(bases, hint)
            return None
        base = next(iter(bases.values()), None)
        named = {name: self._said(name, base) for name in self.known}
        if base is None or (not self.stated and len({unit.units if unit else None for unit in named.values()}) == 1):
            return None
        unit_by_part = {}
        for name in self.known:
            unit = self._part(name, named, base)
            if unit is None:
                return None
            unit_by_part[name] = unit
        return unit_by_part

    def _said(self, name: str, base: str | None) -> NamedUnit | None:
        selector = self.inputs[name]
        return unit_of(selector.metric, base) if isinstance(selector, Selector) and name not in self.stated else None

    def _part(self, name: str, named: Mapping[str, NamedUnit | None], base: str) -> str | None:
        """Return the unit of one part, or None after adding an error."""
        if name in self.stated:
            return self.stated[name][0]
        selector, own = self.inputs[name], named[name]
        if own is not None and isinstance(selector, Selector):
            if not own.sure:
                self._unclear(name, selector.metric, own, of_parts=True)
                return None
            return own.units[0]
        others = [other for other in named.values() if other is not None]
        if self.stated or isinstance(selector, Decimal) or all(o.sure and _is_base(o.units[0]) for o in others):
            return _base_name(base)
        self._half_said(name, named, base)
        return None

    def _half_said(self, silent: str, named: Mapping[str, NamedUnit | None], base: str) -> None:
        """Add the error for a part without a known unit beside a part whose name tells no base unit."""
        name, unit = next((name, unit) for name, unit in named.items() if unit is not None)
        message = f"`{name}` {_is_in(unit)} by its name, and nothing says what `{silent}` is in"
        pair = f"`{IN}: {{{name}: {unit.units[0]}, {silent}: {_base_name(base)}}}`"
        hint = f"write `{IN}: {unit.units[0]}` where both are in it, or such as {pair}"
        self._error("metric-unit", self.given.value_spans[silent], message, hint)

    def _apart(self, bases: Mapping[str, str], hint: str) -> None:
        """Add the error for two metrics with different base units, of which one should be a part of the other."""
        (first, first_base), (second, second_base) = list(bases.items())[:2]
        message = f"`{first}` is in {first_base} and `{second}` in {second_base}: neither is a share of the other"
        related = (Related(span=self.given.value_spans[first], message=f"`{first}` is measured here"),)
        span = self.stated[second][1] if second in self.stated else self.given.value_spans[second]
        self.diagnostics.error("metric-unit", span, message, hint=hint, related=related)

    def _check_events(self) -> None:
        """Add an error if two counters that form a ratio count different things, such as seconds and bytes."""
        counters = [name for name, unit in self.known.items() if unit.measure is Measure.EVENTS]
        named = {name: self._said(name, None) for name in counters}
        clear = {name: unit for name, unit in named.items() if unit is not None and unit.against}
        if len(counters) == len(clear) > 1 and len({unit.units for unit in clear.values()}) > 1:
            self._apart({name: unit.word for name, unit in clear.items()}, "bind two counters of the same things")

    def _error(self, code: str, span: Span, message: str, hint: str | None) -> None:
        self.diagnostics.error(code, span, message, hint=hint)


_MEANS: Final = {
    "KiB": "1024 bytes",
    "MiB": "1024 KiB",
    "GiB": "1024 MiB",
    "TiB": "1024 GiB",
    "kB": "1000 bytes",
    "MB": "1000 kB",
    "GB": "1000 MB",
    "TB": "1000 GB",
    "kbit": "1000 bits",
    "Mbit": "1000 kbit",
    "Gbit": "1000 Mbit",
    "percent": "100 is all",
    "ratio": "1 is all",
}


def _is_in(named: NamedUnit) -> str:
    return "is a ratio" if named.word == "ratio" else f"is in {named.word}"


def _is_base(unit: str) -> bool:
    return METRIC_UNITS[unit].factor == 1


def _base_name(base: str) -> str:
    """Return the name of a base unit as `in` takes it; return an empty text if it has none."""
    return next((name for name, unit in METRIC_UNITS.items() if unit.base == base and unit.factor == 1), "")


def _list(base: str) -> str:
    return ", ".join(f"`{name}`" for name, unit in METRIC_UNITS.items() if unit.base == base and name != "%")
