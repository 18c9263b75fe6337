"""Findings that only follow from another one, so that one mistake is one finding.

Used by `compiler.compilation` once everything has been looked at and what comments silence is set aside. A limit that
can never be crossed differs from the runbook and lies out of order, too; who mends it mends all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compiler.diagnostics import Diagnostic, Diagnostics, Span

_FOLLOWING: Final[Mapping[str, frozenset[str]]] = {
    cause: frozenset({"limit-differs", "undocumented-limit", "limit-order", "limit-direction"}) - {cause}
    for cause in ("limit-never-fires", "limit-always-fires")
}
"""Codes of what may only follow, by the code of what it follows from; both concern one limit."""


def drop(diagnostics: Diagnostics) -> None:
    """Take out the findings that follow from another one at the same limit."""
    causes = {(code, one.span) for one in diagnostics.found for code in _FOLLOWING.get(one.code, ())}
    diagnostics.found = [
        one for one in diagnostics.found if not any((one.code, span) in causes for span in _spans(one))
    ]


def _spans(one: Diagnostic) -> tuple[Span, ...]:
    return (one.span, *(related.span for related in one.related))
