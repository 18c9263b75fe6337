"""Tests of the words that documents use for severities: what each means, by default and in a house."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.conventions import SEVERITIES
from compiler.guides.grammar import statements
from compiler.guides.vocabulary import severity_words, speaking, spellings, vocabulary
from compiler.schema.suggestions import meant_choice
from compiler.severities import PLAIN, word_key
from tests.compiler.base import ROOT, tocsin
from tests.compiler.houses import RATIO, House, findings, two_systems


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have a current directory of its own."""
    monkeypatch.chdir(tmp_path)


SURE = {
    "emergency": "emergency",
    "P0": "emergency",
    "SEV-0": "emergency",
    "Sev 0": "emergency",
    "critical": "critical",
    "crit": "critical",
    "P1": "critical",
    "SEV1": "critical",
    "Severity 1": "critical",
    "Priority 1": "critical",
    "page": "critical",
    "pager": "critical",
    "red": "critical",
    "urgent": "critical",
    "immediate": "critical",
    "immediately": "critical",
    "S1": "critical",
    "warning": "warning",
    "warn": "warning",
    "ticket": "warning",
    "amber": "warning",
    "yellow": "warning",
    "info": "info",
    "P5": "info",
    "notice": "info",
}
DOUBTFUL = {
    "P2": "warning",
    "P3": "warning",
    "SEV-2": "warning",
    "S3": "warning",
    "P4": "info",
    "blocker": "critical",
    "major": "critical",
    "high": "critical",
    "error": "critical",
    "severe": "critical",
    "fatal": "critical",
    "minor": "warning",
    "medium": "warning",
    "low": "info",
    "trivial": "info",
}
TABLE = "| Metric | Threshold | Severity |\n|---|---|---|\n| Error ratio | > 3 % | {} |\n"


@pytest.mark.parametrize("word", [*SURE, *DOUBTFUL])
def test_import_tells_the_word_what_it_stands_for_and_whether_that_is_doubtful(word: str) -> None:
    """In a column of severities every word is a severity. The stanza quotes a doubtful word beside its limit."""
    Path("guide.md").write_text(TABLE.format(word), encoding="utf-8")
    (statement,) = json.loads(tocsin("import", "--format", "json", "guide.md").stdout)["statements"]
    severity = (SURE | DOUBTFUL)[word]
    assert (statement["severity"], statement["severity_word"]) == (severity, word)
    assert statement["severity_guess"] == (word in DOUBTFUL)
    stanza = tocsin("import", "guide.md").stdout
    assert (f"GUESS: “{word}” is a" in stanza) == (word in DOUBTFUL)
    assert f'{severity}: "> 3%"' in stanza


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("### Errors\n\nSeverity: high\n\n- Error ratio above 3 %", "critical"),
        ("### Errors\n\nPriority: 1\n\n- Error ratio above 3 %", "critical"),
        ("### High\n\n- Error ratio above 3 %", "critical"),
        ("**Low**\n\n- Error ratio above 3 %", "info"),
        ("- Error ratio above 3 % (major)", "critical"),
        ("- Error ratio above 3 % (high priority)", "critical"),
        ("- Error ratio > 3 % → blocker", "critical"),
        ("- Minor: error ratio above 3 %", "warning"),
        ("- Error ratio: major above 3 %", "critical"),
        ("- Urgent at an error ratio above 3 %", "critical"),
        ("- Error ratio above 3 % is a SEV 1", "critical"),
        ("```yaml\n- alert: Errors\n  expr: errors / requests > 0.03\n  labels: {severity: error}\n```", "critical"),
        ("```yaml\nalerts:\n  error_ratio:\n    major: '> 3%'\n```", "critical"),
    ],
)
def test_words_that_mean_other_things_count_in_places_for_severities(text: str, severity: str) -> None:
    """Such places are a column, a line of its own, a heading, brackets, an arrow, the start of a clause, and a key."""
    assert [statement.severity for statement in statements("guide.md", text)] == [severity]


