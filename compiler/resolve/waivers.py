"""Resolve: statements of a runbook that no alert is meant to carry, and why."""

from __future__ import annotations

from collections.abc import Iterator
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
        whole, part = " ".join(line.split()), " ".join(number.split())
        numeric = any(one.isdigit() for one in self.words)
        return self.words in whole and (not numeric or part in self.words or part not in whole)

    def is_like(self, line: str) -> bool:
        """Return whether a line holds words that differ from these by a few characters."""
        whole = " ".join(line.split())
        if max(len(whole), len(self.words)) > _LONGEST:
            return False
        match = SequenceMatcher(None, self.words, whole, autojunk=False)
        common = sum(block.size for block in match.get_matching_blocks() if block.size > _LEAST_COMMON)
        return common >= _MOSTLY * len(self.words)


_LONGEST: Final = 1000
"""Characters of a line whose words are compared one by one."""
_LEAST_COMMON: Final = 3
_MOSTLY: Final = 0.75


def waivers(system: Table) -> Iterator[Waiver]:
    """Yield the waivers of a system, which the schema has admitted."""
    for given in system.get("waive", ()):
        words = " ".join(str(given["statement"]).split())
        yield Waiver(words=words, reason=str(given["reason"]), span=given.value_spans["statement"])
