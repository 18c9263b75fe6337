"""The command `signals`: what it lists is what the compiler takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.compilation import compile_spec
from compiler.listing import ListedSignal, listed, of_kind
from compiler.listing.written import as_markdown, binding_line, definition_line, in_page, limits_line
from compiler.signals import kinds
from tests.compiler.base import ROOT, SPEC, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")

BUILT_IN = {one.signal.id: one for one in listed()}
OWN_KINDS = [name for name, kind in kinds().items() if kind.bindable]
SILENT = "undocumented-limit"
"""Of an example no runbook speaks."""


def test_the_table_of_the_page_is_what_the_command_lists() -> None:
    """`python -m compiler.listing docs/thresholds.md` has been run since a signal or a kind changed."""
    page = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
    assert page == in_page(page, as_markdown(listed()))


def test_a_page_without_its_marks_is_refused() -> None:
    """Nothing is written over."""
    with pytest.raises(ValueError, match="lacks"):
        in_page("# A page", "table")


@pytest.mark.parametrize("name", [key for key, one in BUILT_IN.items() if one.bindable])
def test_what_is_shown_for_a_signal_compiles(name: str) -> None:
    """In each of its forms."""
    check_forms(BUILT_IN[name])


@pytest.mark.parametrize("name", OWN_KINDS)
def test_what_is_shown_for_a_kind_compiles(name: str) -> None:
    """With the definition, where the signal needs one."""
    one = of_kind(name)
    if one.definition:
        edit(SPEC, "signals:\n", f"signals:\n  {definition_line(one)}\n")
    check_forms(one)


def check_forms(one: ListedSignal) -> None:
    """Compile the example of a signal in each of its forms, in a system of its own."""
    Path("runbooks/depot.md").write_text(
        "# Depot\n\n## Section of the runbook\n\nLook.\n\n## Metrics missing\n\nLook.\n", encoding="utf-8"
    )
    whole = Path(SPEC).read_text(encoding="utf-8")
    assert one.forms
    for form in one.forms:
        system = (
            "  depot:\n    team: books\n    runbook: runbooks/depot.md\n    escalation: standard\n    limits:\n"
            f"      {limits_line(one)}\n    metrics:\n      {binding_line(one, form)}\n"
        )
        Path(SPEC).write_text(whole + system, encoding="utf-8")
        assert {found.code for found in compile_spec(Path(SPEC)).diagnostics} <= {SILENT}, binding_line(one, form)


def test_a_share_is_bound_from_the_side_of_its_limits() -> None:
    """An error ratio by errors, an availability by successes: the other way round it would page a healthy system."""
    assert [one.name for one in BUILT_IN["error_ratio"].forms[0]] == ["errors", "requests"]
    assert [one.name for one in BUILT_IN["availability"].forms[0]] == ["successes", "attempts"]
    assert BUILT_IN["availability"].limits["warning"].startswith("<")


def test_the_list_has_the_signals_of_the_file_behind_the_built_in_ones() -> None:
    """With the inputs of their queries."""
    lines = tocsin("signals").stdout.splitlines()
    names = [line.split()[0] for line in lines if line]
    assert names.index("metrics_missing") < names.index("closing_time") < names.index("backlog")
    assert any(line.split() == ["backlog", "template", "count", "done", "and", "taken"] for line in lines)
    assert "Severities: info, warning, critical, emergency." in lines


def test_without_a_file_the_built_in_signals_are_listed() -> None:
    """Before there is a thresholds.yaml, when the list is needed most."""
    Path(SPEC).unlink()
    result = tocsin("signals")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "error_ratio" in result.stdout
    assert "backlog" not in result.stdout


def test_a_file_that_cannot_be_read_is_said_and_left_aside() -> None:
    """The list is no place for its errors."""
    edit(SPEC, "version: 1", "version: [")
    result = tocsin("signals")
    assert result.exit_code == 0
    assert "`tocsin check` says why" in result.stderr
    assert "backlog" not in result.stdout


def test_one_signal_is_shown_with_what_to_write() -> None:
    """Limits, binding, and what each input is."""
    text = tocsin("signals", "disk").stdout
    for line in (
        "disk: Disk usage",
        '      disk: {warning: "> 80%", critical: "> 90%", runbook: "#section-of-the-runbook"}',
        "      disk: {available: node_filesystem_avail_bytes, max: node_filesystem_size_bytes, per: instance}",
        "available  How much is left, where the used part is not exported.",
    ):
        assert line in text.splitlines()


def test_an_unknown_signal_is_wrong_usage_with_the_nearest_one() -> None:
    """Exit 2 and a way on."""
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
    """Inputs by form with an example, limits by severity, and whether the file defines the signal."""
    data = json.loads(tocsin("signals", "--format", "json").stdout)
    signals = {one["id"]: one for one in data["signals"]}
    assert data["severities"] == ["info", "warning", "critical", "emergency"]
    assert signals["backlog"]["own"]
    assert not signals["memory"]["own"]
    used, whole = signals["connection_pool"]["inputs"][0]
    assert (used["name"], used["number"], whole["name"], whole["number"]) == ("used", False, "max", True)
    assert signals["metrics_missing"]["limits"] == {"warning": "when metric gone", "critical": "when target down"}
    assert [one["id"] for one in json.loads(tocsin("signals", "cpu", "--format", "json").stdout)["signals"]] == ["cpu"]
