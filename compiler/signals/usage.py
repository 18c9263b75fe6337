"""Kind `usage`: the used share of a capacity, by gauges (connections, memory, disk)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import RATIO, Quantity, decimal_text
from compiler.signals.bound import HIGH, BoundSignal
from compiler.signals.contract import HALF, Kind, Series, Threshold, aggregate
from compiler.signals.inputs import AVAILABLE, MAX, USED
from compiler.signals.level import current, numbers, over_time, steps_without_rounding
from compiler.signals.phrases import MORE, REST, USED_SHARE, Clause, amount, over_time_words, thing
from compiler.signals.profile import Example, Phase, Rough
from compiler.signals.samples import sampling

WHOLE: Final = Decimal(1000)


class Usage(Kind):
    """The value is used / max, or 1 - available / max."""

    name = "usage"
    summary = "used part of what there is"
    unit = RATIO
    forms = ((USED, MAX), (AVAILABLE, MAX))
    constants = frozenset({MAX.name})
    denominator = WHOLE
    rest = "free"

    def bad(self, inputs: Collection[str]) -> str:
        """Return `HIGH`."""
        return HIGH

    def windowed(self, bound: BoundSignal) -> bool:
        """Return false: gauges need no four scrapes."""
        return False

    def smoothed(self, bound: BoundSignal) -> bool:
        """Return true."""
        return True

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "ratio"

    def expression(self, bound: BoundSignal) -> str:
        """Return the used share; a component without a maximum (some exporters report 0) has no value.

        A component that lacks a number for one of several maxima has no value either, because the sum of the others is
        not the whole.
        """
        per, whole = bound.binding.per, bound.binding.inputs[MAX.name]
        used = bound.has(USED.name)
        part = aggregate("sum", per, numbers(bound, bound.selector(USED.name if used else AVAILABLE.name)))
        divisor = (
            decimal_text(whole)
            if isinstance(whole, Decimal)
            else f"({aggregate('sum', per, current(bound, whole))} > 0)"
        )
        return over_time(bound, f"{part} / {divisor}" if used else f"1 - {part} / {divisor}")

    def in_words(self, bound: BoundSignal, limit: Threshold) -> Clause:
        """Return how much is used, and how much is free where the input is `available`."""
        return used_in_words(bound, limit.comparator, limit.value)

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return constant gauges that give the example's share."""
        whole = bound.binding.inputs[MAX.name]
        used = bound.has(USED.name)
        part = bound.selector(USED.name if used else AVAILABLE.name)
        scale = whole if isinstance(whole, Decimal) else WHOLE
        shares = ((_share(phase, used=used), phase) for phase in example.phases)
        parts = sampling.levels(
            (None if share is None else share * scale * phase.traffic, phase) for share, phase in shares
        )
        part_series = (sampling.series(part, bound, example, parts),)
        if isinstance(whole, Decimal):
            return part_series
        wholes = sampling.levels((_whole(phase), phase) for phase in example.phases)
        return (*part_series, sampling.series(whole, bound, example, wholes))

    def first(self, bound: BoundSignal) -> int:
        """Return 0: a gauge is there at once."""
        return 0

    def exactly(self, bound: BoundSignal, value: Decimal, *, always: bool) -> Phase | None:
        """Return a phase whose quotient and mean over the window have no rounding error."""
        every = steps_without_rounding(bound, (value,))
        whole = bound.binding.inputs[MAX.name]
        used, base = bound.has(USED.name), whole if isinstance(whole, Decimal) else WHOLE
        for scale in (Decimal(1),) if isinstance(whole, Decimal) else sampling.scales():
            total = base * scale
            quotient = float((value if used else 1 - value) * total) / float(total)
            if (quotient if used else 1 - quotient) == float(value) and every is not None:
                return Phase(value=value, steps=1, traffic=scale, every=every, stale=every > 1)
        return None

    def zero_denominator(self, bound: BoundSignal) -> bool:
        """Return whether the maximum is a metric."""
        return isinstance(bound.binding.inputs[MAX.name], Selector)

    def replicas(self, bound: BoundSignal, value: Decimal) -> tuple[Phase, ...]:
        """Return the same share twice, each of half the whole."""
        if self.zero_denominator(bound):
            return (Phase(value=value, steps=1, traffic=HALF),) * 2
        if bound.has(USED.name):
            return (Phase(value=value * HALF, steps=1),) * 2
        return ()

    def withstands(self, bound: BoundSignal) -> frozenset[Rough]:
        """Return the rough courses of gauges: the share is computed at each moment from the series present then."""
        withstood = {Rough.REPLACED, Rough.REPLACED_PART}
        if self.zero_denominator(bound):
            withstood |= {Rough.REPLACED_WHOLE, Rough.DOUBLED}
        if bound.binding.over_time:
            withstood |= {Rough.GAPS, Rough.NAN}
            withstood |= {Rough.SPIKES} if bound.binding.over_time == "avg" and not bound.low else set()
            withstood |= {Rough.NAN_PART, Rough.NAN_WHOLE} if self.zero_denominator(bound) else set()
        return frozenset(withstood)

    def strong_sample(self, bound: BoundSignal) -> Phase:
        """Return a hundred times as much as other series have, in the part as well as in the whole."""
        return Phase(value=Decimal(1) if bound.has(USED.name) else Decimal(0), steps=1, traffic=Decimal(100))

    def past_limit(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return more than the whole, because a limit may lie at the whole; half the limit where low is trouble."""
        return value / 2 if bound.low else max(Decimal(1), value) + Decimal("0.5")


def used_in_words(bound: BoundSignal, comparator: str, share: Decimal) -> Clause:
    """Return the comparison of the used share as a clause."""
    whole, available = bound.binding.inputs[MAX.name], bound.has(AVAILABLE.name)
    part = bound.selector(AVAILABLE.name if available else USED.name)
    whole_text = f"`{whole.metric}`" if isinstance(whole, Selector) else decimal_text(whole)
    used = f"{MORE[comparator]} {amount(Quantity(share, RATIO))} of"
    title = thing(bound.signal.title)
    if title is None and not available:
        return Clause(text=f"`{part.metric}` is {used} {whole_text}", details=over_time_words(bound), value="the share")
    free = f"that is {MORE[REST[comparator]]} {amount(Quantity(1 - share, RATIO))} free"
    details = (*([free] if available and share <= 1 else []), *over_time_words(bound))
    return Clause(text=f"{used} {title or whole_text} is used", details=details, value=USED_SHARE)


def _share(phase: Phase, *, used: bool) -> Decimal | None:
    return None if phase.value is None else phase.value if used else 1 - phase.value


def _whole(phase: Phase) -> Decimal | None:
    return None if phase.value is None else WHOLE * phase.traffic * (not phase.zero_denominator)


KIND = Usage()
