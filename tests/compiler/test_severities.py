"""The words of documents for severities: what each stands for, in a house and by default, in `import` and in `check`."""

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
from tests.compiler.houses import RATIO, House, found, two_systems


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
    """In a column of severities every word is one; the stanza quotes a doubtful one beside its limit."""
    Path("guide.md").write_text(TABLE.format(word), encoding="utf-8")
    (told,) = json.loads(tocsin("import", "--format", "json", "guide.md").stdout)["statements"]
    severity = (SURE | DOUBTFUL)[word]
    assert (told["severity"], told["severity_word"]) == (severity, word)
    assert told["severity_guess"] == (word in DOUBTFUL)
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
    """A column, a line of its own, a heading, brackets, an arrow, the beginning of a clause, a key."""
    assert [one.severity for one in statements("guide.md", text)] == [severity]


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
    assert [one.severity for one in statements("guide.md", text)] == ["none"]


def shop(severity: str, severities: str = "") -> House:
    """Return a house of one system with one limit, of a severity, and words for severities of its own."""
    spec = two_systems('shop|Shop|job="shop"', 'x|X|job="x"', "error_ratio", RATIO).split("  x:\n")[0]
    spec = spec.replace("{warning:", f"{{{severity}:")
    return House(spec=f"{severities and f'severities: {severities}'}\n{spec}", one="> 3 %", other="")


@pytest.mark.parametrize("word", [*SURE, *DOUBTFUL])
def test_check_holds_the_severity_that_a_word_stands_for_against_the_limit(word: str) -> None:
    """The right one is fine; with another one the message quotes the runbook's word."""
    severity = (SURE | DOUBTFUL)[word]
    shop(severity).write(TABLE.format(word))
    assert found() == []
    other = "warning" if severity != "warning" else "critical"
    shop(other).write(TABLE.format(word))
    (wrong,) = found()
    quoted = severity if word_key(word) in spellings(severity) else f"`{word}` ({severity})"
    assert (wrong.code, wrong.message) == (
        "limit-differs",
        f"the runbook says `> 3%` is {quoted}, and the {other} limit of `error_ratio` is `> 3 %`".replace(
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
    """Wherever it stands; what the house does not say stays as it is."""
    shop("emergency", "{P1: emergency, page: warning}").write(runbook)
    assert found() == []
    shop("critical").write(runbook)
    assert found() == []
    shop("emergency").write(runbook)
    assert found() != []


def test_a_word_of_the_house_alone_is_a_severity_anywhere() -> None:
    """It is one because the house says so, in prose and in a bullet, in each spelling."""
    house = shop("critical", "{wake-up: critical, A alarm: warning}")
    for runbook in (
        "Wake up somebody at an error ratio above {one}.",
        "wake-up: error ratio above {one}",
        "## Alert thresholds\n\n- Error ratio: wake-up above {one}.",
    ):
        house.write(runbook)
        assert found() == []
    house.write("A-alarm: error ratio above {one}")
    (wrong,) = found()
    assert (
        wrong.message
        == "the runbook says `> 3%` is `A-alarm` (warning), and the critical limit of `error_ratio` is `> 3%`"
    )
    assert wrong.hint is not None
    assert wrong.hint.startswith(
        "where “A-alarm” stands for another severity, say `severities: {A-alarm: critical}` in thresholds.yaml"
    )


def test_a_bullet_of_a_severity_that_nobody_watches_quotes_the_word() -> None:
    """What is missing is told in the runbook's words."""
    shop("warning").write("## Alert thresholds\n\n- Error ratio: warning above {one}, page above 9 %.")
    (wrong,) = found()
    assert (wrong.code, wrong.message) == (
        "unwatched-statement",
        "no alert of `shop` carries this limit of “Error ratio”, `page` (critical)",
    )


def test_a_number_that_differs_is_told_with_the_word() -> None:
    """So that a reader finds the row, and sees which limit it was held against."""
    shop("critical").write(TABLE.replace("3 %", "4 %").format("P1"))
    (wrong,) = found()
    assert wrong.message == (
        "the runbook says `> 4%` for `P1` (critical), and the critical limit of `error_ratio` is `> 3%`"
    )


def test_what_is_no_severity_on_the_right_side_is_an_error_with_a_hint() -> None:
    """The four severities are all that there are, and `none`."""
    shop("critical", "{P1: fatal}").write(TABLE.format("P1"))
    (wrong, *_) = found()
    assert (wrong.code, wrong.message) == ("schema", "`fatal` is not known here")
    assert wrong.hint == "did you mean `critical`? known here: `info`, `warning`, `critical`, `emergency`, `none`"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("P1: critical, P1: emergency", "`P1` stands here a second time"),
        ("SEV-1: critical, sev1: emergency", "`sev1` and `SEV-1` are spellings of one word"),
        ("page: critical, paging: warning", "`paging` and `page` are spellings of one word"),
    ],
)
def test_a_word_that_is_mapped_twice_is_an_error(words: str, said: str) -> None:
    """In one spelling or in two."""
    shop("critical", f"{{{words}}}").write(TABLE.format("critical"))
    assert [(one.code, one.message) for one in found()] == [("duplicate-key", said)]


def test_each_word_stands_for_one_of_the_four_severities_and_for_one_only() -> None:
    """No spelling belongs to two words of the vocabulary, and the severities' own names stand for themselves."""
    known = severity_words().known
    assert set(known.values()) == set(SEVERITIES)
    assert {name: known[name] for name in SEVERITIES} == dict(PLAIN.known)
    assert all(len(set(spellings(word))) == len(spellings(word)) - 1 for word in ("page", "P1", "critical"))


def test_a_mapped_word_counts_only_where_it_is_spoken_of() -> None:
    """What one house says is forgotten for the next one."""
    with speaking(severity_words([("P1", "info")])):
        assert [one.severity for one in statements("guide.md", "P1: error ratio above 3 %")] == ["info"]
    assert [one.severity for one in statements("guide.md", "P1: error ratio above 3 %")] == ["critical"]


def test_a_doubtful_word_is_none_where_the_house_says_what_it_means() -> None:
    """The guess is about the default alone."""
    with speaking(severity_words([("high", "warning")])):
        (told,) = statements("guide.md", TABLE.format("High"))
    assert (told.severity, told.severity_word, told.severity_guess) == ("warning", "High", False)
    assert replace(told, severity="info").as_json()["severity_word"] == "High"


def test_the_documented_words_are_those_that_are_known() -> None:
    """Each with its severity, and the doubtful ones in a column of their own."""
    table: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in SEVERITIES}
    for one in vocabulary().severities.words:
        table[one.severity][one.doubtful].add(one.word)
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
    """What is proposed in the place of another word is what runbooks mean by it."""
    assert meant_choice(word, SEVERITIES) == severity_words(()).severity(word)
