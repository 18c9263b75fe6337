"""Kind `increase`: the number of events in the window (restarts, failures).

`increase()` alone is an estimate. It extrapolates, so that five events can read 5.36. It ignores the first value of a
series, so that a counter which begins with its first event shows none (Prometheus, "increase"). So the rule counts
events where it knows both ends of the window, and estimates only where it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from math import ceil
from typing import Final

from compiler.promql import Selector
from compiler.quantities import COUNT, STATE, Quantity, duration_text
from compiler.signals.bound import HIGH, LOOKBACK_SECONDS, BoundSignal
from compiler.signals.contract import Series, Threshold, aggregate, first_rate
from compiler.signals.events import Events
from compiler.signals.inputs import COUNTER
from compiler.signals.level import current
from compiler.signals.phrases import MORE, Clause, amount, span
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import sampling

UP: Final = Selector("up")
"""Prometheus records it for each scrape; `job` and `instance` name the target (Prometheus, "jobs and instances")."""

_REACH: Final = 3600
"""Seconds before the window in which the rule looks for earlier samples of a counter; a longer range costs more."""


class Increase(Events):
    """The value is the sum over a component's series."""

    name = "increase"
    summary = "events in the window"
    counted = frozenset({COUNTER.name})

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return nothing: a counter of events that never happened often has no series."""
        return ()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"increase{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL for the events within the window.

        For each series, these are the rise of its counter if the counter was not reset; else its value if it began
        within the window; else an estimate.
        """
        counter, seconds = bound.selector(COUNTER.name), bound.binding.window
        window = duration_text(seconds)
        now, before = current(bound, counter), current(bound, counter, before=seconds)
        target = current(bound, UP, before=seconds)
        # The sample at the window's beginning may be older than the window, by as much as engines remember a sample.
        since = duration_text(seconds + (bound.binding.memory or LOOKBACK_SECONDS))
        risen = f"{now} - {before} unless resets({counter}[{since}]) > 0"
        # A counter began within the window if its target was scraped before the window without it. A counter that was
        # only away for a while did not begin: it has recent samples before the window, and its value is not lower.
        last_before = f"last_over_time({counter}[{duration_text(max(_REACH, seconds))}] offset {window})"
        born = f"{now} unless {before} unless {now} >= {last_before} and on (job, instance) {target} == 1"
        estimate = f"increase({counter}[{window}])"
        # Events are whole numbers; seconds and bytes are not.
        estimate = f"round({estimate})" if bound.signal.unit in {COUNT, STATE} else estimate
        events = f"({risen}) or ({born}) or {estimate}"
        return aggregate("sum", bound.binding.per, events)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the counter's rise."""
        return rise_in_words(bound, limit.comparator, Quantity(limit.value, bound.signal.unit))

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises by `value` per window, in whole events where `value` is whole."""
        rises = ((None if phase.value is None else phase.value, phase) for phase in example.phases)
        values = sampling.events(rises, bound.binding.step, bound.binding.window)
        counter = sampling.series(bound.selector(COUNTER.name), bound, example, values)
        return (counter,) if example.target is None else (counter, *_targets(counter, example))

    def first(self, bound: BoundSignal) -> int:
        """Return one step: the events of one step cross the limit, see `past_limit`."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return whole events, or a rise without a rounding error; the count between two known samples is exact."""
        step, window = bound.binding.step, bound.binding.window
        fits = window % (step * bound.binding.pace) == 0
        whole = value == value.to_integral_value()
        return Phase(value=value, steps=1) if fits and (whole or sampling.exact(value * step / window)) else None

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the events until then; None between two samples while the window fills, because some engines guess."""
        if seconds % (bound.binding.step * bound.binding.pace) and seconds < bound.binding.window:
            return None
        return value * min(seconds, bound.binding.window) / bound.binding.window

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return failed scrapes and counter resets, for which the rule estimates; nothing where low is the trouble."""
        return frozenset() if bound.low else frozenset({Rough.GAPS, Rough.RESET})

    def counts_births(self, bound: BoundSignal) -> bool:
        """Return true, except where low values are the trouble."""
        return not bound.low

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return whole events, so many that those of one step cross the limit while the window still fills."""
        past = super().past_limit(bound, value)
        return past if bound.low else Decimal(ceil(past))


def rise_in_words(bound: BoundSignal, comparator: str, rise: Quantity) -> Clause:
    """Return the comparison of the events within the window as a clause."""
    counter, window = bound.selector(COUNTER.name).metric, span(bound.binding.window)
    return Clause(text=f"`{counter}` rises by {MORE[comparator]} {amount(rise)} within {window}")


def _targets(counter: Series, example: Example) -> Iterator[Series]:
    """Yield the `up` of a counter's target; for a new target, also that of an old one: other job, same instance."""
    target_labels = tuple((label, value) for label, value in counter.labels if label in {"job", "instance"})
    up = ((Decimal(1) if example.target or phase.value is not None else None, phase) for phase in example.phases)
    yield Series(metric=UP.metric, labels=target_labels, values=sampling.levels(up))
    if not example.target:
        other_labels = tuple(
            (label, value if label == "instance" else f"other-{value}") for label, value in target_labels
        )
        always = sampling.levels((Decimal(1), phase) for phase in example.phases)
        yield Series(metric=UP.metric, labels=other_labels, values=always)


KIND = Increase()