@pytest.mark.parametrize(
    "text",
    [
        "- High error ratio: above 3 %",
        "- The error ratio is high above 3 %",
        "- Errors of the major release: above 3 %",
        "- S3 error ratio above 3 %",
        "- Error: error ratio above 3 %",
        "- Error ratio above 3 % (low for a Monday)",
        "```yaml\nalerts:\n  cpu:\n    high: '> 3%'\n```",
        "## Errors\n\nError ratio above 3 %, minor hiccups aside",
    ],
)
def test_the_same_words_elsewhere_are_none(text: str) -> None:
    """High errors are errors, and S3 stores objects."""
    assert [statement.severity for statement in statements("guide.md", text)] == ["none"]


def shop(severity: str, severities: str = "") -> House:
    """Return a house with one system, one limit of this severity, and the house's own words for severities."""
    spec = two_systems('shop|Shop|job="shop"', 'x|X|job="x"', "error_ratio", RATIO).split("  x:\n")[0]
    spec = spec.replace("{warning:", f"{{{severity}:")
    return House(spec=f"{severities and f'severities: {severities}'}\n{spec}", one_limit="> 3 %", other_limit="")


@pytest.mark.parametrize("word", [*SURE, *DOUBTFUL])
def test_check_holds_the_severity_that_a_word_stands_for_against_the_limit(word: str) -> None:
    """The right severity is fine; for a wrong one, the message quotes the runbook's word."""
    severity = (SURE | DOUBTFUL)[word]
    shop(severity).write(TABLE.format(word))
    assert findings() == []
    wrong_severity = "warning" if severity != "warning" else "critical"
    shop(wrong_severity).write(TABLE.format(word))
    (wrong,) = findings()
    quoted = severity if word_key(word) in spellings(severity) else f"`{word}` ({severity})"
    assert (wrong.code, wrong.message) == (
        "limit-differs",
        f"the runbook says `> 3%` is {quoted}, and the {wrong_severity} limit of `error_ratio` is `> 3 %`".replace(
            "3 %`", "3%`"
        ),
    )


@pytest.mark.parametrize(
    "runbook",
    [
        TABLE.format("P1"),
        "P1: error ratio above {one}",
        "## P1\n\n- Error ratio above {one}",
        "## Alert thresholds\n\n- Error ratio: P1 above {one}.",
        "## Alert thresholds\n\n- Error ratio: p1 above {one}. See below.",
    ],
)
def test_a_house_says_what_a_word_stands_for(runbook: str) -> None:
    """It does not matter where the word stands. Words that the house does not map keep their meaning."""
    shop("emergency", "{P1: emergency, page: warning}").write(runbook)
    assert findings() == []
    shop("critical").write(runbook)
    assert findings() == []
    shop("emergency").write(runbook)
    assert findings() != []


def test_a_word_of_the_house_alone_is_a_severity_anywhere() -> None:
    """It is a severity because the house says so: in prose and in a bullet, in each spelling."""
    house = shop("critical", "{wake-up: critical, A alarm: warning}")
    for runbook in (
        "Wake up somebody at an error ratio above {one}.",
        "wake-up: error ratio above {one}",
        "## Alert thresholds\n\n- Error ratio: wake-up above {one}.",
    ):
        house.write(runbook)
        assert findings() == []
    house.write("A-alarm: error ratio above {one}")
    (wrong,) = findings()
    assert (
        wrong.message
        == "the runbook says `> 3%` is `A-alarm` (warning), and the critical limit of `error_ratio` is `> 3%`"
    )
    assert wrong.hint is not None
    assert wrong.hint.startswith(
        "where “A-alarm” stands for another severity, say `severities: {A-alarm: critical}` in thresholds.yaml"
    )


