"""For how long a limit must be crossed, and within what time events are counted, by the words near a number.

Used by `grammar`, `grade` and `traps`.
"""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.numbers import NUMBER, WORD, number
from compiler.guides.vocabulary import vocabulary
from compiler.guides.written import BRACKET

_TIME: Final = (
    rf"(?P<number>{NUMBER}|\b{WORD})\s?-?(?:(?:consecutive|full|whole|straight)\s)?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b"
)
HOLD: Final = re.compile(rf"{vocabulary().phrases.for_words}{_TIME}", re.IGNORECASE)
"""A duration behind the words that say that something lasts."""

WINDOW: Final = re.compile(
    r"\b(?:within|in|inside|during|over)\s(?:(?:an?|any|each|every|the)\s)?(?:(?:last|past|previous|rolling|sliding)\s)?"
    rf"(?:{_TIME}|(?P<one>second|minute|hour|day)\b)(?:[\s-]window\b)?",
    re.IGNORECASE,
)
"""A duration behind the words that say that events are counted within it."""
# "Five restarts an hour", "5 restarts per day".
_EACH: Final = re.compile(r"\s*(?:[a-z]+\s+){0,3}?(?:an?|per|each|every)\s+(?P<one>minute|hour|day)\b", re.IGNORECASE)

_RUN: Final = re.compile(rf"(?<!\d){_TIME}\s(?:in a row|running|straight|on end|at a stretch)\b", re.IGNORECASE)
# "CPU > 85 % 15m → WARN": nothing else stands between, nor behind but a mark, an arrow or the end.
_BESIDE: Final = re.compile(rf",?\s+{_TIME}(?=\s*(?:$|[,;:.)|=→–—-]))", re.IGNORECASE)
# "Below 99 % / 5m": a duration alone, unless it is the second limit of two.
_SLASHED: Final = re.compile(rf"\s*/\s*{_TIME}(?=\s*$)", re.IGNORECASE)
_DURATION: Final = re.compile(r"(?<!\d)(?P<number>\d++(?:\.\d+)?)\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_OTHER_NUMBER: Final = re.compile(r"(?<![\w.-])\d[\d.,]*(?!\d|xx)")
_PART_END: Final = re.compile(r"[,;:–—]\s+")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def for_seconds(mention: Mention) -> int | None:
    """Return the seconds that a limit must be crossed: by the words behind it, else by what says so of all."""
    # "means that it is to rest for two days" is what follows from the limit.
    rest = vocabulary().phrases.consequence.split(mention.rest, maxsplit=1)[0]
    in_time = mention.unit is not None and mention.unit.unit == "seconds"
    slashed = None if mention.in_pair is not None or (in_time and not mention.sign) else _SLASHED.match(rest)
    found = _BESIDE.match(rest) or slashed or _held(mention, rest) or _RUN.search(rest)
    if found and _is_of(rest[: found.start()]):
        return _seconds(found)
    return _seconds(_DURATION.search(mention.sentence.passage.for_words))


def _held(mention: Mention, rest: str) -> re.Match[str] | None:
    """Return the duration behind a limit that says how long it lasts; none within which events are counted."""
    counted = mention.unit is None or mention.unit.unit == "count"
    found = HOLD.finditer(rest)
    return next((one for one in found if not (counted and WINDOW.match(rest, one.start()))), None)


def window(mention: Mention) -> int | None:
    """Return the seconds within which the events of a number are counted; None where the sentence does not say so."""
    rest = mention.rest
    found = WINDOW.search(rest)
    if found is None or _OTHER_NUMBER.search(rest[: found.start()]) or _PART_END.search(rest[: found.start()]):
        found = _EACH.match(rest)
    if found is None and mention.found["per"]:
        found = _EACH.match(mention.found["per"])
    if found is None:
        before = [one for one in WINDOW.finditer(mention.lead) if mention.taken <= one.start()]
        found = next((one for one in before if not _OTHER_NUMBER.search(mention.lead[one.end() :])), None)
    if found is None:
        return None
    one = found["one"]
    return _SECONDS[one[0].lower()] if one else _seconds(found)


def is_beside(mention: Mention) -> bool:
    """Return whether a number is the duration that stands beside the limit before it, or that "in a row" follows."""
    start, number_start = mention.found.start(), mention.found.start("number")
    text = mention.sentence.text
    beside = not mention.sign and mention.taken and _BESIDE.match(text, mention.taken)
    if beside and beside.start("number") == number_start:
        return True
    slashed = not mention.sign and mention.in_pair is None and mention.taken and _SLASHED.match(text, mention.taken)
    if slashed and slashed.start("number") == number_start:
        return True
    run = _RUN.match(text, number_start)
    return bool(run and mention.taken and start >= mention.taken)


def _is_of(between: str) -> bool:
    """Return whether a duration behind a limit is the limit's, by the words between the two."""
    words = WINDOW.sub("", BRACKET.sub("", between))
    # Behind another limit it is that one's, unless the comparator is its own ("for more than 5 minutes").
    if _OTHER_NUMBER.search(words):
        return False
    # "Above 5 %, the pool pauses for a day" and "over 5 %: block the sender for a day" say what follows.
    phrases = vocabulary().phrases
    *before, last = _PART_END.split(words)
    told = phrases.alarm.sub("", phrases.condition.sub("", last))
    return not before or not phrases.tells(told)


def _seconds(found: re.Match[str] | None) -> int | None:
    times = _SECONDS.get(found["unit"][0].lower()) if found else None
    return int(number(found["number"]) * times) if found and times is not None else None
