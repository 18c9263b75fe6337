"""Kind `gauge`: a value over the window, an age, or the time left; a component has the value of its worst series."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from compiler.quantities import Quantity
from compiler.signals.bound import HIGH, LOW, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate
from compiler.signals.inputs import GAUGE, SINCE, UNTIL
from compiler.signals.level import current, numbers, over_time, steps_without_rounding
from compiler.signals.phrases import IS, MORE, Clause, amount, over_time_words
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import sampling


class Gauge(Kind):
    """The value is the highest where high is bad, and the lowest where low is bad."""

    name = "gauge"
    summary = "a value, an age, or the time left"
    forms = ((GAUGE,), (SINCE,), (UNTIL,))

    def bad(self, inputs: Collection[str]) -> str | None:
        """Return `HIGH` for an age, `LOW` for the time left, and None for a gauge."""
        return HIGH if SINCE.name in inputs else LOW if UNTIL.name in inputs else None

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: gauges need no four scrapes."""
        return False

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether the input is a gauge; a point in time has no mean."""
        return bound.has(GAUGE.name)

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "min" if bound.low else "max"

    def expression(self, bound: BoundSignal) -> str:
        """Return the worst value of each component."""
        per = bound.binding.per
        worst, opposite = ("min", "max") if bound.low else ("max", "min")
        if bound.has(GAUGE.name):
            return aggregate(worst, per, over_time(bound, numbers(bound, bound.selector(GAUGE.name))))
        if bound.has(SINCE.name):
            return f"time() - {aggregate(opposite, per, current(bound, bound.selector(SINCE.name)))}"
        return f"{aggregate(worst, per, current(bound, bound.selector(UNTIL.name)))} - time()"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the comparison of the worst series: the highest or lowest value, the earliest or latest time."""
        quantity = amount(Quantity(limit.value, bound.signal.unit))
        if bound.has(GAUGE.name):
            worst = "lowest" if bound.low else "highest"
            text = f"the {worst} `{bound.selector(GAUGE.name).metric}` {IS[limit.comparator]} {quantity}"
            return Clause(text=text, details=over_time_words(bound))
        since = bound.has(SINCE.name)
        worst = "earliest" if bound.low != since else "latest"
        metric = bound.selector(SINCE.name if since else UNTIL.name).metric
        text = f"the {worst} `{metric}` is {MORE[limit.comparator]} {quantity} {'ago' if since else 'away'}"
        return Clause(text=text, value="the time")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a constant level, or a point in time that moves with the clock (it starts at 0 in a rule test)."""
        if bound.has(GAUGE.name):
            values = sampling.levels((phase.value, phase) for phase in example.phases)
            return (sampling.series(bound.selector(GAUGE.name), bound, example, values),)
        since = bound.has(SINCE.name)
        tokens, passed = [], 0
        for phase in example.phases:
            if phase.value is None:
                tokens.append(sampling.counter([(None, phase)]))
            else:
                start = passed * bound.binding.step + (-phase.value if since else phase.value)
                tokens.append(sampling.counter([(Decimal(bound.binding.step), phase)], start))
            passed += phase.steps
        selector = bound.selector(SINCE.name if since else UNTIL.name)
        return (sampling.series(selector, bound, example, " ".join(tokens)),)

    def first(self, bound: BoundSignal) -> int:
        """Return 0: a gauge has its value at once."""
        return 0

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal:
        """Return the value; an age grows, and a time left shrinks, until the next scrape."""
        passed = seconds % bound.binding.step
        if bound.has(GAUGE.name):
            return value
        return value + passed if bound.has(SINCE.name) else value - passed

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return the value; where the rule computes means, samples so far apart that these have no rounding error."""
        every = steps_without_rounding(bound, (value,)) if bound.has(GAUGE.name) else 1
        return None if every is None else Phase(value=value, steps=1, every=every, stale=every > 1)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the value and a better one: the worst of them counts."""
        return (Phase(value=value, steps=1), Phase(value=value * 2 if bound.low else value * HALF, steps=1))

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the courses that keep the worst value; with `over_time`, failing scrapes and NaN are among them."""
        smooth = {Rough.GAPS, Rough.NAN} if bound.has(GAUGE.name) and bound.binding.over_time else set[Rough]()
        smooth |= {Rough.SPIKES} if smooth and bound.binding.over_time == "avg" else set()
        return frozenset({Rough.REPLACED, Rough.DOUBLED} | smooth)

    def scraped(self, bound: BoundSignal) -> bool:
        """Return false for a point in time, whose synthetic samples move with the clock."""
        return bound.has(GAUGE.name)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a value far worse than any limit."""
        return Phase(value=Decimal(-(10**12)) if bound.low else Decimal(10**12), steps=1)


KIND = Gauge()
