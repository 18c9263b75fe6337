"""Kind `quantile`: a quantile of a classic histogram, such as the 95th percentile of response times."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from math import inf, nextafter
from typing import Final

from compiler.promql import Matcher, Selector
from compiler.quantities import Quantity, decimal_text, duration_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Kind, Parameter, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import HISTOGRAM
from compiler.signals.phrases import IS, Clause, amount, ordinal, over_window
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import own_units, sampling
from compiler.signals.traffic import enough

QUANTILE: Final = Parameter(
    name="quantile",
    default=Decimal("0.95"),
    schema={
        "description": "For kind quantile: the quantile, such as 0.95.",
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "examples": [0.95],
    },
)
EVENTS_PER_STEP: Final = Decimal(1000)


class Quantile(Kind):
    """The rules sum the buckets before they compute the quantile (Prometheus, "histograms and summaries")."""

    name = "quantile"
    summary = "a quantile, the 95th percentile unless `quantile` says otherwise"
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
        """Return the quantile where there is enough traffic, and `+Inf` where it lies beyond the last finite bucket.

        Beyond that bucket, `histogram_quantile` returns the bucket's edge, so that no value would ever cross a limit
        beyond the edge (Prometheus, "histogram_quantile()"). The quantile lies there if the finite buckets hold fewer
        than its share of the events. The expression divides by 0 then, else by 1.
        """
        per, window = bound.binding.per, duration_text(bound.binding.window)
        histogram, quantile = bound.selector(HISTOGRAM.name), decimal_text(_quantile(bound))
        bucket = histogram.suffixed("_bucket")
        buckets = aggregate("sum", ("le", *per), f"rate({bucket}[{window}])")
        finite = Selector(bucket.metric, (*bucket.matchers, Matcher("le", "!=", "+Inf")))
        finite_rate = aggregate("sum", per, f"max without (le) (rate({finite}[{window}]))")
        count = aggregate("sum", per, f"rate({histogram.suffixed('_count')}[{window}])")
        within = f"{finite_rate} >= bool {quantile} * {count}"
        return f"histogram_quantile({quantile}, {buckets}) / ({within}) and {count} {enough(bound)}"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the percentile."""
        percent = decimal_text(_quantile(bound) * 100)
        name = "median" if percent == "50" else f"{ordinal(percent)} percentile"
        quantity = amount(Quantity(limit.value, bound.signal.unit))
        text = f"the {name} of `{bound.selector(HISTOGRAM.name).metric}` {IS[limit.comparator]} {quantity}"
        return Clause(text=text, details=(over_window(bound),), value=f"the {name}", event="observation")

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the histogram's count."""
        return (bound.selector(HISTOGRAM.name).suffixed("_count"),)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a narrow bucket for each value of the course; it holds all events of the phase.

        The bucket begins just below the value, so that the value is its quantile: engines interpolate linearly. The
        bucket of an `exact` value is as narrow as floating-point numbers allow. A phase with `beyond` has two buckets
        far below its value, and the other events lie above them.
        """
        histogram = bound.selector(HISTOGRAM.name)
        edges = sorted({edge for phase in example.phases if phase.value is not None for edge in _edges(bound, phase)})
        bucket = histogram.suffixed("_bucket")
        finite = [
            sampling.series(
                bucket, bound, example, sampling.counter(_bucket(bound, example, edge)), le=decimal_text(edge)
            )
            for edge in edges
        ]
        counts = sampling.counter((_events(phase), phase) for phase in example.phases)
        return (
            *finite,
            sampling.series(bucket, bound, example, counts, le="+Inf"),
            sampling.series(histogram.suffixed("_count"), bound, example, counts),
        )

    def first(self, bound: BoundSignal) -> int:
        """Return one step: while the window fills, the rates of all buckets are wrong by the same factor."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase whose bucket is so narrow that it holds no other number."""
        return Phase(value=value, steps=1, exact=True) if value else None

    def off_scale(self, bound: BoundSignal, value: Decimal) -> Phase | None:
        """Return events mostly in buckets far below the value, but too many of them beyond the last finite bucket."""
        return Phase(value=_rounded(value * HALF), steps=1, beyond=True) if value else None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return fast events, almost as many as the quantile ignores, and other events at `value`.

        If a rule took the largest series of each bucket instead of their sum, it would return the quantile of the fast
        events.
        """
        fast = _quantile(bound) * _ALMOST
        return (
            Phase(value=value * HALF, steps=1, traffic=fast),
            Phase(value=value, steps=1, traffic=1 - fast, exact=True),
        )

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the courses that affect all counters alike: they change all rates by the same factor."""
        return frozenset({Rough.REPLACED, Rough.GAPS, Rough.RESET, Rough.DOUBLED})

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the events, all very slow, or very fast where low values are the trouble."""
        return Phase(value=Decimal("0.000001") if bound.low else Decimal(10**6), steps=1, traffic=Decimal(100))


_ALMOST: Final = Decimal("0.98")


def _quantile(bound: BoundSignal) -> Decimal:
    return bound.signal.parameters.get(QUANTILE.name, QUANTILE.default)


_WIDTH: Final = Decimal("0.001")
"""How far below its value a bucket begins, as a part of the value."""


def _edges(bound: BoundSignal, phase: Phase) -> tuple[Decimal, ...]:
    """Return the edges of a phase's bucket, in base units; with `beyond`, the edges of two buckets far below."""
    value = phase.value or Decimal(0)
    if phase.beyond:
        return _rounded(value * HALF), value
    if phase.exact:
        return _around(bound, value)
    begin = value - value * _WIDTH
    return _rounded(begin), _rounded(begin + value * _WIDTH / _quantile(bound))


def _around(bound: BoundSignal, value: Decimal) -> tuple[Decimal, ...]:
    """Return two edges around a value, so close that engines interpolate exactly the value between them.

    The search uses the histogram's own unit, in which engines interpolate. Where it fails, the value is the only edge.
    """
    bucket = bound.selector(HISTOGRAM.name).suffixed("_bucket").metric
    own_value = float(own_units.edge(bound, bucket, decimal_text(value)))
    below, above, quantile = nextafter(own_value, 0), nextafter(own_value, inf), float(_quantile(bound))
    for begin, end in ((below, own_value), (own_value, above), (below, above)):
        if begin + (end - begin) * quantile == own_value:
            return own_units.edge_in_base_units(bound, bucket, begin), own_units.edge_in_base_units(bound, bucket, end)
    return (value,)


def _rounded(value: Decimal) -> Decimal:
    """Return a number with the digits that `le` needs: as many as tell floating-point numbers apart."""
    return Decimal(repr(float(value)))


def _bucket(bound: BoundSignal, example: Example, edge: Decimal) -> list[tuple[Decimal | None, Phase]]:
    """Return how many events of each phase lie up to `edge`: all, none, or almost as many as the quantile needs."""
    counts = []
    for phase in example.phases:
        events = _events(phase)
        if events is not None and phase.beyond:
            events *= _quantile(bound) * _ALMOST
        elif events is not None and _edges(bound, phase)[-1] > edge:
            events = Decimal(0)
        counts.append((events, phase))
    return counts


def _events(phase: Phase) -> Decimal | None:
    return None if phase.value is None else EVENTS_PER_STEP * phase.traffic


KIND = Quantile()
