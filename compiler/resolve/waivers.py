"""Resolve: waivers, which name statements of a runbook that no alert is meant to implement, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from compiler.diagnostics import Span
from compiler.document import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Words of one line of a runbook, and the reason why no alert implements their limit."""

    words: str
    reason: str
    span: Span

    def covers(self, line: str, number: str = "") -> bool:
        """Return whether a line of the runbook contains the words; any white space equals one blank.

        In a line with several limits the words cover only the `number` that they contain, or all if they contain none.
        A number that is not in the line literally, because it begins in the line before, counts as contained.
        """
        normalised = " ".join(line.split())
        return self.words in normalised and self.covers_number(normalised, " ".join(number.split()))

    def covers_number(self, line: str, number: str) -> bool:
        """Return whether the words cover a number of a line that contains them; both texts have single blanks."""
        has_digits = any(map(str.isdigit, self.words))
        return not has_digits or number in self.words or number not in line

    def is_like(self, line: str) -> bool:
        """Return whether a line contains words that differ from these by only a few characters."""
        normalised = " ".join(line.split())
        if max(len(normalised), len(self.words)) > _LONGEST:
            return False
        match = SequenceMatcher(None, self.words, normalised, autojunk=False)
        common = sum(block.size for block in match.get_matching_blocks() if block.size > _LEAST_COMMON)
        return common >= _MOSTLY * len(self.words)


class Covering:
    """An index of waivers by the lines that contain their words; lookup time grows with the line, not the waivers."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        """Index the waivers by the beginning and the length of their words."""
        self._starts: dict[str, dict[int, dict[str, list[tuple[int, Waiver]]]]] = {}
        self._waivers_by_line: dict[str, tuple[Waiver, ...]] = {}
        for order, waiver in enumerate(waivers):
            lengths = self._starts.setdefault(waiver.words[:_START], {})
            lengths.setdefault(len(waiver.words), {}).setdefault(waiver.words, []).append((order, waiver))
        self._sizes = {len(start) for start in self._starts}

    def covering(self, line: str, number: str = "") -> Iterator[Waiver]:
        """Yield the waivers that cover a number of a line, in the order of the file."""
        normalised, normalised_number = " ".join(line.split()), " ".join(number.split())
        if normalised not in self._waivers_by_line:
            self._waivers_by_line[normalised] = tuple(self._find(normalised))
        return (
            waiver
            for waiver in self._waivers_by_line[normalised]
            if waiver.covers_number(normalised, normalised_number)
        )

    def _find(self, line: str) -> list[Waiver]:
        by_order: dict[int, Waiver] = {}
        for start in range(len(line)):
            for size in self._sizes:
                for length, words in self._starts.get(line[start : start + size], {}).items():
                    by_order.update(words.get(line[start : start + length], ()))
        return [by_order[order] for order in sorted(by_order)]


_START: Final = 8
"""The number of leading characters by which waivers are indexed."""
_LONGEST: Final = 1000
"""The most characters of a line or of a waiver's words for which similarity is computed."""
_LEAST_COMMON: Final = 3
_MOSTLY: Final = 0.75


def waivers(system: Table) -> Iterator[Waiver]:
    """Yield the waivers of a system; the schema has already validated them."""
    for mapping in system.get("waive", ()):
        words = " ".join(str(mapping["statement"]).split())
        yield Waiver(words=words, reason=str(mapping["reason"]), span=mapping.value_spans["statement"])
