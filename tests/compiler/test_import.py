"""Tests of the command `import`, which reads a guide and prints statements or a beginning of thresholds.yaml."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.diagnostics import Diagnostics
from compiler.runbooks import parse_runbook
from tests.compiler.base import ROOT, SPEC, edit, tocsin

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

## Common issues

### 1. Boats and passengers are waiting

Send a second boat.

### 2. Tickets are not accepted

#### Symptoms

Passengers see an error page.

### 3. Answers are slow

The p95 latency of the timetable is above its target.
"""

CORPUS = sorted((ROOT / "tests/corpus").glob("*/*.md"))

HEAD = """\
version: 1
links: {runbook: "https://docs.example.com/{path}#{anchor}"}
teams: {harbour: {title: Harbour}}
levels: {on-call: {title: On call, email: [on-call@example.com]}}
escalation:
  standard:
    levels: [on-call]
    warning:   {respond: 4h,  notify: [email], escalate: never}
    critical:  {respond: 30m, notify: [email], escalate: never}
routing:
  webhook: {url: http://tocsin:9095/v1/alertmanager, token_file: /etc/alertmanager/token}
  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}
  fallback: {team: harbour, escalation: standard}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with one guide."""
    monkeypatch.chdir(tmp_path)
    Path("ferry.md").write_text(GUIDE, encoding="utf-8")


def imported() -> list[dict[str, Any]]:
    """Return the statements that the command prints as JSON."""
    done = tocsin("import", "--format", "json", "ferry.md")
    assert done.exit_code == 0, done.stderr
    statements: list[dict[str, Any]] = json.loads(done.stdout)["statements"]
    return statements


def test_each_statement_has_its_place_its_words_and_its_meaning() -> None:
    """Values are in base units, a hold time in seconds. The settings give no statement."""
    statements = imported()
    assert [(statement["line"], statement["signal"], statement["severity"]) for statement in statements] == [
        (7, "error_ratio", "critical"),
        (8, "queue_depth", "critical"),
        (12, "error_ratio", "warning"),
        (16, "latency_p95", "none"),
    ]
    assert statements[0] == {
        "path": "ferry.md",
        "line": 7,
        "text": "Error rate > 5% for 10 minutes",
        "signal": "error_ratio",
        "comparator": ">",
        "value": 0.05,
        "value_to": None,
        "unit": "ratio",
        "severity": "critical",
        "severity_word": "Critical",
        "severity_guess": False,
        "for_seconds": 600,
        "window_seconds": None,
        "kind": "alert",
        "complement": False,
        "limit": "> 5%",
        "guesses": [],
    }
    assert statements[3]["guesses"] == ["a target; GUESS: its breach is a warning"]
    assert (statements[3]["kind"], statements[3]["comparator"], statements[3]["limit"]) == ("target", "<", "> 300ms")


def test_the_stanza_is_yaml_with_each_limit_and_the_line_that_it_comes_from() -> None:
    """What only people know is a question, and each guess is marked."""
    done = tocsin("import", "ferry.md")
    assert done.exit_code == 0
    system = yaml.safe_load(done.stdout)["systems"]["ferry"]
    assert system["title"] == "The ferry"
    errors = {
        "warning": "> 1%",
        "critical": "> 5%",
        "for": {"critical": "10m"},
        "runbook": "#2-tickets-are-not-accepted",
    }
    assert system["limits"]["error_ratio"] == errors
    assert system["limits"]["latency_p95"] == {"warning": "> 300ms", "runbook": "#3-answers-are-slow"}
    assert system["metrics"]["latency_p95"] == {"histogram": "QUESTION", "per": "QUESTION"}
    assert '"> 5%"  # ferry.md:7: Error rate > 5% for 10 minutes\n' in done.stdout
    assert "ferry.md:16: p95 latency: < 300 ms (a target; GUESS: its breach is a warning)" in done.stdout


