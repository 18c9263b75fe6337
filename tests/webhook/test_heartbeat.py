"""The dead man's switch: the Watchdog's silence becomes an incident. A clock moved by hand, fake senders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.postgresql import PostgreSQL
from tests.webhook.samples import NOON, Clock, FakeAlertmanagerState, FakeSender, alert, at_once
from webhook.catalog.model import Catalog
from webhook.incidents import heartbeat
from webhook.incidents.alertmanager_state import Absent
from webhook.incidents.heartbeat import GAP_SECONDS, LOOK_SECONDS, Beat, Heard, Silence, silence, silences
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
    """Return a function that lets time pass while the worker looks, works off timers and sends."""
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
    """One delivery may be lost and one late; three are silence, counted from the last that was heard."""
    span = 3 * INTERVAL
    assert silence(heard(last=NOON - span), catalog, NOON) is None
    found = silence(heard(last=NOON - span - 1), catalog, NOON)
    assert found is not None
    assert found.since == NOON - span - 1


def test_what_was_never_heard_is_told_after_one_interval(catalog: Catalog) -> None:
    """A fresh install says soon that nothing arrives, counted from when it began to listen."""
    span = INTERVAL
    assert silence(heard(last=None, listening=NOON - span), catalog, NOON) is None
    assert silence(heard(last=None, listening=NOON - span - 1), catalog, NOON) is not None


def test_time_in_which_nobody_listened_does_not_count(catalog: Catalog) -> None:
    """A program that was down for an hour has not heard it, and that is no silence of Alertmanager's."""
    down = Heard(last=NOON - 3_600, looked=NOON - GAP_SECONDS - 1, listening=NOON - 86_400)
    assert silence(down, catalog, NOON) is None
    assert heartbeat.listening_since(down, NOON) == NOON


def test_silence_pages_the_first_level_once(
    client: FlaskClient, post: Callable[..., Any], let: Callable[..., None], senders: dict[str, FakeSender]
) -> None:
    """However often somebody looks, and whatever Alertmanager would say: it is the one that is silent."""
    post(alert("Watchdog", None))
    let(seconds=3 * INTERVAL)
    assert incidents(client) == [], "it may still come"
    let(seconds=120)
    (found,) = incidents(client)
    assert (found["severity"], found["status"]) == ("critical", "open")
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    message = senders["pagerduty"].jobs[0].message
    assert "Alertmanager has not been heard of for 3 min" in message.problem
    assert "It was last heard at 12:00 UTC" in message.description


def test_fresh_install_that_hears_nothing_says_so(client: FlaskClient, let: Callable[..., None]) -> None:
    """The way from Prometheus to here may never have been opened."""
    let(seconds=INTERVAL)
    assert incidents(client) == []
    let(seconds=2 * LOOK_SECONDS)
    (found,) = incidents(client)
    shown = client.get(f"/v1/incidents/{found['id']}").get_json()
    assert "It has never been heard." in shown["description"]


def test_watchdog_that_is_heard_again_resolves(
    client: FlaskClient, post: Callable[..., Any], let: Callable[..., None]
) -> None:
    """The next look after its arrival ends the incident, and says so to whoever was called."""
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
    """This program was restarted: it has not heard the Watchdog since, so it says nothing of it."""
    let(seconds=2 * INTERVAL)
    clock.forward(seconds=GAP_SECONDS + INTERVAL)
    let(seconds=LOOK_SECONDS)
    assert [one["status"] for one in incidents(client)] == ["open"]
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    post(alert("Watchdog", None))
    let(seconds=LOOK_SECONDS)
    assert [one["status"] for one in incidents(client)] == ["resolved"]


def test_silence_escalates_without_asking_alertmanager(
    client: FlaskClient, let: Callable[..., None], alertmanager_state: FakeAlertmanagerState
) -> None:
    """An Alertmanager that answers and lists nothing has not made the Watchdog arrive."""
    alertmanager_state.answer = Absent()
    let(seconds=2 * INTERVAL)
    let(seconds=3_600 + INTERVAL)
    (found,) = incidents(client)
    assert found["status"] == "open"
    assert alertmanager_state.asked == []
    timeline = client.get(f"/v1/incidents/{found['id']}").get_json()["timeline"]
    assert "escalated" in [line["kind"] for line in timeline]


def test_silence_that_somebody_has_closed_is_not_raised_again(client: FlaskClient, let: Callable[..., None]) -> None:
    """Whoever closes it knows; a new silence is a new incident."""
    let(seconds=2 * INTERVAL)
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    let(seconds=10 * INTERVAL)
    assert [one["status"] for one in incidents(client)] == ["resolved"]


def watchdog(*, status: str = "firing", **labels: str) -> dict[str, Any]:
    """Return a Watchdog with these labels besides the common ones."""
    return alert("Watchdog", "none", status=status, annotations={}, **labels)


