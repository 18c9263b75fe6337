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


def units(signal: Signal, mapping: Table, inputs: Inputs, active: Comparison | None, diagnostics: Diagnostics) -> Units:
    """Return the units of a binding's metrics; a unit that cannot be determined is an error."""
    return _Reading(signal, mapping, inputs, active, diagnostics).units()


def stated(mapping: Table, names: Mapping[str, object]) -> dict[str, tuple[str, Span]]:
    """Return the units that a binding states for its inputs, with their places; a single unit holds for all inputs."""
    value = mapping.get(IN)
    if value is None:
        return {}
    if isinstance(value, Table):
        return {name: (str(value[name]), value.value_spans[name]) for name in names if name in value}
    return {name: (str(value), mapping.value_spans[IN]) for name in names}


def metric_of(name: str, selector: Selector) -> str:
    """Return the metric name that tells an input's unit; for a series of a histogram, the name of the histogram."""
    return whole_of(selector.metric) if name == HISTOGRAM.name else selector.metric


class _Reading:
    """Reads the units of one binding."""

    def __init__(
        self, signal: Signal, mapping: Table, inputs: Inputs, active: Comparison | None, diagnostics: Diagnostics
    ) -> None:
        self.signal = signal
        self.mapping = mapping
        self.inputs = inputs
        self.active = active
        self.diagnostics = diagnostics
        inputs_of_kind = {input_.name: input_ for form in kinds()[signal.kind].forms for input_ in form}
        self.metric_inputs: dict[str, Input] = {name: inputs_of_kind[name] for name in inputs if name in inputs_of_kind}
        self.stated = stated(mapping, self.metric_inputs)

    def units(self) -> Units:
        if IN in self.mapping and not self._in_makes_sense():
            return NO_UNITS
        if any(input_.measure is Measure.PART for input_ in self.metric_inputs.values()):
            return self._ratio_units()
        self._check_events()
        unit_by_input: dict[str, MeasuredIn] = {}
        for name, input_ in self.metric_inputs.items():
            base = self._base(input_)
            if input_.measure is Measure.EVENTS or base is None:
                continue
            unit = self._stated_unit(name, base) if name in self.stated else self._named_unit(name, base)
            if unit is not None and unit.factor != 1:
                unit_by_input[name] = unit
        return Units(metrics=unit_by_input, numbers={})

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
        span = self.mapping.key_spans[IN]
        inputs_with_unit = [name for name, input_ in self.metric_inputs.items() if input_.measure is not Measure.EVENTS]
        if self.signal.query is not None:
            hint = "divide in the query itself, such as `{{ lag }} / 1000`"
            self._error("metrics", span, f"`{IN}` means nothing to the query of `{self.signal.id}`", hint)
            return False
        if not inputs_with_unit or (self.signal.unit == STATE and COUNTER.name in self.metric_inputs):
            names = " and ".join(f"`{name}`" for name in self.metric_inputs)
            self._error("metrics", span, f"`{IN}` means nothing to {names}: events have no unit", "take it out")
            return False
        value = self.mapping[IN]
        if not isinstance(value, Table):
            if CAPACITY.name in self.metric_inputs and isinstance(self.inputs[COUNTER.name], Selector):
                message = f"`{IN}: {value}` does not say whether `{CAPACITY.name}` is in {value} a second, too"
                base = _base_name(METRIC_UNITS[str(value)].base)
                hint = f"write `{IN}: {{{COUNTER.name}: {value}, {CAPACITY.name}: {base}}}`, or what it is in"
                self._error("metric-unit", self.mapping.value_spans[IN], message, hint)
                return False
            return True
        unknown = [key for key in value if key not in inputs_with_unit]
        for key in unknown:
            message = f"`{key}` is no input of `{self.signal.id}` that has a unit"
            self._error("unknown-key", value.key_spans[key], message, did_you_mean(key, inputs_with_unit))
        return not unknown

    def _stated_unit(self, name: str, base: str) -> MeasuredIn | None:
        unit, span = self.stated[name]
        if METRIC_UNITS[unit].base == base:
            return MeasuredIn(unit=unit, by_name=False)
        if self.active is not None and base == COUNT:
            message = f"`{self.mapping['active']}` has no unit, so `{IN}: {unit}` scales nothing"
            example = next(iter(EXAMPLES[METRIC_UNITS[unit].base].split(",")))
            self._error("metric-unit", span, message, f"write a number with a unit in `active`, such as {example}")
            return None
        self._error(
            "metric-unit",
            span,
            f"`{IN}: {unit}` says {METRIC_UNITS[unit].base}, and {self._limits_text(name)} {base}",
            f"write one of {_list(base)}" if _list(base) else "take it out",
        )
        return None

    def _limits_text(self, name: str) -> str:
        if self.metric_inputs[name].measure in {Measure.INSTANT, Measure.SPAN}:
            return f"`{name}` is a time, in"
        if name == COUNTER.name and self.signal.unit == RATIO:
            return "a share of time is counted in"
        if self.active is not None:
            return f"`{self.mapping['active']}` is in"
        return f"the limits of `{self.signal.id}` are in"

    def _named_unit(self, name: str, base: str) -> MeasuredIn | None:
        """Return the unit that a metric's name tells; return None if it tells none, or after adding an error."""
        selector = self.inputs[name]
        assert isinstance(selector, Selector)  # noqa: S101 - what may be a number is a part
        metric = metric_of(name, selector)
        name_unit = unit_of(metric, base)
        if name_unit is None:
            return None
        if base in name_unit.against:
            # If the name contradicts the type of the input, that is the true cause, and another check reports it.
            if contradiction(selector.metric, self.metric_inputs[name].type) is None:
                message = f"`{metric}` {_is_in(name_unit)} by its name, and {self._limits_text(name)} {base}"
                example = f"`{IN}: {_base_name(base)}`" if _base_name(base) else f"`{IN}: …`"
                hint = f"bind a metric of {base}; where the name is wrong, say what it is in, such as {example}"
                self._error("metric-unit", self.mapping.value_spans[name], message, hint)
            return None
        if name_unit.base != base:
            return None
        if not name_unit.sure:
            self._report_ambiguous(name, metric, name_unit)
            return None
        return MeasuredIn(unit=name_unit.units[0], by_name=True)

    def _report_ambiguous(self, name: str, metric: str, name_unit: NamedUnit, *, of_parts: bool = False) -> None:
        """Add the error for a metric name with an ambiguous unit."""
        examples = [f"`{IN}: {{{name}: {unit}}}`" if of_parts else f"`{IN}: {unit}`" for unit in name_unit.units]
        if len(examples) == 1:
            message = f"`{metric}` may be in {name_unit.units[0]}: `{name_unit.word}` can mean something else"
            hint = f"look at one of its values, and write {examples[0]} if so, else the unit that it is in"
        else:
            message = f"`{metric}` may be in {' or in '.join(name_unit.units)}: its name does not tell"
            parts = (
                f"{example} ({_MEANS.get(unit, unit)})" for example, unit in zip(examples, name_unit.units, strict=True)
            )
            hint = f"look at one of its values, and write {' or '.join(parts)}"
        self._error("metric-unit", self.mapping.value_spans[name], message, hint)

    def _ratio_units(self) -> Units:
        """Return the units of the two parts of a ratio; they matter only if they differ."""
        if self.stated and not isinstance(self.mapping[IN], Table):
            return NO_UNITS
        numbers = {name: number for name, number in self.inputs.items() if isinstance(number, Decimal)}
        without_unit = numbers.keys() - self.stated.keys()
        if without_unit and not self.stated and not self._counts_time():
            # A number without a unit has the unit of the metric.
            return NO_UNITS
        unit_by_part = self._units_of_parts()
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
        name_unit = unit_of(counter.metric, SECONDS) if isinstance(counter, Selector) else None
        return name_unit is not None and name_unit.base == SECONDS

    def _units_of_parts(self) -> dict[str, str] | None:
        """Return the unit of each part; return None if all have the same unit, or after adding an error."""
        name_units = {name: self._unit_by_name(name, None) for name in self.metric_inputs}
        bases = {name: METRIC_UNITS[unit].base for name, (unit, _) in self.stated.items()}
        bases |= {name: unit.base for name, unit in name_units.items() if unit is not None and name not in bases}
        if len(set(bases.values())) > 1:
            second = list(bases)[1]
            hint = f"bind two metrics of one unit; where a name is wrong, say what it is in: `{IN}: {{{second}: …}}`"
            self._report_different_bases(bases, hint)
            return None
        base = next(iter(bases.values()), None)
        name_units = {name: self._unit_by_name(name, base) for name in self.metric_inputs}
        if base is None or (
            not self.stated and len({unit.units if unit else None for unit in name_units.values()}) == 1
        ):
            return None
        unit_by_part = {}
        for name in self.metric_inputs:
            unit = self._unit_of_part(name, name_units, base)
            if unit is None:
                return None
            unit_by_part[name] = unit
        return unit_by_part

    def _unit_by_name(self, name: str, base: str | None) -> NamedUnit | None:
        selector = self.inputs[name]
        return unit_of(selector.metric, base) if isinstance(selector, Selector) and name not in self.stated else None

    def _unit_of_part(self, name: str, name_units: Mapping[str, NamedUnit | None], base: str) -> str | None:
        """Return the unit of one part, or None after adding an error."""
        if name in self.stated:
            return self.stated[name][0]
        selector, own_unit = self.inputs[name], name_units[name]
        if own_unit is not None and isinstance(selector, Selector):
            if not own_unit.sure:
                self._report_ambiguous(name, selector.metric, own_unit, of_parts=True)
                return None
            return own_unit.units[0]
        other_units = [unit for unit in name_units.values() if unit is not None]
        if (
            self.stated
            or isinstance(selector, Decimal)
            or all(unit.sure and _is_base(unit.units[0]) for unit in other_units)
        ):
            return _base_name(base)
        self._report_silent_part(name, name_units, base)
        return None

    def _report_silent_part(self, silent_part: str, name_units: Mapping[str, NamedUnit | None], base: str) -> None:
        """Add the error for a part of unknown unit, if the name of the other part tells a unit that is no base unit."""
        name, unit = next((name, unit) for name, unit in name_units.items() if unit is not None)
        message = f"`{name}` {_is_in(unit)} by its name, and nothing says what `{silent_part}` is in"
        pair = f"`{IN}: {{{name}: {unit.units[0]}, {silent_part}: {_base_name(base)}}}`"
        hint = f"write `{IN}: {unit.units[0]}` where both are in it, or such as {pair}"
        self._error("metric-unit", self.mapping.value_spans[silent_part], message, hint)

    def _report_different_bases(self, bases: Mapping[str, str], hint: str) -> None:
        """Add the error for two metrics with different base units, although one should be a part of the other."""
        (first, first_base), (second, second_base) = list(bases.items())[:2]
        message = f"`{first}` is in {first_base} and `{second}` in {second_base}: neither is a share of the other"
        related = (Related(span=self.mapping.value_spans[first], message=f"`{first}` is measured here"),)
        span = self.stated[second][1] if second in self.stated else self.mapping.value_spans[second]
        self.diagnostics.error("metric-unit", span, message, hint=hint, related=related)

    def _check_events(self) -> None:
        """Add an error if two counters that form a ratio count different things, such as seconds and bytes."""
        counters = [name for name, unit in self.metric_inputs.items() if unit.measure is Measure.EVENTS]
        name_units = {name: self._unit_by_name(name, None) for name in counters}
        clear_units = {name: unit for name, unit in name_units.items() if unit is not None and unit.against}
        if len(counters) == len(clear_units) > 1 and len({unit.units for unit in clear_units.values()}) > 1:
            self._report_different_bases(
                {name: unit.word for name, unit in clear_units.items()}, "bind two counters of the same things"
            )

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


def _is_in(unit: NamedUnit) -> str:
    return "is a ratio" if unit.word == "ratio" else f"is in {unit.word}"


def _is_base(unit: str) -> bool:
    return METRIC_UNITS[unit].factor == 1


def _base_name(base: str) -> str:
    """Return the name of a base unit as `in` takes it; return an empty text if it has none."""
    return next((name for name, unit in METRIC_UNITS.items() if unit.base == base and unit.factor == 1), "")


def _list(base: str) -> str:
    return ", ".join(f"`{name}`" for name, unit in METRIC_UNITS.items() if unit.base == base and name != "%")
