"""Tests of `tocsin check --coverage`: each system's statements, alerts and sections, what each lacks, and a share."""

from __future__ import annotations

import json

import pytest

from tests.compiler.base import SHOP, SPEC, edit, tocsin

pytestmark = pytest.mark.usefixtures("base")


def covered(system: str) -> dict[str, object]:
    """Return what the command tells of one system as JSON."""
    systems = json.loads(tocsin("check", "--coverage", "--format", "json").stdout)["systems"]
    (only,) = [entry for entry in systems if entry["system"] == system]
    return dict(only)


def test_what_is_complete_is_covered_wholly() -> None:
    """Every statement has its alert, every alert its statement or the house's limit, and every section its alert."""
    result = tocsin("check", "--coverage")
    assert result.exit_code == 0
    assert "shop (runbooks/shop.md): 100 % covered" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("all systems: 100 % covered")


def test_each_alert_stands_between_its_statement_and_its_section() -> None:
    """From left to right: the line of the runbook, the alert, and the section where the person on call starts."""
    lines = [" ".join(line.split()) for line in tocsin("check", "--coverage").stdout.splitlines()]
    assert "line 9 → latency_p95 critical > 200ms → #slow-answers" in lines
    assert "house default → error_ratio critical > 5% → #errors" in lines


def test_a_statement_that_nobody_carries_is_missing_and_the_command_fails() -> None:
    """The command still prints the table; the finding goes to the other stream."""
    edit(SHOP, "## Connections\n", "## Connections\n\nCritical: cache hit ratio below 70 %.\n")
    result = tocsin("check", "--coverage")
    assert result.exit_code == 1
    assert "“Critical: cache hit ratio below 70 %.” MISSING: no alert carries it" in result.stdout
    assert "unwatched-statement" in result.stderr
    assert "100 %" not in result.stdout.split("shop", 1)[1]


def test_a_waived_statement_counts_and_its_reason_is_shown() -> None:
    """Somebody has decided about the statement."""
    edit(SHOP, "## Connections\n", "## Connections\n\nCritical: cache hit ratio below 70 %.\n")
    waiver = '    waive: [{statement: "cache hit ratio below 70 %", reason: "told by the cache team"}]\n'
    edit(SPEC, "    runbook: runbooks/shop.md\n", "    runbook: runbooks/shop.md\n" + waiver)
    assert "waived: told by the cache team" in tocsin("check", "--coverage").stdout
    assert covered("shop")["coverage"] == 1


def test_an_alert_without_a_statement_is_missing_it() -> None:
    """The limit is in the rules, and nobody wrote down why."""
    edit(SHOP, ", critical above 200 ms", "")
    assert "MISSING: not stated → latency_p95 critical > 200ms" in tocsin("check", "--coverage").stdout


def test_a_section_that_nobody_is_led_to_is_missing_its_alert() -> None:
    """The section looks like those that alerts lead to."""
    edit(SHOP, "## Checkout closed\n", "## Tills jam\n\n```bash\ntillctl unjam\n```\n\n## Checkout closed\n")
    assert "“Tills jam” MISSING: no alert leads to it" in tocsin("check", "--coverage").stdout
    assert [section["title"] for section in covered("shop")["sections_without_alert"]] == ["Tills jam"]  # type: ignore[attr-defined]
