"""Tests of the generated routing tests: what they expect for each alert of the base specification."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from compiler import conventions
from compiler.alerts import alerts_of
from tests.compiler.base import SPEC, compiled, edit

pytestmark = pytest.mark.usefixtures("base")

KEY = "  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}\n"


def expected() -> dict[str, Any]:
    """Return the parsed routing tests of the specification in the current directory."""
    (selected,) = (artifact for artifact in compiled().artifacts if artifact.path == conventions.ROUTING_TESTS_PATH)
    tests: dict[str, Any] = yaml.safe_load(selected.content)
    return tests


def examples() -> list[tuple[dict[str, str], list[str]]]:
    """Return the labels and the receivers of each expected alert."""
    return [
        (entry["labels"] | labels, entry["receivers"]) for entry in expected()["alerts"] for labels in entry["alerts"]
    ]


def reached(**labels: str) -> list[str]:
    """Return the receivers of the alerts with these labels, and assert that they agree."""
    receiver_lists = [receivers for alert_labels, receivers in examples() if labels.items() <= alert_labels.items()]
    assert receiver_lists
    assert all(receivers == receiver_lists[0] for receivers in receiver_lists)
    return receiver_lists[0]


def receiver(name: str) -> dict[str, Any]:
    """Return what one receiver must have."""
    return next(entry for entry in expected()["receivers"] if entry["name"] == name)


def test_every_alert_is_expected_once() -> None:
    """Name, system and severity are those of the rules. There are also the Watchdog and alerts that nobody defined."""
    rules = [(alert.name, alert.labels["system"], alert.labels["severity"]) for alert in alerts_of(compiled().groups)]
    expected_alerts = [
        (labels["alertname"], labels["system"], labels["severity"]) for labels, _ in examples() if "signal" in labels
    ]
    assert sorted(expected_alerts) == sorted(rules)
    others = [labels["alertname"] for labels, _ in examples() if "signal" not in labels]
    assert set(others) == {"Watchdog", "SomebodyElses"}


def test_an_example_has_the_labels_of_a_component() -> None:
    """It has the labels that the rule sets, filled in, and those that tell components apart."""
    labels = next(example for example, _ in examples() if example["alertname"] == "LedgerBacklog")
    assert {name: labels[name] for name in ("component", "queue", "region", "signal", "team")} == {
        "component": "region-a/queue-a",
        "queue": "queue-a",
        "region": "region-a",
        "signal": "backlog",
        "team": "books",
    }
    assert (
        next(labels["component"] for labels, _ in examples() if labels["alertname"] == "LedgerClosingTime") == "closer"
    )


def test_severity_leads_to_its_receiver_and_a_direct_system_past_all() -> None:
    """The alert may be one of the project's or a foreign one."""
    for severity in ("warning", "critical", "emergency"):
        assert reached(system="shop", severity=severity) == [f"tocsin-{severity}"]
    assert reached(system="ledger") == ["tocsin-direct"]
    for severity in conventions.SEVERITIES:
        assert reached(alertname="SomebodyElses", severity=severity) == [f"tocsin-{severity}"]


def test_what_has_no_severity_of_ours_reaches_the_fallback_and_the_watchdog_its_own() -> None:
    """No alert is lost because it lacks a label."""
    assert reached(alertname="SomebodyElses", severity="") == ["tocsin-default"]
    assert reached(alertname="SomebodyElses", severity="none") == ["tocsin-default"]
    assert reached(alertname="Watchdog") == ["tocsin-watchdog"]


def test_without_a_direct_system_no_route_to_it_is_expected() -> None:
    """The tests expect neither the route, nor the receiver, nor an alert that reaches it."""
    edit(SPEC, "    deliver: direct\n", "")
    assert reached(system="ledger", severity="warning") == ["tocsin-warning"]
    tests = expected()
    names = [entry["receiver"] for entry in tests["routes"]] + [entry["name"] for entry in tests["receivers"]]
    assert "tocsin-direct" not in names
    assert len(names) == 2 * (2 + len(conventions.SEVERITIES))


def test_receivers_page_where_a_policy_does() -> None:
    """In the base, critical and emergency announce to PagerDuty. All receivers but the direct one have the webhook."""
    paging = [entry["name"] for entry in expected()["receivers"] if "pagerduty_configs" in entry]
    assert paging == ["tocsin-direct", "tocsin-emergency", "tocsin-critical"]
    assert receiver("tocsin-emergency")["pagerduty_configs"] == [
        {"routing_key_file": "/etc/alertmanager/pagerduty", "send_resolved": True, "severity": "critical"}
    ]
    assert "webhook_configs" not in receiver("tocsin-direct")
    # The end of a Watchdog means that its Prometheus has stopped.
    for name in ("tocsin-watchdog", "tocsin-info"):
        assert receiver(name)["webhook_configs"][0]["send_resolved"] is True


def test_without_pagerduty_none_is_expected() -> None:
    """The tests expect only what the specification says."""
    edit(SPEC, "    deliver: direct\n", "")
    edit(SPEC, KEY, "")
    assert not [entry for entry in expected()["receivers"] if "pagerduty_configs" in entry]


def test_times_and_groups_are_the_specifications() -> None:
    """They hold for every route but the Watchdog's: each Watchdog is a group, and ticks five times for each repeat."""
    edit(SPEC, KEY, KEY + "  group_by: [alertname, severity, team]\n  group_wait: 10s\n  watchdog: {repeat: 10m}\n")
    routes = {route.pop("receiver"): route for route in expected()["routes"]}
    usual = {
        "group_by": ["alertname", "severity", "team"],
        "group_wait": "10s",
        "group_interval": "5m",
        "repeat_interval": "12h",
    }
    watchdog = {"group_wait": "0s", "group_interval": "2m", "repeat_interval": "10m"}
    assert routes.pop("tocsin-watchdog") == usual | watchdog | {"group_by": ["..."]}
    assert all(route == usual for route in routes.values())
    assert list(routes) == [
        "tocsin-default",
        "tocsin-direct",
        "tocsin-emergency",
        "tocsin-critical",
        "tocsin-warning",
        "tocsin-info",
    ]


def test_the_more_severe_silences_the_less_severe_of_the_same_component_and_nobody_else() -> None:
    """Only severities that page silence others. A difference in one of the four labels prevents it."""
    inhibition = expected()["inhibition"]
    assert {case["firing"]: case["suppressed"] for case in inhibition["alike"]} == {
        "info": [],
        "warning": [],
        "critical": ["info", "warning"],
        "emergency": ["info", "warning", "critical"],
        "none": [],
    }
    assert sorted(key for case in inhibition["apart"] for key in case) == ["alertname", "component", "signal", "system"]