def test_a_limit_from_a_table_names_its_row_and_its_column() -> None:
    """The cell alone is a number. The row's names left of it and the column's head say what it is about."""
    Path("ferry.md").write_text(
        "# Ferry\n\n| # | Boat | Metric | Good | Warning | Remark |\n|---|---|---|---|---|---|\n"
        "| 1 | `Ada` | Disk usage | | > 75 % | after *lunch* |\n"
        "| 2 | Bea | Moored boats | 9 | > 30 | |\n\n"
        "| Alert | Condition | Severity |\n|---|---|---|\n| QueueLong | queue depth > 400 | critical |\n",
        encoding="utf-8",
    )
    lines = tocsin("import", "ferry.md").stdout.splitlines()
    comments = [line.partition("  # ferry.md:")[2] for line in lines if "# ferry.md:" in line]
    assert comments == [
        "5: Ada, Disk usage, Warning: > 75 %",
        "10: QueueLong, Condition: queue depth > 400",
        "6: Bea, Moored boats, Warning: count > 30, warning",
    ]


def test_a_summary_counts_what_was_found_guessed_and_left_out() -> None:
    """The summary goes to stderr, so that stdout can be a file."""
    done = tocsin("import", "ferry.md")
    assert (
        done.stderr
        == "ferry.md: 4 statements; 3 alerts with 4 limits, 1 of them guesses; 0 said again, 0 left out; sections: 1 sure, 1 likely, 1 a guess, 0 open\n"
    )


def test_each_signal_names_the_section_that_fits_and_how_sure_that_is() -> None:
    """A guess is marked like every other guess. Where no section fits, there is a question."""
    text = tocsin("import", "ferry.md").stdout
    assert (
        'runbook: "#1-boats-and-passengers-are-waiting"  # likely: “1. Boats and passengers are waiting” names waiting'
        in text
    )
    assert 'runbook: "#2-tickets-are-not-accepted"  # GUESS: “2. Tickets are not accepted” names not' in text
    assert 'runbook: "#3-answers-are-slow"  # “3. Answers are slow” names slow' in text
    edit("ferry.md", "- Error rate > 1%", "- Disk usage > 85%")
    assert "runbook: QUESTION  # no section fits: which one helps?" in tocsin("import", "ferry.md").stdout


def test_a_guide_without_a_section_on_missing_metrics_switches_that_alert_off_as_a_guess() -> None:
    """The alert would lead nowhere. A guide with the section keeps the alert."""
    assert "metrics_missing: off  # GUESS: no section says what to do" in tocsin("import", "ferry.md").stdout
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\n## Metrics missing\n\nAsk the harbour.\n")
    assert 'metrics_missing: {runbook: "#metrics-missing"}' in tocsin("import", "ferry.md").stdout


def test_how_long_queries_take_is_a_signal_of_its_own() -> None:
    """It is another quantity than the time of answers, and is measured elsewhere, so it takes no place of theirs."""
    edit(
        "ferry.md",
        "- p95 latency: < 300 ms",
        "- p95 latency: < 300 ms\n- Query time p95: < 100 ms\n- Login success rate: > 99%",
    )
    stanza = yaml.safe_load(tocsin("import", "ferry.md").stdout)
    assert stanza["signals"] == {
        "auth_success_ratio": {"kind": "ratio", "unit": "ratio", "title": "Authentication success ratio"},
        "query_duration_p95": {
            "kind": "quantile",
            "quantile": 0.95,
            "unit": "seconds",
            "title": "95th percentile query duration",
        },
    }
    limits = stanza["systems"]["ferry"]["limits"]
    assert [limits[signal]["warning"] for signal in ("latency_p95", "query_duration_p95")] == ["> 300ms", "> 100ms"]


def test_a_statement_that_contradicts_another_speaks_of_something_else() -> None:
    """A warning above the critical limit, or in the other direction, would be refused. So it is left out and shown."""
    edit("ferry.md", "- Error rate > 1%", "- Arrival queue above 900 boats\n- Error rate > 1%")
    system = yaml.safe_load(tocsin("import", "ferry.md").stdout)["systems"]["ferry"]
    assert system["limits"]["queue_depth"]["critical"] == "> 400"
    assert "warning" not in system["limits"]["queue_depth"]
    assert [waiver["statement"] for waiver in system["waive"]] == ["Arrival queue above 900 boats"]


