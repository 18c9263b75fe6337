"""Tests of who hears of which alert and which alert silences which: the generated expectations, on real servers."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed import routing
from testbed.routing_cases import Labels, examples
from testbed.scaling import Endpoints, scale_generated
from testbed.servers import Alertmanager, Servers
from testbed.standin import Reply, Request, StandIn
from tests.compiler.base import DATA, SPEC, edit, tocsin

pytestmark = pytest.mark.acceptance

# Alertmanager reports an end at the next tick of about a second; the rest is for a busy machine.
EVENT_SECONDS = 60.0


class Sink(StandIn):
    """A stand-in that takes every notification."""

    def reply(self, request: Request) -> Reply:
        """Accept the request."""
        return Reply(status=202, body={})


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(DATA / "base", tmp_path / "base")
    monkeypatch.chdir(folder)
    return folder


def compile_base() -> Path:
    result = tocsin("compile")
    assert result.exit_code == 0, result.stderr
    return Path("generated").absolute()


def test_the_generated_routing_tests_pass(servers: Servers, generated: Path) -> None:
    """The checks of structure, amtool and the simulator report nothing about the committed output."""
    assert routing.failures(generated, servers) == []


VARIANTS = {
    "as it is": (),
    "nobody is paged": (
        ("  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty}\n", ""),
        ("    deliver: direct\n", ""),
    ),
    "two are direct": (('    selector: job="shop"\n', '    selector: job="shop"\n    deliver: direct\n'),),
    "clusters and tenants": (("defaults:\n", "dimensions: [planet, cluster]\n\ndefaults:\n"),),
    "other times and groups": (
        (
            "  fallback: {",
            "  group_by: [alertname, severity, system]\n  group_wait: 0s\n  group_interval: 90s\n  repeat_interval: 1d\n  watchdog: {repeat: 10m}\n  fallback: {",
        ),
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_routing_tests_pass_however_the_project_is_routed(servers: Servers, base: Path, variant: str) -> None:
    """Direct systems, paging, grouping and times are expected as the specification says."""
    for old, new in VARIANTS[variant]:
        edit(SPEC, old, new)
    assert routing.failures(compile_base(), servers) == []


# Faults for the base, which has no alert of severity `info`, and a system with one severity for some signals.
FAULTS = {
    "a receiver of another severity": ('severity="info"\'', 'severity="warning"\''),
    "a direct system": ('system=~"ledger"', 'system=~"shop"'),
    "the Watchdog": ('alertname="Watchdog"', 'alertname="Watchdogs"'),
    "who silences": ('severity="critical"\'\n  - \'signal!=""\'', 'severity="warning"\'\n  - \'signal!=""\''),
    "what a critical one silences": ('severity=~"info|warning"\'', 'severity=~"warning"\''),
    "what an emergency silences": ('severity=~"info|warning|critical"', 'severity=~"info|warning"'),
    "who may silence": (
        'severity="emergency"\'\n  - \'signal!=""\'',
        'severity="emergency"\'\n  - \'alertname!=""\'',
    ),
    "who may be silenced": ("info|warning|critical\"'\n  - 'signal!=\"\"'", "info|warning|critical\"'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_configuration_is_noticed(oldest_servers: Servers, base: Path, fault: str) -> None:
    """The expectations come from the specification and do not follow the configuration."""
    compiled = compile_base()
    edit(str(compiled / routing.CONFIG), *FAULTS[fault])
    assert routing.failures(compiled, oldest_servers)


@pytest.mark.parametrize("label", ["alertname", "system", "component", "planet", "cluster", "environment", "tenant"])
@pytest.mark.parametrize("rule", [0, 1], ids=["critical", "emergency"])
def test_an_inhibition_that_compares_one_label_less_is_noticed(
    oldest_servers: Servers, base: Path, rule: int, label: str
) -> None:
    """Otherwise another alert, another system's, component's or installation's, would be silenced."""
    edit(SPEC, "defaults:\n", "dimensions: [planet]\n\ndefaults:\n")
    compiled = compile_base()
    config = yaml.safe_load((compiled / routing.CONFIG).read_text())
    config["inhibit_rules"][rule]["equal"].remove(label)
    (compiled / routing.CONFIG).write_text(yaml.safe_dump(config))
    failures = routing.failures(compiled, oldest_servers)
    assert failures
    suppressed_alert = "SomebodyElses" if label == "alertname" else f"({label} "
    assert all(
        suppressed_alert in failure and failure.endswith("expected not suppressed, got suppressed")
        for failure in failures
    )


