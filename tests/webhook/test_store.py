"""Tests of the store under stress: schema, locks, a full disk, simultaneous replicas."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, text
from sqlalchemy.pool import QueuePool

from tests.webhook.samples import NOON, FakeSender, alert, at_once, payload
from webhook.channels import CHANNELS
from webhook.secret import Secret
from webhook.server import REQUEST_THREADS
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage import engines, store, timers
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.notifications import outbox, stalled_notifications
from webhook.storage.tables import metadata
from webhook.web.flask_app import create_app
from webhook.workers.worker import THREADS, Worker

Post = Callable[..., Any]

sqlite_only = pytest.mark.parametrize("either_store", ["sqlite"], indirect=True)


@pytest.fixture
def environment(environment: dict[str, str], either_store: str) -> dict[str, str]:
    return environment | {"TOCSIN_DATABASE_URL": either_store}


def test_migrations_lead_to_the_tables(service: Service) -> None:
    """Whoever changes a table writes a migration."""
    with service.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(service: Service) -> None:
    """Every start migrates."""
    service.database.migrate()


def test_schema_of_a_newer_program_is_refused(service: Service) -> None:
    """The program does not write into tables that it does not know."""
    with service.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="cannot be brought up to date"):
        service.database.migrate()


@sqlite_only
def test_commit_is_on_the_disk(service: Service) -> None:
    """WAL with synchronous=FULL: 200 survives a power cut."""
    with service.database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_incident_of_an_earlier_version_is_escalated_after_the_migration(tmp_path: Path) -> None:
    """An incident from before there were timers gets one; the worker that takes it computes when it is really due."""
    database = Database(Secret(f"sqlite:///{tmp_path / 'old.db'}"))
    database.migrate("0001")
    old = text(
        "INSERT INTO incidents (id, group_hash, group_labels, dedup_key, receiver, external_url, status, title, severity,"
        " team, policy, opened_at, paged_at, truncated)"
        " VALUES (:id, :id, '{}', 'k', 'r', 'u', :status, 'X', 'critical', 'platform', 'standard', 0, 0, 0)"
    )
    with database.write() as connection:
        for number, status in ((1, "open"), (2, "acknowledged"), (3, "resolved")):
            connection.execute(old, {"id": number, "status": status})
    database.migrate()
    with database.write() as connection:
        claims = [timers.claim(connection, token="t", now=NOON, until=NOON + 60) for _ in range(3)]
        assert [claim.incident_id for claim in claims if claim] == [1, 2]
        incident = store.incident_by_id(connection, 1)
    assert incident is not None
    assert (incident.level, incident.reopened_at, incident.suppressed_since) == (0, (), None)
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/x", "nonsense", "oracle+odd://h"])
def test_database_that_cannot_be_used_is_refused(url: str) -> None:
    """In memory nothing survives a restart; other databases than SQLite and PostgreSQL are unknown."""
    with pytest.raises(ValueError, match=r"memory|supported|not a database URL|needs the Python package"):
        Database(Secret(url))


@pytest.mark.parametrize("url", ["sqlite:///tocsin.db", "postgresql://127.0.0.1:1/x"])
def test_every_thread_of_the_server_finds_a_connection(url: str) -> None:
    """A thread without a connection reports the store as unavailable, and a delivery would be refused without need."""
    single = 3  # whoever looks for held-up calls, for the Watchdog and for what is to be archived
    threads = THREADS * (len(CHANNELS) + 1) + single + REQUEST_THREADS
    pool = engines.open_engine(Secret(url)).pool
    assert isinstance(pool, QueuePool)
    assert pool.size() + pool._max_overflow >= threads


def test_failure_never_shows_the_database_s_address() -> None:
    """The address can hold a password."""
    with pytest.raises(StoreUnavailable) as caught:
        Database(Secret("postgresql://user:hush@127.0.0.1:1/x?connect_timeout=1")).migrate()
    assert "hush" not in str(caught.value)


@sqlite_only
def test_locked_database_is_a_503_and_nothing_is_lost(
    settings: Settings, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the lock; when it releases it, everything works without help."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    service = build(settings, senders={})
    locker = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        slow = create_app(service).test_client()
        assert slow.post("/v1/alertmanager", json=payload(alert())).status_code == 503
        assert slow.get("/readyz").status_code == 503
        assert slow.get("/v1/incidents").status_code == 200, "reading waits for no writer"
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    assert slow.post("/v1/alertmanager", json=payload(alert())).get_json()["result"] == "opened"
    assert slow.get("/readyz").status_code == 200
    service.close()


@sqlite_only
def test_full_disk_is_a_503_and_leaves_no_half_incident(client: FlaskClient, service: Service) -> None:
    """SQLite may not grow the file; once it may, the same delivery is taken."""
    big = payload(*(alert(instance=f"{number}", annotations={"summary": "x" * 5_000}) for number in range(200)))
    limit: list[int] = []

    def no_growth(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={limit[0] if limit else pages}")

    event.listen(service.database.engine, "checkout", no_growth)
    assert client.post("/v1/alertmanager", json=big).status_code == 503
    assert client.get("/v1/incidents").get_json()["incidents"] == []
    limit.append(1_000_000)
    assert client.post("/v1/alertmanager", json=big).get_json()["result"] == "opened"


@sqlite_only
def test_what_was_sent_is_written_down_before_others_write(service: Service) -> None:
    """The writer that records a sent message goes first, however late it came."""
    order: list[str] = []

    def write(name: str, *, urgent: bool) -> None:
        with service.database.write(urgent=urgent):
            order.append(name)

    names = [*(f"delivery {number}" for number in range(5)), "sent"]
    threads = [threading.Thread(target=write, args=(name,), kwargs={"urgent": name == "sent"}) for name in names]
    with service.database.write():
        for thread in threads:
            thread.start()
        while service.database._turns._urgent == 0:
            threading.Event().wait(0.01)
    for thread in threads:
        thread.join()
    assert order[0] == "sent"
    assert sorted(order) == sorted(names)


@sqlite_only
def test_writer_whose_turn_does_not_come_says_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread of this process holds the store for too long."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    with (
        service.database.write(),
        pytest.raises(StoreUnavailable, match="other writers of this process"),
        service.database.write(),
    ):
        pytest.fail("two writers at once")


def test_replicas_that_deliver_at_once_open_one_incident(service: Service) -> None:
    """Two Alertmanagers report the same outage, a moment apart."""
    app, results = create_app(service), []

    def deliver() -> None:
        results.append(app.test_client().post("/v1/alertmanager", json=payload(alert())).get_json())

    at_once(*[deliver] * 6)
    assert sorted(answer["result"] for answer in results) == ["opened", *["repeated"] * 5]
    assert {answer["incident"] for answer in results} == {1}


@pytest.fixture
def deliver_at_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that posts each payload in its own thread; all look for an incident before any goes on."""
    app, find_open_incident = create_app(service), store.open_incident_by_fingerprint

    def deliver(*payloads: dict[str, Any]) -> list[dict[str, Any]]:
        meeting, answers = threading.Barrier(len(payloads)), dict[int, Any]()

        def open_incident_by_fingerprint(connection: Connection, fingerprints: list[str]) -> dict[str, int]:
            numbers = find_open_incident(connection, fingerprints)
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=0.5)  # broken for good once it was in vain: then they come one by one
            return numbers

        def post(number: int) -> None:
            answer = app.test_client().post("/v1/alertmanager", json=payloads[number])
            answers[number] = {"status": answer.status_code, **answer.get_json()}

        monkeypatch.setattr(store, "open_incident_by_fingerprint", open_incident_by_fingerprint)
        at_once(*(partial(post, number) for number in range(len(payloads))))
        monkeypatch.setattr(store, "open_incident_by_fingerprint", find_open_incident)
        return [answers[number] for number in range(len(payloads))]

    return deliver