def test_a_bullet_of_a_severity_that_nobody_watches_quotes_the_word() -> None:
    """The finding uses the runbook's word."""
    shop("warning").write("## Alert thresholds\n\n- Error ratio: warning above {one}, page above 9 %.")
    (wrong,) = findings()
    assert (wrong.code, wrong.message) == (
        "unwatched-statement",
        "no alert of `shop` carries this limit of “Error ratio”, `page` (critical)",
    )


def test_a_number_that_differs_is_told_with_the_word() -> None:
    """So a reader finds the row, and sees which limit was compared with it."""
    shop("critical").write(TABLE.replace("3 %", "4 %").format("P1"))
    (wrong,) = findings()
    assert wrong.message == (
        "the runbook says `> 4%` for `P1` (critical), and the critical limit of `error_ratio` is `> 3%`"
    )


def test_what_is_no_severity_on_the_right_side_is_an_error_with_a_hint() -> None:
    """There are only the four severities, and `none`."""
    shop("critical", "{P1: fatal}").write(TABLE.format("P1"))
    (wrong, *_) = findings()
    assert (wrong.code, wrong.message) == ("schema", "`fatal` is not known here")
    assert wrong.hint == "did you mean `critical`? known here: `info`, `warning`, `critical`, `emergency`, `none`"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("P1: critical, P1: emergency", "`P1` stands here a second time"),
        ("SEV-1: critical, sev1: emergency", "`sev1` and `SEV-1` are spellings of one word"),
        ("page: critical, paging: warning", "`paging` and `page` are spellings of one word"),
    ],
)
def test_a_word_that_is_mapped_twice_is_an_error(words: str, message: str) -> None:
    """The spellings may be the same or different."""
    shop("critical", f"{{{words}}}").write(TABLE.format("critical"))
    assert [(finding.code, finding.message) for finding in findings()] == [("duplicate-key", message)]


def test_each_word_stands_for_one_of_the_four_severities_and_for_one_only() -> None:
    """No spelling belongs to two words of the vocabulary, and the severities' own names stand for themselves."""
    known = severity_words().known
    assert set(known.values()) == set(SEVERITIES)
    assert {name: known[name] for name in SEVERITIES} == dict(PLAIN.known)
    assert all(len(set(spellings(word))) == len(spellings(word)) - 1 for word in ("page", "P1", "critical"))


def test_a_mapped_word_counts_only_where_it_is_spoken_of() -> None:
    """The words of one house do not apply to the next."""
    with speaking(severity_words([("P1", "info")])):
        assert [statement.severity for statement in statements("guide.md", "P1: error ratio above 3 %")] == ["info"]
    assert [statement.severity for statement in statements("guide.md", "P1: error ratio above 3 %")] == ["critical"]


def test_a_doubtful_word_is_none_where_the_house_says_what_it_means() -> None:
    """Only the default meaning is a guess."""
    with speaking(severity_words([("high", "warning")])):
        (statement,) = statements("guide.md", TABLE.format("High"))
    assert (statement.severity, statement.severity_word, statement.severity_guess) == ("warning", "High", False)
    assert replace(statement, severity="info").as_json()["severity_word"] == "High"


def test_the_documented_words_are_those_that_are_known() -> None:
    """The table has each word with its severity, and a separate column for doubtful words."""
    table: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in SEVERITIES}
    for entry in vocabulary().severities.words:
        table[entry.severity][entry.doubtful].add(entry.word)
    text = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
    documented = {
        cells[0]: tuple({word for word in cell.split(", ") if word} for cell in cells[1:])
        for row in text.split("\n")
        if len(cells := [cell.strip() for cell in row.strip("|").split("|")]) == 3 and cells[0] in SEVERITIES
    }
    assert documented == table


@pytest.mark.parametrize(
    "word", ["fatal", "major", "disaster", "minor", "ticket", "page", "notice", "P0", "P1", "P2", "P3", "P4"]
)
def test_a_hint_takes_a_word_for_the_severity_that_it_stands_for(word: str) -> None:
    """The hint proposes the severity that runbooks mean by the word."""
    assert meant_choice(word, SEVERITIES) == severity_words(()).severity(word)
