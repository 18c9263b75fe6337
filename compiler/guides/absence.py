"""Find absences: limits on the time in which nothing has happened. `grammar` uses this module.

Examples are "if no invoice has been written for 30 minutes", "no successful backup in 26 hours", "silent for 5 minutes"
and "the last snapshot is older than a day". `SILENCE` is the signal for events that are counted as they come, `AGE` the
signal for jobs that record when they last succeeded.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from compiler.guides import traps
from compiler.guides.mention import Mention, Sentence
from compiler.guides.statement import NO_SEVERITY
from compiler.guides.vocabulary import vocabulary

SILENCE: Final = "silence"
AGE: Final = "last_success_age"

# The words between the missing thing and the time: "has been written for", "within the last".
_FILL: Final = r"(?:[\w/'’`-]+\s+){0,7}?"
_AMOUNT: Final = (
    r"(?:(?:the|a|an|about|at least|more|than|longer|over|another|full|whole|some|last|past|previous|any|of|its)\s+)*"
)
_FOR: Final = rf"(?:for|in|within|since|during|over|after|past)\s+{_AMOUNT}$"
_IS: Final = (
    r"(?:\s*[:–—-]?\s+|\s*[:–—-]\s*(?:[\w-]+\s+){1,2}?(?:after|at|for|in)\s+"
    rf"|\s*(?:is\s+)?(?:>=?|≥)\s*|\s*(?:exceeds|above|beyond)\s+){_AMOUNT}$"
)
_DUE: Final = (
    r"\b(?:must|should|shall|ha(?:s|ve) to|needs? to|(?:is|are) to|expected to)\s+(?:\w+\s+){0,2}?"
    r"(?P<subject>%s)\s+(?:[\w-]+\s+){0,4}?(?:every|each|once)\s*(?:(?:full|whole)\s+)?$"
)
_OLD: Final = r"(?:older than|more than|longer than|over|above|exceeds?|beyond|past|>=?|≥|at least)\s*$"
_OF_LAST: Final = r"(?:the|its|their|our|an?)?\s*(?:last|latest|most recent|newest|previous)\b"
# "Unless a backup has finished within the last 26 hours".
_FRESH: Final = re.compile(
    r"\bunless\s+(?P<subject>(?:(?:an?|the|any|one|some|at least one)\s+)?[\w/-]+(?:\s+[\w/-]+){0,3}?)\s+"
    r"(?:(?:has|have|was|were)\s+(?:been\s+)?)?\w+(?:ed|en|ne|me|un|an|nt)(?:\s+\w+ly)?\s+"
    r"(?:within|in|during)\s+(?:(?:the\s+)?(?:last|past|previous)\s*)?$",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(r"\b(?:until|unless|wait)\b", re.IGNORECASE)
_CLOSING: Final = re.compile(
    r"\b(?:resolv\w*|clos(?:e|es|ed|ing)|stand down|all clear|recover\w*|is over|back to normal|end(?:s|ed)? the"
    r"|harmless|log(?:ged)? out|sign(?:ed)? out|expir\w+|evict\w*|delet\w+|remov\w+|purg\w+|disconnect\w*"
    r"|drop(?:s|ped)?)\b",
    re.IGNORECASE,
)


class Absence(NamedTuple):
    """What is missing, in the guide's words, and the signal that shows it."""

    subject: str
    signal: str


def absence(mention: Mention, unit: str, *, after_absence: bool) -> Absence | None:
    """Return what is missing for the time that a number states, or None if the number states something else.

    `after_absence` is set if another such time precedes it in the sentence: "for 26 hours a warning, for 50 critical".
    """
    if unit != "seconds" or (mention.last_limit_end and not after_absence) or _is_no_alarm(mention):
        return None
    subject = _subject(mention, after_absence=after_absence)
    if subject is None:
        return None
    above = mention.sentence.passage.above[:1] if mention.sentence.passage.bare else ()
    job = _patterns().jobs.search(" ".join((mention.sentence.text, *above)))
    return Absence(" ".join(subject.split()), AGE if job else SILENCE)


def is_timeless(sentence: Sentence) -> bool:
    """Return whether a sentence gives a severity to something that has stopped, without saying for how long."""
    condition = vocabulary().phrases.condition.search(sentence.text)
    graded = vocabulary().severity(sentence.text) != NO_SEVERITY
    return bool(condition and graded and _patterns().ceased.search(sentence.text))


def _is_no_alarm(mention: Mention) -> bool:
    """Return whether a sentence is about people, the past, what a system does by itself, or the end of trouble."""
    phrases, text, passage = vocabulary().phrases, mention.sentence.text, mention.sentence.passage
    if traps.is_history(mention) or phrases.people.search(text) or _CLOSING.search(text):
        return True
    if (_UNTIL.search(mention.lead) and not _FRESH.search(mention.upto)) or traps.is_instruction(mention):
        return True
    graded = vocabulary().severity(text) != NO_SEVERITY or passage.severity != NO_SEVERITY
    if not graded and (traps.is_kept_by_system(mention) or phrases.follows.match(mention.rest)):
        return True
    is_alarming = graded or passage.alert or phrases.condition.search(mention.lead) or phrases.breach.search(text)
    return not (is_alarming or phrases.trouble.search(mention.rest))


