"""Diagnostics as text for people, JSON and SARIF for machines, and GitHub's workflow commands.

SARIF 2.1.0 is OASIS's; the workflow commands are described in GitHub's documentation of workflow syntax.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from compiler import conventions, harmless
from compiler.checks.codes import CODES
from compiler.diagnostics import MAX_SHOWN, Diagnostic, Diagnostics, Span, render


def text(diagnostics: Diagnostics) -> str:
    """Return the diagnostics for a terminal, and their number."""
    found, more = diagnostics.excerpt()
    if not found:
        return ""
    lines = [render(one, diagnostics) for one in found]
    lines += [_more(more)] if more else []
    count = len(found) + more
    return harmless.terminal("\n".join([*lines, f"{count} {'finding' if count == 1 else 'findings'}"]))


def _more(count: int) -> str:
    return f"{count} more {'finding is' if count == 1 else 'findings are'} not shown: mend these first"


def as_json(diagnostics: Diagnostics) -> str:
    """Return `{"diagnostics": [{code, level, message, hint, path, line, column, end_column, related}], "suppressed"}`.

    `suppressed` is the number of findings that comments silence; where there are more findings than are shown, `more`
    is their number.
    """
    shown, more = diagnostics.excerpt()
    found = {"diagnostics": [_json(one) for one in shown], "suppressed": len(diagnostics.suppressed)}
    return harmless.as_json(found | ({"more": more} if more else {}), indent=1)


def github(diagnostics: Diagnostics) -> str:
    """Return a workflow command a diagnostic, which GitHub shows beside the line."""
    found, more = diagnostics.excerpt()
    return "\n".join([*map(_command, found), *([f"::error ::{_more(more)}"] if more else [])])


def sarif(diagnostics: Diagnostics) -> str:
    """Return a SARIF 2.1.0 log with one run; what comments silence is in it as suppressed, which readers leave out."""
    found, more = diagnostics.excerpt()
    results = [_result(one) for one in found]
    for one, reason in diagnostics.suppressed[:MAX_SHOWN]:
        (shown,) = diagnostics.shown([one])
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


def _json(one: Diagnostic) -> dict[str, Any]:
    related = [{"message": other.message, **_place(other.span)} for other in one.related]
    found = {"code": one.code, "level": one.level, "message": one.message, "hint": one.hint}
    return found | _place(one.span) | {"related": related}


def _place(span: Span) -> dict[str, Any]:
    return {"path": span.path, "line": span.line, "column": span.column, "end_column": span.end_column}


def _command(one: Diagnostic) -> str:
    message = one.message + (f"\nhint: {one.hint}" if one.hint else "")
    file, title = harmless.property_of_command(one.span.path), harmless.property_of_command(one.code)
    place = f"file={file},line={one.span.line},col={one.span.column}"
    return f"::{one.level} {place},title={title}::{harmless.data_of_command(message)}"


def _result(one: Diagnostic) -> dict[str, Any]:
    message = one.message + (f" hint: {one.hint}" if one.hint else "")
    found: dict[str, Any] = {
        "ruleId": one.code,
        "level": one.level,
        "message": {"text": message},
        "locations": [_location(one.span)],
    }
    if one.related:
        found["relatedLocations"] = [
            _location(other.span) | {"message": {"text": other.message}} for other in one.related
        ]
    return found


def _location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.path, errors="replace")}, "region": region}}
