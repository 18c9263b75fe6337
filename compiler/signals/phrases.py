"""Plain English for the measurements of signals: amounts, times, comparators, matchers, the clause of a condition.

A kind returns a clause (`Kind.in_words`); `compiler.in_words` turns it into a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from compiler.promql import Matcher
from compiler.quantities import RATIO, SECONDS, Quantity, decimal_text, quantity_text
from compiler.signals.bound import BoundSignal

MORE: Final = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "==": "exactly"}
"""Words before an amount: `more than 5 % of the requests`."""
IS: Final = {">": "is above", ">=": "is at or above", "<": "is below", "<=": "is at or below", "==": "is"}
"""Words between a value and an amount: `the value is above 5 %`."""
REST: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "=="}
"""The comparator for the complement of a share."""

USED_SHARE: Final = "the used share"
VALUE: Final = "the value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """The condition of a limit: `text` holds subject and verb, `details` follow in parentheses.

    `value` names the compared value for later sentences. `event` names one of the events that the minimum traffic
    counts. `expressed` are the matchers that the words already express.
    """

    text: str
    details: tuple[str, ...] = ()
    value: str = VALUE
    event: str = "event"
    expressed: tuple[Matcher, ...] = ()


def amount(quantity: Quantity) -> str:
    """Return a quantity as people say it: `5 %`, `200 ms`, `1 minute 30 seconds`, `512 MiB`, `100 a second`."""
    value = quantity.value
    if quantity.unit == SECONDS:
        if value == int(value) and value >= 1:
            return span(int(value))
        if 0 < abs(value) < 1:
            return f"{decimal_text(value * 1000)} ms"
        return f"{decimal_text(value)} seconds"
    text = quantity_text(quantity)
    if quantity.unit == RATIO:
        return f"{text.removesuffix('%')} %"
    number = text.rstrip("kKMGTiB")
    if text != number:
        return f"{number} {text.removeprefix(number)}"
    return a_period(text)


def a_period(text: str) -> str:
    """Return a rate as people say it: `10 per second` → `10 a second`."""
    return text.replace(" per hour", " an hour").replace(" per ", " a ")


def span(seconds: int) -> str:
    """Return seconds as people say them: `5 minutes`, `1 hour 30 minutes`."""
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def over_window(bound: BoundSignal) -> str:
    """Return the time over which the rule counts events."""
    return f"over {span(bound.binding.window)}"


def over_time_words(bound: BoundSignal) -> tuple[str, ...]:
    """Return how the rule aggregates a gauge over the window; nothing where it reads the gauge directly."""
    function, window = bound.binding.over_time, span(bound.binding.window)
    return () if function is None else (_OVER_TIME.get(function, "{} over {}").format(window, function),)


_OVER_TIME: Final = {
    "avg": "average over {}",
    "last": "as last reported within {}",
    "max": "highest within {}",
    "min": "lowest within {}",
}


def listed(words: Sequence[str]) -> str:
    """Return words as a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def where(matchers: Iterable[Matcher]) -> str:
    """Return matchers as a condition: `job is "api" and code matches "5.."`."""
    return listed([_matcher(matcher) for matcher in matchers])


def _matcher(matcher: Matcher) -> str:
    if not matcher.value and matcher.operator in {"=", "!="}:
        return f"{matcher.label} is {'empty' if matcher.operator == '=' else 'set'}"
    verb = {"=": "is", "!=": "is other than", "=~": "matches", "!~": "does not match"}[matcher.operator]
    return f'{matcher.label} {verb} "{matcher.value}"'


def thing(title: str) -> str | None:
    """Return the used thing, by a title with an ending such as "usage"; None for other titles."""
    for ending in _ENDINGS:
        if title.lower().endswith(ending) and title.lower() != ending.strip():
            return f"the {uncapitalised(title[: -len(ending)])}"
    return None


_ENDINGS: Final = (" usage", " utilization", " utilisation", " in use", " used")


def uncapitalised(title: str) -> str:
    """Return a title for the middle of a sentence; abbreviations such as `CPU` keep their capitals."""
    capitals = [letter for letter in title.partition(" ")[0] if letter.isupper()]
    return title[:1].lower() + title[1:] if len(capitals) == 1 else title


def ordinal(percent: str) -> str:
    """Return a percentile as an ordinal number: `95` → `95th`, `99.9` → `99.9th`."""
    tens = percent[-2:] in {"11", "12", "13"}
    return percent + ("th" if tens or "." in percent else {"1": "st", "2": "nd", "3": "rd"}.get(percent[-1], "th"))
