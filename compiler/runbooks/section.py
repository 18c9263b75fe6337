"""Hold one section of a runbook; `compiler.resolve` links alerts to it, and the catalogue carries it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from compiler.runbooks.commands import Command, commands


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it, up to the next heading of its level or above.

    A section within a quotation or a list ends where that ends, and its heading ends no section outside. `line` is the
    line of the heading, `end` the section's last line; `aliases` are further anchors that lead here; `markdown` is the
    text below the heading, without comments.
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
