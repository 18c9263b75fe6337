"""Tests of the kind `silence`: no event has come for so long, whatever happened to the counter."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from compiler import conventions
from compiler.alerts import Alert
from compiler.compilation import compile_spec
from tests.compiler.base import SPEC, codes, compiled, edit

LATENCY = "      latency_p95:     {histogram"


def listen(limits: str, binding: str = ", per: service") -> None:
    """Make the shop watch for missing orders."""
    edit(
        SPEC, "  closing_time: {kind", "  orders: {kind: silence, unit: seconds, title: Orders}\n  closing_time: {kind"
    )
    edit(
        SPEC,
        '    connection_pool: {warning: "> 60%"',
        f'    orders: {{{limits}, runbook: "#errors"}}\n    connection_pool: {{warning: "> 60%"',
    )
    edit(SPEC, LATENCY, f"      orders: {{counter: 'orders_total{{kind=\"new\"}}'{binding}}}\n{LATENCY}")


def alerts() -> dict[str, Alert]:
    """Return the alerts on missing orders by severity."""
    groups = [group for group in compiled().groups if group.watched.bound.signal.id == "orders"]
    return {alert.limit.severity: alert for group in groups for alert in group.alerts}


@pytest.mark.usefixtures("base")
def test_each_severity_looks_back_as_far_as_its_limit_says() -> None:
    """Series that existed then, or within a day before, are expected. A rise, or a new series above 0, is an event."""
    listen('warning: "> 20m", critical: "> 1h"')
    own = 'orders_total{job="shop",kind="new"}'
    assert alerts()["warning"].expr == (
        f"(group by (service) (present_over_time({own}[1d] offset 20m)) unless on (service) group by (service) "
        f"(increase({own}[20m]) > 0 or (max_over_time({own}[20m]) > 0 unless present_over_time({own}[1d] offset 20m))))"
        " * 1200"
    )
    assert "[1h]" in alerts()["critical"].expr


@pytest.mark.usefixtures("base")
def test_an_alert_says_for_how_long_nothing_has_come() -> None:
    """Its value is that time. If it compares with another day, the alert says so."""
    listen('critical: "> 20m"', ", per: service, quiet: 1d")
    annotations = alerts()["critical"].annotations
    assert annotations["summary"] == "The shop: Orders, nothing for 20m."
    assert annotations["description"] == (
        "Orders, nothing has come for 20m, though something had 1d before on {{ $labels.service }} of The shop."
        " Critical when `orders_total` has not risen for 20 minutes (though it had at the same time 1 day before) for"
        ' 5 minutes, on each service, only where job is "shop" and kind is "new".'
    )


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("limits", "binding", "expected"),
    [
        ('critical: "< 20m"', "", ["against-direction", "limit-never-fires"]),
        ('critical: "< 20m", bad: low', "", ["limit-never-fires"]),
        ('critical: "> 3m"', "", ["window-too-short"]),
        ('critical: "> 3m"', ", scrape_interval: 30s", []),
        ('warning: "> 2h", critical: "> 1h"', "", ["limit-order"]),
        ('critical: "> 20"', "", ["limit-unit"]),
        ('critical: "> 20m"', ", within: 5m", ["unknown-key"]),
        ('critical: "> 20m"', ", quiet: 14d", ["untested"]),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(limits: str, binding: str, expected: list[str]) -> None:
    """Silence has one side. A time must hold some scrapes, and a more severe severity needs a longer time."""
    listen(limits, binding)
    diagnostics = compile_spec(Path(SPEC)).diagnostics
    assert sorted(finding.code for finding in diagnostics if finding.code != "undocumented-limit") == expected


@pytest.mark.usefixtures("base")
def test_a_counter_that_is_not_there_is_missed() -> None:
    """Such a counter has existed before. Its metric is among those whose absence is an alert."""
    listen('critical: "> 20m"')
    groups = compiled().groups
    (missing,) = [
        group for group in groups if group.watched.bound.signal.id == "metrics_missing" and group.system.id == "shop"
    ]
    assert any('orders_total{job="shop",kind="new"}' in record.expr for record in missing.records)


@pytest.mark.usefixtures("base")
def test_quiet_belongs_to_silences_alone() -> None:
    """Other kinds are not compared with another time."""
    edit(SPEC, "pool_in_use, max: 100, per: service", "pool_in_use, max: 100, per: service, quiet: 1d")
    assert codes() == ["unknown-key"]


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("limits", "binding"),
    [
        ('warning: "> 20m", critical: "> 1h"', ", per: service"),
        ('critical: "> 45m", for: 0s', ", per: [service, region]"),
        ('critical: ">= 2m"', ", component: till, scrape_interval: 15s"),
        ('critical: "> 26h", for: 10m', ", per: service"),
        ('warning: "> 30m", keep_firing_for: 20m', ", per: service, quiet: 1d"),
    ],
)
def test_silence_is_told_by_the_real_promtool(limits: str, binding: str, promtool: Path) -> None:
    """It is right for counters that restart, for series that end, are replaced or begin late, and for quiet days."""
    listen(limits, binding)
    files = {artifact.path: artifact.content for artifact in compiled().artifacts}
    paths = [conventions.rules_path("shop"), *(conventions.tests_path("shop", slow=slow) for slow in (False, True))]
    for path in paths:
        if path in files:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(files[path])
    tests = [path for path in paths[1:] if path in files]
    shown = "".join(files[path].decode() for path in tests)
    assert "ShopOrders" in shown
    done = subprocess.run([promtool, "test", "rules", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
