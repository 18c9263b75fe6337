"""Parse: a bullet of a runbook's "Alert thresholds" section → the limits that it states.

`compiler.runbooks` finds the bullets; `compiler.resolve` compares the limits with thresholds.yaml. A bullet is a
sentence for people: `Error ratio: warning above 1 %, critical above 5 %.` A state has only a severity:
`Service down: critical.`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from compiler.conventions import SEVERITIES
from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.quantities import Comparison, QuantityError, parse_comparison
from compiler.severities import PLAIN, SeverityWords


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One documented limit: its signal (in the document's words), its severity, and its place.

    `comparison` is None for a state. `text` is the whole bullet, and `span` is the place of the clause with the number.
    `subject` are the runbook's words for what the limit is about; it is empty if the limit is about all alerts of the
    signal. `word` is the runbook's word for the severity.
    """

    title: str
    severity: str
    comparison: Comparison | None
    text: str
    span: Span
    subject: tuple[str, ...] = ()
    word: str = ""


_SENTENCE: Final = re.compile(r"(?P<title>[^:]++):\s*(?P<clauses>.*?)(?:\.(?=\s|$).*)?$")
_CLAUSE: Final = re.compile(r"[^,;]+")
_JOINT: Final = re.compile(
    rf"(?:(?<![-–—=→])[-–—=→]++|\bis(?:\s++an?)?\b)\s*+(?P<severity>{'|'.join(SEVERITIES)})\b(?P<rest>.*)",
    re.IGNORECASE,
)
"""A dash, a sign or a word that people write behind a title instead of a colon, and the severity behind it."""
_HINT: Final = "write `- Error ratio: warning above 1 %, critical above 5 %.`, or the severity alone for a state"


def parse_statement(
    text: str, span: Span, diagnostics: Diagnostics, words: SeverityWords = PLAIN
) -> Iterator[Statement]:
    """Yield the statements of one bullet; a clause that states no limit adds an error to `diagnostics`.

    `span` is the place of `text`. A text of several lines is an error too; `span` is then the place of its first line.
    `words` are the words for severities.
    """
    if "\n" in text:
        diagnostics.error("statement", span, "this statement goes on in the next line", hint="write it on one line")
        return
    sentence = _SENTENCE.match(text)
    if sentence is None:
        joint = None if text.startswith(":") else _JOINT.search(text, 1)
        hint = (
            _HINT
            if joint is None
            else f"write `- {text[: joint.start()].rstrip()}: {joint['severity'].lower()}{joint['rest']}`"
        )
        message = "this bullet states no limit" if joint is None else "no colon stands behind what is measured"
        diagnostics.error("statement", span, message, hint=hint)
        return
    title = sentence["title"].strip(" *`")
    if not sentence["clauses"].strip(" ,;"):
        diagnostics.error("statement", span, f"“{title}” has no limit behind the colon", hint=_HINT)
    for clause in _CLAUSE.finditer(sentence["clauses"]):
        clause_text = clause.group().strip()
        if not clause_text:
            continue
        column = span.column + sentence.start("clauses") + clause.start() + clause.group().index(clause_text[:1])
        clause_span = span._replace(column=column, end_column=column + len(clause_text))
        statement = _clause_statement(
            clause_text, Statement(title=title, severity="", comparison=None, text=text, span=clause_span), words
        )
        if isinstance(statement, Statement):
            yield statement
        else:
            message, way_out = statement
            diagnostics.error("statement", clause_span, message, hint=way_out)


def _clause_statement(clause: str, bullet: Statement, words: SeverityWords) -> Statement | tuple[str, str | None]:
    """Return the statement of a bullet's clause, or a message about what is wrong and a hint."""
    word, _, limit = clause.partition(" ")
    severity = words.severity(word)
    if severity is None:
        return f"`{word}` is not a severity", did_you_mean(word.lower(), SEVERITIES)
    comparison: Comparison | None = None
    if limit.strip():
        try:
            comparison = parse_comparison(limit)
        except QuantityError as error:
            return str(error), error.hint or _HINT
    return replace(bullet, severity=severity, comparison=comparison, word=word)
