"""Series of rule tests in the metrics' own units, and phases whose values come out exactly in spite of a conversion.

Kinds give `sampling.series` samples in base units, just as they write formulas for base units (`factors`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from compiler.quantities import Comparison, Quantity, decimal_text
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Kind, Measure
from compiler.signals.factors import factors_of
from compiler.signals.inputs import USED
from compiler.signals.profile import Phase

_ONE: Final = Fraction(1)
_SAMPLE: Final = re.compile(r"(?P<sign>-?)(?P<first>[0-9.]+)(?:(?P<way>[-+])(?P<by>[0-9.]+))?(?P<times>x[0-9]+)?")
_PRECISION: Final = Context(prec=60)
"""Digits: a TiB is 2 to the power of 40, so that exact decimals have forty digits after the point."""


def samples(bound: BoundSignal, metric: str, values: str) -> str:
    """Return samples in promtool's notation, converted from base units to the metric's own unit."""
    factor = factors_of(bound).values.get(metric, _ONE) if bound.binding.units else _ONE
    if factor == 1:
        return values
    return " ".join(_sample(token, factor) for token in values.split())


def edge(bound: BoundSignal, metric: str, text: str) -> str:
    """Return the label `le` of a bucket, converted from base units to the histogram's own unit."""
    factor = factors_of(bound).edges.get(metric, _ONE) if bound.binding.units else _ONE
    return text if factor == 1 or text == "+Inf" else repr(float(_own(Decimal(text), factor)))


def edge_in_base_units(bound: BoundSignal, metric: str, own: float) -> Decimal:
    """Return the edge in base units that `edge` converts to exactly this number in the histogram's own unit."""
    factor = factors_of(bound).edges.get(metric, _ONE) if bound.binding.units else _ONE
    return Decimal(repr(own)) if factor == 1 else _own(Decimal(own), 1 / factor)


def _sample(text: str, factor: Fraction) -> str:
    parts = _SAMPLE.fullmatch(text)
    if parts is None:
        return text
    rise = f"{parts['way']}{decimal_text(_own(Decimal(parts['by']), factor))}" if parts["by"] else ""
    return f"{parts['sign']}{decimal_text(_own(Decimal(parts['first']), factor))}{rise}{parts['times'] or ''}"


def _own(value: Decimal, factor: Fraction) -> Decimal:
    """Return a number converted from base units to a metric's own unit."""
    product = _PRECISION.multiply(value, Decimal(factor.denominator))
    return _PRECISION.divide(product, Decimal(factor.numerator))


def exactly(kind: Kind, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
    """Return the kind's phase that gives `value` exactly, where the conversion keeps it exact; else None.

    Engines compute in the metric's own unit, so the search for the phase uses that unit.
    """
    units, measures = bound.binding.units, _measures(kind)
    if not units:
        return kind.exactly(bound, value, always=always)
    measure = value if bound.binding.active is None else bound.binding.active.quantity.value
    factor = _factor_of_value(kind, bound)
    if factor is not None:
        own = _own(measure, factor)
        phase = (
            kind.exactly(_compared(bound, own), own, always=always) if _converts_back(own, measure, factor) else None
        )
        return None if phase is None else replace(phase, value=measure)
    if all(measures[name] is Measure.INSTANT for name in units):
        whole = all(
            _own(number, unit.factor) % 1 == 0
            for number in (measure, Decimal(bound.binding.step))
            for unit in units.values()
        )
    else:
        whole = all(_is_power_of_two(unit.factor) for unit in units.values())
    return kind.exactly(bound, value, always=always) if whole else None


def exact_parts(kind: Kind, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
    """Return the kind's phases of several series that together give `value`, where the conversion keeps it exact."""
    if not bound.binding.units:
        return kind.exact_parts(bound, value)
    factor = _factor_of_value(kind, bound)
    if factor is None or not _converts_back(_own(value, factor), value, factor):
        return ()
    parts = kind.exact_parts(bound, _own(value, factor))
    return tuple(replace(part, value=_own(part.value or Decimal(0), 1 / factor)) for part in parts)


def _measures(kind: Kind) -> dict[str, Measure]:
    return {metric_input.name: metric_input.measure for form in kind.forms for metric_input in form}


def _factor_of_value(kind: Kind, bound: BoundSignal) -> Fraction | None:
    """Return the factor of the whole value, if it is proportional to the only metric with a factor; else None."""
    (name, measured), *more = bound.binding.units.items()
    proportional = name == USED.name or _measures(kind)[name] is Measure.LIMITED
    return measured.factor if proportional and not more else None


def _compared(bound: BoundSignal, own: Decimal) -> BoundSignal:
    """Return a state with its comparison in the metric's own unit; return other signals unchanged."""
    active = bound.binding.active
    if active is None:
        return bound
    quantity = Quantity(own, active.quantity.unit)
    return replace(bound, binding=replace(bound.binding, active=Comparison(active.comparator, quantity)))


def _converts_back(own: Decimal, value: Decimal, factor: Fraction) -> bool:
    """Return whether `own` times the factor is exactly `value`, in exact arithmetic and in binary."""
    product = float(own) * factor.numerator / factor.denominator
    return Fraction(own) * factor == Fraction(value) and product == float(value)


def _is_power_of_two(factor: Fraction) -> bool:
    return all(number & (number - 1) == 0 for number in (factor.numerator, factor.denominator))
