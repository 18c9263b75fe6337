"""Tests of the sentences by which runbooks state limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.conventions import SEVERITIES
from compiler.diagnostics import Diagnostics, Span
from compiler.quantities import COUNT, RATIO, SECONDS, Comparison, Quantity
from compiler.resolve.limits import sentence
from compiler.runbooks.statements import Statement, parse_statement
from compiler.signals.bound import Signal


def parse(text: str) -> tuple[list[Statement], list[tuple[str, Span]]]:
    """Return the statements of a bullet at 7:3 and, for each finding, its message and place."""
    diagnostics = Diagnostics()
    statements = list(parse_statement(text, Span("r.md", 7, 3, 3 + len(text)), diagnostics))
    assert {finding.code for finding in diagnostics.found} <= {"statement"}
    return statements, [(finding.message, finding.span) for finding in diagnostics.found]


@pytest.mark.parametrize(
    ("text", "title", "stated"),
    [
        (
            "Error ratio: warning above 1 %, critical above 5 %.",
            "Error ratio",
            [("warning", ">", "0.01", RATIO), ("critical", ">", "0.05", RATIO)],
        ),
        ("Pool: warning at least 85 of 100", "Pool", [("warning", ">=", "0.85", RATIO)]),
        ("**Latency**: Warning above 1.5 s. See [it](#it): above 9 s.", "Latency", [("warning", ">", "1.5", SECONDS)]),
        (
            "Availability: warning below 99.5 %; critical below 95%",
            "Availability",
            [("warning", "<", "0.995", RATIO), ("critical", "<", "0.95", RATIO)],
        ),
        ("Restarts: emergency > 5", "Restarts", [("emergency", ">", "5", COUNT)]),
        ("Transaction age: info above 1h30m.", "Transaction age", [("info", ">", "5400", SECONDS)]),
    ],
)
def test_a_sentence_states_a_limit_a_severity(text: str, title: str, stated: list[tuple[str, str, str, str]]) -> None:
    """A sentence has a title, a colon, and clauses of severity and limit. Text behind the full stop is for people."""
    statements, wrong = parse(text)
    assert wrong == []
    assert {statement.title for statement in statements} == {title}
    assert {statement.text for statement in statements} == {text}
    assert [(statement.severity, statement.comparison) for statement in statements] == [
        (severity, Comparison(comparator, Quantity(Decimal(value), unit)))
        for severity, comparator, value, unit in stated
    ]


def test_a_state_has_the_severity_alone() -> None:
    """There is no number to give."""
    (statement,), wrong = parse("Circuit breaker open: critical. See below.")
    assert (statement.title, statement.severity, statement.comparison, wrong) == (
        "Circuit breaker open",
        "critical",
        None,
        [],
    )


def test_the_place_of_a_statement_is_its_clause() -> None:
    """A difference between runbook and thresholds.yaml is shown at the number, not at the bullet."""
    text = "Error ratio: warning above 1 %,  critical above 5 %."
    (warning, critical), _ = parse(text)
    assert (warning.span.line, text[warning.span.column - 3 : warning.span.end_column - 3]) == (7, "warning above 1 %")
    assert text[critical.span.column - 3 : critical.span.end_column - 3] == "critical above 5 %"


@pytest.mark.parametrize(
    ("text", "message", "column", "end"),
    [
        ("Nothing here", "this bullet states no limit", 3, 15),
        ("Pool:", "“Pool” has no limit behind the colon", 3, 8),
        ("Pool: .", "“Pool” has no limit behind the colon", 3, 10),
        ("Pool: fatal above 5 %", "`fatal` is not a severity", 9, 24),
        ("Pool: warning 5 %", "`5 %` is not a limit", 9, 20),
        ("Pool: warning above 5 parsec", "`parsec` is not a unit", 9, 31),
        ("Pool: warning above 5 %,\nmore", "this statement goes on in the next line", 3, 32),
    ],
)
def test_what_states_no_limit_is_an_error(text: str, message: str, column: int, end: int) -> None:
    """A silently skipped sentence would be a limit that nobody checks."""
    statements, wrong = parse(text)
    assert statements == []
    assert wrong == [(message, Span("r.md", 7, column, end))]


def test_a_clause_that_is_wrong_leaves_the_others() -> None:
    """Every readable clause is read, so that one mistake gives one finding."""
    statements, wrong = parse("Pool: warning above 60 %, critcal above 80 %,, emergency above 90 %")
    assert [statement.severity for statement in statements] == ["warning", "emergency"]
    assert [message for message, _ in wrong] == ["`critcal` is not a severity"]


@given(
    st.sampled_from(SEVERITIES),
    st.sampled_from([">", ">=", "<", "<="]),
    st.decimals(min_value=0, max_value=10**7, places=3, allow_nan=False, allow_infinity=False),
    st.sampled_from([RATIO, SECONDS, COUNT]),
)
def test_a_proposed_sentence_states_the_limit_that_it_was_made_of(
    severity: str, comparator: str, value: Decimal, unit: str
) -> None:
    """Law: pasting the hint of an undocumented limit into the runbook mends the finding."""
    comparison = Comparison(comparator, Quantity(value, unit))
    text = sentence(Signal(id="x", kind="gauge", unit=unit, title="Some title"), severity, comparison)
    (statement,), wrong = parse(text)
    assert (statement.title, statement.severity, statement.comparison, wrong) == (
        "Some title",
        severity,
        comparison,
        [],
    )
