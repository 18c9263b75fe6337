"""The least traffic that a ratio, a quantile or an average is computed from.

A ratio over two requests a minute is noise, and over none it is NaN: the denominator is filtered, so that there is no
value.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from compiler.signals import sampling
from compiler.signals.bound import BoundSignal


def enough(bound: BoundSignal) -> str:
    """Return the comparison that a denominator, in events per second, must pass."""
    floor = bound.binding.minimum_traffic
    return f">= {floor.promql}" if floor is not None else "> 0"


def floor_scale(bound: BoundSignal, events_per_step: Decimal) -> Decimal | None:
    """Return the amount of traffic at which so many events a step are just enough; None where the floor is off.

    Where an engine's rounding would make exactly enough too little, it is a little more.
    """
    floor = bound.binding.minimum_traffic
    if floor is None:
        return None
    wanted = Fraction(floor.count) * bound.binding.step / floor.seconds / Fraction(events_per_step)
    scale = Decimal(wanted.numerator) / Decimal(wanted.denominator)
    by, least = scale * events_per_step, float(floor.count) / floor.seconds
    exact = sampling.exact(by) and bound.binding.window % bound.binding.step == 0
    if exact and all(rate >= least for rate in sampling.rates(by, bound.binding.step, bound.binding.window)):
        return scale
    return scale * _A_LITTLE_MORE


_A_LITTLE_MORE: Final = Decimal("1.01")
