"""What the kinds `increase` and `rate` share: one counter, and the events of a component added over its series."""

from __future__ import annotations

from decimal import Decimal

from compiler.signals.bound import BoundSignal
from compiler.signals.contract import HALF, Kind
from compiler.signals.inputs import COUNTER
from compiler.signals.profile import Phase


class Events(Kind):
    """A value that grows with the number of events."""

    forms = ((COUNTER,),)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two series with half of the events each."""
        return (Phase(value=value * HALF, steps=1),) * 2

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a very large number of events."""
        return Phase(value=Decimal(10**9), steps=1)

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return so many events that those of one step cross the limit while the window still fills."""
        if bound.low:
            return value * HALF
        return (value or Decimal(1)) * 2 * bound.binding.window / bound.binding.step
