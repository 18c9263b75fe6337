"""What happens → incident and messages, committed together. Called by `api` inside the request and by `cli`.

`payload` and the catalogue become an event, `incident.transition` decides, `outgoing` says who hears of it, and `store`
and `outbox` write all of it in one transaction. Whoever calls gets an answer only after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from webhook import outbox, store
from webhook.catalog import Catalog
from webhook.database import Database, StoreUnavailable
from webhook.episode import Sighting
from webhook.escalation import recipients
from webhook.incident import (
    Acknowledged,
    Delivered,
    Event,
    Incident,
    Outcome,
    ResolvedByHand,
    Result,
    group_hash,
    transition,
)
from webhook.outgoing import Channels, outgoing
from webhook.payload import Payload, PostedAlert
from webhook.untrusted import one_line

WATCHDOG = "watchdog"
"""The heartbeat's name in the store."""

LONGEST_ACTOR = 80


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a delivery has led to: the group's incident, where it has one."""

    result: Result | Literal["watchdog"]
    incident_id: int | None


class Ingest:
    """Takes events into the store."""

    def __init__(
        self,
        database: Database,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `catalog` returns the one in force, `committed` is called after each commit that causes messages."""
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._committed = committed

    def deliver(self, payload: Payload, now: float) -> Taken:
        """Take what Alertmanager posted; return after the commit. Raises StoreUnavailable."""
        try:
            return self._deliver(payload, now)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
        # Another replica has opened the group's incident at the same moment: now it is there to be found.
        return self._deliver(payload, now)

    def acknowledge(self, number: int, actor: str, now: float) -> Outcome | None:
        """Let `actor` take the incident; return what came of it, None when there is no such incident."""
        return self._by_hand(number, Acknowledged(actor=_actor(actor)), now)

    def resolve(self, number: int, actor: str, now: float) -> Outcome | None:
        """Let `actor` close the incident; return what came of it, None when there is no such incident."""
        return self._by_hand(number, ResolvedByHand(actor=_actor(actor)), now)

    def _deliver(self, payload: Payload, now: float) -> Taken:
        catalog = self._catalog()
        watchdog = [alert for alert in payload.alerts if alert.labels.get("alertname") == catalog.watchdog.alert]
        others = [alert for alert in payload.alerts if alert.labels.get("alertname") != catalog.watchdog.alert]
        with self._database.write() as connection:
            if any(alert.status == "firing" for alert in watchdog):
                store.heard(connection, WATCHDOG, now)
            if watchdog and not others:
                return Taken(result="watchdog", incident_id=None)
            key = group_hash(payload.group_labels)
            before = store.open_incident(connection, key)
            event = Delivered(
                group_key=payload.group_key,
                group_labels=payload.group_labels,
                receiver=payload.receiver,
                external_url=payload.external_url,
                truncated=payload.truncated,
                sightings=tuple(sighting_of(alert, catalog) for alert in others),
                dismissed=store.dismissed(connection, key) if before is None else frozenset(),
            )
            outcome = transition(before, event, now)
            incident = self._write(connection, before, outcome, now)
        if outcome.notice is not None:
            self._committed()
        return Taken(result=outcome.result, incident_id=incident.id if incident else None)

    def _by_hand(self, number: int, event: Event, now: float) -> Outcome | None:
        with self._database.write() as connection:
            before = store.incident_by_id(connection, number, lock=True)
            if before is None:
                return None
            outcome = transition(before, event, now)
            self._write(connection, before, outcome, now)
        if outcome.notice is not None:
            self._committed()
        return outcome

    def _write(self, connection: Connection, before: Incident | None, outcome: Outcome, now: float) -> Incident | None:
        if outcome.incident is None or outcome.incident == before:
            return before
        incident = store.save(connection, outcome.incident, outcome.changed)
        if outcome.entry is None:
            return incident
        cause = store.note(connection, incident.id, outcome.entry, now)
        if outcome.notice is not None:
            messages = outgoing(
                incident,
                outcome.notice,
                recipients=recipients(
                    self._catalog(), policy=incident.policy, team=incident.team, severity=incident.severity
                ),
                told=outbox.told(connection, incident.id),
                channels=self._channels,
            )
            outbox.enqueue(connection, incident.id, messages, cause=cause, now=now)
        return incident


def sighting_of(alert: PostedAlert, catalog: Catalog) -> Sighting:
    """Return the posted alert with what the catalogue says about it."""
    return Sighting(
        fingerprint=alert.fingerprint,
        firing=alert.status == "firing",
        started=alert.starts_at.exact,
        starts_at=alert.starts_at.seconds,
        ends_at=alert.ends_at,
        labels=alert.labels,
        annotations=alert.annotations,
        generator_url=alert.generator_url,
        match=catalog.match(alert.labels),
    )


def _actor(text: str) -> str:
    return one_line(text, LONGEST_ACTOR) or "somebody"
