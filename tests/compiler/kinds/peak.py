"""Kind `peak`: the highest value of a gauge within the window.

An example of a kind that looks back for long: its series and the time until its first value are all that it states.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from compiler.quantities import duration_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import Kind, Series, aggregate
from compiler.signals.inputs import GAUGE
from compiler.signals.profile import Example, Phase
from compiler.signals.samples import sampling


class Peak(Kind):
    """The value is the highest sample of a component's series."""

    name = "peak"
    summary = "the highest value within the window"
    forms = ((GAUGE,),)

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"max{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL for the highest value within the window."""
        window = duration_text(bound.binding.window)
        return aggregate("max", bound.binding.per, f"max_over_time({bound.selector(GAUGE.name)}[{window}])")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a gauge with the value."""
        values = sampling.levels((phase.value, phase) for phase in example.phases)
        return (sampling.series(bound.selector(GAUGE.name), bound, example, values),)

    def first(self, bound: BoundSignal) -> int:
        """Return 0: the first sample is a peak."""
        return 0

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a very high value."""
        return Phase(value=Decimal(10**12), steps=1)


KIND = Peak()
