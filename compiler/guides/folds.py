"""Unfold what a page hides: the tabs and boxes of MkDocs, whose text is indented, and `<details>`.

CommonMark reads an indented text as code. This module moves it to the left, on the same lines, and returns the titles
of the folds around each line. `passages` uses this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_MARKER: Final = re.compile(
    r" *(?:={3}[!+]? +\"(?P<tab>[^\"]+)\"|(?:!{3}|\?{3}\+?) +[\w-]+(?: +[\w-]+)*(?: +\"(?P<box>[^\"]*)\")?) *"
)
_INDENT: Final = 4
_FENCE: Final = re.compile(r" *(?:`{3}|~{3})")
_DETAILS: Final = re.compile(r"<(?P<end>/?)details\b[^>]*>", re.IGNORECASE)
_SUMMARY: Final = re.compile(r"<summary\b[^>]*>(?P<title>[^\n]*?)</summary>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_DEEPEST: Final = 8


@dataclass(kw_only=True)
class _Fold:
    """An open fold; its text begins at `column`, which is None for `<details>` because that has an end tag."""

    title: str
    column: int | None


def unfolded(text: str) -> tuple[str, Mapping[int, tuple[str, ...]]]:
    """Return a text without folds, on the same lines, and the fold titles over each line (from 0), innermost first."""
    lines = text.split("\n")
    indents = _next_indents(lines)
    stack: list[_Fold] = []
    titles: dict[int, tuple[str, ...]] = {}
    is_code = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" "))
        if line.strip():
            _leave(stack, indent)
        columns = [fold.column for fold in stack if fold.column is not None]
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code and (marker := _marker(line, indents[number], indent)) and len(stack) < _DEEPEST:
            stack.append(_Fold(title=(marker["tab"] or marker["box"] or "").strip(), column=indent + _INDENT))
            lines[number] = ""
            continue
        elif not is_code and "<" in line:
            _tags(line, stack)
        if columns and line.strip():
            lines[number] = line[columns[-1] :]
        fold_titles = tuple(fold.title for fold in reversed(stack) if fold.title)
        if fold_titles:
            titles[number] = fold_titles
    return "\n".join(lines), titles


def _next_indents(lines: Sequence[str]) -> list[int]:
    """Return, for each line, the indent of the next line that is not empty."""
    indents, indent = [], 0
    for line in reversed(lines):
        indents.append(indent)
        indent = len(line) - len(line.lstrip(" ")) if line.strip() else indent
    return indents[::-1]


def _marker(line: str, following: int, indent: int) -> re.Match[str] | None:
    marker = _MARKER.fullmatch(line.rstrip())
    return marker if marker is not None and following >= indent + _INDENT else None


def _leave(stack: list[_Fold], indent: int) -> None:
    """Remove the tabs and boxes that end before a line with this indent."""
    while (
        closed := next((fold for fold in stack if fold.column is not None and indent < fold.column), None)
    ) is not None:
        del stack[stack.index(closed) :]


def _tags(line: str, stack: list[_Fold]) -> None:
    """Open and close the `<details>` of a line, and store the title of its summary."""
    for tag in _DETAILS.finditer(line):
        is_open = any(fold.column is None for fold in stack)
        if not tag["end"] and len(stack) < _DEEPEST:
            stack.append(_Fold(title="", column=None))
        elif tag["end"] and is_open:
            last = max(index for index, fold in enumerate(stack) if fold.column is None)
            del stack[last:]
    summary = _SUMMARY.search(line)
    if summary is not None and stack and stack[-1].column is None:
        stack[-1].title = _TAG.sub("", summary["title"]).strip()
