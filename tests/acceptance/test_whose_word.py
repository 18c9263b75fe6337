"""Tests with real Alertmanagers of both generations: whose answer counts, and what each says of mutes."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest

from testbed import loopback
from testbed.servers import Alertmanager, Servers
from tests.webhook.samples import InAnyLife, alert, payload
from webhook.alertmanagers import Server
from webhook.application.alert_batches import delivered
from webhook.catalog.file import load
from webhook.incidents import alertmanager_state
from webhook.incidents.alertmanager_state import Absent, Active, Heard, Known, Quiet, Unknown
from webhook.incidents.incident import Incident
from webhook.incidents.transitions import transition
from webhook.payload import parse_payload
from webhook.timestamps import parse_rfc3339
from webhook.workers.alertmanager_api import AlertmanagerApi, _query_for_both

pytestmark = pytest.mark.acceptance

ALWAYS = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
NEVER = [{"years": ["2001"]}]


def configuration(**route: object) -> str:
    return json.dumps(
        {
            "time_intervals": [
                {"name": "always", "time_intervals": ALWAYS},
                {"name": "never", "time_intervals": NEVER},
            ],
            "route": {
                "receiver": "tocsin",
                "group_by": ["alertname"],
                "group_wait": "1s",
                "group_interval": "1s",
                "routes": [{"receiver": "tocsin", **route}],
            },
            "receivers": [{"name": "tocsin", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]}],
        }
    )


HOSTILE = (
    'a"b',
    "a\\b",
    "a\nb",
    "a|b",
    ".*",
    "(a",
    "a)",
    "[x",
    "^$",
    "{1}",
    "a+b?",
    '"',
    "\\",
    "\\Q",
    " x ",
    "é☃🔥",
    'a{b="c"}',
)

Start = Callable[..., Alertmanager]


@pytest.fixture
def start(servers: Servers, short_folder: Path) -> Iterator[Start]:
    """Return a function that starts an Alertmanager whose route has these further settings."""
    running: list[Alertmanager] = []

    def run(**route: object) -> Alertmanager:
        folder = short_folder / f"alertmanager-{len(running)}"
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(configuration(**route))
        running.append(Alertmanager(servers, folder, config=folder / "alertmanager.yml"))
        running[-1].process.start()
        return running[-1]

    yield run
    for alertmanager in running:
        alertmanager.process.stop()


@pytest.fixture
def fires(generated: Path) -> Callable[[Alertmanager], Incident]:
    """Return a function that lets an alert fire in an Alertmanager, and returns the incident of its delivery."""

    def fire(alertmanager: Alertmanager) -> Incident:
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        labels = {"alertname": "ApiPlatformErrorRatio", "severity": "critical"}
        alertmanager.post_alerts([{"labels": labels, "startsAt": started}])
        listed = alertmanager.await_alert(lambda candidate: candidate["labels"] == labels)
        delivery = payload(alert(started=started, fingerprint=listed["fingerprint"]), externalURL=alertmanager.url)
        received = parse_payload(json.dumps(delivery).encode())
        event = delivered(received, received.alerts, load(generated / "catalog.json"))
        incident = transition(None, event, time.time()).incident
        assert incident is not None
        return incident

    return fire


def asks(*alertmanagers: Alertmanager) -> AlertmanagerApi:
    """Return a client that asks these Alertmanagers, each known by the URL at which it is asked."""
    servers = tuple(
        Server(name=alertmanager.url, url=alertmanager.url, external_urls=frozenset({alertmanager.url}))
        for alertmanager in alertmanagers
    )
    return AlertmanagerApi(servers, known=lambda: Known(vouched=InAnyLife(*(server.key for server in servers))))


@pytest.mark.parametrize("route", [{"mute_time_intervals": ["always"]}, {"active_time_intervals": ["never"]}])
def test_mute_is_known_where_alertmanager_tells_of_it(
    start: Start, fires: Callable[[Alertmanager], Incident], route: dict[str, object], request: pytest.FixtureRequest
) -> None:
    """0.33 shows mutes in its groups, once the group was due; 0.25 shows none, so the step is taken."""
    alertmanager = start(**route)
    incident = fires(alertmanager)
    if "oldest" in request.node.name:
        time.sleep(2)  # longer than the group waits: it would be known by then
        assert asks(alertmanager).ask(incident) == Active()
        return
    deadline = time.monotonic() + 30
    while (answer := asks(alertmanager).ask(incident)) != Quiet(by="muted"):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def test_interval_that_does_not_hold_mutes_nothing(start: Start, fires: Callable[[Alertmanager], Incident]) -> None:
    """This holds for the interval of a mute and for an active interval."""
    alertmanager = start(mute_time_intervals=["never"], active_time_intervals=["always"])
    incident = fires(alertmanager)
    assert asks(alertmanager).ask(incident) == Active()


def test_other_cluster_s_alertmanager_ends_nothing(
    start: Start, fires: Callable[[Alertmanager], Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lists nothing and has been up for long; the alert's own Alertmanager, asked too, lists it."""
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", -5.0)
    ours, foreign = start(), start()
    incident = fires(ours)
    stranger = Unknown(reason=f"{ours.url} is not among the Alertmanagers that are configured")
    assert asks(foreign).ask(incident) == stranger
    inside = AlertmanagerApi([Server(name="single", url=foreign.url)])
    assert inside.ask(incident) == stranger
    assert asks(foreign, ours).ask(incident) == Active()