def _subject(mention: Mention, *, after_absence: bool) -> str | None:
    """Return what is missing, or None.

    The words before the number name it, else those behind it, else the titles above a sentence that names nothing.
    """
    patterns = _patterns()
    for pattern in (patterns.before, patterns.old, patterns.due, _FRESH):
        if (match := pattern.search(mention.upto)) is not None:
            return match["subject"]
    if (match := patterns.behind.match(mention.rest)) is not None:
        return match["subject"]
    texts: tuple[str, ...] = (mention.upto,) if after_absence else ()
    if not vocabulary().phrases.tells(mention.lead):
        texts = tuple(title for title in mention.sentence.passage.above[:2] if len(title.split()) <= _TITLE_WORDS)
    matches = (patterns.absent.search(text) for text in texts)
    return next((match["subject"] for match in matches if match is not None), None)


class _Patterns(NamedTuple):
    """Patterns from the words of `vocabulary.yaml`; all but `ceased` and `jobs` have a group `subject`.

    `before`, `old` and `due` match up to the number, `behind` matches from it. `absent` and `ceased` match anywhere.
    `ceased` finds that something has stopped, without the words that name the thing. `jobs` finds the words for jobs.
    """

    before: re.Pattern[str]
    behind: re.Pattern[str]
    old: re.Pattern[str]
    due: re.Pattern[str]
    absent: re.Pattern[str]
    ceased: re.Pattern[str]
    jobs: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    words = vocabulary().absence
    subject_word = rf"(?!(?:{words['fine']})\b)[\w/-]+"
    noun = rf"{subject_word}(?:\s+(?!{_LITTLE}\b){subject_word})?"
    verb, ended = words["verbs"], words["ended"]
    negation = r"\b(?:has|have|had|is|are|was|were|does|do|did|could)(?:n['’]t| not| never)\s+(?:\w+\s+){0,3}?"
    actor = r"(?:\b[\w/-]+\s+){0,2}?"
    stops = r"\b(?:stop(?:s|ped)?|cease(?:s|d)?)\s+(?:being\s+)?\w+(?:ing|ed)\b"
    ceased = rf"{stops}|\b(?:goes|went|falls?|fell|has gone)\s+(?:{words['still']})\b|{negation}(?:{verb})\b"
    absent = "|".join(
        (
            rf"\b(?:no|zero|0|not (?:a|one|any)(?: single)?|without(?: an?| any| a single| one)?)\s+{noun}",
            r"\bnothing\b",
            rf"{actor}{negation}(?:{verb})\b",
            rf"{actor}\b(?:is|are|was|goes|went|gets|falls|stays|has been|have been)\s+(?:{words['still']})\b",
            rf"\b(?:{words['still']})\b",
            rf"{actor}{stops}",
            r"\b(?:missed|missing|lost)\s+heartbeats?\b|\bheartbeats?\s+(?:\w+\s+){0,2}?(?:missing|missed|late|lost)\b",
        )
    )
    dated = rf"\b{_OF_LAST}\s+(?!{_PERIOD}\b){subject_word}(?:\s+{subject_word}){{0,2}}?"
    return _Patterns(
        before=_pattern(
            rf"(?P<subject>{absent}|{negation}(?:{ended})(?=\s+(?:for|since)\b))(?:\s+{_FILL}{_FOR}|{_IS})"
        ),
        behind=_pattern(
            rf"\s*(?:(?:has|have)\s)?(?:(?:passed|gone by|elapsed)\s)?"
            rf"(?P<subject>without\s+(?:an?\s|any\s|a single\s|one\s)?{noun}|(?:since|after)\s+{dated})"
        ),
        old=_pattern(rf"(?P<subject>{dated})(?:\s+[\w'’-]+){{0,4}}?\s*:?\s*{_OLD}"),
        due=_pattern(_DUE % f"(?:be )?{verb}|{ended}"),
        absent=_pattern(rf"(?P<subject>{absent}|{dated})"),
        ceased=_pattern(ceased),
        jobs=_pattern(rf"\b(?:{words['jobs']})\b"),
    )


_TITLE_WORDS: Final = 12
_LITTLE: Final = (
    r"(?:has|have|had|is|are|was|were|been|will|can|could|for|in|within|since|after|over|during|from|on|at|to|by|of|and"
    r"|or|with|arrives?|arrived|comes?|came|gets?|got|reache[sd]|warnings?|critical|page)"
)
_PERIOD: Final = r"(?:\d+|few|couple|seconds?|minutes?|hours?|days?|weeks?|months?|years?)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
