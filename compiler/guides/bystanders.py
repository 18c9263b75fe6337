"""Refuse numbers about people, work or what systems do by themselves; `reading` uses this module.

No rule decides by a single word. Each rule looks for evidence of a limit: an explicit severity or alarm, a known
quantity, a comparator that is a sign, or a place that lists limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.guides.marks import is_named_target
from compiler.guides.meaning import TELLING, nearest
from compiler.guides.mention import Mention
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

# Anything can be counted or timed, so a number in one of these units needs more evidence to be a limit.
_OF_ANYTHING: Final = frozenset({"count", "seconds", "per_second"})
_SIZED: Final = frozenset({"count", "bytes"})
_OF_KIND: Final = re.compile(r"\b(?:with|of|for|has|have)\s*(?:up to\s*)?$", re.IGNORECASE)
_NAMED_SETTING: Final = re.compile(
    r"\b(?:max|min|default)_\w+\s*$|\w_(?:limit|size|timeout|max|min)\s*$", re.IGNORECASE
)
_DEMAND: Final = re.compile(r"at least|no (?:less|fewer) than|a minimum of|minimum(?: of)?|beyond", re.IGNORECASE)
_NEEDS: Final = re.compile(r"\b(?:needs?|requires?)\b", re.IGNORECASE)
_SIGN: Final = re.compile(r"[<>≥≤=!≠&]")
_WHOSE: Final = re.compile(r"\bwhose\b", re.IGNORECASE)
_SENTENCE_WORDS: Final = 3
_SETTINGS: Final = "about settings, plans or duties"
_FINE: Final = "it is called fine"
_ENOUGH: Final = 2


def refusal(mention: Mention, unit: str, *, target: bool) -> str | None:
    """Return why a number is no limit: it is about people, work, kinds or what a system does; None if it may be one.

    `target` is set for a value that must be kept.
    """
    if mention.sentence.passage.bare:
        return None
    return next(_of_target(mention, unit) if target else _of_alarm(mention, unit), None)


def _of_target(mention: Mention, unit: str) -> Iterator[str]:
    # A promise in a heading far above does not apply to capacities and settings.
    if not is_named_target(mention) and (_is_quiet(mention, unit) or _is_named_setting(mention)):
        yield _SETTINGS
    if _is_tolerated(mention, unit):
        yield _FINE


def _of_alarm(mention: Mention, unit: str) -> Iterator[str]:
    if _is_tolerated(mention, unit):
        yield _FINE
    if _is_about_people(mention, unit):
        yield "about people"
    if _is_duration_of_work(mention, unit):
        yield "how long work takes"
    if _is_alarming(mention):
        return
    if _is_automatic(mention):
        yield "what a system does by itself"
    if _is_named_setting(mention) or _is_quiet(mention, unit):
        yield _SETTINGS
    if _is_demand(mention, unit):
        yield "a requirement"
    if _selects_things(mention, unit):
        yield "it selects the things that the sentence is about"
    if _lacks_evidence(mention, unit):
        yield "neither a severity nor a consequence"


def _is_alarming(mention: Mention) -> bool:
    """Return whether the sentence itself names a severity or somebody to tell."""
    text = mention.sentence.text
    return vocabulary().severity(text) != NO_SEVERITY or bool(vocabulary().phrases.breach.search(text))


def _has_condition(mention: Mention) -> bool:
    return bool(vocabulary().phrases.condition.search(mention.lead))


def _is_about_people(mention: Mention, unit: str) -> bool:
    """Return whether a number counts or times people: "an incident with more than 3 responders"."""
    # In a clause that names a quantity, people are those who get the alert.
    if mention.whole is not None or unit not in _OF_ANYTHING:
        return False
    low, high = mention.bounds
    text_before = mention.sentence.text[low : mention.match.start()]
    has_evidence = nearest(text_before, unit, backwards=True) or _has_sign(mention)
    return not has_evidence and bool(vocabulary().phrases.affairs.search(mention.sentence.text, low, high))


def _is_duration_of_work(mention: Mention, unit: str) -> bool:
    """Return whether a number says how long work takes: "the restore takes more than 4 hours"."""
    if unit != "seconds" or _has_condition(mention) or _has_sign(mention) or _is_alarming(mention):
        return False
    graded = mention.sentence.passage.severity != NO_SEVERITY and not mention.sentence.text.rstrip().endswith(".")
    return not graded and bool(vocabulary().phrases.labour.search(mention.lead))


def _is_automatic(mention: Mention) -> bool:
    """Return whether a system acts by itself at a number: "Redis evicts keys once memory is over 4 GB"."""
    phrases = vocabulary().phrases
    if phrases.itself.search(mention.sentence.text):
        return True
    action = phrases.acts.search(mention.lead)
    condition = phrases.condition.search(mention.lead) or _WHOSE.search(mention.lead)
    # A system that "keeps" or "accepts up to" a number does so without a condition.
    permits = mention.sign in phrases.permitting_alone and not mention.comparator_behind
    if permits and (action or mention.sentence.text.rstrip().endswith(".")):
        return True
    if action and action.start() and condition and condition.start() > action.end():
        return True
    # Without a condition, the words behind the number may say that the system acts ("above 90 % the broker blocks
    # publishers"), or that it discards a value that cannot be true.
    system_acts = not mention.lead.strip() and phrases.doing.match(mention.rest)
    if not condition and (system_acts or phrases.handled.match(mention.rest)):
        return True
    # The condition may come first: "if a request takes longer than 30 seconds, the proxy returns 504".
    return bool(condition and phrases.follows.match(mention.rest))


def _is_named_setting(mention: Mention) -> bool:
    return bool(_NAMED_SETTING.search(mention.lead)) and not _has_condition(mention)


def _is_quiet(mention: Mention, unit: str) -> bool:
    """Return whether a number stands in a section of settings, plans or duties, without evidence of a limit.

    Evidence is a known quantity together with a condition or a sign.
    """
    if not mention.sentence.passage.quiet:
        return False
    names_quantity = nearest(mention.clause, unit, backwards=True) is not None
    return not (names_quantity and (_has_condition(mention) or _has_sign(mention)))


def _is_demand(mention: Mention, unit: str) -> bool:
    """Return whether a number is a requirement, such as "at least 12 characters".

    A condition or a known quantity makes it a limit instead.
    """
    if not _DEMAND.fullmatch(mention.sign) or _has_condition(mention):
        return False
    if unit == "bytes" and _NEEDS.search(mention.lead):
        # "Needs at least 2 GB of memory" says what to buy. Guides state free space to keep in per cent.
        return True
    if unit not in _OF_ANYTHING or _names_trouble(mention):
        return False
    return mention.sentence.text.rstrip().endswith(".") or nearest(mention.clause, unit, backwards=True) is None


def _selects_things(mention: Mention, unit: str) -> bool:
    """Return whether a number selects the things that a sentence is about: "tables with more than 10 million rows"."""
    if unit not in _SIZED or _has_condition(mention) or _has_sign(mention):
        return False
    return bool(_OF_KIND.search(mention.lead)) and not _names_trouble(mention)


def _lacks_evidence(mention: Mention, unit: str) -> bool:
    """Return whether a whole sentence has too little evidence that its number is a limit.

    Two of these are enough: a quantity, a unit of measure, a condition, words of trouble or of alarm. A quantity that
    is exact by itself, such as a percentile, counts as two.
    """
    if _has_sign(mention):
        return False
    if mention.sign.endswith("ed") and mention.sign != "exceed" and not _has_condition(mention):
        # "The backlog reached 4 million messages."
        return True
    if not _is_sentence(mention):
        return False
    words, text = vocabulary().phrases, mention.sentence.text
    patterns = (words.condition, words.trouble, words.calls, words.metrics, words.low)
    # A value that "drops below" or "exceeds" is watched. A value that is "below" or "more than" may only be described.
    evidence = sum(bool(pattern.search(text)) for pattern in patterns) + bool(words.moving.match(mention.sign))
    passage = mention.sentence.passage
    graded = passage.listed and passage.severity != NO_SEVERITY
    return evidence + graded + _is_measured(mention, unit) + _quantity_evidence(mention, unit) < _ENOUGH


def _is_measured(mention: Mention, unit: str) -> bool:
    """Return whether the unit is one of measurement; texts on people or plans use neither per cent nor milliseconds."""
    below_second = mention.unit is not None and unit == "seconds" and mention.unit.factor < 1
    watched = unit == "per_second" and _has_condition(mention)
    return unit == "ratio" or watched or below_second or (unit == "other" and bool(mention.match["unit"]))


def _quantity_evidence(mention: Mention, unit: str) -> int:
    """Return how much evidence it is that the sentence names a quantity with the unit; 0 if it names none.

    "Takes" and "time" alone are no evidence. For a size in bytes, the text before the sentence may name the quantity.
    """
    text = mention.sentence.text
    quantity = nearest(text, unit, backwards=True)
    if quantity is None:
        return int(nearest(mention.sentence.before, unit, backwards=True) is not None and unit == "bytes")
    if quantity.signal == "latency_other":
        return int(bool(vocabulary().phrases.slowness.search(text)))
    return _ENOUGH if quantity.signal in TELLING else 1


def _is_tolerated(mention: Mention, unit: str) -> bool:
    """Return whether a sentence calls a bad value fine: "above 1 s is expected while the cache is cold"."""
    quantity = nearest(mention.clause, unit, backwards=True)
    rises = mention.comparator is not None and mention.comparator[0] == ">"
    return bool(quantity and not quantity.low and rises and vocabulary().phrases.good.match(mention.rest))


def _is_sentence(mention: Mention) -> bool:
    """Return whether a number stands in a whole sentence, not in an item that only names a limit."""
    sentence = mention.sentence
    words = len(mention.lead.split()) + len(mention.rest.split())
    if ": " in sentence.text or words < _SENTENCE_WORDS:
        return False
    whole = sentence.text.rstrip().endswith(".")
    return whole or (_has_condition(mention) and sentence.passage.severity == NO_SEVERITY)


def _names_trouble(mention: Mention) -> bool:
    phrases, text = vocabulary().phrases, mention.sentence.text
    return bool(phrases.alarm.search(text) or phrases.trouble.search(text))


def _has_sign(mention: Mention) -> bool:
    return bool(_SIGN.match(mention.sign))
