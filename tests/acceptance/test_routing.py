"""Who hears of which alert, and which alert silences which: the generated expectations, before amtool and the servers."""

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

# Alertmanager tells of an end at the next tick of a second or so; the rest is for a machine that has other things to do.
EVENT_SECONDS = 60.0


class Sink(StandIn):
    """Takes every notification."""

    def reply(self, request: Request) -> Reply:
        """Say yes."""
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
    """Structure, amtool and the simulator have nothing to say of the committed output."""
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


# Of the base, in which no alert is of severity `info` and one system has but one severity for some signals.
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
    """The expectations are the specification's, not the configuration's: they do not follow it."""
    compiled = compile_base()
    edit(str(compiled / routing.CONFIG), *FAULTS[fault])
    assert routing.failures(compiled, oldest_servers)


@pytest.mark.parametrize("label", ["alertname", "system", "component", "planet", "cluster", "environment", "tenant"])
@pytest.mark.parametrize("rule", [0, 1], ids=["critical", "emergency"])
def test_an_inhibition_that_compares_one_label_less_is_noticed(
    oldest_servers: Servers, base: Path, rule: int, label: str
) -> None:
    """It would silence another alert, another system's, another component's or another installation's."""
    edit(SPEC, "defaults:\n", "dimensions: [planet]\n\ndefaults:\n")
    compiled = compile_base()
    config = yaml.safe_load((compiled / routing.CONFIG).read_text())
    config["inhibit_rules"][rule]["equal"].remove(label)
    (compiled / routing.CONFIG).write_text(yaml.safe_dump(config))
    found = routing.failures(compiled, oldest_servers)
    assert found
    told = "SomebodyElses" if label == "alertname" else f"({label} "
    assert all(told in one and one.endswith("expected not suppressed, got suppressed") for one in found)


@pytest.mark.parametrize("project", ["ours", "base", "base of two clusters"])
def test_alertmanager_routes_and_silences_as_expected(
    servers: Servers, generated: Path, base: Path, short_folder: Path, project: str
) -> None:
    """With every alert firing at once, each beside others that differ in one label: critical silences warning only."""
    if project == "base of two clusters":
        edit(SPEC, "defaults:\n", "dimensions: [planet, cluster]\n\ndefaults:\n")
    compiled = generated if project == "ours" else compile_base()
    expected = yaml.safe_load((compiled / routing.TESTS).read_text())
    posted = [labels for labels, _ in examples(expected)]
    inhibition = expected["inhibition"]
    aparts = [*inhibition["apart"], *({label: "elsewhere"} for label in inhibition["dimensions"])]
    neighbours = [present(one | apart) for one in posted if "signal" in one for apart in aparts]
    with Sink() as sink:
        endpoints = Endpoints(webhook=sink.url, pagerduty=sink.url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": "k"}
        scaled = scale_generated(compiled, short_folder, endpoints=endpoints, secrets=secrets, factor=1)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            alertmanager.post_alerts([{"labels": labels} for labels in posted + neighbours])
            found = settled(alertmanager)
    reached = {frozenset(one["labels"].items()): receivers(one) for one in found}
    assert {frozenset(labels.items()): tuple(names) for labels, names in examples(expected)}.items() <= reached.items()
    told = [one["labels"] for one in found]
    assert all(present(labels) in told for labels in neighbours)
    silenced = {one["firing"]: one["suppressed"] for one in expected["inhibition"]["alike"]}
    check_silenced(found, silenced, ("alertname", "system", "component", *inhibition["dimensions"]))


def check_silenced(found: Iterable[dict[str, Any]], silenced: dict[str, list[str]], identifying: Sequence[str]) -> None:
    """Hold every alert against those that may silence it, and nothing else."""
    by_state: dict[str, int] = {}
    for target in found:
        by = {
            one["fingerprint"]
            for one in found
            if all(one["labels"].get(label) == target["labels"].get(label) for label in identifying)
            and all("signal" in each["labels"] for each in (one, target))
            and target["labels"].get("severity") in silenced.get(one["labels"].get("severity"), ())
        }
        status = target["status"]
        by_state[status["state"]] = by_state.get(status["state"], 0) + 1
        assert status["state"] == ("suppressed" if by else "active"), target
        assert bool(status["inhibitedBy"]) == bool(by)
        assert set(status["inhibitedBy"]) <= by
    assert by_state["suppressed"]
    assert by_state["active"]


def receivers(alert: dict[str, Any]) -> tuple[str, ...]:
    return tuple(one["name"] for one in alert["receivers"])


def present(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if value}


def settled(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """Return the alerts once inhibition has seen all of them: it takes them in order, and a last pair proves it."""
    last = {"alertname": "Last", "system": "last", "component": "last", "signal": "last"}
    alertmanager.post_alerts([{"labels": last | {"severity": severity}} for severity in ("critical", "warning")])
    alertmanager.await_alert(
        lambda one: one["labels"] == last | {"severity": "warning"} and one["status"]["state"] == "suppressed", 20
    )
    return [one for one in alertmanager.alerts() if one["labels"]["alertname"] != "Last"]


def test_each_watchdog_is_delivered_by_itself_and_its_end_is_told(
    servers: Servers, generated: Path, short_folder: Path
) -> None:
    """In one group the others would go on firing, and nobody would hear of the one that has stopped."""
    with Sink() as sink:
        endpoints = Endpoints(webhook=sink.url, pagerduty=sink.url, smarthost="127.0.0.1:1")
        secrets = {"credentials_file": "t", "routing_key_file": "k"}
        scaled = scale_generated(generated, short_folder, endpoints=endpoints, secrets=secrets)
        with Alertmanager(servers, short_folder / "am", config=scaled.alertmanager) as alertmanager:
            dogs = {rack: {"alertname": "Watchdog", "severity": "none", "rack": rack} for rack in ("north", "south")}
            alertmanager.post_alerts([{"labels": labels} for labels in dogs.values()])
            await_that(lambda: {("north", "firing"), ("south", "firing")} <= told(sink))
            begun = datetime.now(UTC) - timedelta(minutes=1)
            alertmanager.post_alerts(
                [{"labels": dogs["north"], "startsAt": begun.isoformat(), "endsAt": datetime.now(UTC).isoformat()}]
            )
            await_that(lambda: ("north", "resolved") in told(sink))
    assert ("south", "resolved") not in told(sink)


def told(sink: Sink) -> set[tuple[str, str]]:
    """Return which Watchdog was told of in which state, each of which must have come alone."""
    found = set()
    for request in list(sink.requests):
        (one,) = json.loads(request.body)["alerts"]
        found.add((one["labels"]["rack"], one["status"]))
    return found


def await_that(holds: Callable[[], bool]) -> None:
    """Return once it holds; fail when nothing comes of it."""
    deadline = time.monotonic() + EVENT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
