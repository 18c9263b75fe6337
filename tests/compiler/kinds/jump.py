"""Kind `jump`: by how much a gauge has risen since one window ago.

An example of a kind whose value does not stay as it is: after one jump it is back at 0 when a window has passed. Such a
kind states its own cases, and when the first of them crosses a limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from compiler.quantities import duration_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate
from compiler.signals.inputs import GAUGE
from compiler.signals.profile import Case, Example, Phase
from compiler.signals.samples import sampling


class Jump(Kind):
    """The value is the largest rise of a component's series."""

    name = "jump"
    summary = "by how much the value has risen at once"
    forms = ((GAUGE,),)
    measures = False
    rises = True

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"jump{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return PromQL for the rise since one window ago."""
        gauge, window = bound.selector(GAUGE.name), duration_text(bound.binding.window)
        return aggregate("max", bound.binding.per, f"{gauge} - {gauge} offset {window}")

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a gauge with the level of each phase."""
        values = sampling.levels((phase.value, phase) for phase in example.phases)
        return (sampling.series(bound.selector(GAUGE.name), bound, example, values),)

    def begins(self, bound: BoundSignal, limit: Threshold) -> int:
        """Return the time of the jump: one sample after the first full window."""
        return _before(bound) * bound.binding.step

    def cases(self, bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> tuple[Case, ...]:
        """Return a jump just beyond each limit, and one that stays below all of them."""
        return tuple(_cases(bound, limits, steps))

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a very high value."""
        return Phase(value=Decimal(10**12), steps=1)


def _cases(bound: BoundSignal, limits: Sequence[Threshold], steps: int) -> Iterator[Case]:
    for limit in limits:
        jump = limit.value + HALF
        firing = frozenset(other.severity for other in limits if other.value < jump)
        yield _case(f"beyond-{limit.severity}", bound, jump, steps, firing)
    yield _case("below", bound, limits[0].value - HALF, steps, frozenset())


def _case(name: str, bound: BoundSignal, jump: Decimal, steps: int, firing: frozenset[str]) -> Case:
    before = _before(bound)
    phases = (Phase(value=Decimal(0), steps=before), Phase(value=jump, steps=steps - before))
    return Case(name=name, example=Example(phases=phases), firing=firing, value=jump)


def _before(bound: BoundSignal) -> int:
    """Return how many samples precede the jump."""
    return bound.binding.window // bound.binding.step + 1


KIND = Jump()
