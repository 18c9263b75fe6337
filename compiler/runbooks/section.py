"""One section of a runbook, as `compiler.resolve` leads alerts to it and the catalogue carries it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from compiler.runbooks.commands import Command, commands


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it, up to the next heading of its level or above.

    A heading within a quotation or a list ends with that, and ends nothing outside. `line` is the heading's, `end` the
    section's last one; `aliases` are further anchors that lead here; `markdown` is without comments.
    """

    path: str
    title: str
    anchor: str
    line: int
    end: int
    markdown: str
    fences: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...] = ()

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The section's commands, in order."""
        return commands(self.fences, self.markdown)
