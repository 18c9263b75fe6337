"""Kind `utilization`: how busy something is, by a counter of its work (CPU seconds, bytes sent)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import RATIO, Quantity, decimal_text, duration_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Input, Kind, Measure, Series, Threshold, aggregate, first_rate
from compiler.signals.inputs import CAPACITY, COUNTER
from compiler.signals.level import current, last
from compiler.signals.phrases import MORE, REST, USED_SHARE, Clause, amount, over_window, thing
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import sampling

IDLE: Final = Input(
    name="idle",
    description="Counter of idle seconds, one series a CPU.",
    example='node_cpu_seconds_total{mode="idle"}',
    measure=Measure.SPAN,
)
_INSTANCE: Final = ("job", "instance", "pod")
"""Labels of instances that each have a capacity of their own: targets, and pods that one target reports."""
_TELLING: Final = frozenset({"instance", "pod"})
_ONE: Final = Decimal(1)
_CAPACITY: Final = Decimal(100)


class Utilization(Kind):
    """The counter's rate divided by the capacity, or 1 minus the average idle rate of the CPUs."""

    name = "utilization"
    summary = "how busy"
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
            # The capacity of all instances together is not known: the limit applies to each instance.
            return aggregate("max", per, aggregate("sum", tuple(dict.fromkeys((*per, *_INSTANCE))), rate))
        work = aggregate("sum", per, rate)
        if capacity is None:
            return work
        if isinstance(capacity, Selector):
            whole = aggregate("sum", per, current(bound, capacity))
            return f"{work} / {last(bound, f'{whole} > 0')}"
        return f"{work} / {decimal_text(capacity)}"

    def instances(self, bound: BoundSignal) -> str | None:
        """Return the label of instances where the capacity of all instances of a component is not known; else None."""
        if set(bound.binding.inputs) != {COUNTER.name}:
            return None
        selected_labels = {
            matcher.label for matcher in bound.selector(COUNTER.name).matchers if matcher.operator == "="
        }
        return None if {*bound.binding.per, *selected_labels} & _TELLING else "instance"

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return the busy share, with the idle share where that is measured; or the counter's rate and its capacity."""
        comparator, share = limit.comparator, amount(Quantity(limit.value, bound.signal.unit))
        window = over_window(bound)
        if bound.has(IDLE.name):
            idle = bound.selector(IDLE.name)
            busy = thing(bound.signal.title) or f"the time that `{idle.metric}` counts"
            rest = f"that is {MORE[REST[comparator]]} {amount(Quantity(1 - limit.value, RATIO))} idle"
            own_matchers = tuple(matcher for matcher in idle.matchers if matcher not in bound.binding.source)
            text = f"{MORE[comparator]} {share} of {busy} is busy"
            return Clause(text=text, details=(rest, window), value="the busy share", expressed=own_matchers)
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        verb, whole = "rises by", decimal_text(capacity) if isinstance(capacity, Decimal) else ""
        if isinstance(capacity, Selector):
            verb, whole = "takes", f"`{capacity.metric}`"
        counter = f"`{bound.selector(COUNTER.name).metric}`"
        counter += " of the busiest instance" if self.instances(bound) is not None else ""
        text = f"{counter} {verb} {MORE[comparator]} {share} of {whole} a second"
        return Clause(text=text, details=(window,), value=USED_SHARE)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return a counter that rises, per second, by the example's share of the capacity."""
        step = bound.binding.step
        if bound.has(IDLE.name):
            idle = ((None if phase.value is None else (1 - phase.value) * step, phase) for phase in example.phases)
            return (sampling.series(bound.selector(IDLE.name), bound, example, sampling.counter(idle)),)
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        scale = capacity if isinstance(capacity, Decimal) else _CAPACITY
        work = (
            (None if phase.value is None else phase.value * scale * phase.traffic * step, phase)
            for phase in example.phases
        )
        counter = sampling.series(bound.selector(COUNTER.name), bound, example, sampling.counter(work))
        if isinstance(capacity, Decimal):
            return (counter,)
        capacities = (
            (None if phase.value is None else scale * phase.traffic * (not phase.zero_denominator), phase)
            for phase in example.phases
        )
        return counter, sampling.series(capacity, bound, example, sampling.levels(capacities))

    def first(self, bound: BoundSignal) -> int:
        """Return one step: a CPU that is never idle shows at once; for other counters, see `past_limit`."""
        return first_rate(bound)

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase without a rounding error in any engine; the phase may set the value of a capacity metric."""
        step, window = bound.binding.step, bound.binding.window
        if window % step:
            return None
        capacity = bound.binding.inputs.get(CAPACITY.name, _ONE)
        if bound.has(IDLE.name):
            rise = (1 - value) * step
            shares = tuple(1 - rate for rate in sampling.rates(rise, step, window))
            return _steady(value, _ONE, rise, shares)
        scales = (_ONE,) if isinstance(capacity, Decimal) else sampling.scales()
        for scale in scales:
            whole = (capacity if isinstance(capacity, Decimal) else _CAPACITY) * scale
            rise = value * whole * step
            phase = _steady(
                value, scale, rise, tuple(rate / float(whole) for rate in sampling.rates(rise, step, window))
            )
            if phase is not None:
                return phase
        return None

    def exact_parts(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two rates, where the rule divides their sum by nothing and samples fill the window."""
        step, window = bound.binding.step, bound.binding.window
        if set(bound.binding.inputs) != {COUNTER.name} or window % step:
            return ()
        return tuple(Phase(value=rate, steps=1) for rate in sampling.exact_rates(value, step, window))

    def shown(self, bound: BoundSignal, value: Decimal, seconds: int) -> Decimal | None:
        """Return the value once the window is full; a CPU that is never idle shows at once."""
        return value if bound.has(IDLE.name) or seconds >= bound.binding.window else None

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return whether the capacity is a metric."""
        return isinstance(bound.binding.inputs.get(CAPACITY.name), Selector)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return two halves with the same share; for CPUs, one that is busier and one that is less busy."""
        if bound.has(IDLE.name):
            distance = min(value, 1 - value) * HALF
            return (Phase(value=value - distance, steps=1), Phase(value=value + distance, steps=1))
        if bound.has(CAPACITY.name) and isinstance(bound.binding.inputs[CAPACITY.name], Selector):
            return (Phase(value=value, steps=1, traffic=HALF),) * 2
        return (Phase(value=value * HALF, steps=1),) * 2

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return doubled series where a division cancels them, and the rough courses of the capacity.

        Gaps in the counter are not among them: a rate over samples with gaps changes a little.
        """
        if not self.zero_denominator(bound):
            return frozenset({Rough.DOUBLED} if bound.has(IDLE.name) else ())
        return frozenset({Rough.REPLACED_WHOLE, Rough.GAPS_WHOLE, Rough.NAN_WHOLE, Rough.DOUBLED})

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times the capacity, fully busy."""
        return Phase(value=_ONE, steps=1, traffic=Decimal(100))

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return 1 for idle time; for a counter, so much that the work of one step is enough while the window fills."""
        if bound.low:
            return value / 2
        if bound.has(IDLE.name):
            return _ONE
        return (value or _ONE) * 2 * bound.binding.window / bound.binding.step


def _steady(value: Decimal, scale: Decimal, rise: Decimal, rates: tuple[float, ...]) -> Phase | None:
    if sampling.exact(rise) and all(rate == float(value) for rate in rates):
        return Phase(value=value, steps=1, traffic=scale)
    return None


KIND = Utilization()
