"""Tests of the command `signals`: the compiler accepts what the command lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.compilation import compile_spec
from compiler.listing import ListedSignal, listed, of_kind
from compiler.listing.written import binding_line, definition_line, limits_line, renewed
from compiler.signals import kinds
from tests.compiler.base import ROOT, SPEC, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")

BUILT_IN = {entry.signal.id: entry for entry in listed()}
OWN_KINDS = [name for name, kind in kinds().items() if kind.bindable]
SILENT = "undocumented-limit"
"""No runbook documents the limits of an example."""


def test_the_tables_of_the_page_are_what_the_command_lists() -> None:
    """Fails until `python -m compiler.listing docs/thresholds.md` has been run after a change of a signal or kind."""
    page = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
    assert page == renewed(page)


def test_a_page_without_its_marks_is_refused() -> None:
    """The command overwrites nothing."""
    with pytest.raises(ValueError, match="lacks"):
        renewed("# A page")


@pytest.mark.parametrize("name", [key for key, entry in BUILT_IN.items() if entry.bindable])
def test_what_is_shown_for_a_signal_compiles(name: str) -> None:
    """This holds for each form of the signal."""
    check_forms(BUILT_IN[name])


@pytest.mark.parametrize("name", OWN_KINDS)
def test_what_is_shown_for_a_kind_compiles(name: str) -> None:
    """If the signal needs a definition, the example has one."""
    entry = of_kind(name)
    if entry.definition:
        edit(SPEC, "signals:\n", f"signals:\n  {definition_line(entry)}\n")
    check_forms(entry)


def check_forms(entry: ListedSignal) -> None:
    """Compile the example of a signal in each of its forms, in a system of its own."""
    Path("runbooks/depot.md").write_text(
        "# Depot\n\n## Section of the runbook\n\nLook.\n\n## Metrics missing\n\nLook.\n", encoding="utf-8"
    )
    whole = Path(SPEC).read_text(encoding="utf-8")
    assert entry.forms
    for form in entry.forms:
        system = (
            "  depot:\n    team: books\n    runbook: runbooks/depot.md\n    escalation: standard\n    limits:\n"
            f"      {limits_line(entry)}\n    metrics:\n      {binding_line(entry, form)}\n"
        )
        Path(SPEC).write_text(whole + system, encoding="utf-8")
        assert {finding.code for finding in compile_spec(Path(SPEC)).diagnostics} <= {SILENT}, binding_line(entry, form)


@pytest.mark.parametrize("bad", ["high", "low"])
@pytest.mark.parametrize("unit", ["ratio", "seconds", "bytes", "count", "per_second"])
def test_own_signal_of_any_unit_is_listed_for_either_side(unit: str, bad: str) -> None:
    """Its limits are examples of its unit and of the side that is trouble."""
    edit(SPEC, "signals:\n", f"signals:\n  workers: {{title: Workers, kind: gauge, unit: {unit}, bad: {bad}}}\n")
    result = tocsin("signals", "workers")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f'warning: "{"<" if bad == "low" else ">"} ' in result.stdout


def test_a_share_is_bound_from_the_side_of_its_limits() -> None:
    """An error ratio is bound by errors, an availability by successes. The opposite would page a healthy system."""
    assert [form_input.name for form_input in BUILT_IN["error_ratio"].forms[0]] == ["errors", "requests"]
    assert [form_input.name for form_input in BUILT_IN["availability"].forms[0]] == ["successes", "attempts"]
    assert BUILT_IN["availability"].limits["warning"].startswith("<")


def test_the_list_has_the_signals_of_the_file_behind_the_built_in_ones() -> None:
    """The list shows the inputs of their queries."""
    lines = tocsin("signals").stdout.splitlines()
    names = [line.split()[0] for line in lines if line]
    assert names.index("metrics_missing") < names.index("closing_time") < names.index("backlog")
    assert any(line.split() == ["backlog", "template", "count", "done", "and", "taken"] for line in lines)
    assert "Severities: info, warning, critical, emergency." in lines


def test_without_a_file_the_built_in_signals_are_listed() -> None:
    """Users need the list most before there is a thresholds.yaml."""
    Path(SPEC).unlink()
    result = tocsin("signals")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "error_ratio" in result.stdout
    assert "backlog" not in result.stdout


def test_a_file_that_cannot_be_read_is_said_and_left_aside() -> None:
    """The list does not show the file's errors."""
    edit(SPEC, "version: 1", "version: [")
    result = tocsin("signals")
    assert result.exit_code == 0
    assert "`tocsin check` says why" in result.stderr
    assert "backlog" not in result.stdout


def test_one_signal_is_shown_with_what_to_write() -> None:
    """The output shows the limits, the binding, and what each input is."""
    text = tocsin("signals", "disk").stdout
    for line in (
        "disk: Disk usage",
        '      disk: {warning: "> 80%", critical: "> 90%", runbook: "#section-of-the-runbook"}',
        "      disk: {available: node_filesystem_avail_bytes, max: node_filesystem_size_bytes, per: instance}",
        "available  How much is left, where the used part is not exported.",
    ):
        assert line in text.splitlines()


def test_an_unknown_signal_is_wrong_usage_with_the_nearest_one() -> None:
    """The command exits with 2 and says how to go on."""
    result = tocsin("signals", "latency_p9")
    assert result.exit_code == 2
    assert "did you mean `latency_p9" in result.stderr


@pytest.mark.parametrize(
    ("name", "first", "limits"),
    [
        ("certificate_expiry", "{until: probe_ssl_earliest_cert_expiry, per: instance}", "`< 14d` or `< 3d`"),
        ("last_success_age", "{since: backup_last_success_timestamp_seconds, per: instance}", "`> 26h` or `> 50h`"),
        ("memory", "{available: node_memory_MemAvailable_bytes, max: node_memory_MemTotal_bytes, per: instance}", ""),
        ("cpu", "{idle: 'node_cpu_seconds_total{mode=\"idle\"}', per: instance}", ""),
    ],
)
def test_an_example_is_of_the_signal(name: str, first: str, limits: str) -> None:
    """The usual form comes first, with a metric that measures this signal and no other."""
    text = tocsin("signals", name).stdout
    assert f"    metrics:\n      {name}: {first}" in text
    assert limits in text


def test_programs_get_everything() -> None:
    """JSON has the inputs by form with an example, the limits by severity, and whether the file defines the signal."""
    data = json.loads(tocsin("signals", "--format", "json").stdout)
    signals = {entry["id"]: entry for entry in data["signals"]}
    assert data["severities"] == ["info", "warning", "critical", "emergency"]
    assert signals["backlog"]["own"]
    assert not signals["memory"]["own"]
    used, whole = signals["connection_pool"]["inputs"][0]
    assert (used["name"], used["number"], whole["name"], whole["number"]) == ("used", False, "max", True)
    assert signals["metrics_missing"]["limits"] == {"warning": "when metric gone", "critical": "when target down"}
    assert [entry["id"] for entry in json.loads(tocsin("signals", "cpu", "--format", "json").stdout)["signals"]] == [
        "cpu"
    ]
