"""Kind `gauge`: a value over the window, an age, or the time left; the worst series of a component counts."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from compiler.quantities import Quantity
from compiler.signals import sampling
from compiler.signals.bound import HIGH, LOW, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate
from compiler.signals.inputs import GAUGE, SINCE, UNTIL
from compiler.signals.level import current, numbers, over_time, steps_without_rounding
from compiler.signals.phrases import IS, MORE, Clause, amount, over_time_words
from compiler.signals.profile import Example, Phase, Rough


class Gauge(Kind):
    """The highest value where high is bad, the lowest where low is."""

    name = "gauge"
    forms = ((GAUGE,), (SINCE,), (UNTIL,))

    def bad(self, inputs: Collection[str]) -> str | None:
        """Return that an age is in trouble when it is high and the time left when it is low; of a gauge nothing."""
        return HIGH if SINCE.name in inputs else LOW if UNTIL.name in inputs else None

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: gauges need no four scrapes."""
        return False

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return whether it is a gauge that goes up and down; a point in time has no mean."""
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
        """Return what the worst series says: the highest or lowest value, the earliest or latest time."""
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
        """Return a level, or a point in time that moves with the clock (which begins at 0 in a rule test)."""
        if bound.has(GAUGE.name):
            values = sampling.levels((one.value, one) for one in example.phases)
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
        """Return 0: a gauge is there at once."""
        return 0

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal:
        """Return the value; a point in time that is scraped once a step is further away until the next scrape."""
        passed = seconds % bound.binding.step
        if bound.has(GAUGE.name):
            return value
        return value + passed if bound.has(SINCE.name) else value - passed

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return the value; where means are taken, so far apart that they have no rounding error."""
        every = steps_without_rounding(bound, (value,)) if bound.has(GAUGE.name) else 1
        return None if every is None else Phase(value=value, steps=1, every=every, stale=every > 1)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the value, and one that is better."""
        return (Phase(value=value, steps=1), Phase(value=value * 2 if bound.low else value * HALF, steps=1))

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return what changes nothing of the worst series; failing scrapes where gauges are taken over a window."""
        smooth = {Rough.GAPS, Rough.NAN} if bound.has(GAUGE.name) and bound.binding.over_time else set[Rough]()
        smooth |= {Rough.SPIKES} if smooth and bound.binding.over_time == "avg" else set()
        return frozenset({Rough.REPLACED, Rough.DOUBLED} | smooth)

    def scraped(self, bound: BoundSignal) -> bool:
        """Return false for a point in time: what is made up moves with the clock."""
        return bound.has(GAUGE.name)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a value that is worse than any limit."""
        return Phase(value=Decimal(-(10**12)) if bound.low else Decimal(10**12), steps=1)


KIND = Gauge()
