"""Kind `gauge`: a value as it is, an age, or the time left; the worst series of a component counts."""

from __future__ import annotations

from decimal import Decimal

from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import GAUGE, SINCE, UNTIL


class Gauge:
    """The highest value where high is bad, the lowest where low is."""

    name = "gauge"
    forms: tuple[tuple[Input, ...], ...] = ((GAUGE,), (SINCE,), (UNTIL,))
    constants: frozenset[str] = frozenset()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "min" if bound.low else "max"

    def expression(self, bound: BoundSignal) -> str:
        """Return the worst value of each component."""
        per = bound.binding.per
        worst, opposite = ("min", "max") if bound.low else ("max", "min")
        if bound.has(GAUGE.name):
            return aggregate(worst, per, str(bound.selector(GAUGE.name)))
        if bound.has(SINCE.name):
            return f"time() - {aggregate(opposite, per, str(bound.selector(SINCE.name)))}"
        return f"{aggregate(worst, per, str(bound.selector(UNTIL.name)))} - time()"

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return a constant, or a point in time that moves with the clock (which begins at 0 in a rule test)."""
        per = bound.binding.per
        if bound.has(GAUGE.name):
            return (sampling.series(bound.selector(GAUGE.name), per, sampling.constant(value, steps)),)
        name, start = (SINCE.name, -value) if bound.has(SINCE.name) else (UNTIL.name, value)
        return (sampling.series(bound.selector(name), per, sampling.rising(start, Decimal(bound.binding.step), steps)),)


KIND = Gauge()
