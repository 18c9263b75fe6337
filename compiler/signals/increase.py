"""Kind `increase`: how many events there were in the window (restarts, failures)."""

from __future__ import annotations

from decimal import Decimal

from compiler.quantities import duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import COUNTER


class Increase:
    """The sum over a component's series."""

    name = "increase"
    forms: tuple[tuple[Input, ...], ...] = ((COUNTER,),)
    constants: frozenset[str] = frozenset()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"increase{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the events within the window."""
        window = duration_text(bound.binding.window)
        return aggregate("sum", bound.binding.per, f"increase({bound.selector(COUNTER.name)}[{window}])")

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return a counter that rises evenly by `value` a window."""
        by = value * bound.binding.step / bound.binding.window
        return (
            sampling.series(bound.selector(COUNTER.name), bound.binding.per, sampling.rising(Decimal(0), by, steps)),
        )


KIND = Increase()
