"""Recognize what only looks like a limit: windows, history, settings, numbers in names.

`reading` and `absence` use this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.guides.holds import HOLD, is_beside
from compiler.guides.meaning import nearest
from compiler.guides.mention import Mention
from compiler.guides.norms import is_modal
from compiler.guides.numbers import BRACKET
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

_OTHER_LIMIT: Final = re.compile(r";|,\s*(?:and\s+)?\w+ (?:at|when|if)")
_SHARE_OF: Final = re.compile(r"\s*of (?:all |the |our |its )?\w+ (?=\w)", re.IGNORECASE)
_OF: Final = re.compile(r"\bof\s*$", re.IGNORECASE)
_DAYS: Final = tuple(vocabulary().unit(word) for word in ("days", "weeks", "months", "years"))
_MAXIMUM: Final = re.compile(r"\s*max(?:imum)?\b", re.IGNORECASE)
_KIND: Final = re.compile(r"\bfor (?:\w+ ){1,2}$", re.IGNORECASE)
_SCOPE: Final = re.compile(r"\b(?:on|in|across|among|from|with)\s*$", re.IGNORECASE)
_CONDITION: Final = re.compile(r"\((?:when|if|while)\b[^()]*$", re.IGNORECASE)
_UNLESS: Final = re.compile(r"\bunless\b[^;.]*$", re.IGNORECASE)
_DISTANCE: Final = re.compile(r"\d\s*(?:percentage[ -])?(?:points?|pp)\s*$", re.IGNORECASE)
_POINTS: Final = re.compile(
    r"[\d.,]+\s*(?:percentage[ -])?(?:points?|pp)\s+(?:above|below|over|under|from|off|beyond)\b", re.IGNORECASE
)
_DIGIT: Final = re.compile(r"\d")
_LASTING: Final = re.compile(
    r"\b(?:(?:has|have|is|are) (?:been )?[a-z]+|without (?:an? |any )?[a-z]+|missing|down|silent|dark|stuck|gone)"
    r" for\s*$",
    re.IGNORECASE,
)
_CAPACITY_UNITS: Final = frozenset({"bytes", "count"})
_WINDOW_SIGNS: Final = frozenset({"over", "within", "past"})


def is_window(mention: Mention, comparator: str | None) -> bool:
    """Return whether a duration is a time during which something is measured or lasts."""
    phrases = vocabulary().phrases
    start = mention.match.start("number")
    if _is_condition(mention):
        return False
    if any(hold.start("number") <= start < hold.end() for hold in HOLD.finditer(mention.sentence.text)):
        return (
            bool(mention.last_limit_end)
            or comparator is None
            or nearest(mention.lead, "seconds", backwards=True) is None
        )
    if (
        is_beside(mention)
        or phrases.measured.search(mention.lead)
        or _is_of_last_limit(mention)
        or _is_estimate(mention)
    ):
        return True
    if not mention.sign:
        return bool(phrases.window.search(mention.lead))
    return mention.sign == "past" and bool(re.search(r"\b(?:in|over|during|for|of) the $", mention.lead))


def _is_condition(mention: Mention) -> bool:
    """Return whether a duration is the only number of a condition: "if a channel has been dark for over 60 seconds"."""
    low, _ = mention.bounds
    text = mention.sentence.text
    condition = vocabulary().phrases.condition.search(text, low, mention.match.start())
    troubled = vocabulary().phrases.trouble.search(mention.rest)
    alarming = condition or troubled or vocabulary().severity(mention.rest) != NO_SEVERITY
    alone = mention.last_limit_end or not _DIGIT.search(text, low, mention.match.start())
    return bool(alarming and mention.sign and alone and _LASTING.search(mention.lead))


def _is_estimate(mention: Mention) -> bool:
    """Return whether a duration says how long a step takes: "Restart the worker (< 5 min)"."""
    bracket = mention.lead.rpartition("(")
    if not bracket[1] or ")" in bracket[2] or vocabulary().phrases.tells(bracket[2]):
        return False
    return vocabulary().phrases.tells(bracket[0]) and nearest(bracket[0], "seconds", backwards=True) is None


def _is_of_last_limit(mention: Mention) -> bool:
    """Return whether a duration belongs to the limit before it, as in "5 % over 10 minutes"."""
    between = mention.lead[mention.last_limit_end :]
    if mention.sign not in _WINDOW_SIGNS or not mention.last_limit_end or _OTHER_LIMIT.search(between):
        return False
    if vocabulary().severity(between) != NO_SEVERITY:
        return False
    # In "3 % of requests fail over five minutes" the words "of requests" belong to the share.
    of_share = _SHARE_OF.match(between)
    words = _TIMES.sub("", between[of_share.end() :] if of_share else between)
    return not any(
        quantity.pattern.search(words) for quantity in vocabulary().quantities if "seconds" in quantity.units
    )


_TIMES: Final = re.compile(r"^\s*times\b", re.IGNORECASE)
"""The word "times" of "3 times"; it names no duration."""


def refusal(mention: Mention, comparator: str | None, *, marked: bool) -> str | None:
    """Return why a number is no limit: it is history, a setting, a name or a duration of work; None if it may be one.

    `marked` is set if a severity or a target belongs to the number.
    """
    return next(_refusals(mention, comparator, marked=marked), None)


def _refusals(mention: Mention, comparator: str | None, *, marked: bool) -> Iterator[str]:
    phrases = vocabulary().phrases
    if is_history(mention):
        yield "it is about the past, or about limits of others"
    if phrases.forbidden.search(mention.clause):
        yield "an all-clear or a prohibition"
    yield from _refusals_by_other_limit(mention)
    if _is_enforced(mention):
        yield "a person or a system already enforces it"
    if is_instruction(mention) and not (marked and is_modal(mention)):
        yield "an instruction"
    if mention.sign in phrases.sized and phrases.chore.search(mention.clause):
        yield "cleaning up"
    if _is_name(mention, marked=marked):
        yield "part of a name"
    if _is_setting(mention, marked=marked):
        yield "a setting, a capacity or a usual value"
    if comparator is None and phrases.roughly.search(mention.lead):
        yield "how long or how often something runs"


def _refusals_by_other_limit(mention: Mention) -> Iterator[str]:
    if _is_scope(mention):
        yield "it tells where another limit holds"
    if _DISTANCE.search(mention.lead) or _POINTS.match(mention.sentence.text, mention.match.start("number")):
        yield "a distance from another number"


def is_history(mention: Mention) -> bool:
    """Return whether a sentence is about the past, or about a value that others watch."""
    phrases, sentence = vocabulary().phrases, mention.sentence
    if phrases.history.search(sentence.text) or phrases.foreign.search(_part(mention)):
        return True
    if phrases.moment.search(sentence.text) and phrases.past.search(sentence.text):
        return True
    return bool(phrases.history.search(sentence.before) and phrases.past.search(sentence.text))


def _part(mention: Mention) -> str:
    """Return the part of the sentence, between semicolons, that contains a number."""
    text, start = mention.sentence.text, mention.match.start()
    end = text.find(";", start)
    return text[text.rfind(";", 0, start) + 1 : end if end >= 0 else len(text)]


def is_kept_by_system(mention: Mention) -> bool:
    """Return whether a system enforces a limit by itself: "sessions without a request for an hour are closed"."""
    phrases, text = vocabulary().phrases, mention.sentence.text
    return bool(phrases.enforced.match(mention.rest) or phrases.machinery.search(text) or phrases.itself.search(text))


def _is_enforced(mention: Mention) -> bool:
    """Return whether a number is enforced ("over 10 MB are refused") or part of a comparison ("30 % faster")."""
    phrases = vocabulary().phrases
    if mention.unit is not None and mention.unit.unit == "seconds" and phrases.people.search(mention.sentence.text):
        return True
    if phrases.duties.search(_part(mention)) and not phrases.condition.search(mention.lead):
        return True
    return bool(phrases.enforced.match(mention.rest) or phrases.machinery.search(mention.sentence.text))


def is_instruction(mention: Mention) -> bool:
    """Return whether a sentence says what to do, but not when: "confirm that the lag is below 5 seconds"."""
    phrases = vocabulary().phrases
    return bool(
        phrases.instruction.match(mention.sentence.text)
        and not phrases.condition.search(mention.lead)
        and not phrases.breach.search(mention.lead)
    )


def _is_scope(mention: Mention) -> bool:
    """Return whether a number says where the limit before it applies: "above 90 % on three or more nodes"."""
    if _CONDITION.search(mention.lead):
        return True
    if mention.last_limit_end and _UNLESS.search(mention.lead[mention.last_limit_end :]):
        # The number limits where another limit applies: "above 5 %, unless below 10 requests a minute".
        return True
    if mention.sign == "up to" and mention.unit in _DAYS and _OF.search(mention.lead):
        # "Exports of up to 31 days": the days are their content, not the time that they take.
        return nearest(mention.clause, "seconds", backwards=True) is None
    if mention.sign in vocabulary().phrases.sized and _KIND.search(mention.lead):
        # "For clips shorter than 10 minutes."
        return True
    return mention.unit is None and bool(mention.last_limit_end and _SCOPE.search(mention.lead))


def _is_name(mention: Mention, *, marked: bool) -> bool:
    """Return whether a number is part of a name or the value of an assignment: port 8080, issue #12, workers=4."""
    if not marked and vocabulary().phrases.named.search(mention.lead):
        return True
    return not mention.sign and bool(re.search(r"[=#\ue000-\ue009]\s*$", mention.lead))


def _is_capacity(mention: Mention) -> bool:
    """Return whether a size is a maximum: "8 GB max"."""
    sized = mention.unit is None or mention.unit.unit in _CAPACITY_UNITS
    return sized and bool(_MAXIMUM.match(mention.rest))


def _is_setting(mention: Mention, *, marked: bool) -> bool:
    phrases, bare = vocabulary().phrases, mention.sentence.passage.bare
    if mention.sign == "from" and (mention.is_counted_down or mention.comparator_behind):
        return False
    if mention.sign == "from" and not bare:
        return True
    if not marked and not mention.sign and _is_capacity(mention):
        return True
    if not marked and mention.sign in phrases.permitting_alone:
        return True
    # Settings in a bracket behind a limit are about something else: "> 7 GiB (the quota is 8 GiB)".
    words = mention.clause if "(" in mention.lead else BRACKET.sub("", mention.clause)
    if not phrases.setting.search(words) or (marked and bare):
        return False
    return mention.sign in phrases.permitting or not phrases.alarm.search(mention.clause)
