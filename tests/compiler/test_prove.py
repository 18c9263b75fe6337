"""Tests of the command `prove`, which runs the generated tests and shows each failure where its cause stands."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from compiler.promtool.pairing import Pair, differences, table
from compiler.promtool.reading import FiringAlert, Mismatch, NotUnderstoodError, Refusal, failures
from tests.compiler.base import SPEC, edit, tocsin

OLD = """\
Unit Testing:  shop.test.yml
  FAILED:
    name: ShopPool, ShopCpu: limits,
    alertname: ShopPool, time: 1h10m30s,
        exp:[
            0:
              Labels:{alertname="ShopPool", path="a\\"b, c=\\"d\\"}\\\\", severity="critical"}
              Annotations:{summary="Größe \\u200b\\n{x} = \\x01"},
            1:
              Labels:{alertname="ShopPool", severity="warning"}
              Annotations:{}
            ],
        got:[]
    rule: ShopCpu, time: 0s, err: many-to-many matching not allowed: matching labels must be unique on one side

"""
NEW = """\


  FAILED:
    alertname: ShopPool, time: 5m,
        exp:[],
        got:[
            0:
              Labels:{alertname="ShopPool", "service.name"="till"}
              Annotations:{}
            ]
"""
UNLOADED = """\
  FAILED:
