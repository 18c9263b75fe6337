"""The four severities, their order, and what a label says of them; the bottom of the webhook, known to every room."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["info", "warning", "critical", "emergency"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least to the most severe."""

CRITICAL_AND_MORE_SEVERE: frozenset[Severity] = frozenset(SEVERITIES[SEVERITIES.index("critical") :])

Word = Severity | Literal["none"]
"""What a word stands for; by `none` nobody is told."""

LEAST_LIKELY: Severity = "critical"
"""An unknown word may mean that somebody has to be woken, so it counts as that at least."""
LONGEST_WORD = 80
"""Characters; a longer text is no word."""

_BETWEEN = re.compile(r"[\s._-]+")
_APART = re.compile(r"[^\w\s.-]+")


def rank(severity: Severity) -> int:
    """Return the place of `severity` in their order: 0 for info, 3 for emergency."""
    return SEVERITIES.index(severity)


def more_severe(first: Severity, second: Severity) -> Severity:
    """Return the more severe of the two."""
    return max(first, second, key=rank)


def word_key(word: str) -> str:
    """Return what all spellings of a word have in common, as the catalogue's `severity_words` has it."""
    return _BETWEEN.sub("", word.casefold())


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a label says: a severity, that nobody is to be told (`is_none`), or nothing."""

    severity: Severity | None = None
    is_none: bool = False
    unknown: str = ""
    """The label's text where it is not known; `severity` is the most severe that it is likely to mean."""


def read(label: str | None, words: Mapping[str, Word]) -> Reading:
    """Return what the label `severity` says; `words` gives what a word stands for, by its key."""
    text = (label or "").strip()
    if not text:
        return Reading()
    word = _meaning(text, words)
    if word == "none":
        return Reading(is_none=True)
    return Reading(severity=_likely(text, words), unknown=text) if word is None else Reading(severity=word)


def _meaning(text: str, words: Mapping[str, Word]) -> Word | None:
    if len(text) > LONGEST_WORD:
        return None
    key = word_key(text)
    own: dict[str, Word] = {severity: severity for severity in SEVERITIES}
    return words.get(key) or own.get(key) or ("none" if key == "none" else None)


def _likely(text: str, words: Mapping[str, Word]) -> Severity:
    """Return the most severe severity that the text may mean.

    Of several words, all of them known, it is that of the most severe. Bare numbers count up in some houses and down in
    others: each is critical at least, and 0 what P0 is.
    """
    parts = [part for part in _APART.split(text[:LONGEST_WORD]) if part.strip()]
    found = [_meaning(f"p{part.strip()}" if part.strip().isdecimal() else part, words) for part in parts]
    known = [word for word in found if word is not None and word != "none"]
    whole = len(text) <= LONGEST_WORD and len(parts) > 1 and len(known) == len(parts)
    most_severe = max(known, key=rank, default=LEAST_LIKELY)
    return most_severe if whole else more_severe(most_severe, LEAST_LIKELY)
