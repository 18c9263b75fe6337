"""Looks whether the Watchdogs are heard, and lets incidents of Tocsin's own begin or end. A thread of `worker`'s.

When each was heard, and since when somebody has listened, are rows; `heartbeat` says what they mean. Any number of
replicas look: a group has one open incident, so that one of them raises it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents import heartbeat
from webhook.incidents.heartbeat import HEARING, LISTENING, LOOKED, WATCHDOG, Heard
from webhook.incidents.incident import AlertBatch, group_hash
from webhook.ingest import Ingest
from webhook.storage import store, watchdogs
from webhook.storage.database import Database

log = structlog.get_logger("tocsin.watch")


class Watch:
    """Listens for the Watchdog's silence."""

    def __init__(
        self, database: Database, ingest: Ingest, *, catalog: Callable[[], Catalog], clock: Callable[[], float]
    ) -> None:
        """Prepare; `clock` gives epoch seconds."""
        self._database = database
        self._ingest = ingest
        self._catalog = catalog
        self._clock = clock

    def look(self) -> bool:
        """Look, if it is time; return whether an incident has begun or ended. Raises StoreUnavailable."""
        now, catalog = self._clock(), self._catalog()
        with self._database.read() as connection:
            if not heartbeat.is_time(_heard(connection), catalog, now):
                return False
        with self._database.write() as connection:
            heard = _heard(connection)
            if not heartbeat.is_time(heard, catalog, now):
                return False
            store.heard(connection, LISTENING, heartbeat.listening_since(heard, now))
            store.heard(connection, LOOKED, now)
        taken = [self._take(event, now) for event in self._news(heard, catalog, now)]
        return any(taken)

    def _take(self, event: AlertBatch, now: float) -> bool:
        taken = self._ingest.observe(event, now)
        if taken.result in {"opened", "reopened", "resolved"}:
            log.warning("a Watchdog", incident=taken.incident_id, result=taken.result, group=dict(event.group_labels))
        return taken.result not in {"unchanged", "repeated"}

    def _news(self, heard: Heard, catalog: Catalog, now: float) -> list[AlertBatch]:
        """Return what has to be told: of the way to here, and of each Watchdog that is silent while others are not."""
        with self._database.read() as connection:
            is_told = heartbeat.is_told(store.open_incident(connection, group_hash(heartbeat.GROUP)))
            beats = watchdogs.known(connection)
            keys = [*(beat.key for beat in beats), heartbeat.OURS]
            told = store.open_incident_by_fingerprint(connection, [heartbeat.fingerprint(key) for key in keys])
        silence = heartbeat.silence(heard, catalog, now, beats)
        if silence is not None:
            return [] if is_told else [heartbeat.raised(silence, catalog, now)]
        over = [heartbeat.ended(catalog, now)] if is_told and heartbeat.is_heard(heard, catalog, now, beats) else []
        over += [heartbeat.ended(catalog, now, one) for one in heartbeat.heard_again(beats, told, catalog, now)]
        silent = (one for one in heartbeat.silences(heard, beats, catalog, now) if one.fingerprint not in told)
        return [*over, *(heartbeat.raised(one, catalog, now) for one in silent)]


def _heard(connection: Connection) -> Heard:
    return Heard(
        last=store.last_heard(connection, WATCHDOG),
        looked=store.last_heard(connection, LOOKED),
        listening=store.last_heard(connection, LISTENING),
        hearing=store.last_heard(connection, HEARING),
    )
