"""Locate a place in a block of Markdown in its file: blocks lose the indentation and the marks of their lines.

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
        self._block_lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._block_lines)]
        self._shifts: dict[int, int] = {}

    def line(self, start: int) -> tuple[int, int]:
        """Return the line in the file, and the column in the block, of a place in the text; both count from 0."""
        index = bisect_right(self._starts, start) - 1
        return self._first + index, start - self._starts[index]

    def span(self, start: int, length: int, path: str) -> Span:
        """Return the place in the file of some characters of the text, up to the end of their line."""
        number, column = self.line(start)
        block_line = self._block_lines[number - self._first]
        line = self._lines[number] if number < len(self._lines) else ""
        excerpt = block_line[column : column + length]
        begin = column + self._shift(number, line, block_line)
        if not line.startswith(excerpt, begin):
            # markdown-it has removed backslashes from the cells of tables.
            begin = max(line.find(excerpt), 0)
        return Span(path, number + 1, begin + 1, begin + len(excerpt) + 1)

    def _shift(self, number: int, line: str, block_line: str) -> int:
        """Return by how many columns a line of the block is shifted to the right in the file."""
        if number not in self._shifts:
            stripped = block_line.strip()
            self._shifts[number] = max(line.find(stripped), 0) - (len(block_line) - len(block_line.lstrip()))
        return self._shifts[number]
