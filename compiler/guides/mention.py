"""A number in a sentence as it is written: comparator, range, share and unit; used by `meaning` and `traps`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from compiler.guides.passage import Passage
from compiler.guides.vocabulary import Unit, vocabulary

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,])|\d+(?:\.\d+)?|\.\d+)"
SMALL_NUMBERS: Final = {
    word: Decimal(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
SMALL: Final = f"(?:{'|'.join(SMALL_NUMBERS)})"

_SEPARATORS: Final = re.compile(r"[,\s]")
_SCALES: Final = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6, "billion": 10**9, "bn": 10**9}
_SCALE: Final = r"(?:\s?(?P<scale>k|(?-i:M)|thousand|million|billion|bn)(?![A-Za-z]))?"
# A longer period than a minute does not say how fast, but how many: "40 restarts a day" is a count.
_PERIODS: Final = {"s": 1, "sec": 1, "second": 1, "minute": 60, "min": 60}


def _pattern() -> re.Pattern[str]:
    known = vocabulary()
    unit = rf"\s?(?P<unit>{known.unit_text})(?![A-Za-z0-9])"
    inner = rf"(?:\s?(?:{known.unit_text})(?![A-Za-z0-9])\s?)?"
    up_to = rf"{inner}\s?(?:-|–|—|to|(?(between)and|to)|\.\.\.?|…)\s?(?P<to>{NUMBER})"
    # "1 in 200 requests" is a share, "3 in 5 minutes" is not.
    of_many = rf"\sin\s(?P<in>{NUMBER})(?![\d.,]*\s?(?:{known.unit_text})(?![A-Za-z0-9]))(?!\d)"
    share = rf"(?:\s?(?:/|of|out of)\s?(?:the |its |our )?(?P<of>{NUMBER})|{of_many})"
    period = r"(?:(?:per|a|an|each|every)\s|/\s?)(?:second|sec|s|minute|min|hour|h|day)\b"
    return re.compile(
        rf"(?P<sign>{known.before.pattern})?\s*"
        rf"(?P<between>\bbetween\s)?(?P<about>about |roughly |around |~|±)?(?:a total of |an average of )?"
        rf"(?<![\w.#/:-])(?P<number>{NUMBER}(?!\d|(?:st|nd|rd|th|xx)\b|-(?:second|minute|hour|day|week|month))|\b{SMALL}\b){_SCALE}(?:{up_to}|{share})?(?:\+?{unit})?"
        rf"(?:\s?(?:\([^)]*\)\s*)?(?P<per>(?:[a-z-]+\s){{0,3}}?(?:[a-z-]+(?=/))?{period}))?",
        re.IGNORECASE,
    )


MENTION: Final = _pattern()
SIGNED_NUMBER: Final = re.compile(rf"{vocabulary().before.pattern}\s*\d", re.IGNORECASE)
_AFTER: Final = "|".join(pattern.pattern for pattern in vocabulary().after.values())
# Clauses part at marks and conjunctions; the one in "3 or more" belongs to its number.
_CLAUSES: Final = re.compile(
    r";\s+|(?<![0-9]),\s+(?:and|but|while|whereas)?\s*"
    rf"|(?!{_AFTER})\s+(?:and|but|while|whereas|or)\s+(?=(?:the |a |an )?[a-z]+\b)|\s+/\s+|\s+[–—|]\s+"
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of a passage: where it starts there, and the text before it."""

    passage: Passage
    text: str
    start: int
    before: str


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A match of `MENTION` in a sentence; `taken` is where the last limit before it in this sentence ends, or 0."""

    sentence: Sentence
    found: re.Match[str]
    taken: int

    @cached_property
    def lead(self) -> str:
        """The sentence before the mention."""
        return self.sentence.text[: self.found.start()]

    @cached_property
    def upto(self) -> str:
        """The sentence up to the number, its comparator included."""
        return self.sentence.text[: self.found.start("number")]

    @cached_property
    def rest(self) -> str:
        """The sentence after the mention."""
        return self.sentence.text[self.found.end() :]

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """Where the mention's clause begins and ends: at marks, at conjunctions, and at the end of the last limit."""
        low, high = self.taken, len(self.sentence.text)
        for mark in _CLAUSES.finditer(self.sentence.text):
            if mark.end() <= self.found.start():
                low = max(low, mark.end())
            elif mark.start() >= self.found.end():
                high = mark.start()
                break
        return low, high

    @property
    def clause(self) -> str:
        """The clause of the mention."""
        low, high = self.bounds
        return self.sentence.text[low:high]

    @property
    def sign(self) -> str:
        """The words of the comparator before the number, in small letters, or nothing."""
        return (self.found["sign"] or "").lower()

    @cached_property
    def comparator(self) -> str | None:
        """The comparator that stands at the number, before it or behind it."""
        known = vocabulary()
        before = known.comparator(self.found["sign"]) if self.found["sign"] else None
        end = self.found.end("unit" if self.found["unit"] else "number")
        behind = next((one for one, pattern in known.after.items() if pattern.match(self.sentence.text, end)), None)
        # "Falls to 97 % or lower" is at most 97 %.
        return behind if before is None or (behind is not None and behind[0] == before[0]) else before

    @property
    def is_word(self) -> bool:
        """Whether the number is spelled out."""
        return self.found["number"].lower() in SMALL_NUMBERS

    @cached_property
    def unit(self) -> Unit | None:
        """The unit that is written at the number, else the one of all numbers of the passage."""
        if self.found["unit"]:
            return vocabulary().unit(self.found["unit"])
        period = re.search(r"[a-z]+$", (self.found["per"] or "").lower())
        seconds = _PERIODS.get(period.group()) if period else None
        return Unit(unit="per_second", factor=Decimal(1) / seconds) if seconds else self.sentence.passage.unit

    @property
    def number(self) -> Decimal:
        """The number as written, with its scale and without its unit."""
        return _number(self.found["number"]) * _SCALES.get((self.found["scale"] or "").lower(), 1)

    @property
    def upper(self) -> Decimal | None:
        """The end of the range that the number begins."""
        return _number(self.found["to"]) if self.found["to"] else None

    @property
    def whole(self) -> Decimal | None:
        """What the number is a share of, as 3 is of 5 in "3 of 5"."""
        written = self.found["of"] or self.found["in"]
        return _number(written) if written else None


def _number(text: str) -> Decimal:
    return SMALL_NUMBERS.get(text.lower()) or Decimal(_SEPARATORS.sub("", text))
