"""Lines of a runbook that were meant to be headings, for an anchor that leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from compiler.anchors import slug
from compiler.diagnostics import Span
from compiler.runbooks.markdown import place
from compiler.runbooks.reading import Runbook

_GLUED: Final = re.compile(r"(?P<signs>#{1,6})(?P<title>[^#\s].*)")
_BOLD: Final = re.compile(r"(?:\*\*|__)(?P<title>.+?):?(?:\*\*|__):?\s*\Z")
_HEADING: Final = re.compile(r"\s{0,3}#{1,6}\s+(?P<title>.+?)\s*#*\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class LostHeading:
    """A line that gives no heading: why, where, and how to mend it."""

    span: Span
    message: str
    hint: str


def lost_heading(runbook: Runbook, anchor: str) -> LostHeading | None:
    """Return the line whose words would have an anchor, if it were a heading; None where there is none."""
    lines = runbook.text.split("\n")
    swallowed = _unclosed(runbook, lines)
    for number, line in enumerate(lines, 1):
        span = Span(runbook.shown, number, 1, len(line) + 1)
        if (glued := _GLUED.match(line)) and slug(glued["title"]) == anchor:
            message = f"this is no heading: no space stands behind `{glued['signs']}`"
            return LostHeading(span=span, message=message, hint=f"write `{glued['signs']} {glued['title']}`")
        if (bold := _BOLD.match(line)) and slug(bold["title"]) == anchor:
            message = f"“{bold['title']}” is bold text, and no heading"
            return LostHeading(span=span, message=message, hint=f"write `### {bold['title']}`")
        heading = _HEADING.match(line)
        if swallowed and number > swallowed and heading and slug(heading["title"]) == anchor:
            opening = lines[swallowed - 1]
            mark = "backticks" if opening.strip().startswith("`") else "tildes"
            span = Span(runbook.shown, swallowed, 1, len(opening) + 1)
            message = f"this block of commands is not closed: “{heading['title']}” in line {number} is part of it"
            return LostHeading(span=span, message=message, hint=f"end it by a line of three {mark}")
    return None


def _unclosed(runbook: Runbook, lines: list[str]) -> int | None:
    """Return the line, from 1, of a fence that reaches to the end of the text because nothing closes it.

    A fence that takes in the opening line of the next one is closed by that one's end, and this by nothing.
    """
    for token in runbook.document.tokens:
        if token.type == "fence":
            start, end = place(token)
            mark = token.markup
            inside = [line.strip() for line in lines[start + 1 : end - 1]]
            if any(line.startswith(mark) and line != mark for line in inside) or (
                end >= len(lines) and lines[end - 1].strip() != mark
            ):
                return start + 1
    return None
