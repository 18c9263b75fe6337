"""Find lines of a runbook that were meant to be headings, to explain why an anchor leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from compiler.diagnostics import Span
from compiler.runbooks.anchors import slug
from compiler.runbooks.markdown import place

if TYPE_CHECKING:
    from compiler.runbooks.reading import Runbook

_GLUED: Final = re.compile(r"(?P<signs>#{1,6})(?P<title>[^#\s].*)")
_BOLD: Final = re.compile(r"(?:\*\*|__)(?P<title>.+?):?(?:\*\*|__):?\s*\Z")
_HEADING: Final = re.compile(r"\s{0,3}#{1,6}\s+(?P<title>\S.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class LostHeading:
    """A line that was meant to be a heading: its place, why it is none, and how to mend it."""

    span: Span
    message: str
    hint: str


def lost_headings(runbook: Runbook) -> dict[str, LostHeading]:
    """Return the lines that were meant to be headings, by the anchor that they would have."""
    lines = runbook.text.split("\n")
    fence = _unclosed(runbook, lines)
    by_anchor: dict[str, LostHeading] = {}
    for number, line in enumerate(lines, 1):
        span = Span(runbook.shown, number, 1, len(line) + 1)
        if glued := _GLUED.match(line):
            message = f"this is no heading: no space stands behind `{glued['signs']}`"
            hint = f"write `{glued['signs']} {glued['title']}`"
            by_anchor.setdefault(slug(glued["title"]), LostHeading(span=span, message=message, hint=hint))
        if bold := _BOLD.match(line):
            message = f"“{bold['title']}” is bold text, and no heading"
            hint = f"write `### {bold['title']}`"
            by_anchor.setdefault(slug(bold["title"]), LostHeading(span=span, message=message, hint=hint))
        heading = _HEADING.match(_without_end(line))
        if fence and number > fence.line and heading:
            lost_heading = _not_closed(runbook, lines, fence, (heading["title"], number))
            by_anchor.setdefault(slug(heading["title"]), lost_heading)
    return by_anchor


def _without_end(line: str) -> str:
    """Return a line without the number signs that may close a heading."""
    return line.rstrip().rstrip("#").rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fence:
    """The opening line of an unclosed fence, and the first heading in it, or None if that is not clear."""

    line: int
    heading: tuple[str, int] | None


def _not_closed(runbook: Runbook, lines: list[str], fence: _Fence, heading: tuple[str, int]) -> LostHeading:
    """Return the lost heading for an unclosed fence; it is the reason for all lost headings below it."""
    title, number = fence.heading or heading
    opening = lines[fence.line - 1]
    mark = "backticks" if opening.strip().startswith("`") else "tildes"
    return LostHeading(
        span=Span(runbook.shown, fence.line, 1, len(opening) + 1),
        message=f"this block of commands is not closed: “{title}” in line {number} is part of it",
        hint=f"end it by a line of three {mark}",
    )


def _unclosed(runbook: Runbook, lines: list[str]) -> _Fence | None:
    """Return the fence that lacks its closing line, if any fence of the text reaches too far; else None.

    The opening line of the next fence closes such a fence. From there on, the parser takes text for commands and
    commands for text. So the fence without an end is the first one that holds a heading.
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
    """Return whether a fence contains the opening line of another one, or is unclosed up to the end of the text."""
    inside = [line.strip() for line in lines[start + 1 : end - 1]]
    if any(line.startswith(mark) and line != mark for line in inside):
        return True
    return not any(line.strip() for line in lines[end:]) and lines[end - 1].strip() != mark


_SUBHEADING: Final = re.compile(r"#{2,6}\s+(?P<title>\S.*)")
"""A heading below the first level; comments in a shell do not look like it."""
