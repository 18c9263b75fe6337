"""Plain English for what kinds of signal measure: amounts, times, comparators, matchers, and the clause of a condition.

A kind says its clause (`Kind.in_words`), `compiler.in_words` makes a sentence of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from compiler.promql import Matcher
from compiler.quantities import RATIO, SECONDS, Quantity, decimal_text, quantity_text
from compiler.signals.bound import BoundSignal

MORE: Final = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "==": "exactly"}
"""Before an amount of something: `more than 5 % of the requests`."""
IS: Final = {">": "is above", ">=": "is at or above", "<": "is below", "<=": "is at or below", "==": "is"}
"""Between a value and an amount: `the value is above 5 %`."""
REST: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "=="}
"""The comparator of the part that a share leaves."""

USED_SHARE: Final = "the used share"
VALUE: Final = "the value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """The condition of a limit: `text` with its subject and verb, `details` that stand behind it in parentheses.

    `value` is what is compared, for what is said about it afterwards; `event` one of the events of which there must be
    a least traffic; `told` are the matchers that the words tell by themselves.
    """

    text: str
    details: tuple[str, ...] = ()
    value: str = VALUE
    event: str = "event"
    told: tuple[Matcher, ...] = ()


def amount(quantity: Quantity) -> str:
    """Return a quantity as a person says it: `5 %`, `200 ms`, `1 minute 30 seconds`, `512 MiB`, `100 a second`."""
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
    """Return a rate as a person says it: `10 per second` → `10 a second`."""
    return text.replace(" per hour", " an hour").replace(" per ", " a ")


def span(seconds: int) -> str:
    """Return seconds as a person says them: `5 minutes`, `1 hour 30 minutes`."""
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def over_window(bound: BoundSignal) -> str:
    """Return over how long events are looked at."""
    return f"over {span(bound.binding.window)}"


def over_time_words(bound: BoundSignal) -> tuple[str, ...]:
    """Return how a gauge is taken over the window; nothing where it is taken as it is."""
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
    return listed([_matcher(one) for one in matchers])


def _matcher(matcher: Matcher) -> str:
    if not matcher.value and matcher.operator in {"=", "!="}:
        return f"{matcher.label} is {'empty' if matcher.operator == '=' else 'set'}"
    verb = {"=": "is", "!=": "is other than", "=~": "matches", "!~": "does not match"}[matcher.operator]
    return f'{matcher.label} {verb} "{matcher.value}"'


def thing(title: str) -> str | None:
    """Return what a share is used of, by a title that ends in "usage"; None where it does not."""
    for ending in _ENDINGS:
        if title.lower().endswith(ending) and title.lower() != ending.strip():
            return f"the {uncapitalised(title[: -len(ending)])}"
    return None


_ENDINGS: Final = (" usage", " utilization", " utilisation", " in use", " used")


def uncapitalised(title: str) -> str:
    """Return a title as it stands within a sentence: abbreviations such as `CPU` keep their capitals."""
    capitals = [letter for letter in title.partition(" ")[0] if letter.isupper()]
    return title[:1].lower() + title[1:] if len(capitals) == 1 else title


def ordinal(percent: str) -> str:
    """Return the number of a percentile: `95` → `95th`, `99.9` → `99.9th`."""
    tens = percent[-2:] in {"11", "12", "13"}
    return percent + ("th" if tens or "." in percent else {"1": "st", "2": "nd", "3": "rd"}.get(percent[-1], "th"))
