"""Tests of heartbeats: one for each Watchdog and Alertmanager, with its own interval, until a person forgets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import NOON, Clock, alert, at_once, payload
from webhook.alertmanagers import Server
from webhook.catalog.model import Catalog, Fallback, Watchdog
from webhook.cli import main
from webhook.incidents import dead_mans_switch, heartbeat
from webhook.incidents.dead_mans_switch import Heard, silence, silences
from webhook.incidents.heartbeat import Beat, interval_of
from webhook.secret import Secret
from webhook.senders.contract import Sender
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage import store, tables, watchdogs
from webhook.web.flask_app import create_app

INTERVAL = 60
"""Seconds, in the catalogue of the tests."""
A, B = "http://am-a.example.com:9093", "http://am-b.example.com:9093"
EU, US = {"cluster": "eu"}, {"cluster": "us"}


@pytest.fixture
def let(service: Service, clock: Clock, drain: Callable[..., int], step: Callable[[], int]) -> Callable[..., None]:
    """Return a function that lets time pass while the worker checks heartbeats, works off timers and sends."""
    worker = service.worker()

    def run(*, seconds: float) -> None:
        for _ in range(int(seconds // 15)):
            worker.watch_once()
            clock.forward(seconds=15)
        worker.watch_once()
        step()
        drain()

    return run


@pytest.fixture
def come(post: Callable[..., Any], let: Callable[..., None]) -> Callable[..., None]:
    """Return a function that posts these Watchdogs, each from its Alertmanager, and lets time pass."""

    def run(*beats: tuple[dict[str, str], str], seconds: float = INTERVAL, times: int = 1) -> None:
        for _ in range(times):
            for labels, source in beats:
                post(alert("Watchdog", "none", annotations={}, **labels), externalURL=source)
            let(seconds=seconds)

    return run


def incidents(client: FlaskClient, *, state: str = "open") -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get(f"/v1/incidents?state={state}").get_json()["incidents"]
    return [client.get(f"/v1/incidents/{listed['id']}").get_json() for listed in entries]


def heartbeats(client: FlaskClient) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get("/v1/heartbeats").get_json()["heartbeats"]
    return entries


def test_the_same_labels_from_another_alertmanager_are_another_heartbeat(
    client: FlaskClient, come: Callable[..., None]
) -> None:
    """Two clusters have no external labels; the incident names the silent one by its Alertmanager."""
    come(({}, A), ({}, B), times=3)
    come(({}, B), times=5)
    (incident,) = incidents(client)
    assert incident["group_labels"] == {"alertname": "TocsinWatchdogSilent", "alertmanager": A}
    assert f"by way of the Alertmanager {A}" in incident["description"]
    come(({}, A), ({}, B))
    assert incidents(client) == []
    assert len(incidents(client, state="resolved")) == 1


def test_a_peer_that_stands_in_is_no_second_heartbeat(client: FlaskClient, come: Callable[..., None]) -> None:
    """Nobody has configured them as peers: one delivers while the other is away, and then stops again."""
    come((EU, A), (US, A), times=4)
    come((EU, B), (US, A), times=8)
    come((EU, A), (US, A), times=8)
    assert incidents(client) == [], "it was heard all the time"
    come((US, A), times=5)
    (incident,) = incidents(client)
    assert incident["group_labels"]["cluster"] == "eu"
    come((EU, B), (US, A))
    assert incidents(client) == [], "heard again, by whichever of the two"


def test_configured_peers_are_one_alertmanager(
    settings: Settings, senders: Mapping[str, Sender], clock: Clock, tmp_path: Path
) -> None:
    """Both deliver at once, and they share one heartbeat."""
    peer = Server(name="am", url=A, external_urls=frozenset({A, B}))
    shared = replace(settings, alertmanagers=(peer,), database_url=Secret(f"sqlite:///{tmp_path / 'peers.db'}"))
    service = build(shared, senders=senders, clock=clock)
    client = create_app(service).test_client()
    for source in (A, B, A):
        body = payload(alert("Watchdog", "none", annotations={}, **EU), externalURL=source)
        assert client.post("/v1/alertmanager", json=body).status_code == 200
    assert [heartbeat["alertmanager"] for heartbeat in heartbeats(client)] == [A]
    service.close()


def test_one_that_comes_seldom_has_its_own_interval(client: FlaskClient, come: Callable[..., None]) -> None:
    """Another project repeats its Watchdog every ten intervals; after two such gaps the heartbeat expects this."""
    for _ in range(3):
        come((US, A), (EU, A))
        come((US, A), times=9)
    before = len(incidents(client, state="resolved"))
    for _ in range(5):
        come((US, A), (EU, A))
        come((US, A), times=9)
    assert incidents(client) == []
    assert len(incidents(client, state="resolved")) == before
    slow = next(heartbeat for heartbeat in heartbeats(client) if heartbeat["labels"] == EU)
    assert slow["interval_seconds"] == 10 * INTERVAL
    come((US, A), times=45)
    (incident,) = incidents(client)
    assert "it should arrive every 10 min" in incident["description"]


def test_one_that_comes_often_is_missed_sooner(client: FlaskClient, come: Callable[..., None]) -> None:
    """Its own interval counts, not the catalogue's; eight arrivals are enough to measure it."""
    come((EU, A), (US, A), seconds=15, times=10)
    assert {heartbeat["interval_seconds"] for heartbeat in heartbeats(client)} == {30}
    come((US, A), seconds=15, times=5)
    assert incidents(client) == [], "it may still come"
    come((US, A), seconds=15, times=3)
    assert [incident["group_labels"]["cluster"] for incident in incidents(client)] == ["eu"]


