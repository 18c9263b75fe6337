"""Find how long a limit must be crossed, and within what time events are counted, by the words near a number.

`grammar`, `grade`, `traps`, `norms` and `compiler.subjects` use this module.
"""

from __future__ import annotations

import re
from typing import Final

from compiler.guides.mention import Mention
from compiler.guides.numbers import BRACKET, NUMBER, WORD, number
from compiler.guides.vocabulary import vocabulary

_TIME: Final = (
    rf"(?P<number>{NUMBER}|\b{WORD})\s?-?(?:(?:consecutive|full|whole|straight)\s)?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b"
)
HOLD: Final = re.compile(rf"{vocabulary().phrases.for_words}{_TIME}", re.IGNORECASE)
"""A duration behind words which say that something lasts."""

WINDOW: Final = re.compile(
    r"\b(?:within|in|inside|during|over)\s(?:(?:an?|any|each|every|the)\s)?(?:(?:last|past|previous|rolling|sliding)\s)?"
    rf"(?:{_TIME}|(?P<time>second|minute|hour|day)\b)(?:[\s-]window\b)?",
    re.IGNORECASE,
)
"""A duration behind words which say that events are counted within it."""
# "Five restarts an hour", "5 restarts per day".
_EACH: Final = re.compile(r"\s*(?:[a-z]+\s+){0,3}?(?:an?|per|each|every)\s+(?P<time>minute|hour|day)\b", re.IGNORECASE)

_RUN: Final = re.compile(rf"(?<!\d){_TIME}\s(?:in a row|running|straight|on end|at a stretch)\b", re.IGNORECASE)
# "CPU > 85 % 15m → WARN": a duration directly behind a limit, if only a mark, an arrow or the end follows it.
_BESIDE: Final = re.compile(rf",?\s+{_TIME}(?=\s*(?:$|[,;:.)|=→–—-]))", re.IGNORECASE)
# "Below 99 % / 5m": a duration that ends the text, unless it is the second of two limits.
_SLASHED: Final = re.compile(rf"\s*/\s*{_TIME}(?=\s*$)", re.IGNORECASE)
_DURATION: Final = re.compile(r"(?<!\d)(?P<number>\d++(?:\.\d+)?)\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_OTHER_NUMBER: Final = re.compile(r"(?<![\w.-])\d[\d.,]*(?!\d|xx)")
_PART_END: Final = re.compile(r"[,;:–—]\s+")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def for_seconds(mention: Mention) -> int | None:
    """Return the seconds that a limit must be crossed, by the words behind it, else by the passage; else None."""
    # "means that it is to rest for two days" is a consequence of the limit.
    rest = vocabulary().phrases.consequence.split(mention.rest, maxsplit=1)[0]
    in_time = mention.unit is not None and mention.unit.unit == "seconds"
    slashed = None if mention.in_pair is not None or (in_time and not mention.sign) else _SLASHED.match(rest)
    duration = _BESIDE.match(rest) or slashed or _hold_duration(mention, rest) or _RUN.search(rest)
    if duration and _belongs_to_limit(rest[: duration.start()]):
        return _seconds(duration)
    return _seconds(_DURATION.search(mention.sentence.passage.for_words))


def _hold_duration(mention: Mention, rest: str) -> re.Match[str] | None:
    """Return the duration, behind a limit, for which it must be crossed; skip windows of counted events."""
    counted = mention.unit is None or mention.unit.unit == "count"
    durations = HOLD.finditer(rest)
    return next((match for match in durations if not (counted and WINDOW.match(rest, match.start()))), None)


def window(mention: Mention) -> int | None:
    """Return the seconds within which the events of a number are counted; None if the sentence does not say so."""
    rest = mention.rest
    duration = WINDOW.search(rest)
    if duration is None or _OTHER_NUMBER.search(rest[: duration.start()]) or _PART_END.search(rest[: duration.start()]):
        duration = _EACH.match(rest)
    if duration is None and mention.match["per"]:
        duration = _EACH.match(mention.match["per"])
    if duration is None:
        before = [match for match in WINDOW.finditer(mention.lead) if mention.last_limit_end <= match.start()]
        duration = next((match for match in before if not _OTHER_NUMBER.search(mention.lead[match.end() :])), None)
    if duration is None:
        return None
    unit = duration["time"]
    return _SECONDS[unit[0].lower()] if unit else _seconds(duration)


def is_beside(mention: Mention) -> bool:
    """Return whether a number is a duration that directly follows a limit, or a duration before "in a row"."""
    start, number_start = mention.match.start(), mention.match.start("number")
    text = mention.sentence.text
    beside = not mention.sign and mention.last_limit_end and _BESIDE.match(text, mention.last_limit_end)
    if beside and beside.start("number") == number_start:
        return True
    slashed = (
        not mention.sign
        and mention.in_pair is None
        and mention.last_limit_end
        and _SLASHED.match(text, mention.last_limit_end)
    )
    if slashed and slashed.start("number") == number_start:
        return True
    run = _RUN.match(text, number_start)
    return bool(run and mention.last_limit_end and start >= mention.last_limit_end)


def _belongs_to_limit(between: str) -> bool:
    """Return whether a duration behind a limit belongs to the limit, by the words between the two."""
    words = WINDOW.sub("", BRACKET.sub("", between))
    # A duration behind another number belongs to that number. A comparator alone ("for more than") is no number.
    if _OTHER_NUMBER.search(words):
        return False
    # "Above 5 %, the pool pauses for a day" and "over 5 %: block the sender for a day" state a consequence.
    phrases = vocabulary().phrases
    *before, last = _PART_END.split(words)
    other_words = phrases.alarm.sub("", phrases.condition.sub("", last))
    return not before or not phrases.tells(other_words)


def _seconds(duration: re.Match[str] | None) -> int | None:
    unit_seconds = _SECONDS.get(duration["unit"][0].lower()) if duration else None
    return int(number(duration["number"]) * unit_seconds) if duration and unit_seconds is not None else None
