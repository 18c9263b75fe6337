"""The heartbeats that have been heard, read at once with the state of each: for the API, the page and the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webhook.incidents import heartbeat
from webhook.incidents.heartbeat import Beat, State
from webhook.service import Service
from webhook.storage import store, watchdogs
from webhook.timestamps import iso


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A heartbeat, as people and programs see it."""

    beat: Beat
    name: str
    state: State
    interval: float
    """Seconds."""
    incident: int | None
    """In which its silence stands open."""


@dataclass(frozen=True, kw_only=True)
class Heartbeats:
    """All of them, the one that has been silent for longest first."""

    shown: tuple[Shown, ...]
    left_out_at: float | None
    """When one has last arrived that is not told from others, in epoch seconds; None where there was room for all."""
    most: int = watchdogs.MOST_KNOWN


def read(service: Service) -> Heartbeats:
    """Return the heartbeats as of now; raises StoreUnavailable."""
    catalog, now = service.catalog.current, service.clock()
    with service.database.read() as connection:
        beats = watchdogs.known(connection)
        open_incidents = store.open_incident_by_fingerprint(
            connection, [heartbeat.fingerprint(beat.key) for beat in beats]
        )
        left_out_at = store.last_heard(connection, heartbeat.LEFT_OUT)
    shown = (
        Shown(
            beat=beat,
            name=heartbeat.name_of(beat.labels),
            state=heartbeat.state(beat, beats, catalog, now),
            interval=heartbeat.interval_of(beat, catalog),
            incident=open_incidents.get(heartbeat.fingerprint(beat.key)),
        )
        for beat in sorted(beats, key=lambda beat: (beat.heard_at, beat.key))
    )
    return Heartbeats(shown=tuple(shown), left_out_at=left_out_at)


def heartbeats_json(found: Heartbeats) -> dict[str, Any]:
    """Return the heartbeats as `GET /v1/heartbeats` shows them."""
    return {
        "heartbeats": [
            {
                "key": one.beat.key,
                "name": one.name,
                "labels": dict(one.beat.labels),
                "alertmanager": one.beat.source or None,
                "state": one.state,
                "heard_at": iso(one.beat.heard_at),
                "ended_at": None if one.beat.stopped_at is None else iso(one.beat.stopped_at),
                "interval_seconds": one.interval,
                "incident": one.incident,
            }
            for one in found.shown
        ],
        "most": found.most,
        "left_out_at": None if found.left_out_at is None else iso(found.left_out_at),
    }
