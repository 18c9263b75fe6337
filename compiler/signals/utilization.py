"""Kind `utilization`: how busy something is, by a counter of what it did (CPU seconds, bytes sent)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, Input, Series, aggregate
from compiler.signals.inputs import CAPACITY, COUNTER

IDLE: Final = Input(
    name="idle",
    description="Counter of idle seconds, one series a CPU.",
    example='node_cpu_seconds_total{mode="idle"}',
)


class Utilization:
    """Rate of the counter by the capacity, or what is not idle on average over the CPUs."""

    name = "utilization"
    forms: tuple[tuple[Input, ...], ...] = ((COUNTER, CAPACITY), (COUNTER,), (IDLE,))
    constants: frozenset[str] = frozenset({CAPACITY.name})

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"ratio_rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the busy share."""
        per, window = bound.binding.per, duration_text(bound.binding.window)
        if bound.has(IDLE.name):
            return f"1 - {aggregate('avg', per, f'rate({bound.selector(IDLE.name)}[{window}])')}"
        done = aggregate("sum", per, f"rate({bound.selector(COUNTER.name)}[{window}])")
        capacity = bound.binding.inputs.get(CAPACITY.name)
        if capacity is None:
            return done
        if isinstance(capacity, Selector):
            return f"{done} / ({aggregate('sum', per, str(capacity))} > 0)"
        return f"{done} / {decimal_text(capacity)}"

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return a counter that rises by the wanted share of the capacity a second."""
        per = bound.binding.per
        if bound.has(IDLE.name):
            idle = (1 - value) * bound.binding.step
            return (sampling.series(bound.selector(IDLE.name), per, sampling.rising(Decimal(0), idle, steps)),)
        capacity = bound.binding.inputs.get(CAPACITY.name, Decimal(1))
        scale = capacity if isinstance(capacity, Decimal) else Decimal(100)
        done = sampling.rising(Decimal(0), value * scale * bound.binding.step, steps)
        counter = sampling.series(bound.selector(COUNTER.name), per, done)
        if isinstance(capacity, Decimal):
            return (counter,)
        return counter, sampling.series(capacity, per, sampling.constant(scale, steps))


KIND = Utilization()
