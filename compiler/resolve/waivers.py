"""Resolve: statements of a runbook that no alert is meant to carry, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.diagnostics import Span
from compiler.document import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Words of one line of a runbook, and the reason why no alert carries their limit."""

    words: str
    reason: str
    span: Span

    def covers(self, line: str) -> bool:
        """Return whether a line of the runbook holds the words; white space counts as one blank."""
        return self.words in " ".join(line.split())


def waivers(system: Table) -> Iterator[Waiver]:
    """Yield the waivers of a system, which the schema has admitted."""
    for given in system.get("waive", ()):
        words = " ".join(str(given["statement"]).split())
        yield Waiver(words=words, reason=str(given["reason"]), span=given.value_spans["statement"])
