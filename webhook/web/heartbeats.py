"""Reads all known heartbeats with the state of each in one transaction, for the API, the page and the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webhook.incidents import dead_mans_switch, heartbeat
from webhook.incidents.heartbeat import Beat, State
from webhook.service import Service
from webhook.storage import store, watchdogs
from webhook.timestamps import iso


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A heartbeat as the page and the API show it."""

    beat: Beat
    name: str
    state: State
    interval: float
    """Seconds within which the heartbeat is expected again."""
    incident: int | None
    """The id of the open incident about its silence, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Heartbeats:
    """All known heartbeats, the one that has been silent longest first."""

    shown: tuple[Shown, ...]
    left_out_at: float | None
    """When the last heartbeat arrived that there was no room for, in epoch seconds; None when all found room."""
    most: int = watchdogs.MOST_KNOWN


def read(service: Service) -> Heartbeats:
    """Return the heartbeats as of now; raises StoreUnavailable."""
    catalog, now = service.catalog.current, service.clock()
    with service.database.read() as connection:
        beats = watchdogs.known(connection)
        open_incidents = store.open_incident_by_fingerprint(
            connection, [dead_mans_switch.fingerprint(beat.key) for beat in beats]
        )
        left_out_at = store.last_heard(connection, dead_mans_switch.LEFT_OUT)
    shown = (
        Shown(
            beat=beat,
            name=heartbeat.name_of(beat.labels),
            state=heartbeat.state(beat, beats, catalog, now),
            interval=heartbeat.interval_of(beat, catalog),
            incident=open_incidents.get(dead_mans_switch.fingerprint(beat.key)),
        )
        for beat in sorted(beats, key=lambda beat: (beat.heard_at, beat.key))
    )
    return Heartbeats(shown=tuple(shown), left_out_at=left_out_at)


def heartbeats_json(heartbeats: Heartbeats) -> dict[str, Any]:
    """Return the JSON of `GET /v1/heartbeats`."""
    return {
        "heartbeats": [
            {
                "key": row.beat.key,
                "name": row.name,
                "labels": dict(row.beat.labels),
                "alertmanager": row.beat.source or None,
                "state": row.state,
                "heard_at": iso(row.beat.heard_at),
                "ended_at": None if row.beat.stopped_at is None else iso(row.beat.stopped_at),
                "interval_seconds": row.interval,
                "incident": row.incident,
            }
            for row in heartbeats.shown
        ],
        "most": heartbeats.most,
        "left_out_at": None if heartbeats.left_out_at is None else iso(heartbeats.left_out_at),
    }