/tmp/x/shop.rules.yml: 9:11: group "shop.cpu", rule 2, "ShopCpu": could not parse expression: 1:5: unexpected
/tmp/x/shop.rules.yml: 9:11: group "shop.cpu", rule 2, "ShopCpu": could not parse expression: 1:5: unexpected
"""


def test_the_output_of_promtool_is_taken_apart() -> None:
    """Quotes, braces, commas and line feeds inside of values end nothing."""
    mismatch, refusal = failures(OLD)
    assert isinstance(mismatch, Mismatch)
    assert (mismatch.test, mismatch.alert, mismatch.at) == ("ShopPool, ShopCpu: limits", "ShopPool", "1h10m30s")
    first, second = mismatch.expected
    assert first.labels == {"alertname": "ShopPool", "path": 'a"b, c="d"}\\', "severity": "critical"}
    assert first.annotations == {"summary": "Größe \u200b\n{x} = \x01"}
    assert second == FiringAlert(labels={"alertname": "ShopPool", "severity": "warning"}, annotations={})
    assert mismatch.got == ()
    many = "many-to-many matching not allowed: matching labels must be unique on one side"
    assert refusal == Refusal(rule="ShopCpu", message=many)


def test_a_test_without_a_name_and_a_label_in_quotes_are_read() -> None:
    """Newer promtools print label names outside of the old rules in quotes."""
    (mismatch,) = failures(NEW)
    assert isinstance(mismatch, Mismatch)
    assert (mismatch.test, mismatch.expected) == ("", ())
    assert mismatch.got[0].labels == {"alertname": "ShopPool", "service.name": "till"}


def test_a_rule_that_cannot_be_loaded_is_told_once() -> None:
    """Promtool repeats it for each test of the file."""
    (refusal,) = failures(UNLOADED)
    assert refusal == Refusal(rule="ShopCpu", message="could not parse expression: 1:5: unexpected")


@pytest.mark.parametrize(
    "output",
    [
        "promtool has learnt to speak in other words",
        OLD.replace("exp:[", "expected:["),
        OLD.replace("        got:[]\n", ""),
        OLD[: OLD.index("              Annotations")],
        OLD.replace('severity="warning"', "severity=warning"),
        OLD.replace('severity="warning"', 'severity="\\q{"').replace("\\q", "\\u12"),
        NEW.replace("exp:[]", "got:[]"),
    ],
)
def test_what_is_not_understood_is_not_guessed_at(output: str) -> None:
    """The caller shows the whole output."""
    with pytest.raises(NotUnderstoodError):
        failures(output)


def alert(**labels: str) -> FiringAlert:
    return FiringAlert(labels={"severity": "critical", **labels}, annotations={"value": labels.get("value", "1")})


def test_an_alert_stands_beside_the_one_that_is_most_like_it() -> None:
    """Equal alerts are left out. An alert that differs in more than one label is another alert."""
    expected = (alert(pod="a", zone="x"), alert(pod="b", zone="x"), alert(pod="c", zone="x"))
    got = (alert(pod="q", zone="y"), alert(pod="b", zone="z"), alert(pod="a", zone="x"))
    mismatch = Mismatch(test="t", alert="A", at="1m", expected=expected, got=got)
    assert differences(mismatch) == (
        Pair(expected=expected[1], got=got[1]),
        Pair(expected=expected[2], got=None),
        Pair(expected=None, got=got[0]),
    )


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_marks_what_differs_and_keeps_to_the_width(width: int) -> None:
    """Long texts are wrapped below themselves."""
    long = "a sentence that is longer than half of a terminal is wide, so it is wrapped " * 2
    left = FiringAlert(labels={"team": "sales", "pod": "a"}, annotations={"summary": long})
    right = FiringAlert(labels={"team": "other", "pod": "a"}, annotations={"summary": long, "value": "1"})
    lines = list(table(Pair(expected=left, got=right), width))
    assert max(map(len, lines)) <= max(width, 54)
    assert {line.split()[1] for line in lines if line.startswith("≠")} == {"team", "value"}


# Tests with the real promtool.

Spoil = Callable[[str], Path]


@pytest.fixture
def spoiled(promtool: Path, tmp_path: Path) -> Spoil:
    """Return a function that makes a promtool that changes the rules by an expression of sed before it reads them."""

    def make(expression: str) -> Path:
        script = tmp_path / "promtool-that-spoils"
        rules = '"$(dirname "$(dirname "$3")")"/rules/*.rules.yml'
        script.write_text(
            f'#!/bin/sh\nif [ "$1" = test ]; then sed -i \'{expression}\' {rules}; fi\nexec {promtool} "$@"\n',
            encoding="utf-8",
        )
        script.chmod(stat.S_IRWXU)
        return script

    return make


def proved(promtool: Path, *arguments: str) -> Result:
    """Return the result of `tocsin prove`, on a terminal of a known width."""
    return tocsin("prove", "--promtool", str(promtool), *arguments)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set the width of the terminal, and a cache in which stand-ins leave no proof that a later run could use."""
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
def test_what_is_right_is_proved_without_being_written(promtool: Path) -> None:
    """The command proves what it compiles, not the files of the output folder."""
    result = proved(promtool)
    assert result.exit_code == 0, result.stderr
    *files, verdict = result.stderr.splitlines()
    assert files == [f"prometheus/tests/{name}.test.yml: proved" for name in ("ledger", "shop", "watchdog")]
    assert verdict.startswith("2 systems, 9 alerts with 13 limits: proved by promtool ")
    assert not Path("generated").exists()


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
def test_one_system_alone_is_proved(promtool: Path) -> None:
    """The command does not look at the other systems."""
    edit(SPEC, "{{ 100 + value }}", "{{ 90 + value }}")
    result = proved(promtool, "--only", "shop", "--jobs", "1")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "prometheus/tests/shop.test.yml: proved"
    assert result.stderr.splitlines()[1].startswith("shop: proved by promtool ")


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
def test_a_wrong_example_is_shown_where_it_stands(promtool: Path, snapshot: SnapshotAssertion) -> None:
    """The fault is the user's, and one finding says so, with the limit, the sentence and the two columns."""
    edit(SPEC, "{{ 100 + value }}", "{{ 90 + value }}")
    result = proved(promtool, "--only", "ledger")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("error[test-fails]") == 1
    assert without_version(result.stderr) == snapshot(name="a wrong example")


