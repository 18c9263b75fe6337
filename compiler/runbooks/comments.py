"""Remove HTML comments, which readers of a runbook do not see.

`markdown` says where code and HTML stand. Every module that passes on words of a runbook takes them without comments.
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
    """Return the lines of a document with blanks in place of comments; code has no comments."""
    if _OPENING not in document.text:
        return document.lines
    lines = list(document.lines)
    for (start, end), html in _regions(document).items():
        text = "\n".join(lines[start:end])
        if _OPENING in text:
            lines[start:end] = blanked(text, html=html).split("\n")
    return tuple(lines)


def _regions(document: Document) -> dict[tuple[int, int], bool]:
    """Return the ranges of lines, from 0, where a comment can stand, each with whether it is HTML; else it is text."""
    is_html = {"html_block": True, "inline": False}
    return {place(token): is_html[token.type] for token in document.tokens if token.type in is_html}


def blanked(text: str, *, html: bool) -> str:
    """Return a text, of Markdown or of HTML, with blanks in place of comments."""
    parts, copied_until = [], 0
    for start, end in _comments(text, html=html):
        parts += [text[copied_until:start], _SHOWN.sub(" ", text[start:end])]
        copied_until = end
    return "".join([*parts, text[copied_until:]])


def _comments(text: str, *, html: bool) -> Iterator[tuple[int, int]]:
    """Yield where comments begin and end; in HTML, an unclosed comment hides the rest, as in a browser."""
    tick_runs = {} if html else _tick_runs(text)
    position = 0
    while mark := _MARK.search(text, position):
        position = mark.end()
        if mark.group() == _OPENING:
            end = _comment_end(text, mark.start())
            if end is None and not html:
                return
            position = len(text) if end is None else end
            yield mark.start(), position
        elif mark.group()[0] == "`":
            position = _behind_code(tick_runs, mark)


def _comment_end(text: str, start: int) -> int | None:
    empty = next((comment for comment in _SHORTEST if text.startswith(comment, start)), None)
    if empty is not None:
        return start + len(empty)
    end = text.find(_CLOSING, start + len(_OPENING))
    return None if end < 0 else end + len(_CLOSING)


def _tick_runs(text: str) -> dict[int, list[int]]:
    """Return where runs of backticks begin, by their length."""
    runs: dict[int, list[int]] = {}
    for run in _TICKS.finditer(text):
        runs.setdefault(len(run.group()), []).append(run.start())
    return runs


def _behind_code(runs: dict[int, list[int]], opening: re.Match[str]) -> int:
    """Return the position behind the code that a run of backticks opens, or behind the run if it opens none."""
    length = len(opening.group())
    same_length = runs.get(length, [])
    index = bisect_left(same_length, opening.end())
    return same_length[index] + length if index < len(same_length) else opening.end()
