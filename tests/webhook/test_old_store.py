"""Tests that this version reads a store of release 0.1: its incidents, notifications, archive and counters.

`data/store_0013.json` holds the rows that the release wrote and what its API and metrics said of them: a storm
told in one message, a silenced incident, an acknowledged one, one in doubt, one with alerts left out, one that a person
resolved, calls that moved on to another channel, an incident trimmed while it was open, an archived one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import MetaData, text

from tests.webhook.samples import Clock, FakeAlertmanagerState, FakeSender, alert, payload
from webhook.secret import Secret
from webhook.senders.contract import Sender
from webhook.service import Service, build
from webhook.settings import Settings
from webhook.storage.database import Database

OLD: Mapping[str, Any] = json.loads((Path(__file__).parent / "data" / "store_0013.json").read_text())
RENAMED = {
    "deliveries": "notifications",
    "folded_into": "superseded_by",
    "gathered": "batch_size",
    "held_by": "suppressed_by",
    "held_since": "suppressed_since",
}
COUNTED = ("tocsin_notifications", "tocsin_open", "tocsin_storm_incidents")


def renamed(answer: Any) -> Any:  # noqa: ANN401  JSON
    """Return release 0.1's answer as this version gives it: the new names stand beside the old ones."""
    if isinstance(answer, list):
        return [renamed(part) for part in answer]
    if not isinstance(answer, dict):
        return answer
    parts = {name: renamed(part) for name, part in answer.items()}
    if parts.get("state") == "folded":
        parts["state"] = parts["outcome"] = "superseded"
    return {**parts, **{new: parts[old] for old, new in RENAMED.items() if old in parts}}


@pytest.fixture
def migrated(either_store: str) -> str:
    """Return the address of each store in turn, which holds the rows of release 0.1."""
    database = Database(Secret(either_store))
    database.migrate("0013")
    tables = MetaData()
    with database.write() as connection:
        tables.reflect(connection)
        for table in tables.sorted_tables:
            rows = OLD["tables"].get(table.name)
            if rows:
                connection.execute(table.insert(), rows)
        if connection.dialect.name == "postgresql":
            for name in ("incidents", "episodes", "notifications", "timeline", "archived_parts"):
                sequence = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"  # noqa: S608
                connection.execute(text(sequence))
    database.close()
    return either_store


@pytest.fixture
def service(
    migrated: str,
    settings: Settings,
    senders: Mapping[str, Sender],
    clock: Clock,
    alertmanager_state: FakeAlertmanagerState,
) -> Iterator[Service]:
    """Give a service over the old store, at the time when it was written."""
    clock.forward(seconds=OLD["now"] - clock())
    built = build(
        replace(settings, database_url=Secret(migrated)),
        senders=senders,
        clock=clock,
        alertmanager_state=alertmanager_state,
    )
    yield built
    built.close()


def test_everything_is_told_as_before(client: FlaskClient) -> None:
    """The test compares the list, each incident with alerts, messages and timeline, the archive, and the counters."""
    assert client.get("/v1/incidents?limit=200").get_json()["incidents"] == renamed(OLD["list"])
    for number, before in OLD["answers"].items():
        assert client.get(f"/v1/incidents/{number}").get_json() == renamed(before)
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    counted = [line for line in lines if line.startswith(COUNTED) and not line.endswith(" 0.0")]
    assert counted == [line.replace('state="folded"', 'state="superseded"') for line in OLD["metrics"]]


def test_work_goes_on_where_it_was_left(
    client: FlaskClient, service: Service, clock: Clock, senders: Mapping[str, FakeSender]
) -> None:
    """Waiting notifications are sent, due steps are taken, and a new incident gets the next number."""
    clock.forward(minutes=30)
    worker = service.worker()
    while worker.run_once("email"):
        pass
    waited = {row["incident_id"] for row in OLD["tables"]["notifications"] if row["state"] == "waiting"}
    assert waited == {24, 25, 26} == {job.message.incident_id for job in senders["email"].jobs}
    assert worker.step_once()
    body = payload(alert(cell="new", started="2027-02-20T14:00:00Z"), groupLabels={"cell": "new"})
    assert client.post("/v1/alertmanager", json=body).status_code == 200
    assert client.get("/v1/incidents/27").get_json()["status"] == "open"
