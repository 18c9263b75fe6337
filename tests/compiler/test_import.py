"""The command `import`: a guide goes in, statements or a beginning of thresholds.yaml come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compiler.base import tocsin

GUIDE = """\
# The ferry

## Alerts

### Critical

- Error rate > 5% for 10 minutes
- Departure queue above 400 boats

### Warning

- Error rate > 1%

## Targets

- p95 latency: < 300 ms

## Settings

The pool holds 20 connections; requests time out after 30 seconds.
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where there is one guide."""
    monkeypatch.chdir(tmp_path)
    Path("ferry.md").write_text(GUIDE, encoding="utf-8")


def imported() -> list[dict[str, Any]]:
    """Return the statements that are printed as JSON."""
    done = tocsin("import", "--format", "json", "ferry.md")
    assert done.exit_code == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["statements"]
    return found


def test_each_statement_has_its_place_its_words_and_its_meaning() -> None:
    """Values are in base units, a hold time in seconds; nothing is found among the settings."""
    found = imported()
    assert [(one["line"], one["signal"], one["severity"]) for one in found] == [
        (7, "error_ratio", "critical"),
        (8, "queue_depth", "critical"),
        (12, "error_ratio", "warning"),
        (16, "latency_p95", "none"),
    ]
    assert found[0] == {
        "path": "ferry.md",
        "line": 7,
        "text": "Error rate > 5% for 10 minutes",
        "signal": "error_ratio",
        "comparator": ">",
        "value": 0.05,
        "value_to": None,
        "unit": "ratio",
        "severity": "critical",
        "for_seconds": 600,
        "kind": "alert",
    }
    assert found[3]["kind"] == "target"


def test_the_stanza_is_yaml_with_each_limit_and_the_line_that_it_comes_from() -> None:
    """What nobody can know is a question, what is guessed says so."""
    done = tocsin("import", "ferry.md")
    assert done.exit_code == 0
    system = yaml.safe_load(done.stdout)["systems"]["ferry"]
    assert system["title"] == "The ferry"
    assert system["limits"]["error_ratio"] == {"warning": "> 1%", "critical": "> 5%", "for": {"critical": "10m"}}
    assert system["limits"]["latency_p95"] == {"warning": "> 300ms"}
    assert system["metrics"]["latency_p95"] == {"histogram": "QUESTION", "per": "QUESTION"}
    assert '"> 5%"  # ferry.md:7: Error rate > 5% for 10 minutes\n' in done.stdout
    assert "ferry.md:16: p95 latency: < 300 ms (a target; GUESS: its breach is a warning)" in done.stdout


def test_a_summary_counts_what_was_found_guessed_and_left_out() -> None:
    """On stderr, so that stdout can be a file."""
    done = tocsin("import", "ferry.md")
    assert done.stderr == "ferry.md: 4 statements; 4 limits, 1 of them guesses; 0 left out\n"


def test_of_two_statements_for_one_place_the_other_is_left_out_and_shown() -> None:
    """Nothing that was found disappears."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the error rate exceeds 7%.\n")
    done = tocsin("import", "ferry.md")
    assert "#   ferry.md:22: Page when the error rate exceeds 7%. (error_ratio > 7%, critical)" in done.stdout
    assert "1 left out" in done.stderr


@pytest.mark.parametrize("odd", ["\x07", "\u2028", '"', "\\", "# x: {", "\x85"])
def test_no_text_of_a_guide_becomes_syntax(odd: str) -> None:
    """A guide is somebody else's text: it stands in comments and titles of a file that will be compiled."""
    Path("ferry.md").write_text(
        GUIDE.replace("The ferry", f"The {odd} ferry").replace(
            "Error rate > 1%", f"Error {odd} rate > 1% {odd}limits: []"
        ),
        encoding="utf-8",
    )
    system = yaml.safe_load(tocsin("import", "ferry.md").stdout)["systems"]["ferry"]
    assert set(system) == {"title", "team", "runbook", "escalation", "limits", "metrics"}
    assert system["limits"]["error_ratio"]["critical"] == "> 5%"


def test_a_guide_that_cannot_be_read_is_an_error_with_a_hint() -> None:
    """Nothing is printed then: half of an import would look like a whole one."""
    done = tocsin("import", "ferry.md", "fery.md")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "cannot read fery.md" in done.stderr
    assert "did you mean `ferry.md`?" in done.stderr


def test_a_guide_with_an_example_of_a_password_is_read() -> None:
    """It is somebody else's file, and nothing of it is kept."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\n```bash\nexport DB_PASSWORD=hunter2hunter2\n```\n")
    assert len(imported()) == 4
