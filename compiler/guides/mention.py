"""Represent a number in a sentence as the guide writes it: comparator, range, share and unit.

`meaning`, `traps` and the other modules that read a number use this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from compiler.guides import numbers
from compiler.guides.numbers import SHARED_UNIT, names_listed, pair
from compiler.guides.passage import Passage
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import Unit, vocabulary

_SCALES: Final = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6, "billion": 10**9, "bn": 10**9}
# A period longer than a minute makes a count, not a rate: "40 restarts a day".
_PERIODS: Final = {"s": 1, "sec": 1, "second": 1, "minute": 60, "min": 60}
# With a slash, a longer period makes a rate, too: "3/h".
_LONG_PERIODS: Final = {"hour": 3600, "h": 3600, "day": 86400}
_SLASH_BEHIND: Final = re.compile(r"\s*+/\s*+[<>≥≤=~]{0,2}\s*+\d")
_SLASH_BEFORE: Final = re.compile(r"\d[^/]{0,12}/\s*$")
_DENIED: Final = re.compile(
    r"(?:\bnot|n['’]t|\bno longer|\bnever)(?: (?:be|been|being|stay|remain|any more))?\s*$", re.IGNORECASE
)
_UNLESS: Final = re.compile(r"^(?P<before>[^;]*)\bunless\b[^;]*$", re.IGNORECASE)
_NOBODY: Final = re.compile(r"\b(?:nobody|no one|no-one|nothing|never|not|no)\b|n['’]t\b", re.IGNORECASE)
_NEGATED: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_AT: Final = re.compile(r"\bat\s*$", re.IGNORECASE)
_AFTER: Final = "|".join(pattern.pattern for pattern in vocabulary().after.values())
# Punctuation marks and conjunctions separate clauses. The "or" of "3 or more" belongs to its number.
_CLAUSES: Final = re.compile(
    r";\s+|(?<![0-9]),\s+(?:and|but|while|whereas)?\s*"
    rf"|(?<!\s)(?!{_AFTER})\s++(?:and|but|while|whereas|or)\s+(?=(?:the |a |an )?[a-z]+\b)"
    r"|(?<!\s)\s++/\s+|(?<!\s)\s++[–—|]\s+"
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of a passage.

    It starts at `start` in the passage; `before` is the text before it. `behind` is the next sentence if that says
    where this one applies.
    """

    passage: Passage
    text: str
    start: int
    before: str
    behind: str = ""

    def line(self, number: re.Match[str]) -> int:
        """Return the line of a number of this sentence."""
        return self.passage.line(self.start + number.start("number"))

    @cached_property
    def marks(self) -> tuple[re.Match[str], ...]:
        """The separators between its clauses."""
        return tuple(_CLAUSES.finditer(self.text))

    @cached_property
    def pair(self) -> tuple[Severity, Severity] | None:
        """The severities of two numbers with a slash between them, if the sentence or the text above names a pair."""
        return pair(self.text, *self.passage.above[:1]) if "/" in self.text else None

    @cached_property
    def listed(self) -> int:
        """The number of names in the sentence's list with slashes, as in "(prod / staging): "; one for each number."""
        return names_listed(self.text) if "/" in self.text else 0


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A number in a sentence.

    `match` comes from `compiler.guides.numbers.numbers`. `last_limit_end` is the end of the last limit before the
    number in this sentence, or 0.
    """

    sentence: Sentence
    match: re.Match[str]
    last_limit_end: int

    @cached_property
    def lead(self) -> str:
        """The sentence before the mention."""
        return self.sentence.text[: self.match.start()]

    @cached_property
    def upto(self) -> str:
        """The sentence up to the number, including its comparator."""
        return self.sentence.text[: self.match.start("number")]

    @cached_property
    def rest(self) -> str:
        """The sentence after the mention."""
        return self.sentence.text[self.match.end() :]

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """Where the mention's clause begins and ends: at a mark, at a conjunction, or at the end of the last limit."""
        low, high = self.last_limit_end, len(self.sentence.text)
        for mark in self.sentence.marks:
            if mark.end() <= self.match.start():
                low = max(low, mark.end())
            elif mark.start() >= self.match.end():
                high = mark.start()
                break
        return low, high

    @property
    def clause_starts(self) -> Iterator[int]:
        """Where the clauses of the sentence begin, except the first."""
        return (mark.end() for mark in self.sentence.marks)

    @property
    def clause(self) -> str:
        """The clause of the mention."""
        low, high = self.bounds
        return self.sentence.text[low:high]

    @property
    def sign(self) -> str:
        """The words of the comparator before the number, in lower case; empty if there is none."""
        return (self.match["sign"] or "").lower()

    @cached_property
    def comparator(self) -> str | None:
        """The comparator before or behind the number, or None."""
        if self.is_counted_down and self.sign in {"", "from"}:
            return "<="
        before = vocabulary().comparator(self.match["sign"]) if self.match["sign"] else None
        behind = self.comparator_behind
        # "Falls to 97 % or lower" means at most 97 %.
        written = behind if before is None or (behind is not None and behind[0] == before[0]) else before
        return _NEGATED.get(written, written) if written is not None and self.is_negated else written

    @cached_property
    def is_negated(self) -> bool:
        """Whether words before the comparator negate it: "is not at least", "unless at least", "no longer below"."""
        denied = _DENIED.search(self.lead) is not None
        return denied != self.is_unless

    @cached_property
    def is_unless(self) -> bool:
        """Whether "unless" makes the number a requirement whose breach is trouble: "critical unless at least 99 %"."""
        unless = _UNLESS.search(self.lead)
        if unless is None or self.last_limit_end or _NOBODY.search(unless["before"]):
            # "Alert nobody unless more than 500 are left" alerts when more than 500 are left.
            return False
        return vocabulary().phrases.condition.search(unless["before"]) is None

    @cached_property
    def comparator_behind(self) -> str | None:
        """The comparator behind the number, as in "5 or more"."""
        end = self.match.end("unit" if self.match["unit"] else "number")
        after = vocabulary().after.items()
        return next((sign for sign, pattern in after if pattern.match(self.sentence.text, end)), None)

    @cached_property
    def is_counted_down(self) -> bool:
        """Whether the number is the time until something ends, as in "30 days before expiry"."""
        in_time = self.unit is not None and self.unit.unit == "seconds"
        return in_time and bool(vocabulary().phrases.countdown.match(self.rest))

    @property
    def is_behind_at(self) -> bool:
        """Whether the number stands behind the word "at"."""
        return bool(_AT.search(self.lead))

    @property
    def is_word(self) -> bool:
        """Whether the number is spelled out."""
        return numbers.is_word(self.match["number"])

    @cached_property
    def unit(self) -> Unit | None:
        """The unit at the number, else that at the next number if both numbers share it, else the passage's unit."""
        written = self.match["from"] or self.match["unit"]
        if written:
            return vocabulary().unit(written)
        if self.match["per"]:
            return self._rate(self.match["per"].lower()) or self.sentence.passage.unit
        shared = SHARED_UNIT.match(self.rest)
        labelled = shared and (shared["label"] is None or vocabulary().severity(shared["label"]) != NO_SEVERITY)
        if shared and labelled and (shared["label"] or self.in_pair is not None or self.sentence.listed):
            return vocabulary().unit(shared["unit"])
        return self.sentence.passage.unit

    def _rate(self, period: str) -> Unit | None:
        match = re.search(r"[a-z]+$", period)
        name = match.group() if match else ""
        seconds = _PERIODS.get(name) or (_LONG_PERIODS.get(name) if "/" in period else None)
        return Unit(unit="per_second", factor=Decimal(1) / seconds) if seconds else None

    @cached_property
    def in_pair(self) -> Severity | None:
        """The severity of the number, if it is one of two with a slash between them, or of a soft and a hard limit."""
        phrases = vocabulary().phrases
        if phrases.soft.match(self.rest) and phrases.hard.search(self.rest):
            return Severity("warning", word="soft")
        if phrases.hard.match(self.rest) and phrases.soft.search(self.lead):
            return Severity("critical", word="hard")
        severities = self.sentence.pair
        if severities is None:
            return None
        if _SLASH_BEHIND.match(self.rest):
            return severities[0]
        return severities[1] if _SLASH_BEFORE.search(self.lead) else None

    @property
    def number(self) -> Decimal:
        """The number as written, multiplied by its scale, without its unit."""
        return numbers.number(self.match["number"]) * _SCALES.get((self.match["scale"] or "").lower(), 1)

    @property
    def upper(self) -> Decimal | None:
        """The end of the range that begins at the number, in the number's unit.

        None if there is no range, or if the units of the two ends do not convert into each other.
        """
        if not self.match["to"]:
            return None
        end = numbers.number(self.match["to"])
        if not (self.match["from"] and self.match["unit"]):
            return end
        own, end_unit = vocabulary().unit(self.match["from"]), vocabulary().unit(self.match["unit"])
        return end * end_unit.factor / own.factor if own.unit == end_unit.unit else None

    @property
    def whole(self) -> Decimal | None:
        """The whole that the number is a share of, such as 5 in "3 of 5"; None if it is no such share."""
        written = self.match["of"] or self.match["in"]
        return numbers.number(written) if written else None
