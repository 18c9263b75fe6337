"""Old incidents leave the tables that work is done in, whole, and nothing that still waits goes with them."""

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
    """Return a function that lets incidents begin and end, all messages sent unless `kept`."""
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
    """With its alerts, its timeline and every message; the tables that work is done in are left empty."""
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
    """An old link still leads somewhere: the page, the API and the terminal show what was there, and when it left."""
    story(range(1))
    client = create_app(service).test_client()
    clock.forward(hours=20)
    before = client.get("/v1/incidents/1").get_json()
    clock.forward(seconds=90 * DAY)
    service.worker().archive_once()
    after = client.get("/v1/incidents/1").get_json()
    assert (before["archived_at"], after["archived_at"]) == (None, "2027-02-21T08:00:00Z")
    told = ("alerts", "timeline", "notifications", "problem", "runbook", "resolved_by", "dedup_key", "not_reached")
    assert {name: after[name] for name in told} == {name: before[name] for name in told}
    page = client.get("/incidents/1").get_data(as_text=True)
    assert "Archived at 08:00 UTC: nothing about it changes any more." in page
    assert "Error ratio is 7.3%" in page
    found = service.records.read(1)
    assert found is not None
    assert "Archived at 08:00 UTC: nothing about it changes any more." in list(incident_lines(found, now=clock()))
    assert client.get("/v1/incidents").get_json()["incidents"] == []


@pytest.mark.parametrize("verb", ["acknowledge", "unacknowledge", "resolve"])
def test_archived_incident_can_only_be_read(
    service: Service, story: Callable[..., None], clock: Clock, verb: str
) -> None:
    """It is there, so that it is missing would be a lie; a form on the page leads back to it."""
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
    """A column that has come since has its default."""
    story(range(1))
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    with service.database.write() as connection:
        old = connection.execute(archive.select()).mappings().one()["record"]
        del old["incident"]["flapping_since"], old["incident"]["reopened_at"]
        for row in old["notifications"]:
            del row["batch_size"], row["superseded_by"]
        connection.execute(archive.update().values(record=old))
    found = service.records.read(1)
    assert found is not None
    assert (found.incident.flapping_since, found.incident.reopened_at) == (None, ())
    assert {one.batch_size for one in found.notifications} == {None}


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
    """What waits for it is given up after a day without a sender, and the timeline says so; then it is archived."""
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
    waits = [one for one in _deliveries(service) if one["state"] == "waiting"]
    assert len(waits) == 2, "it may be a mistake that somebody mends today"
    clock.forward(hours=2)
    work()
    shown = create_app(service).test_client().get("/v1/incidents/1").get_json()
    gone = [one for one in shown["notifications"] if one["channel"] == "slack"]
    assert {(one["state"], one["reason"]) for one in gone} == {
        ("unconfigured", "no longer configured, given up after a day")
    }
    assert "Slack to Platform team: no longer configured, given up after a day" in shown["not_reached"]
    told = [(line["actor"], line["detail"]) for line in shown["timeline"] if line["kind"] == "failed"]
    assert told == [("Slack", "to Platform team: no longer configured, given up after a day")] * 2
    clock.forward(seconds=91 * DAY)
    work()
    assert (count(service, "incidents"), count(service, "archive")) == (0, 1)


def test_channel_that_another_replica_has_is_not_gone(
    service: Service, story: Callable[..., None], clock: Clock
) -> None:
    """One that was configured anew speaks for no other."""
    story(range(1), kept=True)
    without = replace(service, senders={name: one for name, one in service.senders.items() if name != "slack"})
    mine, others = without.worker(), service.worker()
    for _ in range(5):
        clock.forward(hours=12)
        others.archive_once()
        while mine.archive_once():
            pass
    assert {one["state"] for one in _deliveries(service) if one["channel"] == "slack"} == {"waiting"}


