"""Findings that only follow from another one, so that one mistake is one finding.

Used by `compiler.compilation` once everything has been looked at and what comments silence is set aside. A limit that
can never be crossed differs from the runbook and lies out of order, too; who mends it mends all three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from compiler.diagnostics import Diagnostic, Diagnostics, Related, Span

_FOLLOWING: Final[Mapping[str, frozenset[str]]] = {
    cause: frozenset({"limit-differs", "undocumented-limit", "limit-order", "limit-direction"}) - {cause}
    for cause in ("limit-never-fires", "limit-always-fires")
}
"""Codes of what may only follow, by the code of what it follows from; both concern one limit."""


def drop(diagnostics: Diagnostics) -> None:
    """Take out the findings that follow from another one at the same limit."""
    diagnostics.found = [*_once(diagnostics.found)]
    causes = {(code, one.span) for one in diagnostics.found for code in _FOLLOWING.get(one.code, ())}
    diagnostics.found = [
        one for one in diagnostics.found if not any((one.code, span) in causes for span in _spans(one))
    ]


def _once(found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings, those of an id that nobody has defined once: with all places that refer to it."""
    places: dict[str, list[Diagnostic]] = {}
    for one in found:
        if one.code == "reference":
            places.setdefault(one.message, []).append(one)
        else:
            yield one
    for same in places.values():
        first, *others = sorted(same, key=lambda one: one.span)
        related = tuple(Related(span=one.span, message="it is named here, too") for one in others)
        yield replace(first, related=(*first.related, *related))


def _spans(one: Diagnostic) -> tuple[Span, ...]:
    return (one.span, *(related.span for related in one.related))