EU, US = {"cluster": "eu"}, {"cluster": "us"}


@pytest.fixture
def beat(post: Callable[..., Any], let: Callable[..., None]) -> Callable[..., None]:
    """Return a function that has these Watchdogs arrive every interval for so many of them, while the worker looks."""

    def run(*labels: dict[str, str], intervals: int = 1) -> None:
        for _ in range(intervals):
            for one in labels:
                post(watchdog(**one))
            let(seconds=INTERVAL)

    return run


def shown(client: FlaskClient, number: int) -> dict[str, Any]:
    """Return one incident as the API shows it."""
    found: dict[str, Any] = client.get(f"/v1/incidents/{number}").get_json()
    return found


def test_one_watchdog_of_two_that_is_silent_is_told_by_its_labels(
    client: FlaskClient, beat: Callable[..., None], senders: dict[str, FakeSender]
) -> None:
    """The other goes on, so that Alertmanager is heard; a third that replicates the first counts by itself."""
    replica = {**EU, "prometheus_replica": "b"}
    beat(EU, US, replica, intervals=5)
    beat(US, replica, intervals=2)
    assert incidents(client) == [], "it may still come"
    beat(US, replica, intervals=2)
    (found,) = incidents(client)
    assert (found["severity"], found["status"], found["title"]) == ("critical", "open", "Tocsin: Watchdog silent")
    incident = shown(client, found["id"])
    assert incident["group_labels"] == {"alertname": "TocsinWatchdogSilent", "cluster": "eu"}
    assert "The Watchdog of cluster eu" in incident["description"]
    assert "resolve this incident" in incident["description"]
    assert [job.action for job in senders["pagerduty"].jobs] == ["open"]
    beat(US, replica, intervals=20)
    assert len(incidents(client)) == 1


def test_watchdog_that_is_heard_again_ends_its_own_incident(client: FlaskClient, beat: Callable[..., None]) -> None:
    """Each by itself, whatever became of the others meanwhile."""
    beat(EU, US)
    beat(US, intervals=5)
    beat(EU, US, intervals=2)
    assert [one["status"] for one in incidents(client)] == ["resolved"]
    beat(EU, intervals=5)
    assert [one["status"] for one in incidents(client)] == ["open", "resolved"]
    assert shown(client, 2)["group_labels"]["cluster"] == "us"


def test_end_that_alertmanager_tells_is_waited_for_an_interval(
    client: FlaskClient, beat: Callable[..., None], post: Callable[..., Any]
) -> None:
    """A Prometheus that restarts is back by then; one that was shut down is not."""
    beat(EU, US, intervals=2)
    post(watchdog(status="resolved", **EU))
    beat(US)
    beat(EU, US, intervals=4)
    assert incidents(client) == []
    post(watchdog(status="resolved", **EU))
    beat(US, intervals=2)
    (found,) = incidents(client)
    assert shown(client, found["id"])["group_labels"]["cluster"] == "eu"


def test_a_delivery_of_both_tells_them_apart(
    client: FlaskClient, beat: Callable[..., None], post: Callable[..., Any]
) -> None:
    """As an Alertmanager whose routes were not renewed sends it."""
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
    """Nor when they are heard again one after the other: what was lost on a way that was closed proves nothing."""
    beat(EU, US)
    let(seconds=5 * INTERVAL)
    (found,) = incidents(client)
    assert shown(client, found["id"])["group_labels"] == {"alertname": "TocsinWatchdogSilent"}
    beat(US, intervals=2)
    beat(EU, US, intervals=4)
    assert [one["status"] for one in incidents(client)] == ["resolved"]


def test_watchdog_whose_silence_a_person_resolves_is_forgotten_until_it_is_heard(
    client: FlaskClient, beat: Callable[..., None]
) -> None:
    """It was taken away on purpose; the timeline says so, and if it comes back it is listened for again."""
    beat(EU, US)
    beat(US, intervals=5)
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    beat(US, intervals=10)
    assert [one["status"] for one in incidents(client)] == ["resolved"]
    last = shown(client, 1)["timeline"][-1]
    assert (last["kind"], "cluster eu" in last["detail"]) == ("forgotten", True)
    beat(EU, US)
    beat(US, intervals=5)
    assert [one["status"] for one in incidents(client)] == ["open", "resolved"]