def test_a_limit_on_both_sides_is_left_to_the_reader() -> None:
    """No limit of thresholds.yaml has two sides. "Not 3" is shown, and not turned into "above 3"."""
    Path("ferry.md").write_text("# Ferry\n\n- CPU != 3 %: page\n\nCPU must be other than 5 %.\n", encoding="utf-8")
    done = tocsin("import", "ferry.md")
    assert "2 left out" in done.stderr
    assert "cpu != 3%, critical" in done.stdout


def test_how_many_of_something_come_is_a_question_of_the_time() -> None:
    """Five restarts are many in a minute and few in a month. The guide's words tell a person which is meant."""
    edit("ferry.md", "- Error rate > 1%", "- Restarts > 5")
    assert "restarts: {counter: QUESTION, window: QUESTION, per: QUESTION}" in tocsin("import", "ferry.md").stdout


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ("Restarts > 6 an hour", "1h"),
        ("More than 4 restarts in the last 20 minutes for 3 minutes", "20m"),
        ("More than 9 restarts in half an hour", "30m"),
        ("More than 4 restarts within a day; critical above 9 restarts in an hour", "QUESTION"),
    ],
)
def test_the_time_in_which_so_many_come_is_taken_from_the_guide(words: str, window: str) -> None:
    """If two limits of one signal have two times, somebody has to choose."""
    edit("ferry.md", "- Error rate > 1%", f"- {words}")
    assert f"restarts: {{counter: QUESTION, window: {window}, per: QUESTION}}" in tocsin("import", "ferry.md").stdout


def test_what_no_limit_carries_is_to_be_waived_in_words_of_its_line() -> None:
    """A statement that repeats a limit needs no waiver: it would waive nothing, which is an error."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the   error rate exceeds 7%, too.\n\nPage when the error rate exceeds 5%.\n")
        guide.write("\n| | Warning | Critical |\n|---|---|---|\n| Moored boats | > 30 | > 40 |\n")
    done = tocsin("import", "ferry.md")
    waived = yaml.safe_load(done.stdout)["systems"]["ferry"]["waive"]
    lines = [" ".join(line.split()) for line in Path("ferry.md").read_text(encoding="utf-8").split("\n")]
    assert [[line for line in lines if waiver["statement"] in line] for waiver in waived] == [
        ["Page when the error rate exceeds 7%, too."],
        ["| Moored boats | > 30 | > 40 |"],
    ]
    assert {waiver["reason"] for waiver in waived} == {"QUESTION"}
    assert "1 said again, 3 left out" in done.stderr


def imported_system() -> dict[str, Any]:
    """Return the system of the stanza that the guide gives."""
    system: dict[str, Any] = yaml.safe_load(tocsin("import", "ferry.md").stdout)["systems"]["ferry"]
    return system


def test_how_long_a_limit_must_last_may_stand_where_it_is_said_again() -> None:
    """The table has the number, the section below it the minutes. Both belong to one limit."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the departure queue exceeds 400 boats for 25 minutes.\n")
    assert imported_system()["limits"]["queue_depth"]["for"] == {"critical": "25m"}
    assert "for: {critical: 25m}  # ferry.md:38: " in tocsin("import", "ferry.md").stdout
    assert "waive" not in imported_system()


def test_a_second_duration_of_one_limit_is_left_out_and_shown() -> None:
    """A limit has one duration. A sentence with another duration is left out."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nCritical: error rate > 5% for 40 minutes.\n")
    assert imported_system()["limits"]["error_ratio"]["for"] == {"critical": "10m"}
    assert [waiver["statement"] for waiver in imported_system()["waive"]] == [
        "Critical: error rate > 5% for 40 minutes."
    ]


def test_each_number_of_a_line_is_waived_in_words_of_its_own() -> None:
    """A waiver that quotes one number of a line leaves the others, so that one of them may get an alert."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nMoored boats: warn above 30 boats, page above 60 boats.\n")
    waived = [waiver["statement"] for waiver in imported_system()["waive"]]
    assert waived == ["Moored boats: warn above 30 boats", "page above 60 boats."]


