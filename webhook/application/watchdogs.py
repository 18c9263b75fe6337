"""Record which Watchdogs are heard and which are forgotten, in the caller's transaction.

`alert_batches` passes on the Watchdogs that arrive, `responses` those that a person forgets. `heartbeat` defines a
Watchdog's silence; `workers.watch` looks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from webhook.catalog.model import Catalog
from webhook.incidents.alertmanager_state import Heard
from webhook.incidents.dead_mans_switch import HEARING, LEFT_OUT, WATCHDOG, forgotten, opens
from webhook.incidents.heartbeat import BESIDE
from webhook.incidents.incident import AlertBatch, Entry, Incident
from webhook.payload import PostedAlert
from webhook.storage import store, watchdogs
from webhook.untrusted import plain_address

log = structlog.get_logger("tocsin.watchdogs")


def listen(
    connection: Connection, catalog: Catalog, watchdog: Sequence[PostedAlert], event: AlertBatch, now: float
) -> None:
    """Record which Watchdogs fire, and which have ended according to Alertmanager."""
    if not watchdog:
        return
    url = plain_address(event.external_url)
    source = min(event.own or (), default=url)  # configured peers count as one source
    firing = [alert for alert in watchdog if alert.status == "firing"]
    if firing:
        if opens(store.last_heard(connection, WATCHDOG), catalog, now, watchdogs.known(connection)):
            store.heard(connection, HEARING, now)
        store.heard(connection, WATCHDOG, now)
        beside = BESIDE * catalog.watchdog.interval_seconds
        left_out = watchdogs.hear(connection, [alert.labels for alert in firing], now, source=source, beside=beside)
        if left_out:
            store.heard(connection, LEFT_OUT, now)
            log.warning("too many Watchdogs", known=watchdogs.MOST_KNOWN, not_told_apart=left_out)
    labels = {alert.fingerprint: alert.labels for alert in watchdog}
    heard = (Heard(url=url, fingerprint=alert.fingerprint, starts_at=alert.starts_at.seconds) for alert in firing)
    watchdogs.told(connection, heard, now, labels=labels, source=source)
    ended = [alert.labels for alert in watchdog if alert.status == "resolved"]
    watchdogs.stop(connection, ended, now, source=source)


def forget_resolved(connection: Connection, incident: Incident, now: float) -> None:
    """Forget the Watchdogs whose silence a person has resolved: that person says that they are gone."""
    for key, name in forgotten(incident).items():
        watchdogs.forget(connection, [key])
        note_forgotten(connection, incident.id, name, "tocsin", now)


def note_forgotten(connection: Connection, number: int, name: str, actor: str, now: float) -> None:
    """Write into the timeline that the Watchdog called `name` is forgotten."""
    detail = f"the Watchdog of {name}: once it is heard again, it is expected again"
    store.note(connection, number, Entry(kind="forgotten", actor=actor, detail=detail), now)
