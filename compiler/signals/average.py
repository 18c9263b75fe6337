"""Kind `average`: the mean of what a histogram or summary observed, or of a total by a count."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import HISTOGRAM
from compiler.signals.traffic import enough

TOTAL: Final = Input(
    name="total",
    description="Counter of the summed values, such as seconds.",
    example="pg_stat_statements_seconds_total",
)
COUNT: Final = Input(name="count", description="Counter of the observations.", example="pg_stat_statements_calls_total")

_EVENTS_PER_STEP: Final = Decimal(1000)


class Average:
    """Sum and count are aggregated apart."""

    name = "average"
    forms: tuple[tuple[Input, ...], ...] = ((HISTOGRAM,), (TOTAL, COUNT))
    constants: frozenset[str] = frozenset()

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

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return a total that rises `value` times as fast as the count."""
        total, count = _inputs(bound)
        per = bound.binding.per
        return (
            sampling.series(total, per, sampling.rising(Decimal(0), value * _EVENTS_PER_STEP, steps)),
            sampling.series(count, per, sampling.rising(Decimal(0), _EVENTS_PER_STEP, steps)),
        )


def _inputs(bound: BoundSignal) -> tuple[Selector, Selector]:
    if bound.has(HISTOGRAM.name):
        histogram = bound.selector(HISTOGRAM.name)
        return histogram.suffixed("_sum"), histogram.suffixed("_count")
    return bound.selector(TOTAL.name), bound.selector(COUNT.name)


KIND = Average()