def without_version(text: str) -> str:
    """Return the output without the version of promtool."""
    return text.rpartition(" in promtool ")[0]


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
def test_a_query_without_an_example_is_shown_where_it_stands(spoiled: Spoil) -> None:
    """Its series are made up from the query. A custom example would show that the compiler is wrong."""
    query = '  doubled: {title: Doubled, unit: count, query: "2 * max by ({{ per }}) ({{ taken }})"}\n'
    edit(SPEC, "signals:\n", f"signals:\n{query}")
    edit(
        SPEC,
        "      error_ratio:  off\n",
        '      error_ratio:  off\n      doubled: {warning: "> 50", runbook: "#backlog"}\n',
    )
    edit(
        SPEC,
        "      backlog:      {taken",
        "      doubled: {taken: entries_taken, per: queue}\n      backlog:      {taken",
    )
    edit("runbooks/ledger.md", "- Backlog: ", "- Doubled: warning above 50.\n- Backlog: ")
    result = proved(spoiled("s/2 \\* max/4 * max/"), "--only", "ledger")
    assert result.exit_code == 1
    assert "error[test-fails]: LedgerDoubled warning" in result.stderr
    assert 'query: "2 * max' in result.stderr.partition("error[test-fails]")[2].splitlines()[1]
    assert (
        "hint: the query of `doubled` does not return the value that its series were made for: give the signal an `example`"
        in result.stderr
    )


BROKEN = {
    "a limit that is not reached": "s/> 0.05/> 0.5/",
    "a limit that healthy values cross": "s/> 0.05/> 0.005/",
    "another label": "/alert: ShopConnectionPool/,/annotations/ s/team: sales/team: other/",
    "a longer hold": "/alert: ShopLatencyP95/,/labels/ s/for: 5m/for: 6m/",
    "a rule that cannot be evaluated": 's/expr: .service:error_ratio.* > 0.05.*/expr: label_replace(vector(0), "x", "$1", "a", "(")/',
    "a rule that cannot be loaded": "s/> 0.05/> > 0.05/",
}


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_that_does_something_else_is_shown_at_its_limit(
    name: str, spoiled: Spoil, snapshot: SnapshotAssertion
) -> None:
    """Both generations of promtool are understood, and lead to the same texts except for promtool's version."""
    result = proved(spoiled(BROKEN[name]), "--only", "shop")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "promtool says" not in result.stderr
    if "cannot" in name:
        assert (
            "thresholds.yaml:9:32: error[test-fails]: promtool cannot use the rule `ShopErrorRatio`: " in result.stderr
        )
    else:
        assert without_version(result.stderr) == snapshot(name=name)


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
def test_programs_get_the_findings_as_data(spoiled: Spoil) -> None:
    """The data have the form of all other findings."""
    result = proved(spoiled("s/> 0.05/> 0.5/"), "--only", "shop", "--format", "json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["diagnostics"]
    assert (finding["code"], finding["path"], finding["line"]) == ("test-fails", SPEC, 9)


def stand_in(tmp_path: Path, body: str) -> Path:
    """Return a program that stands in for promtool."""
    script = tmp_path / "stand-in"
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(stat.S_IRWXU)
    return script


@pytest.mark.usefixtures("base")
def test_an_output_that_is_not_understood_is_shown_whole(tmp_path: Path) -> None:
    """An unknown release of promtool fails the test, whatever it prints."""
    result = proved(stand_in(tmp_path, "echo 'the shop burns'; exit 1"), "--only", "shop")
    assert result.exit_code == 1
    assert "prometheus/tests/shop.test.yml: promtool says, with status 1:\nthe shop burns\n" in result.stderr


@pytest.mark.usefixtures("base")
def test_an_alert_that_nobody_compiled_is_shown_whole(tmp_path: Path) -> None:
    """Such an alert has no place in the specification."""
    result = proved(stand_in(tmp_path, f"cat <<'END'\n{NEW}END\nexit 1"), "--only", "shop")
    assert result.exit_code == 1
    assert '"service.name"="till"' in result.stderr


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("status", [2, 137])
def test_a_promtool_that_dies_is_no_finding(tmp_path: Path, status: int) -> None:
    """The command exits with 2, because nothing is known about the rules."""
    result = proved(stand_in(tmp_path, f"exit {status}"), "--only", "shop")
    assert result.exit_code == 2
    assert f"promtool says, with status {status}" in result.stderr


@pytest.mark.usefixtures("base")
def test_a_promtool_that_cannot_be_started_is_no_finding(tmp_path: Path) -> None:
    """The command exits with 2, and prints the reason."""
    program = tmp_path / "promtool"
    program.write_bytes(b"\x7fELF and nothing more")
    program.chmod(stat.S_IRWXU)
    result = proved(program)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"cannot run {program}: ")


