"""Resolve: the units that the metrics of a binding are in: what it says (`in`), else what their names say.

A unit that a name says beyond doubt is taken. One that it leaves open, or that cannot be that of the limits, is an
error: a limit that is compared in the wrong unit fires for ever, or never.
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
"""The key of a binding that says what its metrics are in."""

Inputs = Mapping[str, Selector | Decimal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """The units of the metrics that are not in base units, and the numbers of a binding, which now are."""

    metrics: Mapping[str, MeasuredIn]
    numbers: Mapping[str, Decimal]


NO_UNITS: Final = Units(metrics={}, numbers={})


def units(signal: Signal, given: Table, inputs: Inputs, active: Comparison | None, diagnostics: Diagnostics) -> Units:
    """Return the units of a binding's metrics; what cannot be told is an error."""
    return _Reading(signal, given, inputs, active, diagnostics).units()


def stated(given: Table, names: Mapping[str, object]) -> dict[str, tuple[str, Span]]:
    """Return what a binding says of the units of its inputs, with the places; one unit is that of all of them."""
    value = given.get(IN)
    if value is None:
        return {}
    if isinstance(value, Table):
        return {name: (str(value[name]), value.value_spans[name]) for name in names if name in value}
    return {name: (str(value), given.value_spans[IN]) for name in names}


