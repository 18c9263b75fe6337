"""Kind `ratio`: a part of all events, by two counters: errors of requests, successes of attempts, hits of reads.

Where no metric counts all reads, they are the sum of hits and misses.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import RATIO, Quantity, duration_text
from compiler.signals.bound import HIGH, LOW, BoundSignal
from compiler.signals.contract import HALF, Input, Kind, Series, Threshold, aggregate, first_rate
from compiler.signals.phrases import MORE, Clause, amount, over_window
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import sampling
from compiler.signals.traffic import enough

ERRORS: Final = Input(
    name="errors", description="Counter of the events that went wrong.", example='http_requests_total{code=~"5.."}'
)
REQUESTS: Final = Input(name="requests", description="Counter of all events.", example="http_requests_total")
SUCCESSES: Final = Input(
    name="successes", description="Counter of the events that went well.", example="auth_success_total"
)
ATTEMPTS: Final = Input(name="attempts", description="Counter of all events.", example="auth_attempts_total")
HITS: Final = Input(
    name="hits", description="Counter of the reads that the cache answered.", example="redis_keyspace_hits_total"
)
READS: Final = Input(name="reads", description="Counter of all reads.", example="cache_reads_total")
MISSES: Final = Input(
    name="misses",
    description="Counter of the reads that the cache could not answer.",
    example="redis_keyspace_misses_total",
)

EVENTS_PER_STEP: Final = Decimal(10_000)


class Ratio(Kind):
    """The rules aggregate numerator and denominator separately. Too little traffic gives no value, not noise or NaN."""

    name = "ratio"
    summary = "part of all events"
    unit = RATIO
    forms = ((ERRORS, REQUESTS), (SUCCESSES, ATTEMPTS), (HITS, READS), (HITS, MISSES))
    floored = True
    events_per_step = EVENTS_PER_STEP

    def bad(self, inputs: Collection[str]) -> str | None:
        """Return `HIGH` for errors and `LOW` for successes; None for hits."""
        return HIGH if ERRORS.name in inputs else LOW if SUCCESSES.name in inputs else None

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"ratio_rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return part / whole; a part that has no series yet counts as 0 where a low ratio is the trouble."""
        return quotient(bound, bound.binding.window)

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return which share of all events the part is."""
        part, whole = nouns(bound)
        share = amount(Quantity(limit.value, RATIO))
        return Clause(
            text=f"{MORE[limit.comparator]} {share} of the {whole} are {part}",
            details=(over_window(bound),),
            value=f"the share of {part}",
            event=whole.removesuffix("s"),
        )

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return the whole, because the part may never have happened; a cache in use has both hits and misses."""
        return inputs(bound) if is_complement(bound) else (inputs(bound)[1],)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the part and, where it is a metric of its own, the whole; else the rest of the whole.

        If a phase has `zero_denominator`, there is no part.
        """
        part, whole = inputs(bound)
        counted = sampling.counter((_events(phase, phase.value), phase) for phase in example.phases)
        zero_denominator = any(phase.zero_denominator for phase in example.phases)
        if is_complement(bound):
            missed = sampling.counter((_events(phase, _rest(phase)), phase) for phase in example.phases)
            both_series = (
                sampling.series(part, bound, example, counted),
                sampling.series(whole, bound, example, missed),
            )
            return both_series[1:] if zero_denominator else both_series
        if part.metric != whole.metric:
            total = sampling.counter((_events(phase, Decimal(1)), phase) for phase in example.phases)
            both_series = (
                sampling.series(part, bound, example, counted),
                sampling.series(whole, bound, example, total),
            )
            return both_series[1:] if zero_denominator else both_series
        rest = sampling.counter((_events(phase, _rest(phase)), phase) for phase in example.phases)
        part_selector = Selector(
            part.metric, (*part.matchers, *(matcher for matcher in whole.matchers if matcher not in part.matchers))
        )
        outside = dict(sampling.violating(part.matchers, whole.matchers))
        inside = dict(sampling.series(whole, bound, example, rest).labels)
        labels = {**inside, **outside, **{label: inside[label] for label in bound.binding.per if label in inside}}
        others = Series(metric=whole.metric, labels=tuple(sorted(labels.items())), values=rest)
        return (others,) if zero_denominator else (sampling.series(part_selector, bound, example, counted), others)

    def partial(self, bound: BoundSignal) -> bool:
        """Return whether a low ratio is the trouble: then a component that never succeeded has 0, not no value."""
        return bound.low

    def first(self, bound: BoundSignal) -> int:
        """Return one step: while the window fills, both rates are wrong by the same factor."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase whose traffic gives a quotient without a rounding error."""
        part, whole = inputs(bound)
        apart = part.metric != whole.metric and not is_complement(bound)
        for scale in sampling.scales():
            events, total = value * EVENTS_PER_STEP * scale, EVENTS_PER_STEP * scale
            if sampling.exact(events) and is_exact(bound, events, total, value, apart=apart):
                return Phase(value=value, steps=1, traffic=scale)
        return None

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the same share twice, each of half the traffic."""
        return (Phase(value=value, steps=1, traffic=HALF),) * 2

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the courses that affect all counters alike: they change both rates by the same factor."""
        return frozenset({Rough.REPLACED, Rough.GAPS, Rough.RESET, Rough.DOUBLED})

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the traffic, with all events in the part."""
        return Phase(value=Decimal(1), steps=1, traffic=Decimal(100))

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return 1 or, where a low ratio is the trouble, 0."""
        return Decimal(0) if bound.low else Decimal(1)