@pytest.mark.usefixtures("base")
def test_without_promtool_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command exits with 2 and says how to go on."""
    monkeypatch.setenv("PATH", os.devnull)
    for arguments, name in (((), "promtool"), (("--promtool", "bin/promtool"), "bin/promtool")):
        result = tocsin("prove", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"{name} is not there: it comes with Prometheus (")


@pytest.mark.usefixtures("base")
def test_what_does_not_compile_is_not_proved(tmp_path: Path) -> None:
    """The command prints the findings of `check`."""
    edit(SPEC, "> 150ms", "> 150")
    result = proved(stand_in(tmp_path, "exit 0"))
    assert result.exit_code == 1
    assert "limit-unit" in result.stderr
    assert "proved" not in result.stderr


@pytest.mark.usefixtures("base")
def test_an_unknown_system_is_wrong_usage_with_the_nearest_one(tmp_path: Path) -> None:
    """The command exits with 2 and says how to go on."""
    result = proved(stand_in(tmp_path, "exit 0"), "--only", "shopp")
    assert result.exit_code == 2
    assert "did you mean `shop`?" in result.stderr


# The cache of proofs.

COUNTING = (
    'if [ "$1" = test ]; then echo "$3" >> asked; fi; if [ "$1" = --version ]; then echo "promtool, version 1.2"; fi'
)


def asked() -> list[str]:
    """Return the names of the test files that promtool has been called for since the last time, sorted."""
    path = Path("asked")
    names = sorted(Path(line).name for line in path.read_text().splitlines()) if path.exists() else []
    path.unlink(missing_ok=True)
    return names


@pytest.fixture
def counting(base: Path, tmp_path: Path) -> Path:
    """Return a promtool that passes everything and logs its calls. It has already passed the base specification."""
    program = stand_in(tmp_path, COUNTING)
    assert proved(program).exit_code == 0
    assert asked() == ["ledger.test.yml", "shop.test.yml", "watchdog.test.yml"]
    return program


def test_what_was_proved_is_not_proved_again(counting: Path) -> None:
    """The output says so."""
    result = proved(counting)
    assert result.exit_code == 0
    assert asked() == []
    assert "prometheus/tests/shop.test.yml: proved before\n" in result.stderr
    assert result.stderr.endswith(": proved by promtool 1.2\n")


def test_a_change_of_one_system_is_proved_alone(counting: Path) -> None:
    """Its rules or its tests have changed then."""
    edit(SPEC, "> 150ms", "> 160ms")
    edit("runbooks/shop.md", "150 ms", "160 ms")
    assert proved(counting).exit_code == 0
    assert asked() == ["shop.test.yml"]


def test_another_promtool_proves_all(counting: Path, tmp_path: Path) -> None:
    """This holds for another version, and for the same version with a changed program."""
    for body in (COUNTING.replace("1.2", "1.3"), f"{COUNTING}; true"):
        assert proved(stand_in(tmp_path, body)).exit_code == 0
        assert len(asked()) == 3


def test_on_request_all_are_proved(counting: Path) -> None:
    """The command also stores no proof."""
    assert proved(counting, "--no-cache").exit_code == 0
    assert len(asked()) == 3


def test_a_failure_is_not_kept(counting: Path, tmp_path: Path) -> None:
    """The next run fails again."""
    program = stand_in(tmp_path, f"{COUNTING}; exit 1")
    for _ in range(2):
        assert proved(program).exit_code == 1
        assert len(asked()) == 3


def test_a_cache_that_cannot_be_kept_is_no_trouble(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the run takes longer."""
    for place in ("/dev/null", "/proc/nowhere"):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        assert proved(counting).exit_code == 0
        assert len(asked()) == 3
