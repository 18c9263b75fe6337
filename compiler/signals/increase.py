"""Kind `increase`: how many events there were in the window (restarts, failures)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from compiler.promql import Selector
from compiler.quantities import duration_text
from compiler.signals import sampling
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, aggregate, first_rate
from compiler.signals.inputs import COUNTER
from compiler.signals.profile import Example, Phase


class Increase(Kind):
    """The sum over a component's series."""

    name = "increase"
    forms = ((COUNTER,),)

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def counts(self, bound: BoundSignal) -> bool:
        """Return true."""
        return True

    def steady(self, bound: BoundSignal) -> tuple[Selector, ...]:
        """Return nothing: a counter of what has never happened often has no series."""
        return ()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"increase{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the events within the window."""
        window = duration_text(bound.binding.window)
        return aggregate("sum", bound.binding.per, f"increase({bound.selector(COUNTER.name)}[{window}])")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises evenly by `value` a window."""
        rises = ((None if one.value is None else _by(bound, one.value), one) for one in example.phases)
        return (sampling.series(bound.selector(COUNTER.name), bound, example, sampling.counter(rises)),)

    def first(self, bound: BoundSignal) -> int:
        """Return a step: what has come by then is beyond the limit, see `beyond`."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return samples so far apart that neither they nor what engines extrapolate have a rounding error."""
        for every in (1,) if always else _divisors(bound):
            step = bound.binding.step * every
            by = value * step / bound.binding.window
            found = sampling.increases(by, step, bound.binding.window)
            if sampling.exact(by) and all(one == float(value) for one in found):
                return Phase(value=value, steps=1, every=every)
        return None

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return what has come by then; between two samples some engines guess."""
        if seconds % bound.binding.step and seconds < bound.binding.window:
            return None
        return value * min(seconds, bound.binding.window) / bound.binding.window

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return half of the events twice."""
        return (Phase(value=value * HALF, steps=1),) * 2

    def loud(self, bound: BoundSignal) -> Phase:
        """Return a great many events."""
        return Phase(value=Decimal(10**9), steps=1)

    def beyond(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return so many that those of one step are enough: while the window fills, the others are not there yet."""
        if bound.low:
            return value / 2
        return (value or Decimal(1)) * 2 * bound.binding.window / bound.binding.step


def _by(bound: BoundSignal, value: Decimal) -> Decimal:
    """Return the rise a step; the window is divided by first, so that whole numbers stay whole."""
    return value * bound.binding.step / bound.binding.window


def _divisors(bound: BoundSignal) -> Iterator[int]:
    """Yield how many steps may lie between two samples so that a window holds a whole number of them."""
    within = bound.binding.window // bound.binding.step
    if bound.binding.window % bound.binding.step == 0:
        yield from (every for every in range(1, within + 1) if within % every == 0)


KIND = Increase()