def test_many_are_moved_a_few_at_a_time(
    service: Service, story: Callable[..., None], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that moved thousands would keep deliveries waiting; when nothing is left nobody looks for an hour."""
    monkeypatch.setattr(retention, "BATCH", 2)
    story(range(5))
    clock.forward(seconds=91 * DAY)
    worker = service.worker()
    assert [worker.archive_once() for _ in range(3)] == [True, True, False]
    assert count(service, "archive") == 5


def test_counters_do_not_fall_when_messages_are_archived(
    service: Service, story: Callable[..., None], clock: Clock
) -> None:
    """Prometheus takes a counter that falls for a new start, and would see failures that never were."""
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
    """Return a function that lets an alert come and go so many times, while another of its group fires all along."""
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
    """Return a function that trims what is open until so much of each part is kept."""

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
    """Its distant past is archived, a few rows at a time; how much that is is told, and counted as before."""
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
    gone = {part: len(whole[part]) - len(shown[part]) for part in ("alerts", "timeline", "notifications")}
    assert gone["notifications"] > 0
    assert shown["archived_earlier"] == {**gone, "deliveries": gone["notifications"]}
    assert shown["not_reached"] == whole["not_reached"]
    (listed,) = client.get("/v1/incidents").get_json()["incidents"]
    assert (listed["alerts"], listed["firing"]) == (13, 1)
    said = (
        f"in the archive already: {gone['alerts']} alerts, {gone['timeline']} lines, {gone['notifications']} messages."
    )
    assert said in client.get("/incidents/1").get_data(as_text=True)
    found = service.records.read(1)
    assert found is not None
    assert found.left_out in list(incident_lines(found, now=0))
    with service.database.read() as connection:
        parts = [row.record for row in connection.execute(archived_parts.select().order_by(archived_parts.c.id))]
    moved = [one for part in parts for one in part["firings"]]
    assert [one["started"] for one in moved] == sorted(one["started"] for one in moved)
    assert len({(one["fingerprint"], one["started"]) for one in moved}) == gone["alerts"]


def test_newest_stay_and_what_is_needed(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None]
) -> None:
    """The alert that fires, the last ended ones, the first line, the first message to each, and what was said last."""
    flapping(9)
    client = create_app(service).test_client()
    whole = client.get("/v1/incidents/1").get_json()
    trim(3)
    shown = client.get("/v1/incidents/1").get_json()
    ended = [one for one in whole["alerts"] if not one["firing"]]
    assert shown["alerts"] == [one for one in whole["alerts"] if one["firing"]] + ended[-3:]
    assert shown["timeline"] == [whole["timeline"][0], *whole["timeline"][-3:]]
    firsts = {one["channel"]: one for one in reversed(whole["notifications"])}
    for one in (*firsts.values(), whole["notifications"][-1]):
        assert one in shown["notifications"]
    assert len(shown["notifications"]) < len(whole["notifications"])


def test_edit_that_waits_is_not_moved(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], clock: Clock
) -> None:
    """Nothing unsent is ever moved."""
    flapping(4)
    comes = alert(instance="comes-and-goes", started=iso(clock()))
    create_app(service).test_client().post("/v1/alertmanager", json=payload(alert(instance="fires"), comes))
    trim(0)
    assert [one["state"] for one in _deliveries(service) if one["action"] == "update"] == ["sent", "waiting"]


def test_kind_that_was_told_is_no_news_when_it_comes_again(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], clock: Clock
) -> None:
    """However long ago it was told: nobody is called for it once more."""
    client = create_app(service).test_client()
    group = {"groupLabels": {"cell": "1"}}
    fires = alert(instance="fires")

    def deliver(name: str, severity: str) -> str:
        started = iso(clock())
        told = [
            client.post("/v1/alertmanager", json=payload(fires, alert(name, severity, **one), **group)).get_json()
            for one in ({"started": started}, {"started": started, "status": "resolved", "ended": iso(clock())})
        ]
        clock.forward(minutes=5)
        return str(told[0]["result"])

    assert deliver("ApiPlatformCircuitBreaker", "emergency") in {"opened", "joined"}
    for _ in range(4):
        deliver("ApiPlatformErrorRatio", "warning")
    trim(1)
    assert deliver("ApiPlatformCircuitBreaker", "emergency") == "updated"


def test_incident_is_as_old_as_it_was(
    service: Service, trim: Callable[[int], None], drain: Callable[..., int], clock: Clock, senders: dict[str, Any]
) -> None:
    """Alerts take turns for hours; its end is told with the whole time that it lasted."""
    client = create_app(service).test_client()
    past: dict[str, str] | None = None
    for number in range(10):
        mine = {"instance": str(number), "started": iso(clock())}
        client.post("/v1/alertmanager", json=payload(alert(**mine)))
        clock.forward(minutes=30)
        if past is not None:
            over = alert(status="resolved", ended=iso(clock()), **past)
            client.post("/v1/alertmanager", json=payload(alert(**mine), over))
        clock.forward(minutes=30)
        past = mine
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
    """Where the first call was refused, the first edit was posted; it goes on being edited."""
    senders["slack"].failures = [PermanentFailure("not_in_channel")]
    flapping(6)
    trim(2)
    flapping(1)
    assert [job.provider_id for job in senders["slack"].jobs] == [None, *["slack-1"] * (len(senders["slack"].jobs) - 1)]


def test_channel_that_fails_does_not_keep_it_large(
    service: Service, flapping: Callable[[int], None], trim: Callable[[int], None], senders: dict[str, Any]
) -> None:
    """A token is revoked for weeks: each edit fails, and who was not reached is still told."""
    senders["slack"].failures = [PermanentFailure("token_revoked")] * 100
    flapping(8)
    before = create_app(service).test_client().get("/v1/incidents/1").get_json()["not_reached"]
    trim(2)
    assert len([one for one in _deliveries(service) if one["action"] == "update"]) <= 2
    after = create_app(service).test_client().get("/v1/incidents/1").get_json()
    assert after["not_reached"] == before
    assert len(after["timeline"]) == 3


def test_incident_that_nobody_takes_stays_small(
    service: Service, trim: Callable[[int], None], drain: Callable[..., int], clock: Clock
) -> None:
    """It is escalated for weeks: old calls are archived, and who was reached and who is asked next is as before."""
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
    assert len([one for one in before["notifications"] if one["action"] == "escalate"]) > 30
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
    """Whoever resolves it each time that it is told again leaves it resolved whenever somebody looks."""
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
    """Return rows of one incident: whatever may have become of messages to four destinations."""
    found: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(0, 25)) + 1):
        state = draw(st.sampled_from(["sent", "sent", "failed", "superseded", "unconfigured", "waiting"]))
        ordering_key = draw(st.sampled_from("abcd"))
        others = [one["id"] for one in found if one["ordering_key"] != ordering_key]
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
            "instead_of": draw(st.sampled_from([None, None, *others[-3:]])),
            "last_error": f"reason {number}",
            "provider_id": f"p{number}" if state == "sent" and draw(st.booleans()) else None,
            "batch_size": 2 if state == "sent" and draw(st.integers(0, 3)) == 0 else None,
            "superseded_by": 99 if state == "superseded" and draw(st.booleans()) else None,
        }
        found.append(row)
    return found


def test_no_decision_changes_when_messages_are_archived(tmp_path: Path) -> None:
    """Whatever has become of them: who was told, who was reached, what is edited, who is missing."""
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
            "edited": [(one.ordering_key, ordering.first_provider_id(connection, one)) for one in claims],
            "sent": [(one.ordering_key, ordering.any_sent(connection, replace(one, id=10_000))) for one in claims],
            "told by another": [(one.ordering_key, ordering.is_told_by_another(connection, one)) for one in claims],
            "waiting": [(row.id, outbox.stood_in_for(connection, row.id)) for row in rows if row.state == "waiting"],
        }

    @PATIENT
    @given(found=messages(), batch=st.integers(1, 9))
    def holds(found: list[dict[str, Any]], batch: int) -> None:
        with pytest.MonkeyPatch.context() as patch, database.write() as connection:
            patch.setattr(trimming, "KEPT", 0)
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.execute(incidents.insert(), INCIDENT)
            if found:
                connection.execute(notifications.insert(), found)
            before = known(connection)
            while trimming.trim(connection, 1, limit=batch, now=1.0):
                pass
            assert known(connection) == before
            left = connection.execute(select(func.count()).select_from(notifications)).scalar_one()
            moved = archive_of.earlier(connection, [1])[1].messages
            assert left + moved == len(found)
            for table in (notifications, archived_parts, archived_totals, incidents):
                connection.execute(delete(table))

    holds()
    database.close()


def test_incident_that_somebody_works_on_is_trimmed_soon_after(
    postgresql: PostgreSQL, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery holds it, or another replica: it is looked at again at once, and not in an hour."""
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
    return [{name: one[name] for name in ("id", "action", "state", "channel")} for one in shown["notifications"]]


def counters(service: Service) -> dict[str, float]:
    lines = service.metrics.text().decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith("tocsin_notifications_total{"))
    return {name: float(value) for name, _, value in found}


@pytest.mark.parametrize(("text", "seconds"), [("30d", 30 * DAY), ("2w", 14 * DAY), ("off", None), ("", 90 * DAY)])
def test_retention_is_days_or_weeks_or_off(environment: dict[str, Any], text: str, seconds: float | None) -> None:
    """Ninety days unless said otherwise."""
    assert read_settings({**environment, "TOCSIN_RETENTION": text}).retention_seconds == seconds


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "1h", "٣d", "90x"])
def test_retention_that_means_nothing_is_refused(environment: dict[str, Any], text: str) -> None:
    """A typing error must not archive everything."""
    with pytest.raises(SettingsError, match="TOCSIN_RETENTION must be a number of days or weeks"):
        read_settings({**environment, "TOCSIN_RETENTION": text})


def test_off_archives_nothing(settings: Settings, clock: Clock) -> None:
    """Whoever keeps everything keeps it."""
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
