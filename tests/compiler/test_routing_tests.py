"""The generated routing tests: what they expect, alert by alert, of the base specification."""

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
    (found,) = (one for one in compiled().artifacts if one.path == conventions.ROUTING_TESTS_PATH)
    tests: dict[str, Any] = yaml.safe_load(found.content)
    return tests


def examples() -> list[tuple[dict[str, str], list[str]]]:
    """Return the labels and the receivers of each alert that is expected."""
    return [(entry["labels"] | one, entry["receivers"]) for entry in expected()["alerts"] for one in entry["alerts"]]


def reached(**labels: str) -> list[str]:
    """Return the receivers of the alerts with these labels, which must agree."""
    found = [receivers for one, receivers in examples() if labels.items() <= one.items()]
    assert found
    assert all(one == found[0] for one in found)
    return found[0]


def receiver(name: str) -> dict[str, Any]:
    """Return what one receiver must have."""
    return next(one for one in expected()["receivers"] if one["name"] == name)


def test_every_alert_is_expected_once() -> None:
    """Name, system and severity, as the rules have them; besides these the Watchdog, and alerts that nobody defined."""
    rules = [(one.name, one.labels["system"], one.labels["severity"]) for one in alerts_of(compiled().groups)]
    found = [(one["alertname"], one["system"], one["severity"]) for one, _ in examples() if "signal" in one]
    assert sorted(found) == sorted(rules)
    others = [one["alertname"] for one, _ in examples() if "signal" not in one]
    assert set(others) == {"Watchdog", "SomebodyElses"}


def test_an_example_has_the_labels_of_a_component() -> None:
    """Those that the rule sets, filled in, and those that tell components apart."""
    found = next(one for one, _ in examples() if one["alertname"] == "LedgerBacklog")
    assert {name: found[name] for name in ("component", "queue", "region", "signal", "team")} == {
        "component": "region-a/queue-a",
        "queue": "queue-a",
        "region": "region-a",
        "signal": "backlog",
        "team": "books",
    }
    assert next(one["component"] for one, _ in examples() if one["alertname"] == "LedgerClosingTime") == "closer"


def test_severity_leads_to_its_receiver_and_a_direct_system_past_all() -> None:
    """Whether the alert is one of the project's or somebody else's."""
    for severity in ("warning", "critical", "emergency"):
        assert reached(system="shop", severity=severity) == [f"tocsin-{severity}"]
    assert reached(system="ledger") == ["tocsin-direct"]
    for severity in conventions.SEVERITIES:
        assert reached(alertname="SomebodyElses", severity=severity) == [f"tocsin-{severity}"]


def test_what_has_no_severity_of_ours_reaches_the_fallback_and_the_watchdog_its_own() -> None:
    """No alert is lost for want of a label."""
    assert reached(alertname="SomebodyElses", severity="") == ["tocsin-default"]
    assert reached(alertname="SomebodyElses", severity="none") == ["tocsin-default"]
    assert reached(alertname="Watchdog") == ["tocsin-watchdog"]


def test_without_a_direct_system_no_route_to_it_is_expected() -> None:
    """Neither the route, nor the receiver, nor an alert that reaches it."""
    edit(SPEC, "    deliver: direct\n", "")
    assert reached(system="ledger", severity="warning") == ["tocsin-warning"]
    tests = expected()
    names = [one["receiver"] for one in tests["routes"]] + [one["name"] for one in tests["receivers"]]
    assert "tocsin-direct" not in names
    assert len(names) == 2 * (2 + len(conventions.SEVERITIES))


def test_receivers_page_where_a_policy_does() -> None:
    """Critical and emergency announce to PagerDuty in the base; all but the direct one hold the webhook."""
    paging = [one["name"] for one in expected()["receivers"] if "pagerduty_configs" in one]
    assert paging == ["tocsin-direct", "tocsin-emergency", "tocsin-critical"]
    assert receiver("tocsin-emergency")["pagerduty_configs"] == [
        {"routing_key_file": "/etc/alertmanager/pagerduty", "send_resolved": True, "severity": "critical"}
    ]
    assert "webhook_configs" not in receiver("tocsin-direct")
    # A Watchdog that ends says that its Prometheus has stopped.
    for name in ("tocsin-watchdog", "tocsin-info"):
        assert receiver(name)["webhook_configs"][0]["send_resolved"] is True


def test_without_pagerduty_none_is_expected() -> None:
    """What the specification does not say is not expected."""
    edit(SPEC, "    deliver: direct\n", "")
    edit(SPEC, KEY, "")
    assert not [one for one in expected()["receivers"] if "pagerduty_configs" in one]


def test_times_and_groups_are_the_specifications() -> None:
    """Those of every route; the Watchdog's are its own, each is a group, and its ticks are five to a repeat."""
    edit(SPEC, KEY, KEY + "  group_by: [alertname, severity, team]\n  group_wait: 10s\n  watchdog: {repeat: 10m}\n")
    routes = {one.pop("receiver"): one for one in expected()["routes"]}
    usual = {
        "group_by": ["alertname", "severity", "team"],
        "group_wait": "10s",
        "group_interval": "5m",
        "repeat_interval": "12h",
    }
    watchdog = {"group_wait": "0s", "group_interval": "2m", "repeat_interval": "10m"}
    assert routes.pop("tocsin-watchdog") == usual | watchdog | {"group_by": ["..."]}
    assert all(one == usual for one in routes.values())
    assert list(routes) == [
        "tocsin-default",
        "tocsin-direct",
        "tocsin-emergency",
        "tocsin-critical",
        "tocsin-warning",
        "tocsin-info",
    ]


def test_the_more_severe_silences_the_less_severe_of_the_same_component_and_nobody_else() -> None:
    """Only severities that page silence; a difference in one label of the four ends it."""
    inhibition = expected()["inhibition"]
    assert {one["firing"]: one["suppressed"] for one in inhibition["alike"]} == {
        "info": [],
        "warning": [],
        "critical": ["info", "warning"],
        "emergency": ["info", "warning", "critical"],
        "none": [],
    }
    assert sorted(key for one in inhibition["apart"] for key in one) == ["alertname", "component", "signal", "system"]
