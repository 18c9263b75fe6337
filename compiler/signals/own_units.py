"""Series of a rule test in the unit that a metric is in, and values that come out of them exactly.

Kinds ask `sampling.series` for samples in base units, as `factors` lets them write formulas for base units.
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
"""Digits: a TiB is 2 to the power of 40, so that exact decimals have forty behind the point."""


def samples(bound: BoundSignal, metric: str, values: str) -> str:
    """Return samples in promtool's notation, given in base units, in the unit that the metric is in."""
    factor = factors_of(bound).values.get(metric, _ONE) if bound.binding.units else _ONE
    if factor == 1:
        return values
    return " ".join(_sample(one, factor) for one in values.split())


def edge(bound: BoundSignal, metric: str, text: str) -> str:
    """Return the label `le` of a bucket, given in base units, in the unit that the histogram is in."""
    factor = factors_of(bound).edges.get(metric, _ONE) if bound.binding.units else _ONE
    return text if factor == 1 or text == "+Inf" else repr(float(_own(Decimal(text), factor)))


def based(bound: BoundSignal, metric: str, own: float) -> Decimal:
    """Return what `edge` turns into exactly this number: an edge of the histogram's own, in base units."""
    factor = factors_of(bound).edges.get(metric, _ONE) if bound.binding.units else _ONE
    return Decimal(repr(own)) if factor == 1 else _own(Decimal(own), 1 / factor)


def _sample(text: str, factor: Fraction) -> str:
    found = _SAMPLE.fullmatch(text)
    if found is None:
        return text
    rise = f"{found['way']}{decimal_text(_own(Decimal(found['by']), factor))}" if found["by"] else ""
    return f"{found['sign']}{decimal_text(_own(Decimal(found['first']), factor))}{rise}{found['times'] or ''}"


def _own(value: Decimal, factor: Fraction) -> Decimal:
    """Return a number of base units as a number of a metric's own unit."""
    product = _PRECISION.multiply(value, Decimal(factor.denominator))
    return _PRECISION.divide(product, Decimal(factor.numerator))


def exactly(kind: Kind, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
    """Return what the kind does, a phase that gives `value` without any rounding error, where the scale leaves it so.

    Engines reckon in the metric's own unit, so that is where the phase is looked for.
    """
    units, measures = bound.binding.units, _measures(kind)
    if not units:
        return kind.exactly(bound, value, always=always)
    measure = value if bound.binding.active is None else bound.binding.active.quantity.value
    factor = _of_all(kind, bound)
    if factor is not None:
        own = _own(measure, factor)
        found = kind.exactly(_compared(bound, own), own, always=always) if _comes_back(own, measure, factor) else None
        return None if found is None else replace(found, value=measure)
    if all(measures[name] is Measure.INSTANT for name in units):
        whole = all(
            _own(one, each.factor) % 1 == 0 for one in (measure, Decimal(bound.binding.step)) for each in units.values()
        )
    else:
        whole = all(_is_power_of_two(each.factor) for each in units.values())
    return kind.exactly(bound, value, always=always) if whole else None


def exact_parts(kind: Kind, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
    """Return what the kind does, phases of several series that give `value` together, where the scale leaves it so."""
    if not bound.binding.units:
        return kind.exact_parts(bound, value)
    factor = _of_all(kind, bound)
    if factor is None or not _comes_back(_own(value, factor), value, factor):
        return ()
    parts = kind.exact_parts(bound, _own(value, factor))
    return tuple(replace(one, value=_own(one.value or Decimal(0), 1 / factor)) for one in parts)


def _measures(kind: Kind) -> dict[str, Measure]:
    return {one.name: one.measure for form in kind.forms for one in form}


def _of_all(kind: Kind, bound: BoundSignal) -> Fraction | None:
    """Return the factor of the whole value, where it is proportional to the one metric that has a factor; else None."""
    (name, measured), *more = bound.binding.units.items()
    proportional = name == USED.name or _measures(kind)[name] is Measure.LIMITED
    return measured.factor if proportional and not more else None


def _compared(bound: BoundSignal, own: Decimal) -> BoundSignal:
    """Return a state as it is compared in the metric's own unit; anything else as it is."""
    active = bound.binding.active
    if active is None:
        return bound
    quantity = Quantity(own, active.quantity.unit)
    return replace(bound, binding=replace(bound.binding, active=Comparison(active.comparator, quantity)))


def _comes_back(own: Decimal, value: Decimal, factor: Fraction) -> bool:
    """Return whether the factor makes the value of a number without a rounding error, on paper and in binary."""
    product = float(own) * factor.numerator / factor.denominator
    return Fraction(own) * factor == Fraction(value) and product == float(value)


def _is_power_of_two(factor: Fraction) -> bool:
    return all(one & (one - 1) == 0 for one in (factor.numerator, factor.denominator))
