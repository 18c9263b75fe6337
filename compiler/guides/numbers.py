"""Read numbers as people write them: in digits or in words, with comparator, range, share and unit.

`mention` and the modules above it use this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import vocabulary

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,])|\d+(?:\.\d+)?|\.\d+)"
"""The text of a pattern for a number in digits."""

_WORDS: Final = {
    **{
        word: Decimal(number)
        for number, word in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
        )
    },
    **{
        word: Decimal(number)
        for word, number in {
            "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
            "a dozen": 12, "a hundred": 100, "one hundred": 100, "a thousand": 1000, "a couple of": 2,
            "zero": 0,
        }.items()
    },
}  # fmt: skip
# "half an hour", "a quarter of an hour", "an hour": the unit of time follows these words.
_PARTS: Final = {"a": "1", "an": "1", "half": "0.5", "a half": "0.5", "a quarter": "0.25", "three quarters": "0.75"}
_OF_TIME: Final = r"(?=\s(?:full\s|whole\s)?(?:second|minute|hour|day|week|month|year)s?\b)"
_SEPARATORS: Final = re.compile(r"[,\s]")
_PART: Final = re.compile(r"(?P<part>a half|a quarter|three quarters|half)(?: of)?(?: an?)?", re.IGNORECASE)

WORD: Final = (
    rf"(?:(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b(?!-)"
    rf"|(?:(?:a half|a quarter|three quarters|half)(?: of)? an?|an?)\b{_OF_TIME})"
)
"""The text of a pattern for a number in words."""


def is_word(text: str) -> bool:
    """Return whether a number that `NUMBER` or `WORD` matched is spelled out."""
    return text[:1].isalpha()


def number(text: str) -> Decimal:
    """Return the number that `NUMBER` or `WORD` matched."""
    words = text.lower()
    part = _PART.fullmatch(words)
    if part or words in _PARTS:
        return Decimal(_PARTS[part["part"] if part else words])
    return _WORDS[words] if words in _WORDS else Decimal(_SEPARATORS.sub("", words))


_SCALES: Final = r"(?:k|(?-i:M)|thousand|million|billion|bn)(?![A-Za-z])"
_SCALE: Final = rf"(?:\s?(?P<scale>{_SCALES}))?"
_END: Final = r"(?![A-Za-z0-9])"
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_PAIR: Final = re.compile(r"\W{0,4}(?:/|\||,|&|\band\b)\W{0,4}")


def _pattern(*, shares: bool) -> re.Pattern[str]:
    """Return the pattern of a number; without `shares`, "80/90 %" is two numbers instead of a share."""
    lexicon = vocabulary()
    unit = rf"\s?(?P<unit>{lexicon.unit_text}){_END}"
    # In "500 ms to 1 s" the first number has its own unit. In "1 to 5 %" it has the unit of the second.
    inner = rf"(?:\s?(?P<from>{lexicon.unit_text}){_END}\s?)?"
    up_to = rf"{inner}\s?(?:-|–|—|to|(?(between)and|to)|\.\.\.?|…)\s?(?P<to>{NUMBER})"
    # "1 in 200 requests" is a share, "3 in 5 minutes" is not.
    of_many = rf"\sin\s(?P<in>{NUMBER})(?![\d.,]*\s?(?:{lexicon.unit_text}){_END})(?!\d)"
    separator = "(?:/|of|out of)" if shares else "(?:of|out of)"
    share = rf"(?:\s?{separator}\s?(?:the |its |our )?(?P<of>{NUMBER}|(?<=of )\b{WORD})|{of_many})"
    period = r"(?:(?:per|a|an|each|every)\s|/\s?)(?:second|sec|s|minute|min|hour|h|day)\b"
    before = r"(?<![\w.#/:-])" if shares else r"(?<![\w.#:-])"
    no_name = r"(?!\d|:\d\d|(?:st|nd|rd|th|xx)\b|-(?:second|minute|hour|day|week|month))"
    return re.compile(
        rf"(?P<sign>{lexicon.before.pattern})?\s{{0,9}}"
        rf"(?P<between>\bbetween\s)?(?P<about>about |roughly |around |~|±)?(?:a total of |an average of )?"
        rf"{before}(?P<number>{NUMBER}{no_name}|\b{WORD}){_SCALE}(?:{up_to}|{share})?(?:\+?{unit})?"
        rf"(?:\s?(?:\([^)]*\)\s*)?(?P<per>(?:(?!for\b|half\b|quarter\b)[a-z-]+\s){{0,3}}?(?:[a-z-]+(?=/))?{period}))?",
        re.IGNORECASE,
    )


_MENTION: Final = _pattern(shares=True)
_ONE_OF_TWO: Final = _pattern(shares=False)
BRACKET: Final = re.compile(r"\([^()]*\)")
"""Words in brackets, including the brackets."""

SIGNED_NUMBER: Final = re.compile(rf"{vocabulary().before.pattern}\s*\d", re.IGNORECASE)
"""A number with a comparator before it."""

SHARED_UNIT: Final = re.compile(
    rf"\s*(?:[/,|;]|and|or)\s*(?:(?P<label>\w+)\W{{1,3}}(?:at\s)?)?{NUMBER}(?:\s?{_SCALES})?\s?"
    rf"(?!(?-i:M)\b)(?P<unit>{vocabulary().unit_text}){_END}",
    re.IGNORECASE,
)
"""The next number and its unit behind a number without a unit, as in "warn 75 / crit 90 %"."""


_SUBJECT: Final = r"(?:limit|threshold|alert|rule|number|value)s?"
_LOOKS_BACK: Final = re.compile(
    rf"\W*(?:(?:(?:this|that|it|these|those|both)\b|(?:the|this|that) {_SUBJECT})(?: only| also| all| one| {_SUBJECT})*"
    r" (?:holds?|appl(?:y|ies)|counts?|goes|go|concerns?|covers?|is|are)\b"
    r"|(?:holds|applies|valid|counts|only)\b)[^\d:]*",
    re.IGNORECASE,
)


def looks_back(text: str) -> bool:
    """Return whether a sentence says where the limit of the sentence before applies: "This holds for production."."""
    return len(text) <= _LONGEST_BACK and _LOOKS_BACK.fullmatch(text) is not None


_LONGEST_BACK: Final = 120


def numbers(text: str, *, paired: bool) -> Iterator[re.Match[str]]:
    """Yield the numbers of a text in order; if `paired`, a slash separates two numbers and makes no share."""
    return (_ONE_OF_TWO if paired else _MENTION).finditer(text)


_NAMED: Final = r"[^\W\d][\w.-]*"
_NAMES_LISTED: Final = re.compile(rf"(?<![\w/.-])(?P<names>{_NAMED}(?:\s?/\s?{_NAMED}){{1,5}})(?=\)|\s?:)")


def names_listed(text: str) -> int:
    """Return the number of names in the first list with slashes that stands in brackets or before a colon."""
    match = _NAMES_LISTED.search(text)
    return len(match["names"].split("/")) if match else 0


def pair(*texts: str) -> tuple[Severity, Severity] | None:
    """Return two severities that stand side by side, as in "warn/crit", from the first text that has such a pair."""
    for text in texts:
        for left, right in pairwise(_LETTERS.finditer(text)):
            if not _PAIR.fullmatch(text, left.end(), right.start()):
                continue
            grades = vocabulary().severity(left.group()), vocabulary().severity(right.group())
            if NO_SEVERITY not in grades and grades[0] != grades[1]:
                return grades
    return None