def test_alert_that_two_groups_bring_at_once_is_one_incident(
    deliver_at_once: Callable[..., list[dict[str, Any]]], client: FlaskClient
) -> None:
    """Two routes deliver it, or two replicas of Alertmanager, one of which has the edited route already."""
    deliveries = [payload(alert(), groupLabels={"alertname": "X", "route": name}) for name in ("old", "new")]
    results = deliver_at_once(*deliveries)
    assert sorted(answer["result"] for answer in results) == ["opened", "repeated"]
    assert {answer["incident"] for answer in results} == {1}
    assert len(client.get("/v1/incidents").get_json()["incidents"]) == 1


@pytest.mark.parametrize("most", [0, 1, 64])
def test_large_delivery_and_small_one_at_once_are_one_incident(
    deliver_at_once: Callable[..., list[dict[str, Any]]],
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    """Both, one or none of them may be too large to lock alert by alert."""
    monkeypatch.setattr(store, "MOST_TURNS", most)
    small = payload(alert(), groupLabels={"route": "old"})
    large = payload(alert(), alert(instance="another"), groupLabels={"route": "new"})
    deliver_at_once(small, large)
    listed = client.get("/v1/incidents").get_json()["incidents"]
    assert sum(incident["alerts"] for incident in listed) == 2


def test_deliveries_that_each_tell_of_the_other_s_incident_do_not_wait_for_each_other(
    deliver_at_once: Callable[..., list[dict[str, Any]]], post: Post
) -> None:
    """Two routes have one alert in common each; a delivery that locks several incidents locks them in their order."""
    west, east = alert(instance="west"), alert(instance="east")
    post(west, groupLabels={"route": "a"})
    post(east, groupLabels={"route": "b"})
    crossed = [payload(east, groupLabels={"route": "a"}), payload(west, groupLabels={"route": "b"})]
    assert [(answer["status"], answer["result"]) for answer in deliver_at_once(*crossed)] == [(200, "repeated")] * 2


def test_workers_at_once_send_each_message_once(post: Post, service: Service, senders: dict[str, FakeSender]) -> None:
    """A claim belongs to one worker; PagerDuty is a channel on which a storm is not batched."""
    for number in range(20):
        post(alert(instance=str(number)), groupLabels={"n": str(number)})
    workers = [service.worker() for _ in range(4)]

    def work(worker: Worker) -> None:
        while worker.run_once("pagerduty"):
            pass

    at_once(*(partial(work, worker) for worker in workers))
    assert len(senders["pagerduty"].jobs) == len({job.id for job in senders["pagerduty"].jobs}) == 20


def test_claim_takes_the_most_urgent_first(
    post: Post, drain: Callable[..., int], senders: dict[str, FakeSender]
) -> None:
    """First pages go before edits, emergencies before warnings, whatever came first."""
    post(alert(severity="warning"), groupLabels={"n": "1"})
    drain("slack")
    post(alert(severity="warning"), alert(severity="warning", instance="b"), groupLabels={"n": "1"})
    post(alert(severity="warning", instance="c"), groupLabels={"n": "2"})
    post(alert("ApiPlatformCircuitBreaker", "emergency"), groupLabels={"n": "3"})
    drain("slack")
    assert [(job.action, job.message.incident_id) for job in senders["slack"].jobs[1:]] == [
        ("open", 3),
        ("open", 2),
        ("update", 1),
    ]


def test_edits_that_wait_are_superseded_by_the_newest(
    post: Post, service: Service, drain: Callable[..., int], senders: dict[str, FakeSender]
) -> None:
    """A flapping group must not fill the outbox: each edit shows the present state anyway."""
    post(alert(instance="0"))
    drain("slack")
    for number in range(1, 20):
        post(*(alert(instance=str(index)) for index in range(number + 1)))
    drain("slack")
    assert [job.action for job in senders["slack"].jobs] == ["open", "update"]
    assert len(senders["slack"].jobs[1].message.alerts) == 10


def test_message_is_due_when_nobody_has_it_and_its_time_has_come(post: Post, service: Service) -> None:
    """It is not due while it is leased, postponed, or its destination paused."""
    post(alert())
    with service.database.write() as connection:
        claimed = outbox.claim(connection, "slack", token="t", now=NOON, until=NOON + 60)
        assert claimed is not None
        assert [outbox.any_due(connection, "slack", NOON + later) for later in (59, 60)] == [False, True]
        assert outbox.postpone(connection, claimed, due_at=NOON + 5, error="x")
        assert [outbox.any_due(connection, "slack", NOON + later) for later in (4, 5)] == [False, True]
        outbox.pause(connection, "slack", claimed.destination, NOON + 20)
        assert [outbox.any_due(connection, "slack", NOON + later) for later in (19, 20)] == [False, True]
        assert not outbox.any_due(connection, "sms", NOON)


def test_shorter_pause_does_not_end_a_longer_one(post: Post, service: Service) -> None:
    """Two messages were being sent; the last answer asks for the shorter pause."""
    post(alert())
    with service.database.write() as connection:
        outbox.pause(connection, "slack", "#ops-platform", NOON + 60)
        outbox.pause(connection, "slack", "#ops-platform", NOON + 5)
        assert not outbox.any_due(connection, "slack", NOON + 59)
        outbox.pause(connection, "slack", "#ops-platform", NOON + 90)
        assert not outbox.any_due(connection, "slack", NOON + 89)


def test_call_that_is_held_up_is_looked_at_once(post: Post, service: Service) -> None:
    """Many workers may look; the second one sees that it has been done."""
    with service.database.write() as connection:
        outbox.pause(connection, "slack", "#ops-platform", NOON + 10_000)
    post(alert(severity="warning"))
    with service.database.write() as connection:
        candidate = stalled_notifications.first(connection, NOON, service.senders)
        assert candidate is not None
        stalled = stalled_notifications.take(connection, candidate.id, NOON, service.senders)
        assert stalled is not None
        assert (stalled.message.channel, stalled.paused_until) == ("slack", NOON + 10_000)
        assert stalled_notifications.take(connection, candidate.id, NOON, service.senders) is None
        assert stalled_notifications.first(connection, NOON, service.senders) is None


def test_call_behind_one_that_is_not_taken_is_held_up_too(post: Post, service: Service) -> None:
    """Both move on when their time has come, and each gives the reason for which the first was not taken."""
    group = {"system": "api-platform"}
    first, second = alert(severity="warning"), alert("ApiPlatformConnectionPool", "warning")
    post(first, groupLabels=group)
    with service.database.write() as connection:
        claimed = outbox.claim(connection, "slack", token="t", now=NOON, until=NOON + 60)
        assert claimed is not None
        assert claimed.moves_on_at is not None
        outbox.postpone(connection, claimed, due_at=NOON + 60, error="HTTP 500")
    post(first, second, groupLabels=group)
    with service.database.write() as connection:
        assert stalled_notifications.first(connection, claimed.moves_on_at - 1, service.senders) is None
        moved = [
            stalled_notifications.take(connection, call.id, claimed.moves_on_at, service.senders)
            for _ in range(2)
            if (call := stalled_notifications.first(connection, claimed.moves_on_at, service.senders))
        ]
        assert [(call.message.action, call.reason) for call in moved if call] == [
            ("open", "HTTP 500"),
            ("join", "HTTP 500"),
        ]
        assert stalled_notifications.first(connection, claimed.moves_on_at, service.senders) is None


def test_try_that_nobody_has_told_of_is_no_failure(post: Post, service: Service) -> None:
    """A worker was killed while it sent: its lease runs out, and the call is tried again before it moves on."""
    post(alert(severity="warning"))
    with service.database.write() as connection:
        claimed = outbox.claim(connection, "slack", token="t", now=NOON, until=NOON + 60)
        assert claimed is not None
        assert stalled_notifications.first(connection, NOON + 86_400, service.senders) is None


@sqlite_only
def test_queue_is_searched_through_its_index(service: Service) -> None:
    """A store with years of sent messages is as fast as an empty one."""
    with service.database.read() as connection:
        statement = str(
            outbox.due_statement("slack", NOON).compile(connection.engine, compile_kwargs={"literal_binds": True})
        )
        plan = " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
    assert "ix_notifications_due" in plan
    assert "ix_notifications_ordering_key" in plan
    assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "")


@sqlite_only
def test_calls_that_are_held_up_are_searched_for_through_an_index(service: Service) -> None:
    """The search runs every second and must not read messages that were sent long ago."""
    with service.database.read() as connection:
        statement = str(
            stalled_notifications.first_statement(NOON, ["slack", "log"]).compile(
                connection.engine, compile_kwargs={"literal_binds": True}
            )
        )
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    assert not [line for line in plan if line.startswith("SCAN notifications") and "USING INDEX" not in line], plan