def test_a_bullet_without_a_limit_below_alert_thresholds_is_waived() -> None:
    """In that section the compiler takes each bullet for a limit. Any other bullet needs a reason."""
    edit("ferry.md", "## Alerts\n", "## Alert thresholds\n")
    edit("ferry.md", "- Error rate > 1%", "- Any boat that sinks\n- Error rate > 1%")
    assert [waiver["statement"] for waiver in imported_system()["waive"]] == ["Any boat that sinks"]


def test_a_share_that_must_not_be_low_asks_for_what_went_well() -> None:
    """Errors of requests below 99.9 % would page for ever."""
    edit("ferry.md", "- Error rate > 1%", "- Availability < 99.9%\n- Error rate > 1%\n- Cache hit ratio < 80%")
    metrics = imported_system()["metrics"]
    assert [list(metrics[signal])[:2] for signal in ("availability", "cache_hit_ratio", "error_ratio")] == [
        ["successes", "attempts"],
        ["hits", "reads"],
        ["errors", "requests"],
    ]


def test_a_whole_file_does_not_ask_for_what_it_has_just_made() -> None:
    """Its team and its policy are in the file itself. An existing file may not have them."""
    whole = yaml.safe_load(tocsin("import", "--new", "ferry.md").stdout)
    system = whole["systems"]["ferry"]
    assert (system["team"] in whole["teams"], system["escalation"] in whole["escalation"]) == (True, True)
    assert (imported_system()["team"], imported_system()["escalation"]) == ("QUESTION", "QUESTION")


def test_when_its_questions_are_answered_the_stanza_compiles() -> None:
    """`import` writes a file that the rest of the program can read, including the statements that it leaves out."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the error rate exceeds 7%.\n\nQueries slower than 2 s are logged as a warning.\n")
    text = tocsin("import", "ferry.md").stdout
    answers = {"team": "harbour", "escalation": "standard", "reason": "the captain knows", "per": "service"}
    answered = re.sub(
        r"(\w+): QUESTION", lambda question: f"{question[1]}: {answers.get(question[1], f'ferry_{question[1]}')}", text
    )
    Path(SPEC).write_text(HEAD + answered, encoding="utf-8")
    done = tocsin("compile")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("guide", CORPUS, ids=lambda path: path.stem)
def test_any_guide_compiles_once_its_questions_are_answered(guide: Path) -> None:
    """A guide may repeat limits elsewhere or in two lines. Exactly the statements that no limit carries are waived."""
    Path(guide.name).write_bytes(guide.read_bytes())
    text = tocsin("import", "--new", guide.name).stdout
    sections = parse_runbook(guide.name, guide.read_text(encoding="utf-8"), Diagnostics()).sections
    Path(SPEC).write_text(answered(text, sections[-1].anchor), encoding="utf-8")
    done = tocsin("check")
    assert done.exit_code == 0, done.stderr


def answered(text: str, anchor: str) -> str:
    """Return a whole file with an answer to each of its questions."""
    metrics = (f"metric_{number}" for number in itertools.count())
    answers = {
        "\n  runbook": '"https://docs.example.com/{path}#{anchor}"',
        "\n        runbook": f'"#{anchor}"',
        "title": "Harbour",
        "slack": '"#harbour"',
        "reason": "the captain knows",
        "window": "1h",
        "per": "instance",
    }
    return re.sub(
        r"(\n *runbook|\w+): QUESTION\b",
        lambda question: f"{question[1]}: {answers.get(question[1]) or next(metrics)}",
        text.replace("[QUESTION]", "[harbour@example.com]"),
    )


def test_of_two_statements_for_one_place_the_other_is_left_out_and_shown() -> None:
    """No statement disappears."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the error rate exceeds 7%.\n")
    done = tocsin("import", "ferry.md")
    number = Path("ferry.md").read_text(encoding="utf-8").split("\n").index("Page when the error rate exceeds 7%.") + 1
    assert f"# ferry.md:{number}: error_ratio > 7%, critical" in done.stdout
    assert "1 left out" in done.stderr


