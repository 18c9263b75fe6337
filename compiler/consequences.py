"""Findings that only follow from another one, so that one mistake is one finding.

Used by `compiler.compilation` once everything has been looked at and what comments silence is set aside. A limit that
can never be crossed differs from the runbook and lies out of order, too; who mends it mends all three.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from compiler.diagnostics import Diagnostic, Diagnostics, Related, Span

_OF_A_LIMIT: Final = frozenset({"limit-differs", "undocumented-limit", "limit-order", "limit-direction"})
_FOLLOWING: Final[Mapping[str, frozenset[str]]] = dict.fromkeys(
    ("limit-never-fires", "limit-always-fires", "against-direction"), _OF_A_LIMIT
)
"""Codes of what may only follow, by the code of what it follows from; both concern one limit."""


def drop(diagnostics: Diagnostics) -> None:
    """Take out the findings that follow from another one at the same limit."""
    diagnostics.found = [*_once(diagnostics.found)]
    causes = {
        (code, span) for one in diagnostics.found for code in _FOLLOWING.get(one.code, ()) for span in _of_limits(one)
    }
    differing = {span for one in diagnostics.found if one.code == "limit-differs" for span in _spans(one)}
    causes |= {("limit-order", one.span) for one in diagnostics.found if _is_disorder_of_one(one, differing)}
    causes |= {("limit-differs", span) for one in _exchanged(diagnostics.found) for span in _spans(one)}
    without_heading = {one.span.path for one in diagnostics.found if one.code == "runbook-section"}
    diagnostics.found = [
        one
        for one in diagnostics.found
        if not _of_a_broken_table(one, diagnostics)
        # A link to a heading that is lost in the same file.
        and not (one.code == "broken-link" and one.span.path in without_heading)
    ]
    diagnostics.found = [
        one for one in diagnostics.found if not any((one.code, span) in causes for span in _spans(one))
    ]


_OF_A_TABLE: Final = frozenset({"limit-differs", "unwatched-statement", "undocumented-limit", "unused-waiver"})


def _of_a_broken_table(one: Diagnostic, diagnostics: Diagnostics) -> bool:
    """Return whether a finding comes of rows that are read as text, whose limits are others now or none."""
    if one.code not in _OF_A_TABLE:
        return False
    for table in diagnostics.found:
        if table.code != "broken-table":
            continue
        path, first = table.span.path, table.span.line
        if one.span.path != path and one.code == "undocumented-limit" and path.endswith(one.message.partition(" ")[0]):
            return True
        rows = diagnostics.sources.get(path, [])[first - 1 : one.span.line]
        if one.span.path == path and rows and all(row.lstrip().startswith("|") for row in rows):
            return True
    return False


def _of_limits(one: Diagnostic) -> tuple[Span, ...]:
    """Return the places of the limits that a cause is about: of those on the wrong side all, else the one."""
    return _spans(one) if one.code == "against-direction" else (one.span,)


def _is_disorder_of_one(one: Diagnostic, differing: Collection[Span]) -> bool:
    """Return whether limits lie out of order because one of the two differs from the runbook."""
    if one.code != "limit-order" or not one.related:
        return False
    return sum(span in differing for span in set(_spans(one))) == 1


def _exchanged(found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings on the order of two limits that both differ from the runbook: they have changed places."""
    differing = {span for one in found if one.code == "limit-differs" for span in _spans(one)}
    for one in found:
        if one.code == "limit-order" and one.related and differing.issuperset(_spans(one)):
            yield one


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
