"""Tests of the dead man's switch: the Watchdog's silence becomes an incident. The clock is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.postgresql import PostgreSQL
from tests.webhook.samples import NOON, Clock, FakeAlertmanagerState, FakeSender, alert, at_once
from webhook.catalog.model import Catalog
from webhook.incidents import dead_mans_switch, heartbeat
from webhook.incidents.alertmanager_state import Absent
from webhook.incidents.dead_mans_switch import GAP_SECONDS, LOOK_SECONDS, Heard, Silence, silence, silences
from webhook.incidents.heartbeat import Beat
from webhook.incidents.incident import ResolvedByHand
from webhook.incidents.transitions import transition
from webhook.secret import Secret
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage import watchdogs

INTERVAL = 60
"""Seconds, in the catalogue of the tests."""


@pytest.fixture
def let(service: Service, clock: Clock, drain: Callable[..., int], step: Callable[[], int]) -> Callable[..., None]:
    """Return a function that lets time pass while the worker checks heartbeats, works off timers and sends."""
    worker = service.worker()

    def run(*, seconds: float = 0) -> None:
        for _ in range(int(seconds // LOOK_SECONDS)):
            worker.watch_once()
            clock.forward(seconds=LOOK_SECONDS)
        worker.watch_once()
        step()
        drain()

    return run


def heard(*, last: float | None, listening: float = NOON - 86_400) -> Heard:
    return Heard(last=last, looked=NOON - 1, listening=listening)


def incidents(client: FlaskClient) -> list[dict[str, Any]]:
    return client.get("/v1/incidents").get_json()["incidents"]


def test_watchdog_is_silent_after_three_intervals(catalog: Catalog) -> None:
    """One delivery may be lost and one late; three missing intervals are silence, counted from the last arrival."""
    span = 3 * INTERVAL
    assert silence(heard(last=NOON - span), catalog, NOON) is None
    silent = silence(heard(last=NOON - span - 1), catalog, NOON)
    assert silent is not None
    assert silent.since == NOON - span - 1


def test_what_was_never_heard_is_told_after_one_interval(catalog: Catalog) -> None:
    """A fresh installation says soon that nothing arrives, counted from when it began to listen."""
    span = INTERVAL
    assert silence(heard(last=None, listening=NOON - span), catalog, NOON) is None
    assert silence(heard(last=None, listening=NOON - span - 1), catalog, NOON) is not None


def test_time_in_which_nobody_listened_does_not_count(catalog: Catalog) -> None:
    """A program that was down for an hour could not hear the Watchdog, so Alertmanager was not silent."""
    down = Heard(last=NOON - 3_600, looked=NOON - GAP_SECONDS - 1, listening=NOON - 86_400)
    assert silence(down, catalog, NOON) is None
    assert dead_mans_switch.listening_since(down, NOON) == NOON


def test_silence_pages_the_first_level_once(
    client: FlaskClient, post: Callable[..., Any], let: Callable[..., None], senders: dict[str, FakeSender]
) -> None:
    """It pages once, however often the worker checks, and Alertmanager is not asked, because it is the silent one."""
    post(alert("Watchdog", None))
    let(seconds=3 * INTERVAL)
    assert incidents(client) == [], "it may still come"
    let(seconds=120)
    (incident,) = incidents(client)
    assert (incident["severity"], incident["status"]) == ("critical", "open")
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    message = senders["pagerduty"].jobs[0].message
    assert "Alertmanager has not been heard of for 3 min" in message.problem
    assert "It was last heard at 12:00 UTC" in message.description


def test_fresh_install_that_hears_nothing_says_so(client: FlaskClient, let: Callable[..., None]) -> None:
    """The network path from Prometheus to the webhook may never have been open."""
    let(seconds=INTERVAL)
    assert incidents(client) == []
    let(seconds=2 * LOOK_SECONDS)
    (incident,) = incidents(client)
    shown = client.get(f"/v1/incidents/{incident['id']}").get_json()
    assert "It has never been heard." in shown["description"]


def test_watchdog_that_is_heard_again_resolves(
    client: FlaskClient, post: Callable[..., Any], let: Callable[..., None]
) -> None:
    """The next check after its arrival ends the incident, and tells whoever was called."""
    let(seconds=2 * INTERVAL)
    assert incidents(client)[0]["status"] == "open"
    post(alert("Watchdog", None))
    let(seconds=LOOK_SECONDS)
    assert incidents(client)[0]["status"] == "resolved"


def test_silence_is_not_over_because_nobody_listened_for_a_time(
    client: FlaskClient,
    post: Callable[..., Any],
    clock: Clock,
    let: Callable[..., None],
    senders: dict[str, FakeSender],
) -> None:
    """The program was restarted and has not heard the Watchdog since, so the silence goes on."""
    let(seconds=2 * INTERVAL)
    clock.forward(seconds=GAP_SECONDS + INTERVAL)
    let(seconds=LOOK_SECONDS)
    assert [incident["status"] for incident in incidents(client)] == ["open"]
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    post(alert("Watchdog", None))
    let(seconds=LOOK_SECONDS)
    assert [incident["status"] for incident in incidents(client)] == ["resolved"]


def test_silence_escalates_without_asking_alertmanager(
    client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """An Alertmanager that answers and lists nothing does not prove that the Watchdog arrives."""
    alertmanager_state.answer = Absent()
    let(seconds=2 * INTERVAL)
    let(seconds=3_600 + INTERVAL)
    (incident,) = incidents(client)
    assert incident["status"] == "open"
    assert alertmanager_state.asked == []
    timeline = client.get(f"/v1/incidents/{incident['id']}").get_json()["timeline"]
    assert "escalated" in [line["kind"] for line in timeline]


def test_silence_that_somebody_has_closed_is_not_raised_again(client: FlaskClient, let: Callable[..., None]) -> None:
    """Whoever closes it knows of it; a new silence is a new incident."""
    let(seconds=2 * INTERVAL)
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    let(seconds=10 * INTERVAL)
    assert [incident["status"] for incident in incidents(client)] == ["resolved"]


def watchdog(*, status: str = "firing", **labels: str) -> dict[str, Any]:
    """Return a Watchdog with these labels besides the common ones."""
    return alert("Watchdog", "none", status=status, annotations={}, **labels)


EU, US = {"cluster": "eu"}, {"cluster": "us"}


@pytest.fixture
def beat(post: Callable[..., Any], let: Callable[..., None]) -> Callable[..., None]:
    """Return a function that posts these Watchdogs at each of so many intervals, while the worker checks."""

    def run(*labels: dict[str, str], intervals: int = 1) -> None:
        for _ in range(intervals):
            for own_labels in labels:
                post(watchdog(**own_labels))
            let(seconds=INTERVAL)

    return run


def shown(client: FlaskClient, number: int) -> dict[str, Any]:
    """Return one incident as the API shows it."""
    incident: dict[str, Any] = client.get(f"/v1/incidents/{number}").get_json()
    return incident


def test_one_watchdog_of_two_that_is_silent_is_told_by_its_labels(
    client: FlaskClient, beat: Callable[..., None], senders: dict[str, FakeSender]
) -> None:
    """The other Watchdog goes on, so Alertmanager is heard; a third, a replica of the first, counts by itself."""
    replica = {**EU, "prometheus_replica": "b"}
    beat(EU, US, replica, intervals=5)
    beat(US, replica, intervals=2)
    assert incidents(client) == [], "it may still come"
    beat(US, replica, intervals=2)
    (listed,) = incidents(client)
    assert (listed["severity"], listed["status"], listed["title"]) == ("critical", "open", "Tocsin: Watchdog silent")
    incident = shown(client, listed["id"])
    assert incident["group_labels"] == {"alertname": "TocsinWatchdogSilent", "cluster": "eu"}
    assert "The Watchdog of cluster eu" in incident["description"]
    assert "resolve this incident" in incident["description"]
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    beat(US, replica, intervals=20)
    assert len(incidents(client)) == 1


def test_watchdog_that_is_heard_again_ends_its_own_incident(client: FlaskClient, beat: Callable[..., None]) -> None:
    """Each Watchdog ends only its own incident."""
    beat(EU, US)
    beat(US, intervals=5)
    beat(EU, US, intervals=2)
    assert [incident["status"] for incident in incidents(client)] == ["resolved"]
    beat(EU, intervals=5)
    assert [incident["status"] for incident in incidents(client)] == ["open", "resolved"]
    assert shown(client, 2)["group_labels"]["cluster"] == "us"


def test_end_that_alertmanager_tells_is_waited_for_an_interval(
    client: FlaskClient, beat: Callable[..., None], post: Callable[..., Any]
) -> None:
    """A Prometheus that restarts is back within an interval; one that was shut down is not."""
    beat(EU, US, intervals=2)
    post(watchdog(status="resolved", **EU))
    beat(US)
    beat(EU, US, intervals=4)
    assert incidents(client) == []
    post(watchdog(status="resolved", **EU))
    beat(US, intervals=2)
    (listed,) = incidents(client)
    assert shown(client, listed["id"])["group_labels"]["cluster"] == "eu"


def test_a_delivery_of_both_tells_them_apart(
    client: FlaskClient, beat: Callable[..., None], post: Callable[..., Any]
) -> None:
    """An Alertmanager whose routes were not regenerated sends both in one delivery."""
    for _ in range(6):
        post(watchdog(status="resolved", **EU), watchdog(**US))
        beat()
    assert incidents(client) == [], "what was never heard is not missed"
    post(watchdog(**EU), watchdog(**US))
    for _ in range(5):
        post(watchdog(**US))
        beat()
    assert shown(client, incidents(client)[0]["id"])["group_labels"]["cluster"] == "eu"


def test_when_none_is_heard_that_is_told_once_and_none_is_blamed(
    client: FlaskClient, beat: Callable[..., None], let: Callable[..., None]
) -> None:
    """Nor is one blamed when they return one after the other: deliveries lost on the common path prove nothing."""
    beat(EU, US)
    let(seconds=5 * INTERVAL)
    (listed,) = incidents(client)
    assert shown(client, listed["id"])["group_labels"] == {"alertname": "TocsinWatchdogSilent"}
    beat(US, intervals=2)
    beat(EU, US, intervals=4)
    assert [incident["status"] for incident in incidents(client)] == ["resolved"]


def test_watchdog_whose_silence_a_person_resolves_is_forgotten_until_it_is_heard(
    client: FlaskClient, beat: Callable[..., None]
) -> None:
    """It was removed on purpose; the timeline says so, and if it comes back it is expected again."""
    beat(EU, US)
    beat(US, intervals=5)
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    beat(US, intervals=10)
    assert [incident["status"] for incident in incidents(client)] == ["resolved"]
    last = shown(client, 1)["timeline"][-1]
    assert (last["kind"], "cluster eu" in last["detail"]) == ("forgotten", True)
    beat(EU, US)
    beat(US, intervals=5)
    assert [incident["status"] for incident in incidents(client)] == ["open", "resolved"]


def test_somebody_elses_watchdog_does_not_stand_for_ours(
    catalog: Catalog, service: Service, client: FlaskClient, beat: Callable[..., None]
) -> None:
    """If only a foreign one is heard, Tocsin's rules may not be loaded; once Tocsin's own came it is one of many."""
    ours = {"watchdog": "tocsin", **EU}
    known = replace(catalog, watchdog=replace(catalog.watchdog, labels={"watchdog": "tocsin"}))
    beats = [Beat(key="k", labels={"prometheus": "theirs"}, heard_at=NOON, stopped_at=None)]
    path = Heard(last=NOON, looked=NOON - 1, listening=NOON - 86_400, hearing=NOON - 3 * INTERVAL - 1)
    (silent,) = silences(path, beats, known, NOON)
    assert (silent.key, silent.labels) == (dead_mans_switch.OURS, {"watchdog": "tocsin"})
    assert "own Watchdog" in dead_mans_switch.raised(silent, known, NOON).alerts[0].annotations["summary"]
    assert list(silences(replace(path, hearing=NOON - 3 * INTERVAL), beats, known, NOON)) == []
    assert list(silences(path, [*beats, replace(beats[0], key="o", labels=ours)], known, NOON)) == []
    raised_keys = {dead_mans_switch.fingerprint(dead_mans_switch.OURS)}
    assert list(dead_mans_switch.heard_again(beats, raised_keys, known, NOON)) == []
    assert list(dead_mans_switch.heard_again([replace(beats[0], labels=ours)], raised_keys, known, NOON))
    # A catalogue without labels for its own Watchdog accepts any.
    assert list(silences(path, beats, catalog, NOON)) == []


def test_labels_from_outside_can_do_no_harm(client: FlaskClient, beat: Callable[..., None]) -> None:
    """Such labels are very long, hold special characters, or have names with another meaning."""
    odd = {"cluster": "e" * 5_000, "component": "<!channel>\n\x1b", "system": "api-platform", "x" * 900: "y"}
    odd |= {f"label_{number}": "v" for number in range(100)}
    beat(US, odd)
    beat(US, intervals=5)
    (listed,) = incidents(client)
    assert listed["title"] == "Tocsin: Watchdog silent"
    group = shown(client, listed["id"])["group_labels"]
    assert len(group) <= heartbeat.MOST_LABELS + 1
    assert max(map(len, [*group, *group.values()])) <= heartbeat.LONGEST_VALUE
    page = client.get(f"/incidents/{listed['id']}")
    assert page.status_code == 200
    assert b"<!channel>" not in page.data


def test_number_of_watchdogs_is_bounded(either: Service) -> None:
    """Known ones stay known, and new ones are left out until one is forgotten; on both databases."""
    with either.database.write() as connection:
        assert watchdogs.hear(connection, [EU], NOON) == 0
        flood = [{"cluster": str(number)} for number in range(watchdogs.MOST_KNOWN)]
        assert watchdogs.hear(connection, flood, NOON) == 1
    with either.database.write() as connection:
        assert watchdogs.hear(connection, [EU, {"cluster": "new"}], NOON + 60) == 1
        watchdogs.stop(connection, [EU, {"cluster": "unheard of"}], NOON + 90)
        watchdogs.stop(connection, [EU], NOON + 120)
    with either.database.read() as connection:
        known = {beat.key: beat for beat in watchdogs.known(connection)}
    assert len(known) == watchdogs.MOST_KNOWN
    beat_of_eu = known[heartbeat.key_of(EU)]
    assert (beat_of_eu.labels, beat_of_eu.heard_at, beat_of_eu.stopped_at) == (EU, NOON + 60, NOON + 90)
    with either.database.write() as connection:
        watchdogs.forget(connection, [beat_of_eu.key])
        assert watchdogs.hear(connection, [EU], NOON + 180) == 0
    with either.database.read() as connection:
        assert {beat.stopped_at for beat in watchdogs.known(connection)} == {None}


def test_labels_that_every_watchdog_has_tell_none_apart() -> None:
    """A Watchdog whose severity changed is the same; order and empty values do not count."""
    same = [
        {"alertname": "Watchdog", "severity": severity, "a": "1", "b": "2", "c": ""} for severity in ("none", "info")
    ]
    assert {heartbeat.key_of(own_labels) for own_labels in (*same, {"b": "2", "a": "1"})} == {
        heartbeat.key_of({"a": "1", "b": "2"})
    }
    assert heartbeat.key_of({"a": "1"}) != heartbeat.key_of({"a": "1", "b": "2"})


@pytest.fixture
def replicas(settings: Settings, postgresql: PostgreSQL, clock: Clock) -> Iterator[list[Service]]:
    shared = replace(settings, database_url=Secret(postgresql.fresh()))
    log = FakeSender("log", {"open", "resolve"})
    services = [build(shared, senders={"log": log}, clock=clock) for _ in range(3)]
    yield services
    for service in services:
        service.close()


def test_replicas_raise_it_once(replicas: list[Service], clock: Clock) -> None:
    """All replicas check at the same moment; a group has one open incident."""
    workers = [service.worker() for service in replicas]
    for _ in range(20):
        at_once(*(worker.watch_once for worker in workers))
        clock.forward(seconds=LOOK_SECONDS)
    with replicas[0].database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar_one() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM notifications").scalar_one() >= 1


def test_own_watchdog_is_not_forgotten_by_a_persons_resolve(catalog: Catalog) -> None:
    """Nobody removes it on purpose: it is told again like any alert, and no check opens a second incident."""
    ours = Silence(since=NOON, last=None, key=dead_mans_switch.OURS, labels={"watchdog": "tocsin"})
    theirs = Silence(since=NOON, last=NOON, key="k", labels=EU)
    for silent, fires_on in ((ours, True), (theirs, False)):
        incident = transition(None, dead_mans_switch.raised(silent, catalog, NOON), NOON).incident
        resolved = transition(incident, ResolvedByHand(actor="on-call"), NOON).incident
        assert resolved is not None
        assert resolved.fires_on is fires_on
