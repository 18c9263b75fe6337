"""The dead man's switch: the Watchdog's silence becomes an incident. A clock moved by hand, fake senders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from testbed.postgresql import PostgreSQL
from tests.webhook.samples import NOON, Clock, FakeSender, FakeTruth, alert, at_once
from webhook.catalog.model import Catalog
from webhook.incidents import heartbeat
from webhook.incidents.heartbeat import GAP_SECONDS, LOOK_SECONDS, Heard, silence
from webhook.incidents.truth import Absent
from webhook.secret import Secret
from webhook.service import Service, build
from webhook.settings import Settings

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
    client: FlaskClient, let: Callable[..., None], truth: FakeTruth
) -> None:
    """An Alertmanager that answers and lists nothing has not made the Watchdog arrive."""
    truth.answer = Absent()
    let(seconds=2 * INTERVAL)
    let(seconds=3_600 + INTERVAL)
    (found,) = incidents(client)
    assert found["status"] == "open"
    assert truth.asked == []
    timeline = client.get(f"/v1/incidents/{found['id']}").get_json()["timeline"]
    assert "escalated" in [line["kind"] for line in timeline]


def test_silence_that_somebody_has_closed_is_not_raised_again(client: FlaskClient, let: Callable[..., None]) -> None:
    """Whoever closes it knows; a new silence is a new incident."""
    let(seconds=2 * INTERVAL)
    client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    let(seconds=10 * INTERVAL)
    assert [one["status"] for one in incidents(client)] == ["resolved"]


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
