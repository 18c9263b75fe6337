"""Kind `quantile`: a quantile of a classic histogram, such as the 95th percentile of response times."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from math import inf, nextafter
from typing import Final

from compiler.promql import Matcher, Selector
from compiler.quantities import Quantity, decimal_text, duration_text
from compiler.signals import own_units, sampling
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
        """Return the quantile where there is enough traffic, and `+Inf` where it lies beyond the last finite bucket.

        `histogram_quantile` gives that bucket's edge then, so that a limit beyond it would never be crossed
        (Prometheus, "histogram_quantile()"). It lies there if fewer events than its share are in finite buckets: the
        quantile is divided by 0 then, else by 1.
        """
        per, window = bound.binding.per, duration_text(bound.binding.window)
        histogram, quantile = bound.selector(HISTOGRAM.name), decimal_text(_quantile(bound))
        bucket = histogram.suffixed("_bucket")
        buckets = aggregate("sum", ("le", *per), f"rate({bucket}[{window}])")
        finite = Selector(bucket.metric, (*bucket.matchers, Matcher("le", "!=", "+Inf")))
        seen = aggregate("sum", per, f"max without (le) (rate({finite}[{window}]))")
        count = aggregate("sum", per, f"rate({histogram.suffixed('_count')}[{window}])")
        within = f"{seen} >= bool {quantile} * {count}"
        return f"histogram_quantile({quantile}, {buckets}) / ({within}) and {count} {enough(bound)}"

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

        It begins just below the value, which is the quantile of it; quantiles are interpolated linearly. The bucket of
        an exact value is as narrow as numbers are. In a phase beyond its value there are two buckets, far below it,
        and the rest lies above.
        """
        histogram = bound.selector(HISTOGRAM.name)
        edges = sorted({edge for one in example.phases if one.value is not None for edge in _edges(bound, one)})
        bucket = histogram.suffixed("_bucket")
        found = [
            sampling.series(
                bucket, bound, example, sampling.counter(_bucket(bound, example, edge)), le=decimal_text(edge)
            )
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
        """Return a bucket so narrow that there is no other number in it."""
        return Phase(value=value, steps=1, exact=True) if value else None

    def off_scale(self, bound: BoundSignal, value: Decimal) -> Phase | None:
        """Return events that are mostly in buckets far below the value, and too many beyond the last finite one."""
        return Phase(value=_rounded(value * HALF), steps=1, beyond=True) if value else None

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

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the events, all of them slow, or fast where that is the trouble."""
        return Phase(value=Decimal("0.000001") if bound.low else Decimal(10**6), steps=1, traffic=Decimal(100))


_ALMOST: Final = Decimal("0.98")


def _quantile(bound: BoundSignal) -> Decimal:
    return bound.signal.parameters.get(QUANTILE.name, QUANTILE.default)


_WIDTH: Final = Decimal("0.001")
"""How far below its value a bucket begins, as a part of it."""


def _edges(bound: BoundSignal, phase: Phase) -> tuple[Decimal, ...]:
    """Return where the bucket of a phase begins and ends, in base units; where it lies beyond, two far below."""
    value = phase.value or Decimal(0)
    if phase.beyond:
        return _rounded(value * HALF), value
    if phase.exact:
        return _around(bound, value)
    begin = value - value * _WIDTH
    return _rounded(begin), _rounded(begin + value * _WIDTH / _quantile(bound))


def _around(bound: BoundSignal, value: Decimal) -> tuple[Decimal, ...]:
    """Return two numbers so close to a value that what lies between them, at the quantile, is the value in binary.

    They are looked for in the histogram's own unit, in which engines interpolate.
    """
    bucket = bound.selector(HISTOGRAM.name).suffixed("_bucket").metric
    own = float(own_units.edge(bound, bucket, decimal_text(value)))
    below, above, quantile = nextafter(own, 0), nextafter(own, inf), float(_quantile(bound))
    for begin, end in ((below, own), (own, above), (below, above)):
        if begin + (end - begin) * quantile == own:
            return own_units.based(bound, bucket, begin), own_units.based(bound, bucket, end)
    return (value,)


def _rounded(value: Decimal) -> Decimal:
    """Return a number as a histogram's label has it: as many digits as tell floating-point numbers apart."""
    return Decimal(repr(float(value)))


def _bucket(bound: BoundSignal, example: Example, edge: Decimal) -> list[tuple[Decimal | None, Phase]]:
    """Return how many events of each phase are up to `edge`: all, none, or almost as many as the quantile needs."""
    found = []
    for one in example.phases:
        events = _events(one)
        if events is not None and one.beyond:
            events *= _quantile(bound) * _ALMOST
        elif events is not None and _edges(bound, one)[-1] > edge:
            events = Decimal(0)
        found.append((events, one))
    return found


def _events(phase: Phase) -> Decimal | None:
    return None if phase.value is None else EVENTS_PER_STEP * phase.traffic


KIND = Quantile()
