"""Old incidents leave the tables that work is done in, whole, and nothing that still waits goes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.webhook.samples import Clock, FakeSender, alert, payload
from webhook.service import Service, build
from webhook.settings import Settings, SettingsError, read_settings
from webhook.storage import trimming
from webhook.storage.tables import archive, archived_parts
from webhook.terminal import incident_lines
from webhook.timestamps import DAY, iso
from webhook.web import record
from webhook.web.application import create_app
from webhook.workers import retention

HOT = ("incidents", "episodes", "timeline", "notifications", "timers")


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
    assert {name: len(moved[name]) for name in ("episodes", "timeline", "notifications")} == {
        name: before[name] for name in ("episodes", "timeline", "notifications")
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
    told = ("alerts", "timeline", "deliveries", "problem", "runbook", "resolved_by", "dedup_key", "not_reached")
    assert {name: after[name] for name in told} == {name: before[name] for name in told}
    page = client.get("/incidents/1").get_data(as_text=True)
    assert "Archived at 08:00 UTC: nothing about it changes any more." in page
    assert "Error ratio is 7.3%" in page
    found = record.read(service, 1)
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
            del row["gathered"], row["folded_into"]
        connection.execute(archive.update().values(record=old))
    found = record.read(service, 1)
    assert found is not None
    assert (found.incident.flapping_since, found.incident.reopened_at) == (None, ())
    assert {one.gathered for one in found.deliveries} == {None}


def test_what_is_young_open_or_waiting_stays(service: Service, story: Callable[..., None], clock: Clock) -> None:
    """Nothing unsent is ever moved, however old it is."""
    story(range(1, 2), ends=False)
    story(range(1), kept=True)
    clock.forward(seconds=91 * DAY)
    service.worker().archive_once()
    assert count(service, "incidents") == 2
    assert count(service, "archive") == 0


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


def test_incident_that_stays_open_stays_small(
    service: Service,
    flapping: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its distant past is archived, a few rows at a time; what fires, every call and the last of each line stay."""
    monkeypatch.setattr(trimming, "KEPT", 4)
    monkeypatch.setattr(retention, "ROWS", 5)
    flapping(12)
    before = {table: count(service, table) for table in HOT}
    totals = counters(service)
    client = create_app(service).test_client()
    unreached = client.get("/v1/incidents/1").get_json()["not_reached"]
    assert (before["episodes"], before["timeline"]) == (13, 24)
    worker = service.worker()
    while worker.archive_once():
        pass
    after = {table: count(service, table) for table in HOT}
    assert (after["incidents"], after["episodes"], after["timeline"], after["timers"]) == (1, 5, 5, 1)
    assert after["notifications"] < before["notifications"]
    assert counters(service) == totals
    shown = client.get("/v1/incidents/1").get_json()
    gone = {
        "alerts": before["episodes"] - after["episodes"],
        "timeline": before["timeline"] - after["timeline"],
        "deliveries": before["notifications"] - after["notifications"],
    }
    assert shown["archived_earlier"] == gone
    assert [one["labels"]["instance"] for one in shown["alerts"] if one["firing"]] == ["fires"]
    assert shown["timeline"][0]["kind"] == "opened"
    assert {one["action"] for one in shown["deliveries"]} >= {"open"}
    assert shown["not_reached"] == unreached
    (listed,) = client.get("/v1/incidents").get_json()["incidents"]
    assert (listed["alerts"], listed["firing"]) == (13, 1)
    said = f"in the archive already: {gone['alerts']} alerts, {gone['timeline']} lines, {gone['deliveries']} messages."
    assert said in client.get("/incidents/1").get_data(as_text=True)
    with service.database.read() as connection:
        parts = connection.execute(archived_parts.select()).mappings().all()
    moved = [row["fingerprint"] + row["started"] for part in parts for row in part["record"]["episodes"]]
    assert len(set(moved)) == gone["alerts"]


def test_trimmed_incident_goes_on_as_before(
    service: Service, flapping: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes again is no news, it ends with its last alert, and the whole of it is archived in its time."""
    monkeypatch.setattr(trimming, "KEPT", 1)
    flapping(6)
    worker = service.worker()
    worker.archive_once()
    calls = [one for one in _deliveries(service) if one["action"] != "update"]
    flapping(2)
    assert [one for one in _deliveries(service) if one["action"] != "update"] == calls
    ended = payload(*(alert(instance=name, status="resolved") for name in ("fires", "comes-and-goes")))
    client = create_app(service).test_client()
    assert client.post("/v1/alertmanager", json=ended).get_json()["result"] == "resolved"


def _deliveries(service: Service) -> list[dict[str, Any]]:
    shown = create_app(service).test_client().get("/v1/incidents/1").get_json()
    return [{name: one[name] for name in ("id", "action", "state")} for one in shown["deliveries"]]


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
