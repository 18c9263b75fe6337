"""Resolve: statements of a runbook that no alert is meant to carry, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from compiler.diagnostics import Span
from compiler.document import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Words of one line of a runbook, and the reason why no alert carries their limit."""

    words: str
    reason: str
    span: Span

    def covers(self, line: str, number: str = "") -> bool:
        """Return whether a line of the runbook holds the words; white space counts as one blank.

        Of a line with several limits the words cover the `number` that they hold, and all where they hold none. A
        number that does not stand in the line as it is, because it begins in the line before, counts as held.
        """
        whole = " ".join(line.split())
        return self.words in whole and self.holds(whole, " ".join(number.split()))

    def holds(self, whole: str, part: str) -> bool:
        """Return whether the words, which stand in a line, cover one of its numbers."""
        numeric = any(map(str.isdigit, self.words))
        return not numeric or part in self.words or part not in whole

    def is_like(self, line: str) -> bool:
        """Return whether a line holds words that differ from these by a few characters."""
        whole = " ".join(line.split())
        if max(len(whole), len(self.words)) > _LONGEST:
            return False
        match = SequenceMatcher(None, self.words, whole, autojunk=False)
        common = sum(block.size for block in match.get_matching_blocks() if block.size > _LEAST_COMMON)
        return common >= _MOSTLY * len(self.words)


class Covering:
    """Waivers, found by a line in which their words stand; the time grows with the line and not with the waivers."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        """Sort the waivers by how their words begin, and by their length."""
        self._starts: dict[str, dict[int, dict[str, list[tuple[int, Waiver]]]]] = {}
        self._inside: dict[str, tuple[Waiver, ...]] = {}
        for order, one in enumerate(waivers):
            lengths = self._starts.setdefault(one.words[:_START], {})
            lengths.setdefault(len(one.words), {}).setdefault(one.words, []).append((order, one))
        self._sizes = {len(start) for start in self._starts}

    def covering(self, line: str, number: str = "") -> Iterator[Waiver]:
        """Yield the waivers that cover a number of a line, in their order."""
        whole, part = " ".join(line.split()), " ".join(number.split())
        if whole not in self._inside:
            self._inside[whole] = tuple(self._look(whole))
        return (one for one in self._inside[whole] if one.holds(whole, part))

    def _look(self, whole: str) -> list[Waiver]:
        found: dict[int, Waiver] = {}
        for start in range(len(whole)):
            for size in self._sizes:
                for length, words in self._starts.get(whole[start : start + size], {}).items():
                    found.update(words.get(whole[start : start + length], ()))
        return [found[order] for order in sorted(found)]


_START: Final = 8
"""Characters by which waivers are sorted."""
_LONGEST: Final = 1000
"""Characters of a line whose words are compared one by one."""
_LEAST_COMMON: Final = 3
_MOSTLY: Final = 0.75


def waivers(system: Table) -> Iterator[Waiver]:
    """Yield the waivers of a system, which the schema has admitted."""
    for given in system.get("waive", ()):
        words = " ".join(str(given["statement"]).split())
        yield Waiver(words=words, reason=str(given["reason"]), span=given.value_spans["statement"])
