"""Parse: a bullet of a runbook's "Alert thresholds" section → the limits that it states.

`compiler.runbooks` finds the bullets; `compiler.resolve` compares what they say with thresholds.yaml. The form is a
sentence that people read: `Error ratio: warning above 1 %, critical above 5 %.` A state has the severity alone:
`Service down: critical.`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from compiler.conventions import SEVERITIES
from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.quantities import Comparison, QuantityError, parse_comparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One documented limit: of which signal (in the document's words), for which severity, and where it stands.

    `comparison` is None for a state. `text` is the whole bullet; `span` is the clause with the number.
    """

    title: str
    severity: str
    comparison: Comparison | None
    text: str
    span: Span


_SENTENCE: Final = re.compile(r"(?P<title>[^:]+):\s*(?P<clauses>.*?)(?:\.(?=\s|$).*)?$")
_CLAUSE: Final = re.compile(r"[^,;]+")
_WITHOUT_COLON: Final = re.compile(
    rf"(?P<title>[^:]+?)\s*(?:[-–—=→]+|\bis(?:\s+an?)?\b)\s*(?P<severity>{'|'.join(SEVERITIES)})\b(?P<rest>.*)\Z",
    re.IGNORECASE,
)
_HINT: Final = "write `- Error ratio: warning above 1 %, critical above 5 %.`, or the severity alone for a state"


def parse_statement(text: str, span: Span, diagnostics: Diagnostics) -> Iterator[Statement]:
    """Yield the statements of one bullet; a clause that states no limit is an error in `diagnostics`.

    `span` is the place of `text`, or of its first line where it has several, which is an error too.
    """
    if "\n" in text:
        diagnostics.error("statement", span, "this statement goes on in the next line", hint="write it on one line")
        return
    sentence = _SENTENCE.match(text)
    if sentence is None:
        other = _WITHOUT_COLON.match(text)
        hint = _HINT if other is None else f"write `- {other['title']}: {other['severity'].lower()}{other['rest']}`"
        message = "this bullet states no limit" if other is None else "no colon stands behind what is measured"
        diagnostics.error("statement", span, message, hint=hint)
        return
    title = sentence["title"].strip(" *`")
    if not sentence["clauses"].strip(" ,;"):
        diagnostics.error("statement", span, f"“{title}” has no limit behind the colon", hint=_HINT)
    for clause in _CLAUSE.finditer(sentence["clauses"]):
        words = clause.group().strip()
        if not words:
            continue
        column = span.column + sentence.start("clauses") + clause.start() + clause.group().index(words[:1])
        place = span._replace(column=column, end_column=column + len(words))
        statement = _clause(title, words, text, place, diagnostics)
        if statement is not None:
            yield statement


def _clause(title: str, words: str, text: str, span: Span, diagnostics: Diagnostics) -> Statement | None:
    severity, _, limit = words.partition(" ")
    if severity.lower() not in SEVERITIES:
        hint = did_you_mean(severity.lower(), SEVERITIES)
        diagnostics.error("statement", span, f"`{severity}` is not a severity", hint=hint)
        return None
    comparison: Comparison | None = None
    if limit.strip():
        try:
            comparison = parse_comparison(limit)
        except QuantityError as error:
            diagnostics.error("statement", span, str(error), hint=error.hint or _HINT)
            return None
    return Statement(title=title, severity=severity.lower(), comparison=comparison, text=text, span=span)