@pytest.mark.parametrize("odd", ["\x07", "\u2028", '"', "\\", "# x: {", "\x85"])
def test_no_text_of_a_guide_becomes_syntax(odd: str) -> None:
    """A guide is other people's text. It stands in comments and titles of a file that will be compiled."""
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
    """Then the command prints nothing: half of an import would look like a whole one."""
    done = tocsin("import", "ferry.md", "fery.md")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "cannot read fery.md" in done.stderr
    assert "did you mean `ferry.md`?" in done.stderr


@pytest.mark.parametrize(("named", "hint"), [("tram.md", None), ("a/b/c.md", "there is no folder `a/b`")])
def test_a_guide_like_no_file_brings_no_list_of_files(named: str, hint: str | None) -> None:
    """The names of other files are no hint."""
    done = tocsin("import", named)
    lines = [f"{named}:1:1: error[missing-file]: cannot read {named}: no such file or directory"]
    assert done.stderr.splitlines() == [*lines, *([f"  hint: {hint}"] if hint else []), "1 finding"]


def test_a_guide_with_an_example_of_a_password_is_read() -> None:
    """The file belongs to other people, and the import keeps none of the password."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\n```bash\nexport DB_PASSWORD=hunter2hunter2\n```\n")
    assert len(imported()) == 4


MORE = """
On-call sailors acknowledge critical calls within 15 minutes.

Set the boiler to at most 8 bar.

In 2023 the error rate was above 40 %.

A red flag means seven of us are out.

| Severity | Respond within |
|---|---|
| Critical | 30 minutes |

```sh
awk '$9 > 2000' harbour.log 2>&1 | head -3
```

<!-- errors above 9 %: page -->

Boats are painted every 5 years.
"""


def test_what_was_not_read_is_listed_with_its_reason() -> None:
    """A line with a number and a severity, or with a comparator at a number, may be a limit that a person must add."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write(MORE)
    lines = Path("ferry.md").read_text(encoding="utf-8").split("\n")
    done = tocsin("import", "--format", "json", "ferry.md")
    left_out = json.loads(done.stdout)["left_out"]
    assert [(line["text"], line["reason"]) for line in left_out] == [
        ("On-call sailors acknowledge critical calls within 15 minutes.", "a person or a system already enforces it"),
        ("Set the boiler to at most 8 bar.", "an instruction"),
        ("In 2023 the error rate was above 40 %.", "it is about the past, or about limits of others"),
        ("A red flag means seven of us are out.", "a number in words, and no comparator"),
        ("| Critical | 30 minutes |", "a table, in a column or a row that holds no limits"),
        ("awk '$9 > 2000' harbour.log 2>&1 | head -3", "code"),
        ("<!-- errors above 9 %: page -->", "a comment"),
    ]
    assert [lines[line["line"] - 1] for line in left_out] == [line["text"] for line in left_out]
    assert "; 7 lines not read\n" in done.stderr


