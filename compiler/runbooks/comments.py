"""HTML comments: what a runbook's readers are not shown.

Between `markdown`, which says where code and HTML stand, and everything that hands on words of a runbook.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from compiler.runbooks.markdown import Document, place

_OPENING: Final = "<!--"
_CLOSING: Final = "-->"
_SHORTEST: Final = ("<!-->", "<!--->")
_MARK: Final = re.compile(r"`+|\\.|<!--", re.DOTALL)
_TICKS: Final = re.compile("`+")
_SHOWN: Final = re.compile(r"[^\n]")


def without_comments(document: Document) -> tuple[str, ...]:
    """Return the lines of a document with blanks in the place of comments; what stands in code is none."""
    if _OPENING not in document.text:
        return document.lines
    lines = list(document.lines)
    for (start, end), html in _regions(document).items():
        text = "\n".join(lines[start:end])
        if _OPENING in text:
            lines[start:end] = blanked(text, html=html).split("\n")
    return tuple(lines)


def _regions(document: Document) -> dict[tuple[int, int], bool]:
    """Return the lines, from 0, where a comment can stand: those of HTML, and those of text."""
    wanted = {"html_block": True, "inline": False}
    return {place(token): wanted[token.type] for token in document.tokens if token.type in wanted}


def blanked(text: str, *, html: bool) -> str:
    """Return a text, of Markdown or of HTML, with blanks in the place of comments."""
    parts, behind = [], 0
    for start, end in _comments(text, html=html):
        parts += [text[behind:start], _SHOWN.sub(" ", text[start:end])]
        behind = end
    return "".join([*parts, text[behind:]])


def _comments(text: str, *, html: bool) -> Iterator[tuple[int, int]]:
    """Yield where comments begin and end; one of HTML that is never closed hides the rest, as in a browser."""
    runs = {} if html else _runs(text)
    position = 0
    while found := _MARK.search(text, position):
        position = found.end()
        if found.group() == _OPENING:
            end = _end(text, found.start())
            if end is None and not html:
                return
            position = len(text) if end is None else end
            yield found.start(), position
        elif found.group()[0] == "`":
            position = _behind_code(runs, found)


def _end(text: str, start: int) -> int | None:
    short = next((one for one in _SHORTEST if text.startswith(one, start)), None)
    if short is not None:
        return start + len(short)
    end = text.find(_CLOSING, start + len(_OPENING))
    return None if end < 0 else end + len(_CLOSING)


def _runs(text: str) -> dict[int, list[int]]:
    """Return where runs of backticks begin, by their length."""
    runs: dict[int, list[int]] = {}
    for found in _TICKS.finditer(text):
        runs.setdefault(len(found.group()), []).append(found.start())
    return runs


def _behind_code(runs: dict[int, list[int]], opening: re.Match[str]) -> int:
    """Return the first place behind the code that a run of backticks opens; behind the run where it opens none."""
    length = len(opening.group())
    alike = runs.get(length, [])
    index = bisect_left(alike, opening.end())
    return alike[index] + length if index < len(alike) else opening.end()
