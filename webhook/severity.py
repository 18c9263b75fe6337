"""The four severities, their order, and how a label names them; the whole webhook imports this module."""

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
"""The meaning of a word; `none` means that nobody is notified."""

LEAST_IF_UNKNOWN: Severity = "critical"
"""An unknown word counts as this or more severe, because it may mean that somebody must be woken."""
LONGEST_WORD = 80
"""Characters of the longest word; a longer text is never a known word."""

_SEPARATORS = re.compile(r"[\s._-]+")
_WORD_BREAKS = re.compile(r"[^\w\s.-]+")


def rank(severity: Severity) -> int:
    """Return the position of `severity` in `SEVERITIES`: 0 for info, 3 for emergency."""
    return SEVERITIES.index(severity)


def more_severe(first: Severity, second: Severity) -> Severity:
    """Return the more severe of the two."""
    return max(first, second, key=rank)


def word_key(word: str) -> str:
    """Return the common form of all spellings of a word: the key in the catalogue's `severity_words`."""
    return _SEPARATORS.sub("", word.casefold())


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The meaning of a label: a severity, or that nobody is notified (`is_none`), or nothing."""

    severity: Severity | None = None
    is_none: bool = False
    unknown: str = ""
    """The label's text if it is not known; `severity` is then the most severe that it is likely to mean."""


def read(label: str | None, words: Mapping[str, Word]) -> Reading:
    """Return the meaning of the label `severity`; `words` maps a word's key to its meaning."""
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
    own_words: dict[str, Word] = {severity: severity for severity in SEVERITIES}
    return words.get(key) or own_words.get(key) or ("none" if key == "none" else None)


def _likely(text: str, words: Mapping[str, Word]) -> Severity:
    """Return the most severe severity that the text may mean.

    If the text has several words and all are known, the most severe word counts. Some sites count bare numbers up and
    others count them down. So each number means critical or more severe, and 0 means the same as P0.
    """
    parts = [part for part in _WORD_BREAKS.split(text[:LONGEST_WORD]) if part.strip()]
    meanings = [_meaning(f"p{part.strip()}" if part.strip().isdecimal() else part, words) for part in parts]
    known = [word for word in meanings if word is not None and word != "none"]
    all_known = len(text) <= LONGEST_WORD and len(parts) > 1 and len(known) == len(parts)
    most_severe = max(known, key=rank, default=LEAST_IF_UNKNOWN)
    return most_severe if all_known else more_severe(most_severe, LEAST_IF_UNKNOWN)