def test_the_stanza_ends_with_what_was_not_read() -> None:
    """The lines are comments, in which no text of the guide becomes syntax."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write(MORE)
    text = tocsin("import", "ferry.md").stdout
    yaml.safe_load(text)
    *_, last = text.rstrip().split("\n")
    number = Path("ferry.md").read_text(encoding="utf-8").split("\n").index("<!-- errors above 9 %: page -->") + 1
    assert last == f"#   ferry.md:{number}: <!-- errors above 9 %: page --> (a comment)"
    assert text.count("\n#   ferry.md:") == 7


def test_a_guide_of_which_all_was_read_says_nothing_more() -> None:
    """A number that belongs to a limit, such as its duration, is read with it."""
    done = tocsin("import", "ferry.md")
    assert "ot read" not in done.stdout + done.stderr


def test_what_is_free_is_written_as_what_is_used_beside_the_words_of_the_guide() -> None:
    """The signal measures usage, and a person must see where the number comes from."""
    edit("ferry.md", "- Error rate > 1%", "- Disk: less than 20 % free\n- At most 3 restarts an hour, otherwise page")
    text = tocsin("import", "ferry.md").stdout
    number = Path("ferry.md").read_text(encoding="utf-8").split("\n").index("- Disk: less than 20 % free") + 1
    assert f'warning: "> 80%"  # ferry.md:{number}: Disk: less than 20 % free (guide: < 20% free)\n' in text
    assert f'critical: "> 3"  # ferry.md:{number + 1}: At most 3 restarts an hour (guide: <= 3 is to hold)\n' in text
    (disk,) = [statement for statement in imported() if statement["signal"] == "disk"]
    assert (disk["comparator"], disk["value"], disk["complement"], disk["limit"]) == ("<", 0.2, True, "> 80%")


def test_what_is_free_of_nobody_knows_how_much_is_a_signal_of_its_own() -> None:
    """5 GB are no share. The signal is defined to be in trouble when it is low."""
    edit("ferry.md", "- Error rate > 1%", "- less than 5 GB of free disk space")
    stanza = yaml.safe_load(tocsin("import", "ferry.md").stdout)
    assert stanza["signals"]["disk_free"] == {
        "kind": "gauge",
        "unit": "bytes",
        "title": "Free disk space",
        "bad": "low",
    }
    assert stanza["systems"]["ferry"]["limits"]["disk_free"]["warning"] == "< 5GB"
    (stated,) = [statement for statement in imported() if statement["signal"] == "disk"]
    assert (stated["complement"], stated["limit"]) == (True, None)


def test_a_limit_on_the_good_side_is_left_to_the_reader() -> None:
    """A queue must never be empty, or the sentence was read wrongly: only people know."""
    edit("ferry.md", "- Error rate > 1%", "- CPU idle above 95 %")
    text = tocsin("import", "ferry.md").stdout
    system = yaml.safe_load(text)["systems"]["ferry"]
    assert "cpu" not in system["limits"]
    assert [waiver["statement"] for waiver in system["waive"]] == ["CPU idle above 95 %"]
    assert "cpu > 95%, warning; GUESS: it names the good side, or speaks of something else" in text


def test_a_share_that_should_be_high_is_bound_by_what_went_well() -> None:
    """Bound to errors, the signal would measure the opposite."""
    edit("ferry.md", "- Error rate > 1%", "- Availability below 99 %")
    system = yaml.safe_load(tocsin("import", "ferry.md").stdout)["systems"]["ferry"]
    assert set(system["metrics"]["availability"]) == {"successes", "attempts", "per"}


def test_a_band_of_what_is_bad_when_low_begins_at_its_upper_end() -> None:
    """Between 10 and 25 % free is a warning from 25 % down, and the critical limit comes after it."""
    Path("ferry.md").write_text(
        "# Shop\n\n| Metric | Normal | Warning | Critical |\n|---|---|---|---|\n| Disk headroom | > 25 % | 10–25 % | < 10 % |\n"
        "| Success rate | > 99.5 % | 97–99.5 % | < 97 % |\n| CPU | < 60 % | 60–95 % | > 95 % |\n",
        encoding="utf-8",
    )
    limits = imported_system()["limits"]
    stanza_limits = {
        name: [limits[name][severity] for severity in ("warning", "critical")]
        for name in ("disk", "success_ratio", "cpu")
    }
    assert stanza_limits == {
        "disk": ["> 75%", "> 90%"],
        "success_ratio": ["< 99.5%", "< 97%"],
        "cpu": ["> 60%", "> 95%"],
    }
    assert [statement["limit"] for statement in imported() if statement["severity"] == "warning"] == [
        "> 75%",
        "< 99.5%",
        "> 60%",
    ]


def test_what_is_a_guess_in_the_stanza_is_one_in_the_json() -> None:
    """This also holds for a statement that is left out because it would page on the good side."""
    with Path("ferry.md").open("a", encoding="utf-8") as guide:
        guide.write("\nPage when the availability is above 93 %. The cache hit ratio is below 35 %.\n")
    guesses = {statement["signal"]: statement["guesses"] for statement in imported()}
    assert guesses["availability"] == ["GUESS: it names the good side, or speaks of something else"]
    assert guesses["availability"][0] in tocsin("import", "ferry.md").stdout
    assert guesses["cache_hit_ratio"] == ["GUESS: a warning"]