def quotient(bound: BoundSignal, window: int) -> str:
    """Return part / whole over a window of `window` seconds, where there is enough traffic."""
    part, whole = inputs(bound)
    per, text = bound.binding.per, duration_text(window)
    total = aggregate("sum", per, f"rate({whole}[{text}])")
    counted = aggregate("sum", per, f"rate({part}[{text}])")
    if is_complement(bound):
        # If a component has only hits or only misses so far, the other counts as 0.
        counted, missed = f"({counted} or {total} * 0)", f"({total} or {counted} * 0)"
        return f"{counted} / (({counted} + {missed}) {enough(bound)})"
    if bound.low:
        counted = f"({counted} or {total} * 0)"
    return f"{counted} / ({total} {enough(bound)})"


def inputs(bound: BoundSignal) -> tuple[Selector, Selector]:
    """Return the part and the whole; hits and misses where no metric counts the whole."""
    part, whole = form(bound)
    return bound.selector(part.name), bound.selector(whole.name)


def form(bound: BoundSignal) -> tuple[Input, ...]:
    """Return the inputs that a binding names, the part first."""
    return next(
        candidate for candidate in Ratio.forms if all(bound.has(metric_input.name) for metric_input in candidate)
    )


def nouns(bound: BoundSignal) -> tuple[str, str]:
    """Return the names of the part and the whole; hits and misses together are reads."""
    part, whole = form(bound)
    return part.name, READS.name if is_complement(bound) else whole.name


def is_complement(bound: BoundSignal) -> bool:
    """Return whether the second input is the rest of the whole, not the whole."""
    return bound.has(MISSES.name)


def is_exact(bound: BoundSignal, events: Decimal, total: Decimal, value: Decimal, *, apart: bool) -> bool:
    """Return whether the quotient of the two rates, in events per step, is exactly `value` in every engine.

    Without `apart`, the whole is a sum of two rates: the part has the whole's metric, or no metric counts the whole.
    """
    step, window, exact_value = bound.binding.step, bound.binding.window, float(value)
    parts = sampling.rates(events, step, window)
    if apart:
        wholes = sampling.rates(total, step, window)
    else:
        rests = sampling.rates(total - events, step, window)
        wholes = tuple(part + rest for part, rest in zip(parts, rests, strict=True))
    return all(part / whole == exact_value for part, whole in zip(parts, wholes, strict=True))


def _events(phase: Phase, share: Decimal | None) -> Decimal | None:
    return None if phase.value is None or share is None else share * EVENTS_PER_STEP * phase.traffic


def _rest(phase: Phase) -> Decimal | None:
    return None if phase.value is None else 1 - phase.value


KIND = Ratio()
