"""Checks of tables in runbooks: without its row of dashes a table is text, and its limits are misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks import Runbook

_ROW: Final = re.compile(r"\s{0,3}\|(?P<cells>[^|]*(?:\|[^|]*)+)\|\s*\Z")
_DIGIT: Final = re.compile(r"\d")
_FEWEST_ROWS: Final = 2


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the tables of each runbook that a system names."""
    for _, runbook in sorted(context.runbooks.items()):
        for span, columns in _tables_without_dashes(runbook):
            message = "this table lacks the row of dashes below its head, so that it is plain text"
            hint = f"write `|{'---|' * columns}` below this line"
            diagnostics.error("broken-table", span, message, hint=hint)


def _tables_without_dashes(runbook: Runbook) -> Iterator[tuple[Span, int]]:
    """Yield the place of the head and the number of columns of each table without a row of dashes.

    Such a table is a paragraph of rows, with a digit below its first row.
    """
    for start, lines in runbook.paragraphs:
        rows = [_ROW.match(line) for line in lines]
        if len(rows) < _FEWEST_ROWS or None in rows or not any(map(_DIGIT.search, lines[1:])):
            continue
        columns = lines[0].strip().strip("|").count("|") + 1
        yield Span(runbook.shown, start + 1, 1, len(lines[0]) + 1), columns
