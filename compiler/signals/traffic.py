"""The least traffic that a ratio, a quantile or an average is computed from.

A ratio over two requests a minute is noise, and over none it is NaN: the denominator is filtered, so that there is no
value.
"""

from __future__ import annotations

from compiler.signals.contract import BoundSignal


def enough(bound: BoundSignal) -> str:
    """Return the comparison that a denominator, in events per second, must pass."""
    floor = bound.binding.minimum_traffic
    return f">= {floor.promql}" if floor is not None else "> 0"
