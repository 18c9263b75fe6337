"""What gauges have in common: how they are read so that data as it really comes changes no alert by itself.

Functions over a range of samples take no notice of staleness markers: a sum of `avg_over_time` counts a replaced pod
and its successor both for as long as the window. So a value is computed at each moment from the series that are there
then, and the function is taken over these moments (a subquery). A gauge that is read as it is resets `for` whenever one
scrape fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import duration_text, rate_of
from compiler.signals.bound import STEP_SECONDS, BoundSignal

_MOST_MOMENTS: Final = 20
"""Of a window that is looked at: each costs an evaluation."""
_LEAST_MOMENTS: Final = 5


def current(bound: BoundSignal, selector: Selector, *, before: int = 0) -> str:
    """Return what a metric is now, or was so many seconds `before`.

    Engines forget a sample after five minutes (`Binding.memory`), so that a metric that is scraped more seldom is there
    only part of the time: then it is the last of its samples within the time that a scrape may fail.
    """
    offset = f" offset {duration_text(before)}" if before else ""
    memory = bound.binding.memory
    if memory is None:
        return f"{selector}{offset}"
    return f"last_over_time({selector}[{duration_text(memory)}]{offset})"


def numbers(bound: BoundSignal, selector: Selector) -> str:
    """Return what a metric is now, without NaN: in a sum or a mean one NaN makes everything NaN."""
    return f"{current(bound, selector)} >= -Inf"


def over_time(bound: BoundSignal, expression: str) -> str:
    """Return an expression as its binding wants it: by a function over the moments of its window, or as it is."""
    function = bound.binding.over_time
    return expression if function is None else _moments(bound, function, expression)


def last(bound: BoundSignal, expression: str) -> str:
    """Return what an expression was last within the window: a scrape that fails changes nothing."""
    return _moments(bound, "last", expression)


def _moments(bound: BoundSignal, function: str, expression: str) -> str:
    window, step = duration_text(bound.binding.window), duration_text(moment(bound))
    return f"{function}_over_time(({expression})[{window}:{step}])"


def moment(bound: BoundSignal) -> int:
    """Return the seconds between two moments of a window that are looked at: as often as it is scraped, in bounds."""
    window = bound.binding.window
    least, most = -(-window // _MOST_MOMENTS), max(1, window // _LEAST_MOMENTS)
    return min(max(bound.binding.scrape_interval, least), most)


def steps_without_rounding(bound: BoundSignal, values: Iterable[Decimal]) -> int | None:
    """Return how many steps apart samples must lie for the function over the window to give each value itself.

    One, unless the mean of several equal values is not equal to them: an engine may add them up and divide. Then one
    sample a window. None where that does not help either.
    """
    binding = bound.binding
    floats = [float(value) for value in values]
    if binding.over_time != "avg" or _means_are_exact(floats, binding.window // moment(bound)):
        return 1
    if (
        binding.memory is not None
        or binding.window % STEP_SECONDS
        or not _means_are_exact(floats, -(-binding.step // moment(bound)))
    ):
        return None
    return binding.window // binding.step


def _means_are_exact(values: Iterable[float], moments: int) -> bool:
    """Return whether the mean of so many equal values, or of one more, is equal to them."""
    return all(sum([value] * count) / count == value for value in values for count in (moments, moments + 1) if count)


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