def test_somebody_elses_watchdog_does_not_stand_for_ours(
    catalog: Catalog, service: Service, client: FlaskClient, beat: Callable[..., None]
) -> None:
    """Where only theirs is heard, Tocsin's rules may not be loaded; once ours has come it is one of many."""
    ours = {"watchdog": "tocsin", **EU}
    known = replace(catalog, watchdog=replace(catalog.watchdog, labels={"watchdog": "tocsin"}))
    beats = [Beat(key="k", labels={"prometheus": "theirs"}, heard_at=NOON, stopped_at=None)]
    way = Heard(last=NOON, looked=NOON - 1, listening=NOON - 86_400, hearing=NOON - 3 * INTERVAL - 1)
    (found,) = silences(way, beats, known, NOON)
    assert (found.key, found.labels) == (heartbeat.OURS, {"watchdog": "tocsin"})
    assert "own Watchdog" in heartbeat.raised(found, known, NOON).alerts[0].annotations["summary"]
    assert list(silences(replace(way, hearing=NOON - 3 * INTERVAL), beats, known, NOON)) == []
    assert list(silences(way, [*beats, replace(beats[0], key="o", labels=ours)], known, NOON)) == []
    told = {heartbeat.fingerprint(heartbeat.OURS)}
    assert list(heartbeat.heard_again(beats, told, known, NOON)) == []
    assert list(heartbeat.heard_again([replace(beats[0], labels=ours)], told, known, NOON))
    # Of a catalogue that does not know which is ours, any will do.
    assert list(silences(way, beats, catalog, NOON)) == []


def test_labels_from_outside_can_do_no_harm(client: FlaskClient, beat: Callable[..., None]) -> None:
    """Endless ones, signs, and names that mean something else."""
    odd = {"cluster": "e" * 5_000, "component": "<!channel>\n\x1b", "system": "api-platform", "x" * 900: "y"}
    odd |= {f"label_{number}": "v" for number in range(100)}
    beat(US, odd)
    beat(US, intervals=5)
    (found,) = incidents(client)
    assert found["title"] == "Tocsin: Watchdog silent"
    group = shown(client, found["id"])["group_labels"]
    assert len(group) <= heartbeat.MOST_LABELS + 1
    assert max(map(len, [*group, *group.values()])) <= heartbeat.LONGEST_VALUE
    page = client.get(f"/incidents/{found['id']}")
    assert page.status_code == 200
    assert b"<!channel>" not in page.data


def test_number_of_watchdogs_is_bounded(either: Service) -> None:
    """Those that are known stay so, and new ones are left out until one is forgotten; on both databases."""
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
    found = known[heartbeat.key_of(EU)]
    assert (found.labels, found.heard_at, found.stopped_at) == (EU, NOON + 60, NOON + 90)
    with either.database.write() as connection:
        watchdogs.forget(connection, [found.key])
        assert watchdogs.hear(connection, [EU], NOON + 180) == 0
    with either.database.read() as connection:
        assert {beat.stopped_at for beat in watchdogs.known(connection)} == {None}


def test_labels_that_every_watchdog_has_tell_none_apart() -> None:
    """One whose severity was changed is the same; order and emptiness do not count."""
    same = [{"alertname": "Watchdog", "severity": one, "a": "1", "b": "2", "c": ""} for one in ("none", "info")]
    assert {heartbeat.key_of(one) for one in (*same, {"b": "2", "a": "1"})} == {heartbeat.key_of({"a": "1", "b": "2"})}
    assert heartbeat.key_of({"a": "1"}) != heartbeat.key_of({"a": "1", "b": "2"})


@pytest.fixture
def replicas(settings: Settings, postgresql: PostgreSQL, clock: Clock) -> Iterator[list[Service]]:
    shared = replace(settings, database_url=Secret(postgresql.fresh()))
    log = FakeSender("log", {"open", "resolve"})
    found = [build(shared, senders={"log": log}, clock=clock) for _ in range(3)]
    yield found
    for service in found:
        service.close()


def test_replicas_raise_it_once(replicas: list[Service], clock: Clock) -> None:
    """All look at the same moment; a group has one open incident."""
    workers = [service.worker() for service in replicas]
    for _ in range(20):
        at_once(*(worker.watch_once for worker in workers))
        clock.forward(seconds=LOOK_SECONDS)
    with replicas[0].database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar_one() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM notifications").scalar_one() >= 1


def test_own_watchdog_is_not_forgotten_by_a_persons_resolve(catalog: Catalog) -> None:
    """Nobody takes it away on purpose: it is told again like any alert, and no second incident opens at each look."""
    ours = Silence(since=NOON, last=None, key=heartbeat.OURS, labels={"watchdog": "tocsin"})
    theirs = Silence(since=NOON, last=NOON, key="k", labels=EU)
    for told, fires_on in ((ours, True), (theirs, False)):
        incident = transition(None, heartbeat.raised(told, catalog, NOON), NOON).incident
        resolved = transition(incident, ResolvedByHand(actor="on-call"), NOON).incident
        assert resolved is not None
        assert resolved.fires_on is fires_on
