"""Kind `state`: something is down, open, looping, expired or stale; a comparison (`active`) says when.

The value is 1 while the state holds and 0 while it does not, so that a recording of it can be drawn and its absence
told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar, Final

from compiler.conventions import STATE_LIMIT
from compiler.promql import Selector
from compiler.quantities import COUNT, RATIO, SECONDS, STATE, Comparison, decimal_text, duration_text
from compiler.signals import gauge, increase, usage
from compiler.signals.bound import STEP_SECONDS, BoundSignal
from compiler.signals.contract import Kind, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import AVAILABLE, COUNTER, GAUGE, MAX, SINCE, UNTIL, USED
from compiler.signals.level import current, margin
from compiler.signals.phrases import IS, MORE, Clause, amount, span
from compiler.signals.profile import Example, Phase, Rough

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


class State(Kind):
    """Any series of a component in the state makes the component so; all of them, where the binding says `of: all`."""

    name = "state"
    unit = STATE
    forms = ((GAUGE,), (SINCE,), (UNTIL,), (COUNTER,), (USED, MAX), (AVAILABLE, MAX))
    constants = frozenset({MAX.name})
    denominator = usage.WHOLE
    words: ClassVar[Mapping[str, Decimal]] = {STATE_LIMIT: Decimal(1)}

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether it is a state of a counter."""
        return bound.has(COUNTER.name)

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether it is a state of a share."""
        return bound.has(MAX.name)

    def counts(self, bound: BoundSignal) -> bool:
        """Return whether it is a state of a counter."""
        return bound.has(COUNTER.name)

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return what the underlying kind returns."""
        return _underlying(bound).steady(bound)

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "bool"

    def expression(self, bound: BoundSignal) -> str:
        """Return 1 or 0 a component."""
        binding, active = bound.binding, comparison(bound)
        test = f"{active.comparator} bool {decimal_text(active.quantity.value)}"
        across = "min" if binding.every else "max"
        if bound.has(COUNTER.name):
            return f"{increase.KIND.expression(bound)} {test}"
        if bound.has(MAX.name):
            return f"{usage.KIND.expression(bound)} {test}"
        if bound.has(GAUGE.name):
            return aggregate(across, binding.per, f"{_gauge(bound, active)} {test}")
        if bound.has(SINCE.name):
            return aggregate(across, binding.per, f"time() - {current(bound, bound.selector(SINCE.name))} {test}")
        return aggregate(across, binding.per, f"{current(bound, bound.selector(UNTIL.name))} - time() {test}")

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return what makes the state true."""
        active = comparison(bound)
        if bound.has(COUNTER.name):
            return increase.rise_in_words(bound, active.comparator, active.quantity)
        if bound.has(MAX.name):
            return usage.used_in_words(bound, active.comparator, active.quantity.value)
        name = next(one for one in (GAUGE.name, SINCE.name, UNTIL.name) if bound.has(one))
        which, quantity = (
            f"{'every' if bound.binding.every else 'any'} `{bound.selector(name).metric}`",
            amount(active.quantity),
        )
        if name == GAUGE.name:
            is_so = IS[active.comparator]
            if bound.binding.within is None:
                return Clause(text=f"{which} {is_so} {quantity}")
            been = is_so.replace("is", "has been", 1)
            return Clause(text=f"{which} {been} {quantity} within the last {span(bound.binding.within)}")
        side = "ago" if name == SINCE.name else "away"
        return Clause(text=f"{which} is {MORE[active.comparator]} {quantity} {side}")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return what the underlying kind returns for a measure inside or outside of the state.

        A value of 1 is well inside, 0 well outside; with `exact` set, the value is the measure itself.
        """
        phases = tuple(replace(one, value=_measure(bound, one)) for one in example.phases)
        return _underlying(bound).series(_plain(bound), replace(example, phases=phases))

    def first(self, bound: BoundSignal) -> int:
        """Return what the underlying kind returns."""
        return first_rate(bound) if bound.has(COUNTER.name) else 0

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return as of other kinds, or the time that is looked back on; nothing else is taken over a window."""
        if self.windowed(bound) or self.smoothed(bound):
            return super().settle_seconds(bound)
        return max(bound.binding.memory or 0, bound.binding.within or 0) + 2 * STEP_SECONDS

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).zero_denominator(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase of a measure that is exactly the compared one, whatever the `value`."""
        found = _underlying(bound).exactly(_plain(bound), comparison(bound).quantity.value, always=always)
        return None if found is None else replace(found, exact=True)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two series in the state and one that is not; of events and shares, parts that are in it together.

        At a `value` of 0, such parts as are together out of it; nothing where there are no parts.
        """
        if bound.has(COUNTER.name) or bound.has(MAX.name):
            measure = (_inside if value else _outside)(comparison(bound))
            parts = _underlying(bound).replicas(_plain(bound), measure)
            return tuple(replace(one, exact=True) for one in parts)
        if not value:
            return ()
        return (Phase(value=Decimal(1), steps=1), Phase(value=Decimal(1), steps=1), Phase(value=Decimal(0), steps=1))

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return what the underlying kind does; a state that is not known at a moment does not go on."""
        return _underlying(bound).withstands(_plain(bound) if _underlying(bound) is gauge.KIND else bound)

    def scraped(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).scraped(bound)

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).counts_births(bound)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return the state, or its opposite where all series must be in it; a share is made large in both parts."""
        if bound.has(MAX.name):
            return replace(usage.KIND.strong_sample(bound), exact=True)
        return Phase(value=Decimal(0 if bound.binding.every else 1), steps=1, traffic=Decimal(100))


def comparison(bound: BoundSignal) -> Comparison:
    """Return what makes the state true."""
    active = bound.binding.active
    assert active is not None  # noqa: S101 - resolve asks for it
    return active


def near(bound: BoundSignal, *, inside: bool) -> Decimal | None:
    """Return a measure that is just in the state or just out of it; None where there is no telling, as for `==`."""
    active = comparison(bound)
    if active.comparator == "==":
        return None
    away = margin(active.quantity.value, ratio=active.quantity.unit == RATIO)
    return active.quantity.value + (away if inside == active.comparator.startswith(">") else -away)


def _plain(bound: BoundSignal) -> BoundSignal:
    """Return the binding as the underlying kind is to see it: as it is, gauges untouched."""
    if bound.has(MAX.name):
        return replace(bound, low=False)
    return replace(bound, low=False, binding=replace(bound.binding, over_time=None))


def _measure(bound: BoundSignal, phase: Phase) -> Decimal | None:
    if phase.value is None or phase.exact:
        return phase.value
    active = comparison(bound)
    if not phase.value:
        return _outside(active)
    inside = _inside(active)
    # Of events, so many that those of one step are enough, while the window fills.
    return increase.KIND.past_limit(_plain(bound), inside) if bound.has(COUNTER.name) and _rises(active) else inside


def _rises(active: Comparison) -> bool:
    return active.comparator.startswith(">")


def _gauge(bound: BoundSignal, active: Comparison) -> str:
    """Return the gauge, or its value most inside of the state within the time that the binding looks back."""
    selector = bound.selector(GAUGE.name)
    if bound.binding.within is None:
        return current(bound, selector)
    high = _rises(active) or (active.comparator == "==" and active.quantity.value > 0)
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
