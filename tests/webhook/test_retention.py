"""Tests that old incidents move whole from the working tables to the archive, and that waiting notifications stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from testbed.postgresql import PostgreSQL
from tests.webhook.samples import PATIENT, Clock, FakeSender, alert, payload
from webhook.render.undelivered import undelivered
from webhook.secret import Secret
from webhook.senders.contract import PermanentFailure
from webhook.service import Service, build
from webhook.settings import Settings, SettingsError, read_settings
from webhook.storage import archive as archive_of
from webhook.storage import store, trimming
from webhook.storage.database import Database
from webhook.storage.notifications import ordering, outbox, outbox_report
from webhook.storage.tables import archive, archived_parts, archived_totals, incidents, notifications
from webhook.terminal import incident_lines
from webhook.timestamps import DAY, iso
from webhook.web.flask_app import create_app
from webhook.workers import retention

INCIDENT = {
    "id": 1,
    "group_hash": "g",
    "group_labels": {},
    "dedup_key": "d",
    "receiver": "tocsin",
    "external_url": "",
    "status": "open",
    "title": "Error ratio",
    "severity": "critical",
    "team": "platform",
    "policy": "standard",
    "opened_at": 0.0,
    "paged_at": 0.0,
    "truncated": 0,
    "level": 0,
    "reopened_at": [],
    "news_at": [],
}
HOT = ("incidents", "firings", "timeline", "notifications", "timers")


@pytest.fixture
def service(either: Service) -> Service:
    return either


@pytest.fixture
def story(service: Service, drain: Callable[..., int]) -> Callable[..., None]:
    """Return a function that lets incidents begin and end; it sends all notifications unless `kept`."""
    client = create_app(service).test_client()

    def tell(numbers: range, *, kept: bool = False, ends: bool = True) -> None:
        for status in ("firing", "resolved") if ends else ("firing",):
            for number in numbers:
                body = payload(alert(cell=str(number), status=status), groupLabels={"cell": str(number)})
                assert client.post("/v1/alertmanager", json=body).status_code == 200
            if not kept:
                drain()

    return tell


def count(service: Service, table: str) -> int:
    with service.database.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())  # noqa: S608


def test_old_incident_moves_whole_into_the_archive(service: Service, story: Callable[..., None], clock: Clock) -> None:
    """Its alerts, its timeline and every notification move with it; the working tables are empty afterwards."""
    story(range(1))
    before = {table: count(service, table) for table in HOT}
    clock.forward(seconds=90 * DAY + 1)
    assert service.worker().archive_once() is False
    assert {table: count(service, table) for table in HOT} == dict.fromkeys(HOT, 0)
    with service.database.read() as connection:
        moved = connection.execute(archive.select()).mappings().one()["record"]
    assert moved["incident"]["status"] == "resolved"
    assert {name: len(moved[name]) for name in ("firings", "timeline", "notifications")} == {
        name: before[name] for name in ("firings", "timeline", "notifications")
    }


def test_archived_incident_is_read_by_its_number(service: Service, story: Callable[..., None], clock: Clock) -> None:
    """An old link still works: the page, the API and the terminal show the incident, and when it was archived."""
    story(range(1))
    client = create_app(service).test_client()
    clock.forward(hours=20)
    before = client.get("/v1/incidents/1").get_json()
    clock.forward(seconds=90 * DAY)
    service.worker().archive_once()
    after = client.get("/v1/incidents/1").get_json()
    assert (before["archived_at"], after["archived_at"]) == (None, "2027-02-21T08:00:00Z")
    shown_keys = (
        "alerts",
        "timeline",
        "notifications",
        "problem",
        "runbook",
        "resolved_by",
        "dedup_key",
        "not_reached",
    )
    assert {name: after[name] for name in shown_keys} == {name: before[name] for name in shown_keys}
    page = client.get("/incidents/1").get_data(as_text=True)
    assert "Archived at 08:00 UTC: nothing about it changes any more." in page
    assert "Error ratio is 7.3%" in page
    archived = service.records.read(1)
    assert archived is not None
    assert "Archived at 08:00 UTC: nothing about it changes any more." in list(incident_lines(archived, now=clock()))
    assert client.get("/v1/incidents").get_json()["incidents"] == []


@pytest.mark.parametrize("verb", ["acknowledge", "unacknowledge", "resolve"])
def test_archived_incident_can_only_be_read(
    service: Service, story: Callable[..., None], clock: Clock, verb: str
) -> None:
    """The incident exists, so 404 would be wrong; a form on the page leads back to it."""
    story(range(1))
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    client = create_app(service).test_client()
    answer = client.post(f"/v1/incidents/1/{verb}", json={"actor": "on-call"})
    assert (answer.status_code, answer.get_json()) == (
        409,
        {"error": "incident 1 is archived: nothing about it changes any more"},
    )
    assert client.post(f"/incidents/1/{verb}", data={"actor": "on-call"}).status_code == 303
    assert client.post(f"/v1/incidents/2/{verb}", json={"actor": "on-call"}).status_code == 404
    assert count(service, "incidents") == 0


def test_record_of_an_earlier_version_is_read(service: Service, story: Callable[..., None], clock: Clock) -> None:
    """A column that was added since has its default."""
    story(range(1))
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    with service.database.write() as connection:
        old = connection.execute(archive.select()).mappings().one()["record"]
        del old["incident"]["flapping_since"], old["incident"]["reopened_at"]
        for row in old["notifications"]:
            del row["batch_size"], row["superseded_by"]
        connection.execute(archive.update().values(record=old))
    archived = service.records.read(1)
    assert archived is not None
    assert (archived.incident.flapping_since, archived.incident.reopened_at) == (None, ())
    assert {row.batch_size for row in archived.notifications} == {None}


def test_what_is_young_open_or_waiting_stays(service: Service, story: Callable[..., None], clock: Clock) -> None:
    """Nothing unsent is ever moved, however old it is."""
    story(range(1, 2), ends=False)
    story(range(1), kept=True)
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    assert count(service, "incidents") == 2
    assert count(service, "archive") == 0


def test_channel_that_is_gone_keeps_nothing_from_the_archive(
    service: Service, story: Callable[..., None], clock: Clock
) -> None:
    """After a day without a sender its notifications are given up, the timeline says so, and they are archived."""
    service.worker().archive_once()
    story(range(1), kept=True)
    kept = {name: sender for name, sender in service.senders.items() if name != "slack"}
    changed = replace(service, senders=kept)
    worker = changed.worker()

    def work() -> None:
        for channel in kept:
            while worker.run_once(channel):
                pass
        while worker.move_on_once() or worker.archive_once():
            pass

    clock.forward(hours=23)
    work()
    waits = [row for row in _deliveries(service) if row["state"] == "waiting"]
    assert len(waits) == 2, "it may be a mistake that somebody mends today"
    clock.forward(hours=2)
    work()
    shown = create_app(service).test_client().get("/v1/incidents/1").get_json()
    slack_rows = [row for row in shown["notifications"] if row["channel"] == "slack"]
    assert {(row["state"], row["reason"]) for row in slack_rows} == {
        ("unconfigured", "no longer configured, given up after a day")
    }
    assert "Slack to Platform team: no longer configured, given up after a day" in shown["not_reached"]
    failures = [(line["actor"], line["detail"]) for line in shown["timeline"] if line["kind"] == "failed"]
    assert failures == [("Slack", "to Platform team: no longer configured, given up after a day")] * 2
    clock.forward(seconds=91 * DAY)
    work()
    assert (count(service, "incidents"), count(service, "archive")) == (0, 1)


def test_channel_that_another_replica_has_is_not_gone(
    service: Service, story: Callable[..., None], clock: Clock
) -> None:
    """A replica that was configured anew does not decide for the other."""
    story(range(1), kept=True)
    without = replace(service, senders={name: sender for name, sender in service.senders.items() if name != "slack"})
    worker_without, worker_with = without.worker(), service.worker()
    for _ in range(5):
        clock.forward(hours=12)
        worker_with.archive_once()
        while worker_without.archive_once():
            pass
    assert {row["state"] for row in _deliveries(service) if row["channel"] == "slack"} == {"waiting"}


def test_many_are_moved_a_few_at_a_time(
    service: Service, story: Callable[..., None], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that moved thousands would delay deliveries; when nothing is left, the next look is in an hour."""
    monkeypatch.setattr(retention, "BATCH", 2)
    story(range(5))
    clock.forward(seconds=91 * DAY)
    worker = service.worker()
    assert [worker.archive_once() for _ in range(3)] == [True, True, False]
    assert count(service, "archive") == 5