@given(gaps=st.lists(st.floats(min_value=1, max_value=1e6), max_size=heartbeat.MOST_GAPS))
def test_an_interval_is_never_out_of_bounds(gaps: list[float]) -> None:
    """The interval is half a minute at least and a day at most, and one long gap alone changes nothing."""
    catalog = every(300.0)
    interval = interval_of(Beat(key="k", labels={}, heard_at=NOON, stopped_at=None, gaps=tuple(gaps)), catalog)
    assert heartbeat.SHORTEST_INTERVAL <= interval <= heartbeat.LONGEST_INTERVAL
    usual = Beat(key="k", labels={}, heard_at=NOON, stopped_at=None, gaps=(300.0, *gaps[:1]))
    assert interval_of(usual, catalog) == 300.0


def every(seconds: float) -> Catalog:
    """Return a catalogue whose Watchdog has this interval."""
    return Catalog(
        generated_by="",
        watchdog=Watchdog(alert="Watchdog", interval_seconds=seconds),
        fallback=Fallback(team="t", policy="p", severity="warning"),
        teams={},
        levels={},
        policies={},
        systems={},
        alerts={},
    )


def test_where_nothing_came_since_it_was_due_nobody_is_blamed(catalog: Catalog) -> None:
    """The common path may be down: another must have been heard after this one was due."""
    path = Heard(last=NOON + 30, looked=NOON + 180, listening=NOON - 86_400, hearing=NOON - 86_400)
    eu = Beat(key="e", like="e", labels=EU, heard_at=NOON, stopped_at=None)
    us = Beat(key="u", like="u", labels=US, heard_at=NOON + 30, stopped_at=None)
    assert list(silences(path, [eu, us], catalog, NOON + 181)) == []
    assert silence(path, catalog, NOON + 211, [eu, us]) is not None
    later = replace(us, heard_at=NOON + 61)
    assert [silent.key for silent in silences(path, [eu, later], catalog, NOON + 181)] == ["e"]


