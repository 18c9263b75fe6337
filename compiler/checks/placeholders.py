"""Checks of commands: each placeholder must stand where its label can be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks import Command, Placeholder, Runbook, Section

_MOST: Final = 50
"""The most findings in one section; further ones would have the same reason."""


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Add a warning for each place of a placeholder that no value can ever fill."""
    hint = "write the command so that the value is an argument of its own, or delete the sentence that names the label"
    for path, runbook in sorted(context.runbooks.items()):
        alerted = {
            watched.section.anchor: watched.section
            for system in context.model.systems
            if system.runbook == path
            for watched in system.signals
        }
        for section in alerted.values():
            for span, message in list(_never_filled(runbook, section))[:_MOST]:
                diagnostics.warning("placeholder-place", span, message, hint=hint)


def _never_filled(runbook: Runbook, section: Section) -> Iterator[tuple[Span, str]]:
    lines = runbook.text.split("\n")
    for command in section.commands:
        for placeholder in command.placeholders:
            for position, place in placeholder.places:
                if place.takes == "nothing":
                    message = f"`{placeholder.text}` is never filled in here: {place.why}"
                    yield _span(runbook, section, lines, command, placeholder, position), message


def _span(  # noqa: PLR0913, PLR0917  all that says where it is
    runbook: Runbook, section: Section, lines: list[str], command: Command, placeholder: Placeholder, position: int
) -> Span:
    """Return the place of an occurrence; it is in the first line of the section that contains the command's line."""
    start = command.text.rfind("\n", 0, position) + 1
    command_line = command.text[start:].partition("\n")[0]
    for number in range(section.line, min(section.end, len(lines)) + 1):
        line_offset = lines[number - 1].find(command_line)
        if line_offset >= 0:
            column = line_offset + position - start + 1
            return Span(runbook.shown, number, column, column + len(placeholder.text))
    return Span(runbook.shown, section.line, 1, 1)
