"""What gauges have in common: they are taken over the window, so that a scrape that fails or a blip changes little.

A gauge that is read as it is resets `for`, or resolves an alert, whenever one scrape fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import duration_text, rate_of
from compiler.signals.bound import STEP_SECONDS, BoundSignal


def over_time(bound: BoundSignal, selector: Selector) -> str:
    """Return a gauge as its binding wants it: by a function over the window, or as it is."""
    function = bound.binding.over_time
    return (
        str(selector)
        if function is None
        else f"{function}_over_time({selector}[{duration_text(bound.binding.window)}])"
    )


def last(bound: BoundSignal, selector: Selector) -> str:
    """Return how much there is of something: what was last said, where the binding takes gauges over the window.

    A pool that has just been made larger is as large as that.
    """
    if bound.binding.over_time is None:
        return str(selector)
    return f"last_over_time({selector}[{duration_text(bound.binding.window)}])"


def steps_without_rounding(bound: BoundSignal, values: Iterable[Decimal]) -> int | None:
    """Return how many steps apart samples must lie for the function over the window to give each value itself.

    One, unless the mean of several equal samples is not equal to them: an engine may add them up and divide. Then one
    sample a window. None where the window is no multiple of a step.
    """
    binding = bound.binding
    within = binding.window // binding.step
    if binding.over_time != "avg" or all(_mean_is_exact(float(value), within) for value in values):
        return 1
    return within if binding.window % STEP_SECONDS == 0 else None


def _mean_is_exact(value: float, within: int) -> bool:
    return all(sum([value] * samples) / samples == value for samples in (within, within + 1) if samples)


def margin(limit: Decimal, *, ratio: bool) -> Decimal:
    """Return how far from a limit a value lies that is just below or just above it.

    Less than half a step of the limit's last digit, so that a limit that is off by one step is noticed; not more than a
    hundredth of it; one digit that is not 5, so that no rounding for people is a tie. A share stays between 0 and 1.
    """
    rate = rate_of(limit)
    exponent = int(rate.count.normalize().as_tuple().exponent)
    step = Decimal(1).scaleb(min(exponent, 0) if limit else -2) / rate.seconds
    away = min(abs(limit) / 100 or step, step * _PART)
    if ratio and 0 < limit < 1:
        away = min(away, (1 - limit) / 2)
    first = Decimal(1).scaleb(away.adjusted())
    found = away // first * first
    return found if found / first != _TIE else found - first


_PART: Final = Decimal("0.4")
_TIE: Final = 5
