"""Numbers as people write them, in digits and in words; used by `mention` and `holds`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

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
# "half an hour", "a quarter of an hour", "an hour": what they are parts of follows.
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
    """Return whether a number, as `NUMBER` or `WORD` matched it, is spelled out."""
    return text[:1].isalpha()


def number(text: str) -> Decimal:
    """Return the number that `NUMBER` or `WORD` matched."""
    words = text.lower()
    part = _PART.fullmatch(words)
    if part or words in _PARTS:
        return Decimal(_PARTS[part["part"] if part else words])
    return _WORDS[words] if words in _WORDS else Decimal(_SEPARATORS.sub("", words))