def test_counters_do_not_fall_when_messages_are_archived(
    service: Service, story: Callable[..., None], clock: Clock
) -> None:
    """Prometheus takes a falling counter for a restart, and would see failures that never happened."""
    story(range(3))
    before = counters(service)
    assert before
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    story(range(10, 11))
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    after = counters(service)
    assert all(after[name] >= value for name, value in before.items())
    assert (
        after['tocsin_notifications_total{channel="slack",state="sent"}']
        == 4 / 3 * before['tocsin_notifications_total{channel="slack",state="sent"}']
    )


@pytest.fixture
def flapping(service: Service, drain: Callable[..., int], clock: Clock) -> Callable[[int], None]:
    """Return a function that lets an alert start and end so many times while another of its group fires all along."""
    client = create_app(service).test_client()

    def flap(times: int) -> None:
        for _ in range(times):
            started = iso(clock())
            for status in ("firing", "resolved"):
                comes = alert(instance="comes-and-goes", status=status, started=started, ended=iso(clock()))
                client.post("/v1/alertmanager", json=payload(alert(instance="fires"), comes))
                drain()
                clock.forward(minutes=5)

    return flap


@pytest.fixture
def trim(service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that trims open incidents until so many rows of each part are kept."""

    def kept(number: int) -> None:
        monkeypatch.setattr(trimming, "KEPT", number)
        monkeypatch.setattr(retention, "ROWS", 5)
        worker = service.worker()
        while worker.archive_once():
            pass

    return kept


def test_incident_that_stays_open_stays_small(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None]
) -> None:
    """Its distant past is archived, a few rows at a time; the page says how much, and the counters stay the same."""
    flapping(12)
    before = {table: count(service, table) for table in HOT}
    totals = counters(service)
    client = create_app(service).test_client()
    whole = client.get("/v1/incidents/1").get_json()
    assert (before["firings"], before["timeline"]) == (13, 24)
    trim(4)
    after = {table: count(service, table) for table in HOT}
    assert (after["incidents"], after["firings"], after["timeline"], after["timers"]) == (1, 5, 5, 1)
    assert counters(service) == totals
    shown = client.get("/v1/incidents/1").get_json()
    counts = {part: len(whole[part]) - len(shown[part]) for part in ("alerts", "timeline", "notifications")}
    assert counts["notifications"] > 0
    assert shown["archived_earlier"] == {**counts, "deliveries": counts["notifications"]}
    assert shown["not_reached"] == whole["not_reached"]
    (listed,) = client.get("/v1/incidents").get_json()["incidents"]
    assert (listed["alerts"], listed["firing"]) == (13, 1)
    sentence = (
        f"in the archive already: {counts['alerts']} alerts, {counts['timeline']} lines,"
        f" {counts['notifications']} messages."
    )
    assert sentence in client.get("/incidents/1").get_data(as_text=True)
    read = service.records.read(1)
    assert read is not None
    assert read.left_out in list(incident_lines(read, now=0))
    with service.database.read() as connection:
        parts = [row.record for row in connection.execute(archived_parts.select().order_by(archived_parts.c.id))]
    moved = [firing for part in parts for firing in part["firings"]]
    assert [firing["started"] for firing in moved] == sorted(firing["started"] for firing in moved)
    assert len({(firing["fingerprint"], firing["started"]) for firing in moved}) == counts["alerts"]


def test_newest_stay_and_what_is_needed(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None]
) -> None:
    """It keeps the firing alert, the last ended ones, the first and last lines, and the first message to each."""
    flapping(9)
    client = create_app(service).test_client()
    whole = client.get("/v1/incidents/1").get_json()
    trim(3)
    shown = client.get("/v1/incidents/1").get_json()
    ended = [entry for entry in whole["alerts"] if not entry["firing"]]
    assert shown["alerts"] == [entry for entry in whole["alerts"] if entry["firing"]] + ended[-3:]
    assert shown["timeline"] == [whole["timeline"][0], *whole["timeline"][-3:]]
    firsts = {row["channel"]: row for row in reversed(whole["notifications"])}
    for row in (*firsts.values(), whole["notifications"][-1]):
        assert row in shown["notifications"]
    assert len(shown["notifications"]) < len(whole["notifications"])


def test_edit_that_waits_is_not_moved(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], clock: Clock
) -> None:
    """Nothing unsent is ever moved."""
    flapping(4)
    comes = alert(instance="comes-and-goes", started=iso(clock()))
    create_app(service).test_client().post("/v1/alertmanager", json=payload(alert(instance="fires"), comes))
    trim(0)
    assert [row["state"] for row in _deliveries(service) if row["action"] == "update"] == ["sent", "waiting"]


def test_kind_that_was_told_is_no_news_when_it_comes_again(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], clock: Clock
) -> None:
    """Nobody is called for it again, however long ago it was told."""
    client = create_app(service).test_client()
    group = {"groupLabels": {"cell": "1"}}
    fires = alert(instance="fires")

    def deliver(name: str, severity: str) -> str:
        started = iso(clock())
        answers = [
            client.post("/v1/alertmanager", json=payload(fires, alert(name, severity, **changes), **group)).get_json()
            for changes in ({"started": started}, {"started": started, "status": "resolved", "ended": iso(clock())})
        ]
        clock.forward(minutes=5)
        return str(answers[0]["result"])

    assert deliver("ApiPlatformCircuitBreaker", "emergency") in {"opened", "joined"}
    for _ in range(4):
        deliver("ApiPlatformErrorRatio", "warning")
    trim(1)
    assert deliver("ApiPlatformCircuitBreaker", "emergency") == "updated"


def test_incident_is_as_old_as_it_was(
    service: Service, trim: Callable[[int], None], drain: Callable[..., int], clock: Clock, senders: dict[str, Any]
) -> None:
    """Its alerts change for hours; the message about the end shows how long the incident lasted as a whole."""
    client = create_app(service).test_client()
    past: dict[str, str] | None = None
    for number in range(10):
        current = {"instance": str(number), "started": iso(clock())}
        client.post("/v1/alertmanager", json=payload(alert(**current)))
        clock.forward(minutes=30)
        if past is not None:
            over = alert(status="resolved", ended=iso(clock()), **past)
            client.post("/v1/alertmanager", json=payload(alert(**current), over))
        clock.forward(minutes=30)
        past = current
    assert past is not None
    trim(2)
    client.post("/v1/alertmanager", json=payload(alert(status="resolved", ended=iso(clock()), **past)))
    drain()
    assert "Lasted 10 h" in senders["email"].jobs[-1].message.since


def test_message_that_is_edited_is_still_known(
    service: Service,
    flapping: Callable[[int], None],
    trim: Callable[[int], None],
    senders: dict[str, Any],
) -> None:
    """The first call was refused and the first edit was posted instead; later edits go to that message."""
    senders["slack"].failures = [PermanentFailure("not_in_channel")]
    flapping(6)
    trim(2)
    flapping(1)
    assert [job.provider_id for job in senders["slack"].jobs] == [None, *["slack-1"] * (len(senders["slack"].jobs) - 1)]


def test_channel_that_fails_does_not_keep_it_large(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], senders: dict[str, Any]
) -> None:
    """A token is revoked for weeks: each edit fails, and the incident still says who was not reached."""
    senders["slack"].failures = [PermanentFailure("token_revoked")] * 100
    flapping(8)
    before = create_app(service).test_client().get("/v1/incidents/1").get_json()["not_reached"]
    trim(2)
    assert len([row for row in _deliveries(service) if row["action"] == "update"]) <= 2
    after = create_app(service).test_client().get("/v1/incidents/1").get_json()
    assert after["not_reached"] == before
    assert len(after["timeline"]) == 3


def test_incident_that_nobody_takes_stays_small(
    service: Service, trim: Callable[[int], None], drain: Callable[..., int], clock: Clock
) -> None:
    """It is escalated for weeks: old calls are archived, but who was reached and who is next stay the same."""
    client = create_app(service).test_client()
    client.post("/v1/alertmanager", json=payload(alert()))
    drain()
    worker = service.worker()
    for _ in range(30):
        clock.forward(hours=1)
        while worker.step_once():
            pass
        drain()
    before = client.get("/v1/incidents/1").get_json()
    totals = counters(service)
    assert len([row for row in before["notifications"] if row["action"] == "escalate"]) > 30
    trim(5)
    after = client.get("/v1/incidents/1").get_json()
    assert len(after["notifications"]) < 20
    assert counters(service) == totals
    same = ("not_reached", "standing", "next_step", "level")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["archived_earlier"]["notifications"] == len(before["notifications"]) - len(after["notifications"])
    clock.forward(hours=1)
    assert worker.step_once()
    assert drain() > 0


def test_incident_that_is_resolved_by_hand_and_fires_on_stays_small(
    service: Service, trim: Callable[[int], None], drain: Callable[..., int], clock: Clock
) -> None:
    """Somebody resolves it each time that it is told again, so it is always resolved when the worker looks."""
    client = create_app(service).test_client()
    for _ in range(8):
        client.post("/v1/alertmanager", json=payload(alert()))
        drain()
        client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
        drain()
        client.post("/v1/incidents/1/reopen", json={"actor": "on-call"})
        drain()
        client.post("/v1/incidents/1/resolve", json={"actor": "on-call"})
    before = count(service, "notifications")
    trim(5)
    assert count(service, "notifications") < before


CHANNEL_OF = {"a": "slack", "b": "email", "c": "email", "d": "sms"}


@st.composite
def messages(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return rows of one incident: messages to four destinations with any outcome."""
    rows: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(0, 25)) + 1):
        state = draw(st.sampled_from(["sent", "sent", "failed", "superseded", "unconfigured", "waiting"]))
        ordering_key = draw(st.sampled_from("abcd"))
        other_ids = [row["id"] for row in rows if row["ordering_key"] != ordering_key]
        row = {
            "id": number,
            "incident_id": 1,
            "channel": CHANNEL_OF[ordering_key],
            "destination": f"to {ordering_key}",
            "who": f"{ordering_key} at {number}",
            "ordering_key": ordering_key,
            "action": draw(st.sampled_from(["open", "join", "escalate", "update", "resolve"])),
            "why": "",
            "urgency": 0,
            "dedup_key": str(number),
            "state": state,
            "created_at": float(number),
            "due_at": float(number),
            "attempts": 1,
            "instead_of": draw(st.sampled_from([None, None, *other_ids[-3:]])),
            "last_error": f"reason {number}",
            "provider_id": f"p{number}" if state == "sent" and draw(st.booleans()) else None,
            "batch_size": 2 if state == "sent" and draw(st.integers(0, 3)) == 0 else None,
            "superseded_by": 99 if state == "superseded" and draw(st.booleans()) else None,
        }
        rows.append(row)
    return rows


