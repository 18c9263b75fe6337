"""Tests of the kind `burn_rate`: two burn rates for each severity, each over a long and a short window."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from compiler import conventions
from compiler.alerts import Alert
from tests.compiler.base import SPEC, codes, compiled, edit

WRITTEN = re.compile(r"ratio_rate([0-9a-z]+)\{[^}]*\} ([<>=]+) ([0-9.]+)")


def spend(objective: str, *, definition: str = "", binding: str = "") -> None:
    """Make the shop watch the error budget of an objective, with a warning and a critical limit."""
    edit(
        SPEC,
        "  closing_time: {kind",
        f"  budget: {{kind: burn_rate, unit: ratio, title: Budget{definition}}}\n  closing_time: {{kind",
    )
    limits = f'{{warning: "{objective}", critical: "{objective}", runbook: "#errors"}}'
    edit(
        SPEC, '    connection_pool: {warning: "> 60%"', f'    budget: {limits}\n    connection_pool: {{warning: "> 60%"'
    )
    counters = (
        "attempts: visits_total, successes: 'visits_total{ok=\"yes\"}'"
        if objective.startswith("<")
        else "requests: visits_total, errors: 'visits_total{ok=\"no\"}'"
    )
    edit(
        SPEC,
        "      latency_p95:     {histogram",
        f"      budget: {{{counters}, per: service{binding}}}\n      latency_p95:     {{histogram",
    )


def alerts() -> dict[str, Alert]:
    """Return the alerts of the budget by severity."""
    groups = [group for group in compiled().groups if group.watched.bound.signal.id == "budget"]
    return {alert.limit.severity: alert for group in groups for alert in group.alerts}


@pytest.mark.usefixtures("base")
def test_a_fast_burn_is_critical_and_a_slow_one_a_warning() -> None:
    """The windows and rates are the Site Reliability Workbook's: 14.4 and 6 page, 3 and 1 do not (99.5 %, 30 days)."""
    spend("< 99.5%")
    conditions = {severity: WRITTEN.findall(alert.expr) for severity, alert in alerts().items()}
    assert conditions == {
        "critical": [("1h", "<", "0.928"), ("5m", "<", "0.928"), ("6h", "<", "0.97"), ("30m", "<", "0.97")],
        "warning": [("1d", "<", "0.985"), ("2h", "<", "0.985"), ("3d", "<", "0.995"), ("6h", "<", "0.995")],
    }


@pytest.mark.usefixtures("base")
def test_an_objective_may_be_the_share_that_may_fail() -> None:
    """`> 0.5%` of errors is the same objective as `< 99.5%` of successes."""
    spend("> 0.5%")
    assert WRITTEN.findall(alerts()["critical"].expr)[::2] == [("1h", ">", "0.072"), ("6h", ">", "0.03")]


@pytest.mark.usefixtures("base")
def test_the_long_and_the_short_window_must_both_be_bad_in_one_of_two_pairs() -> None:
    """`and` binds more tightly than `or` in PromQL."""
    spend("> 0.5%")
    words = re.findall(r" (and|or) ", alerts()["critical"].expr)
    assert words == ["and", "or", "and"]


@pytest.mark.usefixtures("base")
def test_the_time_that_the_objective_is_for_may_be_another() -> None:
    """In a period of a week, 2 % of the budget within an hour is a burn rate of 3.36."""
    spend("> 0.5%", definition=", period: 7d")
    assert WRITTEN.findall(alerts()["critical"].expr)[0] == ("1h", ">", "0.0168")


@pytest.mark.usefixtures("base")
def test_the_short_window_holds_four_scrapes() -> None:
    """Five minutes are too short if a sample comes only every two minutes."""
    spend("> 0.5%", binding=", scrape_interval: 2m")
    assert [window for window, *_ in WRITTEN.findall(alerts()["critical"].expr)] == ["1h", "8m", "6h", "30m"]


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(("interval", "expected"), [("7m30s", []), ("9m", ["window-too-short"])])
def test_a_short_window_takes_up_no_more_than_half_of_the_long_one(interval: str, expected: list[str]) -> None:
    """From such rare samples, nobody can see that an hour is bad and has just become fine."""
    spend("< 99%", binding=f", scrape_interval: {interval}")
    assert [code for code in codes() if code == "window-too-short"] == expected


@pytest.mark.usefixtures("base")
def test_a_burn_rate_that_a_total_failure_does_not_reach_is_left_out() -> None:
    """If the budget is a tenth of all requests, 14.4 times the budget is more than all requests."""
    spend("> 10%")
    assert [window for window, *_ in WRITTEN.findall(alerts()["critical"].expr)] == ["6h", "30m"]


@pytest.mark.usefixtures("base")
def test_a_budget_too_large_to_be_spent_too_fast_is_refused() -> None:
    """A total failure spends a budget of one half only at twice the rate, so no alert would ever page."""
    spend("> 50%")
    assert codes() == ["limit-never-fires"]


@pytest.mark.usefixtures("base")
def test_what_the_alert_says_tells_objective_speed_and_where() -> None:
    """There is no limit to compare the share with, so the share alone would say little."""
    spend("< 99.5%")
    annotations = alerts()["critical"].annotations
    assert annotations["summary"] == "The shop: Budget spent too fast."
    assert annotations["description"] == (
        "Budget spent too fast, {{ $value | humanizePercentage }} on {{ $labels.service }} of The shop."
        " Critical when less than 92.8 % of the attempts are successes over both 1 hour and 5 minutes, or less than 97 %"
        ' over both 6 hours and 30 minutes (successes where ok is "yes", that is 2 % in 1 hour or 5 % in 6'
        " hours of the error budget for 30 days, with an objective of 99.5 %) for 5 minutes, on each service, only where"
        ' job is "shop"; nobody is paged below 1 attempt a minute.'
    )


@pytest.mark.acceptance
@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("objective", "definition", "more", "binding"),
    [
        ("< 99.9%", "", "", ""),
        (">= 0.5%", ", period: 28d", "", ""),
        ("> 2%", ", period: 7d", ", keep_firing_for: 15m, for: 10m", ""),
        ("< 99%", "", ", for: 1m", ", scrape_interval: 4m30s"),
        ("> 1%", "", ", for: 0s", ", scrape_interval: 7m"),
    ],
)
def test_each_window_counts_by_the_real_promtool(
    objective: str, definition: str, more: str, binding: str, promtool: Path
) -> None:
    """In the generated tests only the long window is bad, or only the short one, or both."""
    spend(objective, definition=definition, binding=binding)
    edit(SPEC, f'critical: "{objective}", runbook', f'critical: "{objective}"{more}, runbook')
    files = {artifact.path: artifact.content for artifact in compiled().artifacts}
    for path in (
        conventions.rules_path("shop"),
        conventions.tests_path("shop", slow=True),
        conventions.tests_path("shop"),
    ):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(files[path])
    slow = Path(conventions.tests_path("shop", slow=True))
    shown = slow.read_text(encoding="utf-8")
    for case in ("critical-1-now-fine", "critical-1-just-begun", "critical-2-now-fine", "warning-1-above"):
        assert f'service="{case}"' in shown
    done = subprocess.run(
        [promtool, "test", "rules", slow, conventions.tests_path("shop")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
