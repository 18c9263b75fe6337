"""Drop the findings that only follow from another finding, so that one mistake is one finding.

`compiler.compilation` calls `drop` after all checks, once the findings that comments silence are set aside. For
example, a limit that can never be crossed also differs from the runbook and is out of order; one edit mends all three.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from compiler.diagnostics import Diagnostic, Diagnostics, Related, Span

_LIMIT_CODES: Final = frozenset({"limit-differs", "undocumented-limit", "limit-order", "limit-direction"})
_CONSEQUENCES: Final[Mapping[str, frozenset[str]]] = dict.fromkeys(
    ("limit-never-fires", "limit-always-fires", "against-direction"), _LIMIT_CODES
)
"""The codes of possible consequences, by the code of their cause; cause and consequence are about the same limit."""


def drop(diagnostics: Diagnostics) -> None:
    """Remove the findings that follow from another finding about the same limit."""
    diagnostics.found = [*_with_merged_references(diagnostics.found)]
    causes = {
        (code, span)
        for finding in diagnostics.found
        for code in _CONSEQUENCES.get(finding.code, ())
        for span in _limit_spans(finding)
    }
    differing = {span for finding in diagnostics.found if finding.code == "limit-differs" for span in _spans(finding)}
    causes |= {
        ("limit-order", finding.span) for finding in diagnostics.found if _is_disorder_of_one_limit(finding, differing)
    }
    causes |= {("limit-differs", span) for finding in _swapped_limits(diagnostics.found) for span in _spans(finding)}
    without_heading = {finding.span.path for finding in diagnostics.found if finding.code == "runbook-section"}
    diagnostics.found = [
        finding
        for finding in diagnostics.found
        if not _follows_from_a_broken_table(finding, diagnostics)
        # A link in a file whose heading is missing: the missing heading is the cause.
        and not (finding.code == "broken-link" and finding.span.path in without_heading)
    ]
    diagnostics.found = [
        finding for finding in diagnostics.found if not any((finding.code, span) in causes for span in _spans(finding))
    ]


_TABLE_CODES: Final = frozenset({"limit-differs", "unwatched-statement", "undocumented-limit", "unused-waiver"})


def _follows_from_a_broken_table(finding: Diagnostic, diagnostics: Diagnostics) -> bool:
    """Return whether a finding follows from a broken table: the compiler reads its rows as text, without limits."""
    if finding.code not in _TABLE_CODES:
        return False
    for table in diagnostics.found:
        if table.code != "broken-table":
            continue
        path, first = table.span.path, table.span.line
        if (
            finding.span.path != path
            and finding.code == "undocumented-limit"
            and path.endswith(finding.message.partition(" ")[0])
        ):
            return True
        rows = diagnostics.sources.get(path, [])[first - 1 : finding.span.line]
        if finding.span.path == path and rows and all(row.lstrip().startswith("|") for row in rows):
            return True
    return False


def _limit_spans(finding: Diagnostic) -> tuple[Span, ...]:
    """Return the places of the limits that a cause is about; `against-direction` is about several."""
    return _spans(finding) if finding.code == "against-direction" else (finding.span,)


def _is_disorder_of_one_limit(finding: Diagnostic, differing: Collection[Span]) -> bool:
    """Return whether two limits are out of order because one of them differs from the runbook."""
    if finding.code != "limit-order" or not finding.related:
        return False
    return sum(span in differing for span in set(_spans(finding))) == 1


def _swapped_limits(findings: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings about the order of two limits that both differ from the runbook: somebody swapped them."""
    differing = {span for finding in findings if finding.code == "limit-differs" for span in _spans(finding)}
    for finding in findings:
        if finding.code == "limit-order" and finding.related and differing.issuperset(_spans(finding)):
            yield finding


def _with_merged_references(findings: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings; those about the same undefined id become one, with all places that refer to it."""
    references: dict[str, list[Diagnostic]] = {}
    for finding in findings:
        if finding.code == "reference":
            references.setdefault(finding.message, []).append(finding)
        else:
            yield finding
    for findings_of_id in references.values():
        first, *repeated = sorted(findings_of_id, key=lambda finding: finding.span)
        related = tuple(Related(span=finding.span, message="it is named here, too") for finding in repeated)
        yield replace(first, related=(*first.related, *related))


def _spans(finding: Diagnostic) -> tuple[Span, ...]:
    return (finding.span, *(related.span for related in finding.related))