def test_alertmanager_that_was_started_anew_ends_nothing(
    start: Start, fires: Callable[[Alertmanager], Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listed the alert, and after its restart it knows none; one that still runs is trusted about the end."""
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", -5.0)
    alertmanager = start()
    incident = fires(alertmanager)
    api = asks(alertmanager)
    answer = api.ask(incident)
    assert isinstance(answer, Active)
    incident, changed = alertmanager_state.with_seen(incident, answer.seen)
    assert changed
    labels, now = {"alertname": "ApiPlatformErrorRatio", "severity": "critical"}, datetime.now(UTC).isoformat()
    alertmanager.post_alerts([{"labels": labels, "endsAt": now}])
    deadline = time.monotonic() + 30
    while (answer := api.ask(incident)) != Absent():
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    alertmanager.process.stop()
    alertmanager.process.start()
    assert api.ask(incident) == Unknown(reason="it lists nothing of it, and has not since it was started")


def heard(alertmanager: Alertmanager, url: str) -> Heard:
    """Return the Watchdog that Alertmanager lists, as if it was delivered under this URL."""
    dog = alertmanager.await_alert(lambda candidate: candidate["labels"]["alertname"] == "Watchdog")
    return Heard(url=url, fingerprint=dog["fingerprint"], starts_at=parse_rfc3339(dog["startsAt"]).seconds)


def test_one_answer_lists_an_alert_of_any_name_and_the_watchdog(
    start: Start, fires: Callable[[Alertmanager], Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both generations read the expression as intended, whatever the alert is called, and list nothing else."""
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", -5.0)
    monkeypatch.setattr(alertmanager_state, "PENDING_SECONDS", 0.0)
    alertmanager = start()
    incident = fires(alertmanager)
    names = [*HOSTILE, "Watchdog"]
    alertmanager.post_alerts([{"labels": {"alertname": name, "kind": "hostile"}} for name in names])
    known = Known(watchdogs=(heard(alertmanager, alertmanager.url),))
    server = Server(name="am", url=alertmanager.url, external_urls=frozenset({alertmanager.url}))
    api = AlertmanagerApi([server], known=lambda: known)
    for name in names:
        alertmanager.await_alert(lambda entry, name=name: entry["labels"]["alertname"] == name)  # type: ignore[misc]
        query = urlencode(_query_for_both({name}, "Watchdog"))
        entries = loopback.get_json(f"{alertmanager.url}/api/v2/alerts?{query}")
        assert {entry["labels"]["alertname"] for entry in entries} == {name, "Watchdog"}
        incident_of_name = replace(incident, group_labels={"alertname": name}, firings=())
        assert isinstance(api.ask(incident_of_name), Active)
    unlisted = replace(incident, firings=(replace(incident.firings[0], fingerprint="gone"),))
    for labels in ({"alertname": "}{"}, {"severity": "critical"}):
        assert api.ask(replace(unlisted, group_labels=labels)) == Absent()


@pytest.mark.parametrize("distribution", ["each connection", "each request"])
def test_alert_that_burns_does_not_end_where_one_of_three_peers_is_cut_off(
    start: Start, fires: Callable[[Alertmanager], Incident], distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address distributes the requests; the peer that is cut off lists neither the alert nor the Watchdog."""
    monkeypatch.setattr(alertmanager_state, "SETTLED_SECONDS", -5.0)
    monkeypatch.setattr(alertmanager_state, "PENDING_SECONDS", 0.0)
    ours, peer, cut_off = start(), start(), start()
    incident = fires(ours)
    labels = dict(incident.open_firings[0].labels)
    at = datetime.fromtimestamp(incident.open_firings[0].starts_at, UTC).isoformat(timespec="milliseconds")
    dog = {"labels": {"alertname": "Watchdog"}, "startsAt": at}
    peer.post_alerts([{"labels": labels, "startsAt": at}, dog])
    ours.post_alerts([dog])
    known = Known(watchdogs=(heard(peer, ours.url), heard(ours, ours.url))[:1])
    with shared([ours, peer, cut_off], by_connection=distribution == "each connection") as url:
        server = Server(name="peers", url=url, external_urls=frozenset({ours.url}))
        api = AlertmanagerApi([server], known=lambda: known)
        answers = [api.ask(incident) for _ in range(12)]
        assert Absent() not in answers
        assert Active() in answers
        peer.post_alerts([{"labels": labels, "startsAt": at, "endsAt": datetime.now(UTC).isoformat()}])
        ours.post_alerts([{"labels": labels, "startsAt": at, "endsAt": datetime.now(UTC).isoformat()}])
        deadline = time.monotonic() + 30
        while (answer := api.ask(incident)) != Absent():
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)


@contextmanager
def shared(alertmanagers: Sequence[Alertmanager], *, by_connection: bool) -> Iterator[str]:
    """Yield an address in front of all of them, in turn: for each connection, or for each request over it."""
    numbers = itertools.cycle(alertmanagers)

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        chosen: Alertmanager | None = None

        def do_GET(self) -> None:
            if self.chosen is None or not by_connection:
                self.chosen = next(numbers)
            body = json.dumps(loopback.get_json(f"{self.chosen.url}{self.path}")).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