@pytest.mark.parametrize("project", ["ours", "base", "base of two clusters"])
def test_alertmanager_routes_and_silences_as_expected(
    servers: Servers, generated: Path, base: Path, short_folder: Path, project: str
) -> None:
    """Every alert fires at once, beside others that differ in one label: critical silences only warning."""
    if project == "base of two clusters":
        edit(SPEC, "defaults:\n", "dimensions: [planet, cluster]\n\ndefaults:\n")
    compiled = generated if project == "ours" else compile_base()
    expected = yaml.safe_load((compiled / routing.TESTS).read_text())
    posted = [labels for labels, _ in examples(expected)]
    inhibition = expected["inhibition"]
    aparts = [*inhibition["apart"], *({label: "elsewhere"} for label in inhibition["dimensions"])]
    neighbours = [
        present(labels_posted | apart) for labels_posted in posted if "signal" in labels_posted for apart in aparts
    ]
    with Sink() as sink:
        endpoints = Endpoints(webhook=sink.url, pagerduty=sink.url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": "k"}
        scaled = scale_generated(compiled, short_folder, endpoints=endpoints, secrets=secrets, factor=1)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            alertmanager.post_alerts([{"labels": labels} for labels in posted + neighbours])
            fired_alerts = settled(alertmanager)
    reached = {frozenset(fired["labels"].items()): receivers(fired) for fired in fired_alerts}
    assert {frozenset(labels.items()): tuple(names) for labels, names in examples(expected)}.items() <= reached.items()
    fired_labels = [fired["labels"] for fired in fired_alerts]
    assert all(present(labels) in fired_labels for labels in neighbours)
    silenced = {pair["firing"]: pair["suppressed"] for pair in expected["inhibition"]["alike"]}
    check_silenced(fired_alerts, silenced, ("alertname", "system", "component", *inhibition["dimensions"]))


def check_silenced(
    fired_alerts: Iterable[dict[str, Any]], silenced: dict[str, list[str]], identifying: Sequence[str]
) -> None:
    """Assert that every alert is silenced by those that may silence it, and by no other."""
    by_state: dict[str, int] = {}
    for target in fired_alerts:
        by = {
            source["fingerprint"]
            for source in fired_alerts
            if all(source["labels"].get(label) == target["labels"].get(label) for label in identifying)
            and all("signal" in member["labels"] for member in (source, target))
            and target["labels"].get("severity") in silenced.get(source["labels"].get("severity"), ())
        }
        status = target["status"]
        by_state[status["state"]] = by_state.get(status["state"], 0) + 1
        assert status["state"] == ("suppressed" if by else "active"), target
        assert bool(status["inhibitedBy"]) == bool(by)
        assert set(status["inhibitedBy"]) <= by
    assert by_state["suppressed"]
    assert by_state["active"]


def receivers(alert: dict[str, Any]) -> tuple[str, ...]:
    return tuple(receiver["name"] for receiver in alert["receivers"])


def present(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if value}


def settled(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """Return the alerts once inhibition has seen all of them: it takes them in order, so a last pair proves it."""
    last = {"alertname": "Last", "system": "last", "component": "last", "signal": "last"}
    alertmanager.post_alerts([{"labels": last | {"severity": severity}} for severity in ("critical", "warning")])
    alertmanager.await_alert(
        lambda fired: fired["labels"] == last | {"severity": "warning"} and fired["status"]["state"] == "suppressed", 20
    )
    return [fired for fired in alertmanager.alerts() if fired["labels"]["alertname"] != "Last"]


def test_each_watchdog_is_delivered_by_itself_and_its_end_is_told(
    servers: Servers, generated: Path, short_folder: Path
) -> None:
    """In one group the others would go on firing, and nobody would hear that one has stopped."""
    with Sink() as sink:
        endpoints = Endpoints(webhook=sink.url, pagerduty=sink.url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": "k"}
        scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            dogs = {rack: {"alertname": "Watchdog", "severity": "none", "rack": rack} for rack in ("north", "south")}
            alertmanager.post_alerts([{"labels": labels} for labels in dogs.values()])
            await_that(lambda: {("north", "firing"), ("south", "firing")} <= watchdog_states(sink))
            begun = datetime.now(UTC) - timedelta(minutes=1)
            alertmanager.post_alerts(
                [{"labels": dogs["north"], "startsAt": begun.isoformat(), "endsAt": datetime.now(UTC).isoformat()}]
            )
            await_that(lambda: ("north", "resolved") in watchdog_states(sink))
    assert ("south", "resolved") not in watchdog_states(sink)


def watchdog_states(sink: Sink) -> set[tuple[str, str]]:
    """Return each delivered Watchdog with its state; assert that each came alone."""
    states = set()
    for request in list(sink.requests):
        (entry,) = json.loads(request.body)["alerts"]
        states.add((entry["labels"]["rack"], entry["status"]))
    return states


def await_that(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail after the time-out."""
    deadline = time.monotonic() + EVENT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
