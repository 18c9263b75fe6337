"""Numbers that nothing feared stands beside: people, work, what systems do by themselves; used by `reading`.

Each rule asks for evidence of a kind, and none for a word alone: an explicit severity or alarm, a quantity that is
known, the sign of a comparator, or a place that lists limits.
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

# What can be counted and timed of anything, and so needs more than a number to be a limit.
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
    """Return why a number is no limit: it tells about people, work, kinds, or what a system does; None if it may be.

    `target` is set for what is to be kept.
    """
    if mention.sentence.passage.bare:
        return None
    return next(_of_target(mention, unit) if target else _of_alarm(mention, unit), None)


def _of_target(mention: Mention, unit: str) -> Iterator[str]:
    # What a heading far above promises says nothing of capacities and settings.
    if not is_named_target(mention) and (_is_quiet(mention, unit) or _is_named_setting(mention)):
        yield _SETTINGS
    if _is_tolerated(mention, unit):
        yield _FINE


def _of_alarm(mention: Mention, unit: str) -> Iterator[str]:
    if _is_tolerated(mention, unit):
        yield _FINE
    if _is_affair(mention, unit):
        yield "about people"
    if _is_labour(mention, unit):
        yield "how long work takes"
    if _is_called_for(mention):
        return
    if _is_act(mention):
        yield "what a system does by itself"
    if _is_named_setting(mention) or _is_quiet(mention, unit):
        yield _SETTINGS
    if _is_demand(mention, unit):
        yield "a requirement"
    if _is_kind(mention, unit):
        yield "it tells which ones are meant"
    if _is_calm(mention, unit):
        yield "neither a severity nor a consequence"


def _is_called_for(mention: Mention) -> bool:
    """Return whether the sentence itself names a severity or somebody to tell."""
    text = mention.sentence.text
    return vocabulary().severity(text) != NO_SEVERITY or bool(vocabulary().phrases.breach.search(text))


def _is_asked(mention: Mention) -> bool:
    return bool(vocabulary().phrases.condition.search(mention.lead))


def _is_affair(mention: Mention, unit: str) -> bool:
    """Return whether people are counted or timed: "an incident with more than 3 responders"."""
    # What is limited may be known by its name, and then the people are who is told.
    if mention.whole is not None or unit not in _OF_ANYTHING:
        return False
    low, high = mention.bounds
    own = mention.sentence.text[low : mention.found.start()]
    known = nearest(own, unit, backwards=True) or _is_sign(mention)
    return not known and bool(vocabulary().phrases.affairs.search(mention.sentence.text, low, high))


def _is_labour(mention: Mention, unit: str) -> bool:
    """Return whether a duration is that of work: "the restore takes more than 4 hours"."""
    if unit != "seconds" or _is_asked(mention) or _is_sign(mention) or _is_called_for(mention):
        return False
    graded = mention.sentence.passage.severity != NO_SEVERITY and not mention.sentence.text.rstrip().endswith(".")
    return not graded and bool(vocabulary().phrases.labour.search(mention.lead))


def _is_act(mention: Mention) -> bool:
    """Return whether a system acts by itself at a number: "Redis evicts keys once memory is over 4 GB"."""
    phrases = vocabulary().phrases
    if phrases.itself.search(mention.sentence.text):
        return True
    act = phrases.acts.search(mention.lead)
    asked = phrases.condition.search(mention.lead) or _WHOSE.search(mention.lead)
    # Whoever "keeps" or "accepts up to" some needs no condition.
    permits = mention.sign in phrases.permitting_alone and not mention.comparator_behind
    if permits and (act or mention.sentence.text.rstrip().endswith(".")):
        return True
    if act and act.start() and asked and asked.start() > act.end():
        return True
    # A value that cannot be true is put right, and "above 90 % the broker blocks" whoever publishes.
    first = not mention.lead.strip() and phrases.doing.match(mention.rest)
    if not asked and (first or phrases.handled.match(mention.rest)):
        return True
    # A proxy returns 504 "if a request takes longer than 30 seconds", whichever is said first.
    return bool(asked and phrases.follows.match(mention.rest))


def _is_named_setting(mention: Mention) -> bool:
    return bool(_NAMED_SETTING.search(mention.lead)) and not _is_asked(mention)


def _is_quiet(mention: Mention, unit: str) -> bool:
    """Return whether a section of settings, plans or duties names the number, and no condition asks for it."""
    if not mention.sentence.passage.quiet:
        return False
    known = nearest(mention.clause, unit, backwards=True) is not None
    return not (known and (_is_asked(mention) or _is_sign(mention)))


def _is_demand(mention: Mention, unit: str) -> bool:
    """Return whether so much is asked for: "at least 12 characters"; feared is what is asked about, or is known."""
    if not _DEMAND.fullmatch(mention.sign) or _is_asked(mention):
        return False
    if unit == "bytes" and _NEEDS.search(mention.lead):
        # "Needs at least 2 GB of memory": what is bought is in bytes, and what is kept free in per cent.
        return True
    if unit not in _OF_ANYTHING or _is_feared(mention):
        return False
    return mention.sentence.text.rstrip().endswith(".") or nearest(mention.clause, unit, backwards=True) is None


def _is_kind(mention: Mention, unit: str) -> bool:
    """Return whether a number tells which ones are meant: "tables with more than 10 million rows need …"."""
    if unit not in _SIZED or _is_asked(mention) or _is_sign(mention):
        return False
    return bool(_OF_KIND.search(mention.lead)) and not _is_feared(mention)


def _is_calm(mention: Mention, unit: str) -> bool:
    """Return whether a sentence in words lacks what makes a limit of a number.

    That is two of these: a quantity that says what is limited, a unit of measure, a condition, words of trouble or of
    alarm. A quantity that tells by itself, such as a percentile, is as good as two.
    """
    if _is_sign(mention):
        return False
    if mention.sign.endswith("ed") and mention.sign != "exceed" and not _is_asked(mention):
        # "The backlog reached 4 million messages."
        return True
    if not _is_sentence(mention):
        return False
    words, text = vocabulary().phrases, mention.sentence.text
    said = (words.condition, words.trouble, words.calls, words.metrics, words.low)
    # What "drops below" or "exceeds" is watched, where what is "below" or "more than" may only be described.
    evidence = sum(bool(one.search(text)) for one in said) + bool(words.moving.match(mention.sign))
    passage = mention.sentence.passage
    graded = passage.listed and passage.severity != NO_SEVERITY
    return evidence + graded + _is_measured(mention, unit) + _known(mention, unit) < _ENOUGH


def _is_measured(mention: Mention, unit: str) -> bool:
    """Return whether the unit is that of an instrument: nothing of people or plans is in per cent or milliseconds."""
    small = mention.unit is not None and unit == "seconds" and mention.unit.factor < 1
    watched = unit == "per_second" and _is_asked(mention)
    return unit == "ratio" or watched or small or (unit == "other" and bool(mention.found["unit"]))


def _known(mention: Mention, unit: str) -> int:
    """Return how well the sentence, else the one before, names a quantity of the unit; "takes" and "time" name none."""
    text = mention.sentence.text
    named = nearest(text, unit, backwards=True)
    if named is None:
        return int(nearest(mention.sentence.before, unit, backwards=True) is not None and unit == "bytes")
    if named.signal == "latency_other":
        return int(bool(vocabulary().phrases.slowness.search(text)))
    return _ENOUGH if named.signal in TELLING else 1


def _is_tolerated(mention: Mention, unit: str) -> bool:
    """Return whether so much is called fine, however bad it is: "above 1 s is expected while the cache is cold"."""
    named = nearest(mention.clause, unit, backwards=True)
    rises = mention.comparator is not None and mention.comparator[0] == ">"
    return bool(named and not named.low and rises and vocabulary().phrases.good.match(mention.rest))


def _is_sentence(mention: Mention) -> bool:
    """Return whether a number stands in a whole sentence, not in an item that only names a limit."""
    sentence = mention.sentence
    words = len(mention.lead.split()) + len(mention.rest.split())
    if ": " in sentence.text or words < _SENTENCE_WORDS:
        return False
    whole = sentence.text.rstrip().endswith(".")
    return whole or (_is_asked(mention) and sentence.passage.severity == NO_SEVERITY)


def _is_feared(mention: Mention) -> bool:
    phrases, text = vocabulary().phrases, mention.sentence.text
    return bool(phrases.alarm.search(text) or phrases.trouble.search(text))


def _is_sign(mention: Mention) -> bool:
    return bool(_SIGN.match(mention.sign))
