"""Tests of the reports of findings for terminals and for programs."""

from __future__ import annotations

import json

import pytest
from syrupy.assertion import SnapshotAssertion

from compiler import reports
from compiler.diagnostics import Diagnostic, Diagnostics, Related, Span, did_you_mean
from tests.compiler.base import SPEC, edit, tocsin


@pytest.fixture
def two_findings() -> Diagnostics:
    """Return two findings with everything that a finding can have."""
    diagnostics = Diagnostics()
    diagnostics.read("a b.yaml", "one: 1\n\tü: [2, 3]\n")
    related = (Related(span=Span("a b.yaml", 1, 1, 4), message="it stands here first"),)
    diagnostics.error("syntax", Span("z.md", 9, 1, 2), "the file is not there")
    diagnostics.error("limit", Span("a b.yaml", 2, 6, 7), "50% of\nx::y,ü", hint="write `1%`", related=related)
    return diagnostics


@pytest.mark.parametrize("form", sorted(reports.FORMATS))
def test_a_report_holds_every_finding_in_the_order_of_places(
    form: str, two_findings: Diagnostics, snapshot: SnapshotAssertion
) -> None:
    """Each form has the same findings, sorted by file, line and column, whatever the order in which they came."""
    assert reports.FORMATS[form](two_findings) == snapshot


def test_a_report_of_nothing_says_nothing_or_an_empty_list() -> None:
    """People see no output, programs a document that they can read."""
    nothing = Diagnostics()
    assert reports.text(nothing) == ""
    assert reports.github(nothing) == ""
    assert json.loads(reports.as_json(nothing)) == {"diagnostics": [], "suppressed": 0}
    assert json.loads(reports.sarif(nothing))["runs"][0]["results"] == []


def test_sarif_has_the_shape_that_readers_ask_for(two_findings: Diagnostics) -> None:
    """SARIF 2.1.0 needs version, tool, rules, regions from 1, URIs without blanks, and the unit of columns."""
    log = json.loads(reports.sarif(two_findings))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["name"] == "tocsin"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"] for result in run["results"]}
    for result in run["results"]:
        assert result["level"] == "error"
        assert result["message"]["text"]
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            physical = location["physicalLocation"]
            assert " " not in physical["artifactLocation"]["uri"]
            assert 1 <= physical["region"]["startColumn"] < physical["region"]["endColumn"]


def test_a_workflow_command_stays_on_one_line(two_findings: Diagnostics) -> None:
    """GitHub reads one command in each line. A line feed, percent sign or comma in a value would end it early."""
    lines = reports.github(two_findings).split("\n")
    assert len(lines) == 2
    assert lines[0] == ("::error file=a b.yaml,line=2,col=6,title=limit::50%25 of x::y,ü%0Ahint: write `1%25`")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("form", "stream"), [("text", "stderr"), ("json", "stdout"), ("github", "stdout"), ("sarif", "stdout")]
)
def test_reports_for_machines_go_to_stdout(form: str, stream: str) -> None:
    """Programs can read the data from a pipe, and no other text stands in it."""
    edit(SPEC, '"> 150ms"', '"> 150"')
    result = tocsin("check", "--format", form)
    assert result.exit_code == 1
    assert "limit-unit" in getattr(result, stream)
    assert getattr(result, "stderr" if stream == "stdout" else "stdout") == ""


def test_the_same_finding_twice_is_shown_once() -> None:
    """A wrong limit of the house concerns every system that takes it, and stands in one place."""
    diagnostics = Diagnostics()
    for _ in range(2):
        diagnostics.error("limit", Span("a", 1, 1, 2), "wrong")
    assert len(list(diagnostics)) == 1


def test_a_long_line_is_shown_around_its_place() -> None:
    """The caret must be in sight."""
    diagnostics = Diagnostics()
    diagnostics.read("a", "x" * 500 + "HERE" + "y" * 500)
    diagnostics.error("limit", Span("a", 1, 501, 505), "wrong")
    _, shown, caret, _ = reports.text(diagnostics).split("\n")
    assert len(shown) < 180
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "HERE"


def test_the_caret_stands_below_its_place_behind_tabs_and_beyond_ascii() -> None:
    """Tabs are shown as blanks and control characters as a sign, so that columns agree."""
    diagnostics = Diagnostics()
    diagnostics.read("a", "\té\x07HERE")
    diagnostics.error("limit", Span("a", 1, 4, 8), "wrong")
    _, shown, caret, _ = reports.text(diagnostics).split("\n")
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "HERE"
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("titel", ["title", "team"], "did you mean `title`?"),
        ("xyz", ["title", "team"], "known here: `team`, `title`"),
        ("xyz", [], None),
        ("xyz", [f"key{n}" for n in range(13)], None),
    ],
)
def test_a_hint_names_the_nearest_word_or_the_few_that_there_are(word: str, known: list[str], hint: str | None) -> None:
    """A long list helps nobody."""
    assert did_you_mean(word, known) == hint


def test_a_warning_does_not_fail() -> None:
    """Only errors keep files from being written."""
    diagnostics = Diagnostics()
    diagnostics.found.append(Diagnostic(code="limit", message="odd", span=Span("a", 1, 1, 2), level="warning"))
    assert not diagnostics.failed
    assert "a:1:1: warning[limit]: odd" in reports.text(diagnostics)
