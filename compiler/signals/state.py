"""Kind `state`: something is down, open, looping, expired or stale; a comparison (`active`) says when.

The value is 1 while the state holds and 0 while it does not. So a dashboard can draw its recording, and 0 differs from
a missing value.
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
"""The unit that `active` must have, by input; a gauge may have any unit."""
EACH_SERIES: Final = frozenset({GAUGE.name, SINCE.name, UNTIL.name})
"""Inputs whose series are each in the state or not, so that `of: all` can ask for all of them."""
LOOKING_BACK: Final = frozenset({GAUGE.name})
"""Inputs whose past values can count (`within`)."""


class State(Kind):
    """A component is in the state if any of its series is; with `of: all` in the binding, if all of them are."""

    name = "state"
    summary = "true or false, by `active`; `of: all` wants all series, `within` looks back"
    counted = frozenset({COUNTER.name})
    unit = STATE
    forms = ((GAUGE,), (SINCE,), (UNTIL,), (COUNTER,), (USED, MAX), (AVAILABLE, MAX))
    constants = frozenset({MAX.name})
    denominator = usage.WHOLE
    words: ClassVar[Mapping[str, Decimal]] = {STATE_LIMIT: Decimal(1)}

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the input is a counter."""
        return bound.has(COUNTER.name)

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether the inputs make a share."""
        return bound.has(MAX.name)

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return what the underlying kind returns."""
        return _underlying(bound).steady(bound)

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "bool"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL that is 1 or 0 for each component."""
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
        """Return the comparison that makes the state true."""
        active = comparison(bound)
        if bound.has(COUNTER.name):
            return increase.rise_in_words(bound, active.comparator, active.quantity)
        if bound.has(MAX.name):
            return usage.used_in_words(bound, active.comparator, active.quantity.value)
        name = next(candidate for candidate in (GAUGE.name, SINCE.name, UNTIL.name) if bound.has(candidate))
        series, quantity = (
            f"{'every' if bound.binding.every else 'any'} `{bound.selector(name).metric}`",
            amount(active.quantity),
        )
        if name == GAUGE.name:
            verb = IS[active.comparator]
            if bound.binding.within is None:
                return Clause(text=f"{series} {verb} {quantity}")
            perfect_verb = verb.replace("is", "has been", 1)
            return Clause(text=f"{series} {perfect_verb} {quantity} within the last {span(bound.binding.within)}")
        direction = "ago" if name == SINCE.name else "away"
        return Clause(text=f"{series} is {MORE[active.comparator]} {quantity} {direction}")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the underlying kind's series for a measure inside or outside of the state.

        A phase's value of 1 means well inside and 0 well outside; with `exact` set, the value is the measure itself.
        """
        phases = tuple(replace(phase, value=_measure(bound, phase)) for phase in example.phases)
        return _underlying(bound).series(_plain(bound), replace(example, phases=phases))

    def first(self, bound: BoundSignal) -> int:
        """Return what the underlying kind returns."""
        return first_rate(bound) if bound.has(COUNTER.name) else 0

    def settle_seconds(self, bound: BoundSignal) -> int:
        """Return the default for counters and shares, which use the window; else the time that the rule looks back."""
        if self.windowed(bound) or self.smoothed(bound):
            return super().settle_seconds(bound)
        return max(bound.binding.memory or 0, bound.binding.within or 0) + 2 * STEP_SECONDS

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).zero_denominator(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase whose measure equals the number of the comparison exactly, whatever the `value`."""
        phase = _underlying(bound).exactly(_plain(bound), comparison(bound).quantity.value, always=always)
        return None if phase is None else replace(phase, exact=True)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two series in the state and one out of it; for counters and shares, parts that add up to the state.

        At a `value` of 0, return parts that add up to a measure out of the state; nothing for other inputs.
        """
        if bound.has(COUNTER.name) or bound.has(MAX.name):
            measure = (_inside if value else _outside)(comparison(bound))
            parts = _underlying(bound).replicas(_plain(bound), measure)
            return tuple(replace(part, exact=True) for part in parts)
        if not value:
            return ()
        return (Phase(value=Decimal(1), steps=1), Phase(value=Decimal(1), steps=1), Phase(value=Decimal(0), steps=1))

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return what the underlying kind withstands; gauges are not taken over a window here."""
        return _underlying(bound).withstands(_plain(bound) if _underlying(bound) is gauge.KIND else bound)

    def scraped(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).scraped(bound)

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return what the underlying kind returns."""
        return _underlying(bound).counts_births(bound)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a series in the state, or out of it where all must be in it; for shares, two large parts."""
        if bound.has(MAX.name):
            return replace(usage.KIND.strong_sample(bound), exact=True)
        return Phase(value=Decimal(0 if bound.binding.every else 1), steps=1, traffic=Decimal(100))


def comparison(bound: BoundSignal) -> Comparison:
    """Return the comparison that makes the state true."""
    active = bound.binding.active
    assert active is not None  # noqa: S101 - resolve asks for it
    return active


def near(bound: BoundSignal, *, inside: bool) -> Decimal | None:
    """Return a measure just inside the state or just outside of it; None for `==`, which has no such measure."""
    active = comparison(bound)
    if active.comparator == "==":
        return None
    distance = margin(active.quantity.value, ratio=active.quantity.unit == RATIO)
    return active.quantity.value + (distance if inside == active.comparator.startswith(">") else -distance)


def _plain(bound: BoundSignal) -> BoundSignal:
    """Return the binding for the underlying kind: high values are trouble, and gauges are not taken over a window."""
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
    # For events, return so many that those of one step are enough while the window still fills.
    return increase.KIND.past_limit(_plain(bound), inside) if bound.has(COUNTER.name) and _rises(active) else inside


def _rises(active: Comparison) -> bool:
    return active.comparator.startswith(">")


def _gauge(bound: BoundSignal, active: Comparison) -> str:
    """Return PromQL for the gauge or, with `within`, for the value in that time that lies farthest inside the state."""
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
    # For `>=` too, return a value well inside: a rounding error could put a rate at the limit below it.
    if active.comparator.startswith(">"):
        return value + _margin(active)
    # The value must not fall below zero, where a counter cannot be.
    return value - (min(_margin(active), value / 2) or _margin(active))


def _outside(active: Comparison) -> Decimal:
    value = active.quantity.value
    if active.comparator == "==":
        return Decimal(0) if value else Decimal(1)
    if active.comparator.startswith("<"):
        return value + _margin(active)
    return max(value - _margin(active), Decimal(0))


KIND = State()
