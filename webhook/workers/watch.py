"""Checks that the Watchdogs are heard, and opens or ends Tocsin's own incidents about them. A thread of `worker`.

Rows of the store hold when each Watchdog was heard and since when Tocsin has listened; `heartbeat` interprets them. All
replicas check. A group has only one open incident, so only one replica raises it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from webhook.application.alert_batches import AlertBatches
from webhook.catalog.model import Catalog
from webhook.incidents import dead_mans_switch
from webhook.incidents.dead_mans_switch import HEARING, LISTENING, LOOKED, WATCHDOG, Heard
from webhook.incidents.incident import AlertBatch, group_hash
from webhook.storage import store, watchdogs
from webhook.storage.database import Database

log = structlog.get_logger("tocsin.watch")


class Watch:
    """Notices when Watchdogs fall silent."""

    def __init__(
        self,
        database: Database,
        alert_batches: AlertBatches,
        *,
        catalog: Callable[[], Catalog],
        clock: Callable[[], float],
    ) -> None:
        """Keep the collaborators; `clock` returns epoch seconds."""
        self._database = database
        self._alert_batches = alert_batches
        self._catalog = catalog
        self._clock = clock

    def look(self) -> bool:
        """If it is time, check the Watchdogs; return whether an incident began or ended. Raises StoreUnavailable."""
        now, catalog = self._clock(), self._catalog()
        with self._database.read() as connection:
            if not dead_mans_switch.is_time(_heard(connection), catalog, now):
                return False
        with self._database.write() as connection:
            heard = _heard(connection)
            if not dead_mans_switch.is_time(heard, catalog, now):
                return False
            store.heard(connection, LISTENING, dead_mans_switch.listening_since(heard, now))
            store.heard(connection, LOOKED, now)
        changes = [self._take(event, now) for event in self._news(heard, catalog, now)]
        return any(changes)

    def _take(self, event: AlertBatch, now: float) -> bool:
        outcome = self._alert_batches.observe(event, now)
        if outcome.result in {"opened", "reopened", "resolved"}:
            log.warning(
                "a Watchdog", incident=outcome.incident_id, result=outcome.result, group=dict(event.group_labels)
            )
        return outcome.result not in {"unchanged", "repeated"}

    def _news(self, heard: Heard, catalog: Catalog, now: float) -> list[AlertBatch]:
        """Return the alert batches that begin or end incidents.

        They are about the silence of all Watchdogs, or about single Watchdogs that are silent while others are heard.
        """
        with self._database.read() as connection:
            is_told = dead_mans_switch.is_told(store.open_incident(connection, group_hash(dead_mans_switch.GROUP)))
            beats = watchdogs.known(connection)
            keys = [*(beat.key for beat in beats), dead_mans_switch.OURS]
            reported = store.open_incident_by_fingerprint(
                connection, [dead_mans_switch.fingerprint(key) for key in keys]
            )
        silence = dead_mans_switch.silence(heard, catalog, now, beats)
        if silence is not None:
            return [] if is_told else [dead_mans_switch.raised(silence, catalog, now)]
        batches = (
            [dead_mans_switch.ended(catalog, now)]
            if is_told and dead_mans_switch.is_heard(heard, catalog, now, beats)
            else []
        )
        batches += [
            dead_mans_switch.ended(catalog, now, past_silence)
            for past_silence in dead_mans_switch.heard_again(beats, reported, catalog, now)
        ]
        new_silences = (
            new_silence
            for new_silence in dead_mans_switch.silences(heard, beats, catalog, now)
            if new_silence.fingerprint not in reported
        )
        return [*batches, *(dead_mans_switch.raised(new_silence, catalog, now) for new_silence in new_silences)]


def _heard(connection: Connection) -> Heard:
    return Heard(
        last=store.last_heard(connection, WATCHDOG),
        looked=store.last_heard(connection, LOOKED),
        listening=store.last_heard(connection, LISTENING),
        hearing=store.last_heard(connection, HEARING),
    )
