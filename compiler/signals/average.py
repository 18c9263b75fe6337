"""Kind `average`: the mean of a histogram's or summary's observations, or a total divided by a count."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import Quantity, duration_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Input, Kind, Measure, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import HISTOGRAM
from compiler.signals.phrases import IS, Clause, amount, over_window
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.ratio import is_exact
from compiler.signals.samples import sampling
from compiler.signals.traffic import enough

TOTAL: Final = Input(
    name="total",
    description="Counter of the summed values, such as seconds.",
    example="pg_stat_statements_seconds_total",
    measure=Measure.LIMITED,
)
COUNT: Final = Input(name="count", description="Counter of the observations.", example="pg_stat_statements_calls_total")

EVENTS_PER_STEP: Final = Decimal(1000)


class Average(Kind):
    """The rules aggregate the sum and the count separately, then divide."""

    name = "average"
    summary = "mean of what was observed"
    forms = ((HISTOGRAM,), (TOTAL, COUNT))
    floored = True
    events_per_step = EVENTS_PER_STEP

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"mean_rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the mean where there is enough traffic."""
        total, count = _inputs(bound)
        per, window = bound.binding.per, duration_text(bound.binding.window)
        numerator = aggregate("sum", per, f"rate({total}[{window}])")
        denominator = aggregate("sum", per, f"rate({count}[{window}])")
        return f"{numerator} / ({denominator} {enough(bound)})"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the mean."""
        if bound.has(HISTOGRAM.name):
            mean = f"the mean of `{bound.selector(HISTOGRAM.name).metric}`"
        else:
            total, count = _inputs(bound)
            mean = f"the mean, `{total.metric}` divided by `{count.metric}`,"
        text = f"{mean} {IS[limit.comparator]} {amount(Quantity(limit.value, bound.signal.unit))}"
        return Clause(text=text, details=(over_window(bound),), value="the mean", event="observation")

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the count."""
        return (_inputs(bound)[1],)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a total that rises `value` times as fast as the count."""
        total, count = _inputs(bound)
        events = [(None if phase.value is None else EVENTS_PER_STEP * phase.traffic, phase) for phase in example.phases]
        summed = (
            (None if observations is None else observations * (phase.value or Decimal(0)), phase)
            for observations, phase in events
        )
        return (
            sampling.series(total, bound, example, sampling.counter(summed)),
            sampling.series(count, bound, example, sampling.counter(events)),
        )

    def first(self, bound: BoundSignal) -> int:
        """Return one step: while the window fills, both rates are wrong by the same factor."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase whose traffic gives a quotient without a rounding error."""
        for scale in sampling.scales():
            events, total = value * EVENTS_PER_STEP * scale, EVENTS_PER_STEP * scale
            if sampling.exact(events) and is_exact(bound, events, total, value, apart=True):
                return Phase(value=value, steps=1, traffic=scale)
        return None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the same value twice, each with half of the events."""
        return (Phase(value=value, steps=1, traffic=HALF),) * 2

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the courses that affect all counters alike: they change both rates by the same factor."""
        return frozenset({Rough.REPLACED, Rough.GAPS, Rough.RESET, Rough.DOUBLED})

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the observations, each of them large."""
        return Phase(value=Decimal(10**6), steps=1, traffic=Decimal(100))


def _inputs(bound: BoundSignal) -> tuple[Selector, Selector]:
    if bound.has(HISTOGRAM.name):
        histogram = bound.selector(HISTOGRAM.name)
        return histogram.suffixed("_sum"), histogram.suffixed("_count")
    return bound.selector(TOTAL.name), bound.selector(COUNT.name)


KIND = Average()
