"""Render diagnostics as text for people, as JSON and SARIF for machines, and as GitHub's workflow commands.

OASIS defines SARIF 2.1.0; GitHub's documentation of workflow syntax describes the workflow commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from compiler import conventions, harmless
from compiler.checks.codes import CODES
from compiler.diagnostics import MAX_SHOWN, Diagnostic, Diagnostics, Span, render


def text(diagnostics: Diagnostics) -> str:
    """Return the diagnostics as text for a terminal, with their number at the end."""
    findings, more = diagnostics.excerpt()
    if not findings:
        return ""
    lines = [render(finding, diagnostics) for finding in findings]
    lines += [_more(more)] if more else []
    count = len(findings) + more
    return harmless.terminal("\n".join([*lines, f"{count} {'finding' if count == 1 else 'findings'}"]))


def _more(count: int) -> str:
    return f"{count} more {'finding is' if count == 1 else 'findings are'} not shown: mend these first"


def as_json(diagnostics: Diagnostics) -> str:
    """Return `{"diagnostics": [{code, level, message, hint, path, line, column, end_column, related}], "suppressed"}`.

    `suppressed` is the number of findings that comments silence. `more` is the number of findings that are not shown,
    if there are any.
    """
    shown, more = diagnostics.excerpt()
    report = {"diagnostics": [_json(finding) for finding in shown], "suppressed": len(diagnostics.suppressed)}
    return harmless.as_json(report | ({"more": more} if more else {}), indent=1)


def github(diagnostics: Diagnostics) -> str:
    """Return one workflow command for each diagnostic; GitHub shows it beside the line."""
    findings, more = diagnostics.excerpt()
    return "\n".join([*map(_command, findings), *([f"::error ::{_more(more)}"] if more else [])])


def sarif(diagnostics: Diagnostics) -> str:
    """Return a SARIF 2.1.0 log with one run; findings that comments silence are marked as suppressed."""
    findings, more = diagnostics.excerpt()
    results = [_result(finding) for finding in findings]
    for finding, reason in diagnostics.suppressed[:MAX_SHOWN]:
        (shown,) = diagnostics.shown([finding])
        results.append(_result(shown) | {"suppressions": [{"kind": "inSource", "justification": reason}]})
    rules = [_rule(code) for code in sorted({result["ruleId"] for result in results})]
    driver = {"name": conventions.PROGRAM, "rules": rules}
    run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if more:
        notice = {"level": "error", "message": {"text": _more(more)}}
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": [notice]}]
    return harmless.as_json({"version": "2.1.0", "$schema": _SARIF, "runs": [run]}, indent=1)


_SARIF: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

FORMATS: Final[dict[str, Callable[[Diagnostics], str]]] = {
    "text": text,
    "json": as_json,
    "github": github,
    "sarif": sarif,
}


def _rule(code: str) -> dict[str, Any]:
    entry = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.summary},
        "fullDescription": {"text": entry.explanation},
        "help": {"text": entry.mend},
    }


def _json(finding: Diagnostic) -> dict[str, Any]:
    related = [{"message": place.message, **_place(place.span)} for place in finding.related]
    entry = {"code": finding.code, "level": finding.level, "message": finding.message, "hint": finding.hint}
    return entry | _place(finding.span) | {"related": related}


def _place(span: Span) -> dict[str, Any]:
    return {"path": span.path, "line": span.line, "column": span.column, "end_column": span.end_column}


def _command(finding: Diagnostic) -> str:
    message = finding.message + (f"\nhint: {finding.hint}" if finding.hint else "")
    file, title = harmless.property_of_command(finding.span.path), harmless.property_of_command(finding.code)
    place = f"file={file},line={finding.span.line},col={finding.span.column}"
    return f"::{finding.level} {place},title={title}::{harmless.data_of_command(message)}"


def _result(finding: Diagnostic) -> dict[str, Any]:
    message = finding.message + (f" hint: {finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.level,
        "message": {"text": message},
        "locations": [_location(finding.span)],
    }
    if finding.related:
        result["relatedLocations"] = [
            _location(place.span) | {"message": {"text": place.message}} for place in finding.related
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.path, errors="replace")}, "region": region}}