def test_no_decision_changes_when_messages_are_archived(tmp_path: Path) -> None:
    """Whatever the outcomes: who was told, who was reached, what is edited and who is missing stay the same."""
    database = Database(Secret(f"sqlite:///{tmp_path / 'decisions.db'}"))
    database.migrate()

    def known(connection: Connection) -> dict[str, object]:
        rows = connection.execute(select(notifications).order_by(notifications.c.id)).all()
        newest = {row.ordering_key: row for row in rows}
        claims = [outbox.claim_of(row, "token") for row in newest.values()]
        return {
            "told": outbox.told(connection, 1),
            "calls": outbox_report.calls(connection, 1),
            "not reached": undelivered(outbox_report.of_incident(connection, 1)),
            "edited": [(claim.ordering_key, ordering.first_provider_id(connection, claim)) for claim in claims],
            "sent": [
                (claim.ordering_key, ordering.any_sent(connection, replace(claim, id=10_000))) for claim in claims
            ],
            "told by another": [
                (claim.ordering_key, ordering.is_told_by_another(connection, claim)) for claim in claims
            ],
            "waiting": [(row.id, outbox.stood_in_for(connection, row.id)) for row in rows if row.state == "waiting"],
        }

    @PATIENT
    @given(sampled_rows=messages(), batch=st.integers(1, 9))
    def holds(sampled_rows: list[dict[str, Any]], batch: int) -> None:
        with pytest.MonkeyPatch.context() as patch, database.write() as connection:
            patch.setattr(trimming, "KEPT", 0)
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.execute(incidents.insert(), INCIDENT)
            if sampled_rows:
                connection.execute(notifications.insert(), sampled_rows)
            before = known(connection)
            while trimming.trim(connection, 1, limit=batch, now=1.0):
                pass
            assert known(connection) == before
            remaining = connection.execute(select(func.count()).select_from(notifications)).scalar_one()
            moved = archive_of.earlier(connection, [1])[1].messages
            assert remaining + moved == len(sampled_rows)
            for table in (notifications, archived_parts, archived_totals, incidents):
                connection.execute(delete(table))

    holds()
    database.close()


