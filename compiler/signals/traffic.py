"""The minimum traffic for a ratio, a quantile or an average.

A ratio over two requests a minute is noise, and over none it is NaN. So the rules filter the denominator, and too
little traffic gives no value.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from compiler.signals.bound import BoundSignal
from compiler.signals.samples import sampling


def enough(bound: BoundSignal) -> str:
    """Return the comparison that the denominator, in events per second, must pass."""
    floor = bound.binding.minimum_traffic
    return f">= {floor.promql}" if floor is not None else "> 0"


def floor_scale(bound: BoundSignal, events_per_step: Decimal) -> Decimal | None:
    """Return the traffic at which `events_per_step` events are just enough; None without a minimum traffic.

    Where an engine's rounding could put the exact traffic below the minimum, the result is a little more.
    """
    floor = bound.binding.minimum_traffic
    if floor is None:
        return None
    exact_scale = Fraction(floor.count) * bound.binding.step / floor.seconds / Fraction(events_per_step)
    scale = Decimal(exact_scale.numerator) / Decimal(exact_scale.denominator)
    events, least = scale * events_per_step, float(floor.count) / floor.seconds
    exact = sampling.exact(events) and bound.binding.window % bound.binding.step == 0
    if exact and all(rate >= least for rate in sampling.rates(events, bound.binding.step, bound.binding.window)):
        return scale
    return scale * _A_LITTLE_MORE


_A_LITTLE_MORE: Final = Decimal("1.01")