def test_where_all_come_seldom_the_way_is_not_taken_for_closed(catalog: Catalog) -> None:
    """The shortest expected interval counts; for an unknown one it is the catalogue's interval."""
    slow = Beat(key="e", like="e", labels=EU, heard_at=NOON, stopped_at=None, gaps=(600.0, 600.0))
    path = Heard(last=NOON, looked=NOON + 1_790, listening=NOON - 86_400, hearing=NOON - 86_400)
    assert silence(path, catalog, NOON + 1_800, [slow]) is None
    assert silence(path, catalog, NOON + 1_801, [slow]) is not None
    fast = replace(slow, key="u", like="u", gaps=())
    assert silence(path, catalog, NOON + 181, [slow, fast]) is not None


def test_forgetting_ends_its_silence_and_what_was_told_of_it(
    service: Service, client: FlaskClient, come: Callable[..., None]
) -> None:
    """A person's word ends the incident, and no Alertmanager has to list the Watchdog any more."""
    come((EU, A), (US, A))
    come((US, A), times=5)
    assert len(incidents(client)) == 1
    late = next(heartbeat for heartbeat in heartbeats(client) if heartbeat["labels"] == EU)
    assert (late["state"], late["alertmanager"], late["incident"]) == ("late", A, 1)
    answer = client.post(f"/v1/heartbeats/{late['key']}/forget", json={"actor": "Ada"})
    assert answer.get_json() == {"result": "forgotten", "heartbeat": late["key"], "incident": 1}
    (over,) = incidents(client, state="resolved")
    assert over["resolved_by"] == "Ada"
    line = over["timeline"][-1]
    assert (line["kind"], line["actor"], "cluster eu" in line["detail"]) == ("forgotten", "Ada", True)
    assert [heartbeat["labels"] for heartbeat in heartbeats(client)] == [US]
    with service.database.read() as connection:
        assert len(watchdogs.awaited(connection)) == 1
    come((US, A), times=10)
    assert incidents(client) == []
    assert client.post(f"/v1/heartbeats/{late['key']}/forget", json={"actor": "Ada"}).status_code == 404
    come((EU, A), (US, A))
    assert len(heartbeats(client)) == 2, "it is listened for again"


def test_what_is_heard_may_be_forgotten_too(client: FlaskClient, come: Callable[..., None]) -> None:
    """It is back with the next arrival, and nobody is told."""
    come((EU, A))
    (heartbeat,) = heartbeats(client)
    assert (heartbeat["state"], heartbeat["incident"]) == ("heard", None)
    assert (
        client.post(f"/v1/heartbeats/{heartbeat['key']}/forget", json={"actor": "Ada"}).get_json()["incident"] is None
    )
    assert heartbeats(client) == []


def test_a_person_forgets_on_the_page(client: FlaskClient, come: Callable[..., None]) -> None:
    """Labels are shown as text, and the button leads back to the list."""
    come(({"cluster": "<script>"}, A))
    page = client.get("/heartbeats").get_data(as_text=True)
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    (heartbeat,) = heartbeats(client)
    answer = client.post(f"/heartbeats/{heartbeat['key']}/forget", data={"actor": "Ada"})
    assert (answer.status_code, answer.location) == (303, "/heartbeats")
    assert "None has been heard yet" in client.get("/heartbeats").get_data(as_text=True)
    missing = client.post("/heartbeats/nothing/forget", data={})
    assert missing.status_code == 404
    assert "There is no such heartbeat" in missing.get_data(as_text=True)