def test_incident_that_somebody_works_on_is_trimmed_soon_after(
    postgresql: PostgreSQL, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery or another replica holds the incident: the worker tries again at once, not in an hour."""
    monkeypatch.setattr(trimming, "KEPT", 2)
    service = build(replace(settings, database_url=Secret(postgresql.fresh())), senders={}, clock=clock)
    try:
        client = create_app(service).test_client()
        for number in range(6):
            for status in ("firing", "resolved"):
                comes = alert(instance=str(number), status=status)
                client.post("/v1/alertmanager", json=payload(alert(instance="fires"), comes))
        worker = service.worker()
        with service.database.write() as connection:
            assert store.incident_by_id(connection, 1, lock=True) is not None
            assert worker.archive_once() is False
        assert count(service, "firings") == 7
        while worker.archive_once():
            pass
        assert count(service, "firings") == 3
    finally:
        service.close()


def _deliveries(service: Service) -> list[dict[str, Any]]:
    shown = create_app(service).test_client().get("/v1/incidents/1").get_json()
    return [{name: row[name] for name in ("id", "action", "state", "channel")} for row in shown["notifications"]]


def counters(service: Service) -> dict[str, float]:
    lines = service.metrics.text().decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if line.startswith("tocsin_notifications_total{"))
    return {name: float(value) for name, _, value in samples}


@pytest.mark.parametrize(("text", "seconds"), [("30d", 30 * DAY), ("2w", 14 * DAY), ("off", None), ("", 90 * DAY)])
def test_retention_is_days_or_weeks_or_off(environment: dict[str, Any], text: str, seconds: float | None) -> None:
    """The default is ninety days."""
    assert read_settings({**environment, "TOCSIN_RETENTION": text}).retention_seconds == seconds


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "1h", "٣d", "90x"])
def test_retention_that_means_nothing_is_refused(environment: dict[str, Any], text: str) -> None:
    """A typing error must not archive everything."""
    with pytest.raises(SettingsError, match="TOCSIN_RETENTION must be a number of days or weeks"):
        read_settings({**environment, "TOCSIN_RETENTION": text})


def test_off_archives_nothing(settings: Settings, clock: Clock) -> None:
    """With `off` every incident stays."""
    kept = replace(settings, retention_seconds=None)
    service = build(kept, senders={"log": FakeSender("log", {"open", "resolve"})}, clock=clock)
    try:
        client = create_app(service).test_client()
        for status in ("firing", "resolved"):
            client.post("/v1/alertmanager", json=payload(alert(status=status)))
        worker = service.worker()
        while worker.run_once("log"):
            pass
        clock.forward(seconds=10_000 * DAY)
        worker.archive_once()
        assert count(service, "incidents") == 1
    finally:
        service.close()
