"""Kind `increase`: how many events there were in the window (restarts, failures).

`increase()` alone is an estimate: it extrapolates, so that five events can read 5.36, and it does not see the first
value of a series, so that a counter which is born with its first event has none (Prometheus, "increase"). So events
are counted where both ends of the window are known, and estimated only where they are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from compiler.promql import Selector
from compiler.quantities import COUNT, STATE, Quantity, duration_text
from compiler.signals import sampling
from compiler.signals.bound import HIGH, LOOKBACK_SECONDS, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import COUNTER
from compiler.signals.level import current
from compiler.signals.phrases import MORE, Clause, amount, span
from compiler.signals.profile import Example, Phase, Rough

UP: Final = Selector("up")
"""What Prometheus records of each scrape; `job` and `instance` name the target (Prometheus, "jobs and instances")."""

_REACH: Final = 3600
"""Seconds before the window in which a counter that has been there is the same one: each is a scrape to read."""


class Increase(Kind):
    """The sum over a component's series."""

    name = "increase"
    forms = ((COUNTER,),)

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def counts(self, bound: BoundSignal) -> bool:
        """Return true."""
        return True

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return nothing: a counter of what has never happened often has no series."""
        return ()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"increase{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the events within the window, series by series by the first of three ways that is known.

        What a counter has risen by, if it has not been reset; what it is, if it began within the window; else an
        estimate.
        """
        counter, seconds = bound.selector(COUNTER.name), bound.binding.window
        window = duration_text(seconds)
        now, before = current(bound, counter), current(bound, counter, before=seconds)
        target = current(bound, UP, before=seconds)
        # What it was before may be older than the window, by as much as engines remember a sample.
        since = duration_text(seconds + (bound.binding.memory or LOOKBACK_SECONDS))
        risen = f"{now} - {before} unless resets({counter}[{since}]) > 0"
        # The target was scraped before the window without the counter, which is not one that was away for a while: it
        # has not been there for long, or it is less than it was, so that it began anew.
        known = f"last_over_time({counter}[{duration_text(max(_REACH, seconds))}] offset {window})"
        born = f"{now} unless {before} unless {now} >= {known} and on (job, instance) {target} == 1"
        estimate = f"increase({counter}[{window}])"
        # Events are whole; what is counted in seconds or bytes is not.
        estimate = f"round({estimate})" if bound.signal.unit in {COUNT, STATE} else estimate
        events = f"({risen}) or ({born}) or {estimate}"
        return aggregate("sum", bound.binding.per, events)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return by how much the counter rises."""
        return rise_in_words(bound, limit.comparator, Quantity(limit.value, bound.signal.unit))

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises by `value` a window: by whole events where there are whole ones."""
        rises = ((None if one.value is None else one.value, one) for one in example.phases)
        values = sampling.events(rises, bound.binding.step, bound.binding.window)
        counter = sampling.series(bound.selector(COUNTER.name), bound, example, values)
        return (counter,) if example.target is None else (counter, *_targets(counter, example))

    def first(self, bound: BoundSignal) -> int:
        """Return a step: what has come by then is beyond the limit, see `past_limit`."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return whole events, or a rise without a rounding error: what both ends are known of is exact."""
        step, window = bound.binding.step, bound.binding.window
        fits = window % (step * bound.binding.pace) == 0
        whole = value == value.to_integral_value()
        return Phase(value=value, steps=1) if fits and (whole or sampling.exact(value * step / window)) else None

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return what has come by then; between two samples some engines guess."""
        if seconds % (bound.binding.step * bound.binding.pace) and seconds < bound.binding.window:
            return None
        return value * min(seconds, bound.binding.window) / bound.binding.window

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return half of the events twice."""
        return (Phase(value=value * HALF, steps=1),) * 2

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return that scrapes may fail and counters begin anew: then events are estimated."""
        return frozenset() if bound.low else frozenset({Rough.GAPS, Rough.RESET})

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return true."""
        return not bound.low

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a great many events."""
        return Phase(value=Decimal(10**9), steps=1)

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return so many that those of one step are enough: while the window fills, the others are not there yet."""
        if bound.low:
            return value / 2
        whole = Fraction((value or Decimal(1)) * 2) * bound.binding.window / bound.binding.step
        return Decimal(-(-whole.numerator // whole.denominator))


def rise_in_words(bound: BoundSignal, comparator: str, rise: Quantity) -> Clause:
    """Return a comparison of the events within the window as a clause."""
    counter, window = bound.selector(COUNTER.name).metric, span(bound.binding.window)
    return Clause(text=f"`{counter}` rises by {MORE[comparator]} {amount(rise)} within {window}")


def _targets(counter: Series, example: Example) -> Iterator[Series]:
    """Yield what Prometheus records of the scrapes of a target; if it is new, of an older namesake's, too."""
    name = tuple((label, value) for label, value in counter.labels if label in {"job", "instance"})
    there = ((Decimal(1) if example.target or one.value is not None else None, one) for one in example.phases)
    yield Series(metric=UP.metric, labels=name, values=sampling.levels(there))
    if not example.target:
        other = tuple((label, value if label == "instance" else f"other-{value}") for label, value in name)
        always = sampling.levels((Decimal(1), one) for one in example.phases)
        yield Series(metric=UP.metric, labels=other, values=always)


KIND = Increase()
