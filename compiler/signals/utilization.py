"""Kind `utilization`: how busy something is, by a counter of what it did (CPU seconds, bytes sent)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import RATIO, Quantity, decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Input, Kind, Measure, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import CAPACITY, COUNTER
from compiler.signals.level import current, last
from compiler.signals.phrases import MORE, REST, USED_SHARE, Clause, amount, over_window, thing
from compiler.signals.profile import Example, Phase, Rough

IDLE: Final = Input(
    name="idle",
    description="Counter of idle seconds, one series a CPU.",
    example='node_cpu_seconds_total{mode="idle"}',
    measure=Measure.SPAN,
)
_INSTANCE: Final = ("job", "instance", "pod")
"""What tells apart instances that each have a capacity of their own: targets, and pods that one target tells of."""
_TELLING: Final = frozenset({"instance", "pod"})
_ONE: Final = Decimal(1)
_CAPACITY: Final = Decimal(100)


class Utilization(Kind):
    """Rate of the counter by the capacity, or what is not idle on average over the CPUs."""

    name = "utilization"
    rest = "idle"
    forms = ((COUNTER, CAPACITY), (COUNTER,), (IDLE,))
    constants = frozenset({CAPACITY.name})
    denominator = _CAPACITY

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return f"ratio_rate{duration_text(bound.binding.window)}"

    def expression(self, bound: BoundSignal) -> str:
        """Return the busy share."""
        per, window = bound.binding.per, duration_text(bound.binding.window)
        if bound.has(IDLE.name):
            return f"1 - {aggregate('avg', per, f'rate({bound.selector(IDLE.name)}[{window}])')}"
        rate = f"rate({bound.selector(COUNTER.name)}[{window}])"
        capacity = bound.binding.inputs.get(CAPACITY.name)
        if self.instances(bound) is not None:
            # Nobody says how much all of them may do: each may do all that one can.
            return aggregate("max", per, aggregate("sum", tuple(dict.fromkeys((*per, *_INSTANCE))), rate))
        done = aggregate("sum", per, rate)
        if capacity is None:
            return done
        if isinstance(capacity, Selector):
            whole = aggregate("sum", per, current(bound, capacity))
            return f"{done} / {last(bound, f'{whole} > 0')}"
        return f"{done} / {decimal_text(capacity)}"

    def instances(self, bound: BoundSignal) -> str | None:
        """Return the label of instances where nothing tells how much all of a component's can do together."""
        if set(bound.binding.inputs) != {COUNTER.name}:
            return None
        chosen = {one.label for one in bound.selector(COUNTER.name).matchers if one.operator == "="}
        return None if {*bound.binding.per, *chosen} & _TELLING else "instance"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return how busy it is, and how idle where that is measured; of a counter, how much it takes of what."""
        comparator, share = limit.comparator, amount(Quantity(limit.value, bound.signal.unit))
        window = over_window(bound)
        if bound.has(IDLE.name):
            idle = bound.selector(IDLE.name)
            busy = thing(bound.signal.title) or f"the time that `{idle.metric}` counts"
            rest = f"that is {MORE[REST[comparator]]} {amount(Quantity(1 - limit.value, RATIO))} idle"
            own = tuple(one for one in idle.matchers if one not in bound.binding.source)
            text = f"{MORE[comparator]} {share} of {busy} is busy"
            return Clause(text=text, details=(rest, window), value="the busy share", told=own)
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        verb, whole = "rises by", decimal_text(capacity) if isinstance(capacity, Decimal) else ""
        if isinstance(capacity, Selector):
            verb, whole = "takes", f"`{capacity.metric}`"
        counter = f"`{bound.selector(COUNTER.name).metric}`"
        counter += " of the busiest instance" if self.instances(bound) is not None else ""
        text = f"{counter} {verb} {MORE[comparator]} {share} of {whole} a second"
        return Clause(text=text, details=(window,), value=USED_SHARE)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises by the wanted share of the capacity a second."""
        step = bound.binding.step
        if bound.has(IDLE.name):
            idle = ((None if one.value is None else (1 - one.value) * step, one) for one in example.phases)
            return (sampling.series(bound.selector(IDLE.name), bound, example, sampling.counter(idle)),)
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        scale = capacity if isinstance(capacity, Decimal) else _CAPACITY
        done = ((None if one.value is None else one.value * scale * one.traffic * step, one) for one in example.phases)
        counter = sampling.series(bound.selector(COUNTER.name), bound, example, sampling.counter(done))
        if isinstance(capacity, Decimal):
            return (counter,)
        there = (
            (None if one.value is None else scale * one.traffic * (not one.zero_denominator), one)
            for one in example.phases
        )
        return counter, sampling.series(capacity, bound, example, sampling.levels(there))

    def first(self, bound: BoundSignal) -> int:
        """Return a step: nothing idle is seen at once, and of the others see `past_limit`."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a capacity at which no engine has a rounding error, where it is not given."""
        step, window = bound.binding.step, bound.binding.window
        if window % step:
            return None
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        if bound.has(IDLE.name):
            by = (1 - value) * step
            found = tuple(1 - one for one in sampling.rates(by, step, window))
            return _steady(value, _ONE, by, found)
        scales = (_ONE,) if isinstance(capacity, Decimal) else sampling.scales()
        for scale in scales:
            whole = (capacity if isinstance(capacity, Decimal) else _CAPACITY) * scale
            by = value * whole * step
            phase = _steady(value, scale, by, tuple(one / float(whole) for one in sampling.rates(by, step, window)))
            if phase is not None:
                return phase
        return None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two rates, where nothing divides their sum and samples fill the window."""
        step, window = bound.binding.step, bound.binding.window
        if set(bound.binding.inputs) != {COUNTER.name} or window % step:
            return ()
        return tuple(Phase(value=one, steps=1) for one in sampling.exact_rates(value, step, window))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value once the window is full; what is never idle is seen at once."""
        return value if bound.has(IDLE.name) or seconds >= bound.binding.window else None

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return whether the capacity is a metric."""
        return isinstance(bound.binding.inputs.get(CAPACITY.name), Selector)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the same value twice, each of half of all; of CPUs, one more idle and one less."""
        if bound.has(IDLE.name):
            away = min(value, 1 - value) * HALF
            return (Phase(value=value - away, steps=1), Phase(value=value + away, steps=1))
        if bound.has(CAPACITY.name) and isinstance(bound.binding.inputs[CAPACITY.name], Selector):
            return (Phase(value=value, steps=1, traffic=HALF),) * 2
        return (Phase(value=value * HALF, steps=1),) * 2

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return what is told twice where something divides it, and what becomes of how much there is.

        A rate over samples with gaps is a little less or more: that is not what it was.
        """
        if not self.zero_denominator(bound):
            return frozenset({Rough.DOUBLED} if bound.has(IDLE.name) else ())
        return frozenset({Rough.REPLACED_WHOLE, Rough.GAPS_WHOLE, Rough.NAN_WHOLE, Rough.DOUBLED})

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the capacity, all of it busy."""
        return Phase(value=_ONE, steps=1, traffic=Decimal(100))

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return all of it; of a counter so much that what is done in one step is enough, while the window fills."""
        if bound.low:
            return value / 2
        if bound.has(IDLE.name):
            return _ONE
        return (value or _ONE) * 2 * bound.binding.window / bound.binding.step


def _steady(value: Decimal, scale: Decimal, by: Decimal, found: tuple[float, ...]) -> Phase | None:
    if sampling.exact(by) and all(one == float(value) for one in found):
        return Phase(value=value, steps=1, traffic=scale)
    return None


KIND = Utilization()