def test_a_person_forgets_in_a_terminal(
    environment: dict[str, str], client: FlaskClient, come: Callable[..., None]
) -> None:
    """The list shows keys; the beginning of a key is enough, and an ambiguous one is refused."""
    come((EU, A), (US, A))
    run = CliRunner()
    listed = run.invoke(main, ["heartbeats", "list"], env=environment)
    assert listed.exit_code == 0
    lines = listed.stdout.splitlines()
    assert len(lines) == 2
    (line,) = (listed_line for listed_line in lines if "cluster eu" in listed_line)
    assert A in line
    for wrong in ("", "nothing"):
        refused = run.invoke(main, ["heartbeats", "forget", wrong], env=environment)
        assert (refused.exit_code, "no such heartbeat" in refused.stderr) == (1, True)
    done = run.invoke(main, ["heartbeats", "forget", line.split()[0], "--as", "Ada"], env=environment)
    assert (done.exit_code, done.stdout) == (0, "forgotten: cluster eu\n")
    assert [heartbeat["labels"] for heartbeat in heartbeats(client)] == [US]


def test_each_has_its_metrics_without_a_name(client: FlaskClient, come: Callable[..., None]) -> None:
    """The metrics need no token, so they say when a heartbeat came but not its labels."""
    come((EU, A), (US, B))
    text = client.get("/metrics").get_data(as_text=True)
    keys = [heartbeat["key"] for heartbeat in heartbeats(client)]
    for key in keys:
        assert f'tocsin_heartbeat_last_heard_timestamp_seconds{{heartbeat="{key[:12]}"}}' in text
        assert f'tocsin_heartbeat_interval_seconds{{heartbeat="{key[:12]}"}} {INTERVAL}.0' in text
    assert "example.com" not in text
    assert "cluster" not in text


def test_when_there_are_too_many_that_is_said_everywhere(
    service: Service, client: FlaskClient, post: Callable[..., Any]
) -> None:
    """The page, the API and the metrics say that those beyond the bound are not told apart."""
    post(*(alert("Watchdog", "none", annotations={}, pod=f"p{number}") for number in range(250)))
    answer = client.get("/v1/heartbeats").get_json()
    assert len(answer["heartbeats"]) == answer["most"] == watchdogs.MOST_KNOWN
    assert answer["left_out_at"] is not None
    assert "More than 200 have been heard" in client.get("/heartbeats").get_data(as_text=True)
    text = client.get("/metrics").get_data(as_text=True)
    assert "tocsin_heartbeats_left_out_timestamp_seconds" in text
    assert text.count("tocsin_heartbeat_interval_seconds{") == watchdogs.MOST_KNOWN
    with service.database.read() as connection:
        assert store.last_heard(connection, dead_mans_switch.LEFT_OUT) == service.clock()


def test_a_row_of_an_earlier_version_is_the_first_that_comes(either: Service) -> None:
    """An earlier version did not store the Alertmanager; the first that delivers takes the row over, on both stores."""
    with either.database.write() as connection:
        row = {"key": heartbeat.key_of(EU), "labels": EU, "heard_at": NOON, "alike": heartbeat.key_of(EU), "gaps": []}
        connection.execute(tables.watchdogs.insert().values(**row, is_apart=False))
        assert watchdogs.hear(connection, [EU], NOON + 60, source=A, beside=30) == 0
        assert watchdogs.hear(connection, [EU], NOON + 61, source=B, beside=30) == 0
    with either.database.read() as connection:
        beats = sorted(watchdogs.known(connection), key=lambda beat: beat.source)
    assert [(beat.source, beat.gaps, beat.is_apart) for beat in beats] == [(A, (60.0,), True), (B, (), True)]
    with either.database.write() as connection:
        watchdogs.stop(connection, [EU], NOON + 70, source=B)
        watchdogs.forget(connection, [beats[0].key])
    with either.database.read() as connection:
        (remaining,) = watchdogs.known(connection)
    assert (remaining.source, remaining.stopped_at) == (B, NOON + 70)


def test_many_replicas_take_the_first_arrival_together(either: Service) -> None:
    """Exactly one row results on both databases, and no replica fails."""

    def hear() -> None:
        with either.database.write() as connection:
            watchdogs.hear(connection, [EU, US], NOON, source=A, beside=30)

    at_once(*([hear] * 4))
    with either.database.read() as connection:
        assert len(watchdogs.known(connection)) == 2
