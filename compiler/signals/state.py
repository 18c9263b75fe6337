"""Kind `state`: something is down, open, looping, expired or stale; a comparison (`active`) says when.

The value is 1 while the state holds and 0 while it does not, so that a recording of it can be drawn and its absence
told apart.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from compiler.quantities import COUNT, RATIO, SECONDS, Comparison, decimal_text, duration_text
from compiler.signals import gauge, increase, usage
from compiler.signals.contract import BoundSignal, Input, Kind, Series, aggregate
from compiler.signals.inputs import AVAILABLE, COUNTER, GAUGE, MAX, SINCE, UNTIL, USED

MEASURED_IN: Final = {
    COUNTER.name: COUNT,
    MAX.name: RATIO,
    SINCE.name: SECONDS,
    UNTIL.name: SECONDS,
}
"""The unit that `active` must have, by input; a gauge may be in any."""
EACH_SERIES: Final = frozenset({GAUGE.name, SINCE.name, UNTIL.name})
"""Inputs of which each series is in the state or not, so that it can be asked whether all of them are."""
LOOKING_BACK: Final = frozenset({GAUGE.name})
"""Inputs that can be asked about the time before."""


class State:
    """Any series of a component in the state makes the component so; all of them, where the binding says `of: all`."""

    name = "state"
    forms: tuple[tuple[Input, ...], ...] = ((GAUGE,), (SINCE,), (UNTIL,), (COUNTER,), (USED, MAX), (AVAILABLE, MAX))
    constants: frozenset[str] = frozenset({MAX.name})

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "bool"

    def expression(self, bound: BoundSignal) -> str:
        """Return 1 or 0 a component."""
        binding, active = bound.binding, _active(bound)
        test = f"{active.comparator} bool {decimal_text(active.quantity.value)}"
        across = "min" if binding.every else "max"
        if bound.has(COUNTER.name):
            window = duration_text(binding.window)
            return f"{aggregate('sum', binding.per, f'increase({bound.selector(COUNTER.name)}[{window}])')} {test}"
        if bound.has(MAX.name):
            return f"{usage.KIND.expression(bound)} {test}"
        if bound.has(GAUGE.name):
            return aggregate(across, binding.per, f"{_gauge(bound, active)} {test}")
        if bound.has(SINCE.name):
            return aggregate(across, binding.per, f"time() - {bound.selector(SINCE.name)} {test}")
        return aggregate(across, binding.per, f"{bound.selector(UNTIL.name)} - time() {test}")

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return what the underlying kind returns for a measure well inside or well outside of the state."""
        measured = _inside(_active(bound)) if value else _outside(_active(bound))
        return _underlying(bound).series(replace(bound, low=False), measured, steps)


def _active(bound: BoundSignal) -> Comparison:
    active = bound.binding.active
    assert active is not None  # noqa: S101 - resolve asks for it
    return active


def _gauge(bound: BoundSignal, active: Comparison) -> str:
    """Return the gauge, or its value most inside of the state within the time that the binding looks back."""
    selector = bound.selector(GAUGE.name)
    if bound.binding.within is None:
        return str(selector)
    high = active.comparator in {">", ">="} or (active.comparator == "==" and active.quantity.value > 0)
    return f"{'max' if high else 'min'}_over_time({selector}[{duration_text(bound.binding.within)}])"


def _underlying(bound: BoundSignal) -> Kind:
    if bound.has(COUNTER.name):
        return increase.KIND
    return usage.KIND if bound.has(MAX.name) else gauge.KIND


def _margin(active: Comparison) -> Decimal:
    return Decimal("0.05") if active.quantity.unit == RATIO else max(Decimal(1), abs(active.quantity.value) / 10)


def _inside(active: Comparison) -> Decimal:
    value = active.quantity.value
    if active.comparator == "==":
        return value
    # Well inside of `>=` too: a rate at the limit itself comes out a rounding error short of it.
    if active.comparator.startswith(">"):
        return value + _margin(active)
    # Not below zero, where a counter cannot be.
    return value - (min(_margin(active), value / 2) or _margin(active))


def _outside(active: Comparison) -> Decimal:
    value = active.quantity.value
    if active.comparator == "==":
        return Decimal(0) if value else Decimal(1)
    if active.comparator.startswith("<"):
        return value + _margin(active)
    return max(value - _margin(active), Decimal(0))


KIND = State()
