"""Where a place in a block of Markdown stands in its file: blocks lose the indentation and the marks of their lines.

Used by `links`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from compiler.diagnostics import Span


class Block:
    """The text of a block that begins in the line `first`, from 0, of a file."""

    def __init__(self, lines: Sequence[str], first: int, text: str) -> None:
        self._lines = lines
        self._first = first
        self._own = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._own)]
        self._shifts: dict[int, int] = {}

    def line(self, start: int) -> tuple[int, int]:
        """Return the line in the file and the column in the block's own line, both from 0, of a place in the text."""
        index = bisect_right(self._starts, start) - 1
        return self._first + index, start - self._starts[index]

    def span(self, start: int, length: int, path: str) -> Span:
        """Return the place in the file of some characters of the text, up to the end of their line."""
        number, column = self.line(start)
        own = self._own[number - self._first]
        line = self._lines[number] if number < len(self._lines) else ""
        words = own[column : column + length]
        found = column + self._shift(number, line, own)
        if not line.startswith(words, found):
            # Cells of tables have lost backslashes.
            found = max(line.find(words), 0)
        return Span(path, number + 1, found + 1, found + len(words) + 1)

    def _shift(self, number: int, line: str, own: str) -> int:
        """Return how far right of its column in the block a character of a line stands in the file."""
        if number not in self._shifts:
            inner = own.strip()
            self._shifts[number] = max(line.find(inner), 0) - (len(own) - len(own.lstrip()))
        return self._shifts[number]
