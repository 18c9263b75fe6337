"""A number in a sentence as it is written: comparator, range, share and unit; used by `meaning` and `traps`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from compiler.guides import numbers
from compiler.guides.passage import Passage
from compiler.guides.statement import NO_SEVERITY, Severity
from compiler.guides.vocabulary import Unit, vocabulary
from compiler.guides.written import SHARED_UNIT, names_listed, pair

_SCALES: Final = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6, "billion": 10**9, "bn": 10**9}
# A longer period than a minute does not say how fast, but how many: "40 restarts a day" is a count.
_PERIODS: Final = {"s": 1, "sec": 1, "second": 1, "minute": 60, "min": 60}
# With a slash it does: "3/h" is written as a rate.
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
# Clauses part at marks and conjunctions; the one in "3 or more" belongs to its number.
_CLAUSES: Final = re.compile(
    r";\s+|(?<![0-9]),\s+(?:and|but|while|whereas)?\s*"
    rf"|(?<!\s)(?!{_AFTER})\s++(?:and|but|while|whereas|or)\s+(?=(?:the |a |an )?[a-z]+\b)"
    r"|(?<!\s)\s++/\s+|(?<!\s)\s++[–—|]\s+"
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of a passage: where it starts there, the text before it, and the one behind it that looks back."""

    passage: Passage
    text: str
    start: int
    before: str
    behind: str = ""

    def line(self, found: re.Match[str]) -> int:
        """Return the line of a number in it."""
        return self.passage.line(self.start + found.start("number"))

    @cached_property
    def marks(self) -> tuple[re.Match[str], ...]:
        """What parts its clauses."""
        return tuple(_CLAUSES.finditer(self.text))

    @cached_property
    def pair(self) -> tuple[Severity, Severity] | None:
        """The severities of two numbers that a slash parts, if the sentence or what stands above names two."""
        return pair(self.text, *self.passage.above[:1]) if "/" in self.text else None

    @cached_property
    def listed(self) -> int:
        """How many names with slashes between them the sentence gives to its numbers, as "(prod / staging): " does."""
        return names_listed(self.text) if "/" in self.text else 0


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
        for mark in self.sentence.marks:
            if mark.end() <= self.found.start():
                low = max(low, mark.end())
            elif mark.start() >= self.found.end():
                high = mark.start()
                break
        return low, high

    @property
    def clause_starts(self) -> Iterator[int]:
        """Where the clauses of the sentence begin, but the first."""
        return (mark.end() for mark in self.sentence.marks)

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
        if self.is_counted_down and self.sign in {"", "from"}:
            return "<="
        before = vocabulary().comparator(self.found["sign"]) if self.found["sign"] else None
        behind = self.comparator_behind
        # "Falls to 97 % or lower" is at most 97 %.
        found = behind if before is None or (behind is not None and behind[0] == before[0]) else before
        return _NEGATED.get(found, found) if found is not None and self.is_negated else found

    @cached_property
    def is_negated(self) -> bool:
        """Whether the words before the comparator deny it: "is not at least", "unless at least", "no longer below"."""
        denied = _DENIED.search(self.lead) is not None
        return denied != self.is_unless

    @cached_property
    def is_unless(self) -> bool:
        """Whether the number is that of what must be so, or else it is trouble: "critical unless at least 99 %"."""
        unless = _UNLESS.search(self.lead)
        if unless is None or self.taken or _NOBODY.search(unless["before"]):
            # "Alert nobody unless more than 500 are left" alerts when they are.
            return False
        return vocabulary().phrases.condition.search(unless["before"]) is None

    @cached_property
    def comparator_behind(self) -> str | None:
        """The comparator behind the number, as in "5 or more"."""
        end = self.found.end("unit" if self.found["unit"] else "number")
        after = vocabulary().after.items()
        return next((one for one, pattern in after if pattern.match(self.sentence.text, end)), None)

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
        return numbers.is_word(self.found["number"])

    @cached_property
    def unit(self) -> Unit | None:
        """The unit that is written at the number, or at the next one for both, else that of the passage's numbers."""
        written = self.found["from"] or self.found["unit"]
        if written:
            return vocabulary().unit(written)
        if self.found["per"]:
            return self._rate(self.found["per"].lower()) or self.sentence.passage.unit
        shared = SHARED_UNIT.match(self.rest)
        labelled = shared and (shared["label"] is None or vocabulary().severity(shared["label"]) != NO_SEVERITY)
        if shared and labelled and (shared["label"] or self.in_pair is not None or self.sentence.listed):
            return vocabulary().unit(shared["unit"])
        return self.sentence.passage.unit

    def _rate(self, period: str) -> Unit | None:
        found = re.search(r"[a-z]+$", period)
        name = found.group() if found else ""
        seconds = _PERIODS.get(name) or (_LONG_PERIODS.get(name) if "/" in period else None)
        return Unit(unit="per_second", factor=Decimal(1) / seconds) if seconds else None

    @cached_property
    def in_pair(self) -> Severity | None:
        """The severity of the number as one of two that a slash parts, or that are soft and hard."""
        phrases = vocabulary().phrases
        if phrases.soft.match(self.rest) and phrases.hard.search(self.rest):
            return Severity("warning", word="soft")
        if phrases.hard.match(self.rest) and phrases.soft.search(self.lead):
            return Severity("critical", word="hard")
        named = self.sentence.pair
        if named is None:
            return None
        if _SLASH_BEHIND.match(self.rest):
            return named[0]
        return named[1] if _SLASH_BEFORE.search(self.lead) else None

    @property
    def number(self) -> Decimal:
        """The number as written, with its scale and without its unit."""
        return numbers.number(self.found["number"]) * _SCALES.get((self.found["scale"] or "").lower(), 1)

    @property
    def upper(self) -> Decimal | None:
        """The end of the range that the number begins, in its unit; None where theirs are of two kinds."""
        if not self.found["to"]:
            return None
        end = numbers.number(self.found["to"])
        if not (self.found["from"] and self.found["unit"]):
            return end
        own, other = vocabulary().unit(self.found["from"]), vocabulary().unit(self.found["unit"])
        return end * other.factor / own.factor if own.unit == other.unit else None

    @property
    def whole(self) -> Decimal | None:
        """What the number is a share of, as 3 is of 5 in "3 of 5"."""
        written = self.found["of"] or self.found["in"]
        return numbers.number(written) if written else None
