"""Lines of a runbook that were meant to be headings, for an anchor that leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from compiler.anchors import slug
from compiler.diagnostics import Span
from compiler.runbooks.markdown import place

if TYPE_CHECKING:
    from compiler.runbooks.reading import Runbook

_GLUED: Final = re.compile(r"(?P<signs>#{1,6})(?P<title>[^#\s].*)")
_BOLD: Final = re.compile(r"(?:\*\*|__)(?P<title>.+?):?(?:\*\*|__):?\s*\Z")
_HEADING: Final = re.compile(r"\s{0,3}#{1,6}\s+(?P<title>\S.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class LostHeading:
    """A line that gives no heading: why, where, and how to mend it."""

    span: Span
    message: str
    hint: str


def lost_headings(runbook: Runbook) -> dict[str, LostHeading]:
    """Return the lines whose words would have an anchor, if they were headings, by the anchor."""
    lines = runbook.text.split("\n")
    swallowed = _unclosed(runbook, lines)
    found: dict[str, LostHeading] = {}
    for number, line in enumerate(lines, 1):
        span = Span(runbook.shown, number, 1, len(line) + 1)
        if glued := _GLUED.match(line):
            message = f"this is no heading: no space stands behind `{glued['signs']}`"
            hint = f"write `{glued['signs']} {glued['title']}`"
            found.setdefault(slug(glued["title"]), LostHeading(span=span, message=message, hint=hint))
        if bold := _BOLD.match(line):
            message = f"“{bold['title']}” is bold text, and no heading"
            hint = f"write `### {bold['title']}`"
            found.setdefault(slug(bold["title"]), LostHeading(span=span, message=message, hint=hint))
        heading = _HEADING.match(_without_end(line))
        if swallowed and number > swallowed.line and heading:
            lost = _not_closed(runbook, lines, swallowed, (heading["title"], number))
            found.setdefault(slug(heading["title"]), lost)
    return found


def _without_end(line: str) -> str:
    """Return a line without the number signs that may close a heading."""
    return line.rstrip().rstrip("#").rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fence:
    """The opening line of a fence that is not closed, and the first heading in it; None where that is not clear."""

    line: int
    heading: tuple[str, int] | None


def _not_closed(runbook: Runbook, lines: list[str], fence: _Fence, heading: tuple[str, int]) -> LostHeading:
    """Return what is said of a fence; all headings below it are lost for the same reason."""
    title, number = fence.heading or heading
    opening = lines[fence.line - 1]
    mark = "backticks" if opening.strip().startswith("`") else "tildes"
    return LostHeading(
        span=Span(runbook.shown, fence.line, 1, len(opening) + 1),
        message=f"this block of commands is not closed: “{title}” in line {number} is part of it",
        hint=f"end it by a line of three {mark}",
    )


def _unclosed(runbook: Runbook, lines: list[str]) -> _Fence | None:
    """Return the fence that nothing closes, where one of the text reaches further than it was meant to.

    One that lacks its end is closed by the opening line of the next one, so that commands and text change places from
    there on: it is the first one that holds a heading.
    """
    fences = [(*place(token), token.markup) for token in runbook.document.tokens if token.type == "fence"]
    suspect = next((start for start, end, mark in fences if _reaches_too_far(lines, start, end, mark)), None)
    if suspect is None:
        return None
    for start, end, _ in fences:
        for number in range(start + 1, end):
            heading = _SUBHEADING.match(_without_end(lines[number]))
            if heading is not None and not lines[number - 1].strip():
                return _Fence(line=start + 1, heading=(heading["title"], number + 1))
    return _Fence(line=suspect + 1, heading=None)


def _reaches_too_far(lines: list[str], start: int, end: int, mark: str) -> bool:
    """Return whether a fence takes in the opening line of another one, or reaches to the end of the text unclosed."""
    inside = [line.strip() for line in lines[start + 1 : end - 1]]
    if any(line.startswith(mark) and line != mark for line in inside):
        return True
    return not any(line.strip() for line in lines[end:]) and lines[end - 1].strip() != mark


_SUBHEADING: Final = re.compile(r"#{2,6}\s+(?P<title>\S.*)")
"""What no comment in a shell looks like."""
