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
        whole = " ".join(line.split())
        return self.words in whole and self.holds(whole, " ".join(number.split()))

    def holds(self, whole: str, part: str) -> bool:
        """Return whether the words, which the line `whole` contains, cover its number `part`."""
        numeric = any(map(str.isdigit, self.words))
        return not numeric or part in self.words or part not in whole

    def is_like(self, line: str) -> bool:
        """Return whether a line contains words that differ from these by only a few characters."""
        whole = " ".join(line.split())
        if max(len(whole), len(self.words)) > _LONGEST:
            return False
        match = SequenceMatcher(None, self.words, whole, autojunk=False)
        common = sum(block.size for block in match.get_matching_blocks() if block.size > _LEAST_COMMON)
        return common >= _MOSTLY * len(self.words)


class Covering:
    """An index of waivers by the lines that contain their words; lookup time grows with the line, not the waivers."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        """Index the waivers by the beginning and the length of their words."""
        self._starts: dict[str, dict[int, dict[str, list[tuple[int, Waiver]]]]] = {}
        self._inside: dict[str, tuple[Waiver, ...]] = {}
        for order, waiver in enumerate(waivers):
            lengths = self._starts.setdefault(waiver.words[:_START], {})
            lengths.setdefault(len(waiver.words), {}).setdefault(waiver.words, []).append((order, waiver))
        self._sizes = {len(start) for start in self._starts}

    def covering(self, line: str, number: str = "") -> Iterator[Waiver]:
        """Yield the waivers that cover a number of a line, in the order of the file."""
        whole, part = " ".join(line.split()), " ".join(number.split())
        if whole not in self._inside:
            self._inside[whole] = tuple(self._look(whole))
        return (waiver for waiver in self._inside[whole] if waiver.holds(whole, part))

    def _look(self, whole: str) -> list[Waiver]:
        by_order: dict[int, Waiver] = {}
        for start in range(len(whole)):
            for size in self._sizes:
                for length, words in self._starts.get(whole[start : start + size], {}).items():
                    by_order.update(words.get(whole[start : start + length], ()))
        return [by_order[order] for order in sorted(by_order)]


_START: Final = 8
"""The number of leading characters by which waivers are indexed."""
_LONGEST: Final = 1000
"""The most characters of a line or of a waiver's words for which similarity is computed."""
_LEAST_COMMON: Final = 3
_MOSTLY: Final = 0.75


def waivers(system: Table) -> Iterator[Waiver]:
    """Yield the waivers of a system; the schema has already validated them."""
    for given in system.get("waive", ()):
        words = " ".join(str(given["statement"]).split())
        yield Waiver(words=words, reason=str(given["reason"]), span=given.value_spans["statement"])
