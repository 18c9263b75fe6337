"""How a limit's number is written, with comparator, range, share and unit; used by `mention` and what comes after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from compiler.guides.numbers import NUMBER, WORD
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary

_SCALES: Final = r"(?:k|(?-i:M)|thousand|million|billion|bn)(?![A-Za-z])"
_SCALE: Final = rf"(?:\s?(?P<scale>{_SCALES}))?"
_END: Final = r"(?![A-Za-z0-9])"
_WORDS: Final = re.compile(r"[^\W\d_]+")
_PAIR: Final = re.compile(r"\W{0,4}(?:/|\||,|&|\band\b)\W{0,4}")


def _pattern(*, shares: bool) -> re.Pattern[str]:
    """Return the pattern of a number; without shares, "80/90 %" are two of them."""
    known = vocabulary()
    unit = rf"\s?(?P<unit>{known.unit_text}){_END}"
    # "500 ms to 1 s": the first number has a unit of its own, "1 to 5 %" has that of the second.
    inner = rf"(?:\s?(?P<from>{known.unit_text}){_END}\s?)?"
    up_to = rf"{inner}\s?(?:-|–|—|to|(?(between)and|to)|\.\.\.?|…)\s?(?P<to>{NUMBER})"
    # "1 in 200 requests" is a share, "3 in 5 minutes" is not.
    of_many = rf"\sin\s(?P<in>{NUMBER})(?![\d.,]*\s?(?:{known.unit_text}){_END})(?!\d)"
    over = "(?:/|of|out of)" if shares else "(?:of|out of)"
    share = rf"(?:\s?{over}\s?(?:the |its |our )?(?P<of>{NUMBER}|(?<=of )\b{WORD})|{of_many})"
    period = r"(?:(?:per|a|an|each|every)\s|/\s?)(?:second|sec|s|minute|min|hour|h|day)\b"
    before = r"(?<![\w.#/:-])" if shares else r"(?<![\w.#:-])"
    named = r"(?!\d|:\d\d|(?:st|nd|rd|th|xx)\b|-(?:second|minute|hour|day|week|month))"
    return re.compile(
        rf"(?P<sign>{known.before.pattern})?\s{{0,9}}"
        rf"(?P<between>\bbetween\s)?(?P<about>about |roughly |around |~|±)?(?:a total of |an average of )?"
        rf"{before}(?P<number>{NUMBER}{named}|\b{WORD}){_SCALE}(?:{up_to}|{share})?(?:\+?{unit})?"
        rf"(?:\s?(?:\([^)]*\)\s*)?(?P<per>(?:(?!for\b|half\b|quarter\b)[a-z-]+\s){{0,3}}?(?:[a-z-]+(?=/))?{period}))?",
        re.IGNORECASE,
    )


_MENTION: Final = _pattern(shares=True)
_ONE_OF_TWO: Final = _pattern(shares=False)
BRACKET: Final = re.compile(r"\([^()]*\)")
"""Words in brackets, with these."""

SIGNED_NUMBER: Final = re.compile(rf"{vocabulary().before.pattern}\s*\d", re.IGNORECASE)
"""A number with a comparator before it."""

SHARED_UNIT: Final = re.compile(
    rf"\s*(?:[/,|;]|and|or)\s*(?:(?P<label>\w+)\W{{1,3}}(?:at\s)?)?{NUMBER}(?:\s?{_SCALES})?\s?"
    rf"(?!(?-i:M)\b)(?P<unit>{vocabulary().unit_text}){_END}",
    re.IGNORECASE,
)
"""Behind a number without a unit the next one with its own, as in "warn 75 / crit 90 %"."""


_WHAT: Final = r"(?:limit|threshold|alert|rule|number|value)s?"
_LOOKS_BACK: Final = re.compile(
    rf"\W*(?:(?:(?:this|that|it|these|those|both)\b|(?:the|this|that) {_WHAT})(?: only| also| all| one| {_WHAT})*"
    r" (?:holds?|appl(?:y|ies)|counts?|goes|go|concerns?|covers?|is|are)\b"
    r"|(?:holds|applies|valid|counts|only)\b)[^\d:]*",
    re.IGNORECASE,
)


def looks_back(text: str) -> bool:
    """Return whether a sentence says where the limit before it holds: "This holds for production."."""
    return len(text) <= _LONGEST_BACK and _LOOKS_BACK.fullmatch(text) is not None


_LONGEST_BACK: Final = 120


def numbers(text: str, *, paired: bool) -> Iterator[re.Match[str]]:
    """Yield the numbers of a text in order; where they are `paired`, a slash parts two and makes no share."""
    return (_ONE_OF_TWO if paired else _MENTION).finditer(text)


_NAMED: Final = r"[^\W\d][\w.-]*"
_NAMES_LISTED: Final = re.compile(rf"(?<![\w/.-])(?P<names>{_NAMED}(?:\s?/\s?{_NAMED}){{1,5}})(?=\)|\s?:)")


def names_listed(text: str) -> int:
    """Return how many names a list with slashes has, in brackets or before a colon."""
    found = _NAMES_LISTED.search(text)
    return len(found["names"].split("/")) if found else 0


def pair(*texts: str) -> tuple[Severity, Severity] | None:
    """Return the two severities that the first of some texts names side by side, as "warn/crit" does."""
    for text in texts:
        for one, other in pairwise(_WORDS.finditer(text)):
            if not _PAIR.fullmatch(text, one.end(), other.start()):
                continue
            grades = vocabulary().severity(one.group()), vocabulary().severity(other.group())
            if NO_SEVERITY not in grades and grades[0] != grades[1]:
                return grades
    return None