def metric_of(name: str, selector: Selector) -> str:
    """Return the name that says the unit of an input: a histogram's, also where one of its series is bound."""
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
        known = {one.name: one for form in kinds()[signal.kind].forms for one in form}
        self.known: dict[str, Input] = {name: known[name] for name in inputs if name in known}
        self.stated = stated(given, self.known)

    def units(self) -> Units:
        if IN in self.given and not self._in_makes_sense():
            return NO_UNITS
        if any(one.measure is Measure.PART for one in self.known.values()):
            return self._of_parts()
        self._check_events()
        found: dict[str, MeasuredIn] = {}
        for name, one in self.known.items():
            base = self._base(one)
            if one.measure is Measure.EVENTS or base is None:
                continue
            unit = self._stated_unit(name, base) if name in self.stated else self._named_unit(name, base)
            if unit is not None and unit.factor != 1:
                found[name] = unit
        return Units(metrics=found, numbers={})

    def _base(self, one: Input) -> str | None:
        """Return the base unit that an input should be in; None where any will do."""
        if one.measure in {Measure.INSTANT, Measure.SPAN}:
            return SECONDS
        if self.signal.unit == STATE:
            unit = self.active.quantity.unit if self.active is not None and one.name != COUNTER.name else COUNT
            # A bare number is compared with what the metric says, whatever it is in.
            return None if unit == COUNT and one.name not in self.stated else unit
        if one.name == COUNTER.name and self.signal.unit in {RATIO, PER_SECOND}:
            # Seconds a second are a share. What is counted a second may be anything.
            return SECONDS if self.signal.unit == RATIO else None if one.name not in self.stated else PER_SECOND
        return self.signal.unit

    def _in_makes_sense(self) -> bool:
        """Return whether `in` speaks of inputs that have a unit; an error where it does not."""
        span = self.given.key_spans[IN]
        scaled = [name for name, one in self.known.items() if one.measure is not Measure.EVENTS]
        if self.signal.query is not None:
            hint = "divide in the query itself, such as `{{ lag }} / 1000`"
            self._error("metrics", span, f"`{IN}` means nothing to the query of `{self.signal.id}`", hint)
            return False
        if not scaled or (self.signal.unit == STATE and COUNTER.name in self.known):
            what = " and ".join(f"`{name}`" for name in self.known)
            self._error("metrics", span, f"`{IN}` means nothing to {what}: events have no unit", "take it out")
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
        """Return the unit that a metric's name says; None where it says none, and after an error."""
        selector = self.inputs[name]
        assert isinstance(selector, Selector)  # noqa: S101 - what may be a number is a part
        metric = metric_of(name, selector)
        said = unit_of(metric, base)
        if said is None:
            return None
        if base in said.against:
            # Of a name that says another type, that is the true cause.
            if contradiction(selector.metric, self.known[name].type) is None:
                message = f"`{metric}` {_is_in(said)} by its name, and {self._limits(name)} {base}"
                example = f"`{IN}: {_base_name(base)}`" if _base_name(base) else f"`{IN}: …`"
                hint = f"bind a metric of {base}; where the name is wrong, say what it is in, such as {example}"
                self._error("metric-unit", self.given.value_spans[name], message, hint)
            return None
        if said.base != base:
            return None
        if not said.sure:
            self._unclear(name, metric, said)
            return None
        return MeasuredIn(unit=said.units[0], by_name=True)

    def _unclear(self, name: str, metric: str, said: NamedUnit, *, of_parts: bool = False) -> None:
        """Add the error for a name that leaves its unit open."""
        ways = [f"`{IN}: {{{name}: {unit}}}`" if of_parts else f"`{IN}: {unit}`" for unit in said.units]
        if len(ways) == 1:
            message = f"`{metric}` may be in {said.units[0]}: `{said.word}` can mean something else"
            hint = f"look at one of its values, and write {ways[0]} if so, else the unit that it is in"
        else:
            message = f"`{metric}` may be in {' or in '.join(said.units)}: its name does not tell"
            parts = (f"{way} ({_MEANS.get(unit, unit)})" for way, unit in zip(ways, said.units, strict=True))
            hint = f"look at one of its values, and write {' or '.join(parts)}"
        self._error("metric-unit", self.given.value_spans[name], message, hint)

    def _of_parts(self) -> Units:
        """Return the units of what is held against each other: only where they differ does it matter."""
        if self.stated and not isinstance(self.given[IN], Table):
            return NO_UNITS
        numbers = {name: one for name, one in self.inputs.items() if isinstance(one, Decimal)}
        alone = numbers.keys() - self.stated.keys()
        if alone and not self.stated and not self._counts_time():
            # A number without a unit is in that of the metric.
            return NO_UNITS
        found = self._parts()
        if found is None or (len({METRIC_UNITS[unit].factor for unit in found.values()}) == 1 and len(found) > 1):
            return NO_UNITS
        by_name = frozenset(found) - self.stated.keys()
        metrics = {
            name: MeasuredIn(unit=unit, by_name=name in by_name)
            for name, unit in found.items()
            if name not in numbers and METRIC_UNITS[unit].factor != 1
        }
        scales = {name: METRIC_UNITS[unit].factor for name, unit in found.items() if name in numbers}
        return Units(
            metrics=metrics,
            numbers={name: numbers[name] * one.numerator / one.denominator for name, one in scales.items()},
        )

    def _counts_time(self) -> bool:
        """Return whether a counter of time is held against a number, which is one of seconds a second."""
        counter = self.inputs.get(COUNTER.name)
        said = unit_of(counter.metric, SECONDS) if isinstance(counter, Selector) else None
        return said is not None and said.base == SECONDS

    def _parts(self) -> dict[str, str] | None:
        """Return the unit of each part; None where all are in one unit, or after an error."""
        said = {name: self._said(name, None) for name in self.known}
        bases = {name: METRIC_UNITS[unit].base for name, (unit, _) in self.stated.items()}
        bases |= {name: one.base for name, one in said.items() if one is not None and name not in bases}
        if len(set(bases.values())) > 1:
            second = list(bases)[1]
            hint = f"bind two metrics of one unit; where a name is wrong, say what it is in: `{IN}: {{{second}: …}}`"
            self._apart(bases, hint)
            return None
        base = next(iter(bases.values()), None)
        said = {name: self._said(name, base) for name in self.known}
        if base is None or (not self.stated and len({one.units if one else None for one in said.values()}) == 1):
            return None
        found = {}
        for name in self.known:
            unit = self._part(name, said, base)
            if unit is None:
                return None
            found[name] = unit
        return found

    def _said(self, name: str, base: str | None) -> NamedUnit | None:
        selector = self.inputs[name]
        return unit_of(selector.metric, base) if isinstance(selector, Selector) and name not in self.stated else None

    def _part(self, name: str, said: Mapping[str, NamedUnit | None], base: str) -> str | None:
        """Return the unit of one part; None after an error."""
        if name in self.stated:
            return self.stated[name][0]
        selector, one = self.inputs[name], said[name]
        if one is not None and isinstance(selector, Selector):
            if not one.sure:
                self._unclear(name, selector.metric, one, of_parts=True)
                return None
            return one.units[0]
        others = [other for other in said.values() if other is not None]
        if self.stated or isinstance(selector, Decimal) or all(o.sure and _is_base(o.units[0]) for o in others):
            return _base_name(base)
        self._half_said(name, said, base)
        return None

    def _half_said(self, silent: str, said: Mapping[str, NamedUnit | None], base: str) -> None:
        """Add the error for a part whose unit nobody says, beside one that is in another than the base unit."""
        name, one = next((name, one) for name, one in said.items() if one is not None)
        message = f"`{name}` {_is_in(one)} by its name, and nothing says what `{silent}` is in"
        pair = f"`{IN}: {{{name}: {one.units[0]}, {silent}: {_base_name(base)}}}`"
        hint = f"write `{IN}: {one.units[0]}` where both are in it, or such as {pair}"
        self._error("metric-unit", self.given.value_spans[silent], message, hint)

    def _apart(self, bases: Mapping[str, str], hint: str) -> None:
        """Add the error for two metrics of which one should be a part of the other, and that are in other units."""
        (first, one), (second, other) = list(bases.items())[:2]
        message = f"`{first}` is in {one} and `{second}` in {other}: neither is a share of the other"
        related = (Related(span=self.given.value_spans[first], message=f"`{first}` is measured here"),)
        span = self.stated[second][1] if second in self.stated else self.given.value_spans[second]
        self.diagnostics.error("metric-unit", span, message, hint=hint, related=related)

    def _check_events(self) -> None:
        """Add an error where of two counters that are held against each other one counts seconds, the other bytes."""
        counters = [name for name, one in self.known.items() if one.measure is Measure.EVENTS]
        said = {name: self._said(name, None) for name in counters}
        named = {name: one for name, one in said.items() if one is not None and one.against}
        if len(counters) == len(named) > 1 and len({one.units for one in named.values()}) > 1:
            self._apart({name: one.word for name, one in named.items()}, "bind two counters of the same things")

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


def _is_in(said: NamedUnit) -> str:
    return "is a ratio" if said.word == "ratio" else f"is in {said.word}"


def _is_base(unit: str) -> bool:
    return METRIC_UNITS[unit].factor == 1


def _base_name(base: str) -> str:
    """Return the name of a base unit in `in`; nothing where it has none."""
    return next((name for name, unit in METRIC_UNITS.items() if unit.base == base and unit.factor == 1), "")


def _list(base: str) -> str:
    return ", ".join(f"`{name}`" for name, unit in METRIC_UNITS.items() if unit.base == base and name != "%")
