"""Kind `quantile`: a quantile of a classic histogram, such as the 95th percentile of response times."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import Quantity, decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Kind, Parameter, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import HISTOGRAM
from compiler.signals.phrases import IS, Clause, amount, ordinal, over_window
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.traffic import enough

QUANTILE: Final = Parameter(
    name="quantile",
    default=Decimal("0.95"),
    schema={
        "description": "For kind quantile: which.",
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "examples": [0.95],
    },
)
EVENTS_PER_STEP: Final = Decimal(1000)


class Quantile(Kind):
    """Buckets are summed before the quantile is taken (Prometheus, "histograms and summaries")."""

    name = "quantile"
    forms = ((HISTOGRAM,),)
    parameters = (QUANTILE,)
    floored = True
    events_per_step = EVENTS_PER_STEP

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the quantile where there is enough traffic."""
        per, window = bound.binding.per, duration_text(bound.binding.window)
        histogram = bound.selector(HISTOGRAM.name)
        buckets = aggregate("sum", ("le", *per), f"rate({histogram.suffixed('_bucket')}[{window}])")
        count = aggregate("sum", per, f"rate({histogram.suffixed('_count')}[{window}])")
        return f"histogram_quantile({decimal_text(_quantile(bound))}, {buckets}) and {count} {enough(bound)}"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return what the percentile is."""
        percent = decimal_text(_quantile(bound) * 100)
        name = "median" if percent == "50" else f"{ordinal(percent)} percentile"
        quantity = amount(Quantity(limit.value, bound.signal.unit))
        text = f"the {name} of `{bound.selector(HISTOGRAM.name).metric}` {IS[limit.comparator]} {quantity}"
        return Clause(text=text, details=(over_window(bound),), value=f"the {name}", event="observation")

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the count."""
        return (bound.selector(HISTOGRAM.name).suffixed("_count"),)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a narrow bucket for each value that the course takes, in which all events of the phase lie.

        It begins just below the value, which is the quantile of it; quantiles are interpolated linearly. For an exact
        value all lie beyond the last bucket: then the quantile is that one's edge (Prometheus, `histogram_quantile`).
        """
        histogram = bound.selector(HISTOGRAM.name)
        edges = sorted({edge for one in example.phases if one.value is not None for edge in _edges(bound, one)})
        bucket = histogram.suffixed("_bucket")
        found = [
            sampling.series(bucket, bound, example, sampling.counter(_bucket(bound, example, edge)), le=repr(edge))
            for edge in edges
        ]
        counts = sampling.counter((_events(one), one) for one in example.phases)
        return (
            *found,
            sampling.series(bucket, bound, example, counts, le="+Inf"),
            sampling.series(histogram.suffixed("_count"), bound, example, counts),
        )

    def first(self, bound: BoundSignal) -> int:
        """Return a step: the rates of all buckets are wrong by the same factor while the window fills."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return the edge of a bucket beyond which all events lie."""
        return Phase(value=value, steps=1, exact=True) if value else None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return fast events, almost as many as the quantile leaves out of account, and as slow ones as are asked for.

        Of the largest of each bucket, instead of their sum, the quantile would be one of the fast ones.
        """
        fast = _quantile(bound) * _ALMOST
        return (
            Phase(value=value * HALF, steps=1, traffic=fast),
            Phase(value=value, steps=1, traffic=1 - fast, exact=True),
        )

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return what happens to all counters alike: it changes both sides by the same factor."""
        return frozenset({Rough.REPLACED, Rough.GAPS, Rough.RESET, Rough.DOUBLED})

    def loud(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the events, all of them slow, or fast where that is the trouble."""
        return Phase(value=Decimal("0.000001") if bound.low else Decimal(10**6), steps=1, traffic=Decimal(100))


_ALMOST: Final = Decimal("0.98")


def _quantile(bound: BoundSignal) -> Decimal:
    return bound.signal.parameters.get(QUANTILE.name, QUANTILE.default)


_WIDTH: Final = Decimal("0.001")
"""How far below its value a bucket begins, as a part of it."""


def _edges(bound: BoundSignal, phase: Phase) -> tuple[float, ...]:
    """Return where the bucket of a phase begins and ends; of an exact value, its edge alone."""
    value = phase.value or Decimal(0)
    if phase.exact:
        return (float(value),)
    begin = value - value * _WIDTH
    return float(begin), float(begin + value * _WIDTH / _quantile(bound))


def _bucket(bound: BoundSignal, example: Example, edge: float) -> list[tuple[Decimal | None, Phase]]:
    """Return how many events of each phase are up to `edge`: all, or none."""
    found = []
    for one in example.phases:
        inside = one.value is not None and not one.exact and _edges(bound, one)[-1] <= edge
        found.append((_events(one) if inside or one.value is None else Decimal(0), one))
    return found


def _events(phase: Phase) -> Decimal | None:
    return None if phase.value is None else EVENTS_PER_STEP * phase.traffic


KIND = Quantile()
