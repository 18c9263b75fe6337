"""How rules read gauges, so that irregular data alone change no alert.

Functions over a range of samples ignore staleness markers: a sum of `avg_over_time` counts both a replaced pod and its
successor for the length of the window. So the rule computes a value at each moment from the series present then, and
applies the function to these moments (a subquery). A gauge that a rule reads directly resets `for` whenever one scrape
fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from compiler.promql import Selector
from compiler.quantities import duration_text, rate_of
from compiler.signals.bound import STEP_SECONDS, BoundSignal

_MOST_MOMENTS: Final = 20
"""How many moments of a window a subquery evaluates at most: each costs an evaluation."""
_LEAST_MOMENTS: Final = 5


def current(bound: BoundSignal, selector: Selector, *, before: int = 0) -> str:
    """Return PromQL for the value of a metric now, or `before` seconds ago.

    Engines forget a sample after five minutes, so that a metric that is scraped more seldom would be absent part of the
    time. For such a metric the value is the last sample within `Binding.memory`, which allows for a failed scrape.
    """
    offset = f" offset {duration_text(before)}" if before else ""
    memory = bound.binding.memory
    if memory is None:
        return f"{selector}{offset}"
    return f"last_over_time({selector}[{duration_text(memory)}]{offset})"


def numbers(bound: BoundSignal, selector: Selector) -> str:
    """Return PromQL for the current value of a metric, without NaN: one NaN would make a sum or a mean NaN."""
    return f"{current(bound, selector)} >= -Inf"


def over_time(bound: BoundSignal, expression: str) -> str:
    """Return an expression with the binding's function over the moments of its window, or unchanged without one."""
    function = bound.binding.over_time
    return expression if function is None else _moments(bound, function, expression)


def last(bound: BoundSignal, expression: str) -> str:
    """Return PromQL for the last value of an expression within the window, so that a failed scrape changes nothing."""
    return _moments(bound, "last", expression)


def _moments(bound: BoundSignal, function: str, expression: str) -> str:
    window, step = duration_text(bound.binding.window), duration_text(moment(bound))
    return f"{function}_over_time(({expression})[{window}:{step}])"


def moment(bound: BoundSignal) -> int:
    """Return the seconds between two moments of a subquery: the scrape interval, within bounds."""
    window = bound.binding.window
    least, most = -(-window // _MOST_MOMENTS), max(1, window // _LEAST_MOMENTS)
    return min(max(bound.binding.scrape_interval, least), most)


def steps_without_rounding(bound: BoundSignal, values: Iterable[Decimal]) -> int | None:
    """Return how many steps apart samples must lie so that the function over the window returns each value exactly.

    The result is 1, unless the mean of several equal values differs from them: an engine may add them up and divide the
    sum. Then one sample per window is enough. None where that does not help either.
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
    """Return whether the mean of `moments` equal values, or of one more, equals them."""
    return all(sum([value] * count) / count == value for value in values for count in (moments, moments + 1) if count)


def margin(limit: Decimal, *, ratio: bool) -> Decimal:
    """Return the distance from a limit to a value just below or just above it.

    The distance is less than half a step of the limit's last digit, so that tests notice a limit that is off by one
    step, and at most a hundredth of the limit. It has one digit other than 5, so that rounding for people meets no tie.
    With `ratio`, the value stays between 0 and 1.
    """
    rate = rate_of(limit)
    exponent = int(rate.count.normalize().as_tuple().exponent)
    step = Decimal(1).scaleb(min(exponent, 0) if limit else -2) / rate.seconds
    distance = min(abs(limit) / 100 or step, step * _PART)
    if ratio and 0 < limit < 1:
        distance = min(distance, (1 - limit) / 2)
    first_digit = Decimal(1).scaleb(distance.adjusted())
    rounded = distance // first_digit * first_digit
    return rounded if rounded / first_digit != _TIE else rounded - first_digit


_PART: Final = Decimal("0.4")
_TIE: Final = 5
