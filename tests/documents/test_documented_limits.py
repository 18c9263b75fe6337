"""Tests of the five guides' limits, states and escalation, copied as data, against the catalogue and the runbooks."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
CATALOG: dict[str, Any] = json.loads((ROOT / "generated" / "catalog.json").read_text(encoding="utf-8"))


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def alerts(system: str, signal: str) -> dict[str, dict[str, Any]]:
    return {a["severity"]: a for a in CATALOG["alerts"] if (a["system"], a["signal"]) == (system, signal)}


LIMITS = rows("documented_limits.csv")
STATES = rows("documented_states.csv")


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: f"{row['system']}-{row['signal']}-{row['severity']}")
def test_every_documented_limit_is_in_the_catalogue(row: dict[str, str]) -> None:
    """System, severity, comparator, value in base units and unit are those of the guide."""
    alert = alerts(row["system"], row["signal"])[row["severity"]]
    assert alert["comparator"] == row["comparator"]
    assert alert["threshold"] == float(row["value"])
    assert alert["unit"] == row["unit"]


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: f"{row['system']}-{row['signal']}-{row['severity']}")
def test_every_documented_limit_names_the_line_of_the_runbook_that_states_it(row: dict[str, str]) -> None:
    """`documented.text` stands on `documented.line` of the system's runbook, below "Alert thresholds"."""
    documented = alerts(row["system"], row["signal"])[row["severity"]]["documented"]
    lines = (ROOT / documented["path"]).read_text(encoding="utf-8").split("\n")
    assert documented["path"] == f"runbooks/{row['system']}.md"
    assert lines[documented["line"] - 1] == f"- {documented['text']}"
    assert row["severity"] in documented["text"]


def test_a_guide_that_names_one_severity_is_not_given_another() -> None:
    """No signal that a guide documents has a severity that the guide does not name."""
    documented = {(row["system"], row["signal"], row["severity"]) for row in LIMITS}
    for system, signal in {(row["system"], row["signal"]) for row in LIMITS}:
        for severity in alerts(system, signal):
            assert (system, signal, severity) in documented


@pytest.mark.parametrize("row", STATES, ids=lambda row: f"{row['system']}-{row['state']}")
def test_every_documented_state_has_an_alert_with_a_section_of_its_own(row: dict[str, str]) -> None:
    """Each state is an alert of unit `state` that compares with 1 and has its own runbook section."""
    for signal in row["signals"].split():
        (alert,) = alerts(row["system"], signal).values()
        assert (alert["unit"], alert["comparator"], alert["threshold"]) == ("state", "==", 1)
        assert alert["documented"]["text"].startswith(f"{alert['title']}: {alert['severity']}.")
        anchor = alert["runbook"]["anchor"]
        leading = {
            a["signal"] for a in CATALOG["alerts"] if (a["system"], a["runbook"]["anchor"]) == (row["system"], anchor)
        }
        assert leading == {signal}


def test_services_degraded_carries_its_documented_share() -> None:
    """acgs-pgp: more than 5 % of degraded services needs a look."""
    (alert,) = alerts("acgs-pgp", "degraded_services").values()
    assert (alert["severity"], alert["comparator"], alert["threshold"], alert["unit"]) == (
        "warning",
        ">",
        0.05,
        "ratio",
    )


@pytest.mark.parametrize(
    ("signal", "warning", "critical"),
    [
        ("error_ratio", 0.01, 0.05),
        ("latency_p95", 1, 2),
        ("connection_pool", 0.6, 0.8),
        ("memory", 0.8, 0.9),
        ("cpu", 0.8, 0.9),
    ],
)
def test_house_defaults_hold_where_a_guide_names_no_number(signal: str, warning: float, critical: float) -> None:
    """fusion-bitcoin lists these as key metrics without a number."""
    by_severity = alerts("fusion-bitcoin", signal)
    assert {severity: alert["threshold"] for severity, alert in by_severity.items()} == {
        "warning": warning,
        "critical": critical,
    }
    assert {(alert["documented"], alert["documented_by"]) for alert in by_severity.values()} == {(None, "default")}


@pytest.mark.parametrize(
    ("severity", "respond", "notify", "escalate"),
    [
        ("info", 24 * 3600, ["log"], None),
        ("warning", 4 * 3600, ["email"], 8 * 3600),
        ("critical", 30 * 60, ["sms", "email"], 3600),
        ("emergency", 0, ["phone", "sms"], 15 * 60),
    ],
)
def test_the_documented_escalation_matrix_is_the_policy_standard(
    severity: str, respond: int, notify: list[str], escalate: int | None
) -> None:
    """Respond within, notify by and escalate after are the matrix's; the levels are DevOps, engineering manager, CTO."""
    policy = CATALOG["policies"]["standard"]
    tier = policy["severities"][severity]
    assert (tier["respond_seconds"], tier["notify"], tier["escalate_seconds"]) == (respond, notify, escalate)
    assert policy["levels"] == ["devops", "engineering-manager", "cto"]
