"""Apply what Alertmanager posts: one transaction for each alert batch. `api` calls it inside the request.

`payload` and the catalogue give the batch, `placement` assigns its alerts to incidents, `transitions` decides what
becomes of each incident, and `outcomes` writes everything. A call returns only after the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from webhook.application import assignment, watchdogs
from webhook.application.outcomes import Writer
from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state
from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.incident import (
    AlertBatch,
    Outcome,
    Result,
    group_hash,
)
from webhook.incidents.notifications import Channels
from webhook.incidents.transitions import transition
from webhook.payload import Payload, PostedAlert
from webhook.severity import Severity
from webhook.storage import store, timers
from webhook.storage.database import Database, StoreUnavailable
from webhook.untrusted import one_line, plain_address

_LONGEST_LOGGED = 80
_MOST_LOGGED = 5
"""At most so many unknown severity words of one alert batch are logged; every word is counted."""
log = structlog.get_logger("tocsin.alert_batches")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The result of an alert batch, with the group's incident if there is one."""

    result: Result | Literal["watchdog", "ignored"]
    incident_id: int | None
    unknown: tuple[Severity, ...] = ()
    """The severity that was assumed, for each firing alert whose own severity is unknown."""
    ignored: int = 0
    """How many firing alerts notify nobody, because their severity is `none`."""


class HungUp(Exception):  # noqa: N818  the state's name, not an error's
    """The sender no longer waits for the answer: nothing was stored, and the sender delivers again."""


class AlertBatches:
    """Applies alert batches to incidents and stores the result."""

    def __init__(  # noqa: PLR0913  put together once, in `service`
        self,
        database: Database,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        peers: Callable[[str], frozenset[str] | None] = lambda _: frozenset(),
        can_be_asked: bool = False,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the collaborators.

        `catalog` returns the catalogue in force. `committed` is called after each commit that adds notifications or
        a question to Alertmanager. `peers` returns the configured external URLs of the cluster to which an external
        URL belongs, or None if several clusters share that URL. `can_be_asked` says whether any Alertmanager is
        configured.
        """
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._peers = peers
        self._can_be_asked = can_be_asked
        self._committed = committed

    def deliver(self, payload: Payload, now: float, still_waits: Callable[[], bool] = lambda: True) -> Taken:
        """Apply what Alertmanager posted; return after the commit. Raises StoreUnavailable.

        If Alertmanager no longer waits for the answer, apply only the firing alerts that were never received before;
        raise HungUp if there are none.
        """
        catalog = self._catalog()
        watchdog_alerts = [alert for alert in payload.alerts if alert.labels.get("alertname") == catalog.watchdog.alert]
        other_alerts = [alert for alert in payload.alerts if alert.labels.get("alertname") != catalog.watchdog.alert]
        batch = replace(
            delivered(payload, other_alerts, catalog),
            own=self._peers(plain_address(payload.external_url)),
            can_be_asked=self._can_be_asked,
        )
        event = replace(batch, alerts=tuple(alert for alert in batch.alerts if not _notifies_nobody(alert)))
        unknown = _assumed_severities(event.alerts)
        ignored = len(batch.alerts) - len(event.alerts)
        if ignored and not event.alerts and not watchdog_alerts:
            return Taken(result="ignored", incident_id=None, ignored=ignored)
        taken = _with_retry(lambda: self._deliver(event, watchdog_alerts, now, still_waits))
        return replace(taken, unknown=unknown, ignored=ignored)

    def observe(self, event: AlertBatch, now: float) -> Taken:
        """Apply an alert batch that Tocsin itself has made; return after the commit. Raises StoreUnavailable."""
        return _with_retry(lambda: self._observe(replace(event, verified=True), now))

    def _deliver(
        self, event: AlertBatch, watchdog: Sequence[PostedAlert], now: float, still_waits: Callable[[], bool]
    ) -> Taken:
        # Check before the work, so that an abandoned request costs little. Check again after it: it may take long.
        if still_waits():
            with suppress(HungUp):
                return self._deliver_in_time(event, watchdog, now, still_waits)
        return self._deliver_late(event, now)

    def _deliver_in_time(
        self, event: AlertBatch, watchdog: Sequence[PostedAlert], now: float, still_waits: Callable[[], bool]
    ) -> Taken:
        outcomes: list[Outcome] = []
        with self._database.write() as connection:
            watchdogs.listen(connection, self._catalog(), watchdog, event, now)
            if event.alerts or not watchdog:
                outcomes = self._take_parts(connection, event, now)
            if not still_waits():
                raise HungUp
        return self._after_commit(outcomes) if outcomes else Taken(result="watchdog", incident_id=None)

    def _deliver_late(self, event: AlertBatch, now: float) -> Taken:
        """Apply only firing alerts that were never received: they cannot undo anything that was delivered since."""
        with self._database.read() as connection:
            _only_unseen(connection, event)
        with self._database.write() as connection:
            store.lock_alerts(connection, group_hash(event.group_labels), [alert.fingerprint for alert in event.alerts])
            outcomes = self._take_parts(connection, _only_unseen(connection, event), now)
        return self._after_commit(outcomes)

    def _observe(self, event: AlertBatch, now: float) -> Taken:
        with self._database.write() as connection:
            outcomes = self._take_parts(connection, event, now)
        return self._after_commit(outcomes)

    def _after_commit(self, outcomes: list[Outcome]) -> Taken:
        if any(outcome.trigger is not None or outcome.result == "doubted" for outcome in outcomes):
            self._committed()
        first = outcomes[0]
        return Taken(result=first.result, incident_id=first.incident.id if first.incident else None)

    def _take_parts(self, connection: Connection, batch: AlertBatch, now: float) -> list[Outcome]:
        """Apply each part of the batch to the incident that it concerns; return the outcomes."""
        writer = Writer(catalog=self._catalog(), channels=self._channels)
        outcomes = []
        for before, part in assignment.parts(connection, batch, now):
            outcome = transition(before, part, now)
            incident = writer.write(connection, before, outcome, now)
            if incident is not None and alertmanager_state.tells_that_it_fires(incident, part.alerts):
                timers.ask_anew(connection, incident.id)
            outcomes.append(replace(outcome, incident=incident))
        return outcomes


def _notifies_nobody(alert: ReceivedAlert) -> bool:
    """Return whether this firing alert notifies nobody; an end always counts, because the alert may be open."""
    return alert.firing and alert.match.is_nothing


def _assumed_severities(alerts: Iterable[ReceivedAlert]) -> tuple[Severity, ...]:
    """Log unknown severities of firing alerts; return the severity that was assumed for each of these alerts."""
    unknown = [alert for alert in alerts if alert.firing and alert.match.unknown_severity]
    words = Counter((alert.match.unknown_severity, alert.match.severity) for alert in unknown)
    for (word, severity), count in words.most_common(_MOST_LOGGED):
        name = next(alert.match.title for alert in unknown if alert.match.unknown_severity == word)
        log.warning(
            "severity not known",
            severity=one_line(word, _LONGEST_LOGGED),
            taken_for=severity,
            alert=one_line(name, _LONGEST_LOGGED),
            alerts=count,
            hint="say below `severities:` of thresholds.yaml what it stands for",
        )
    return tuple(alert.match.severity for alert in unknown)


def _only_unseen(connection: Connection, event: AlertBatch) -> AlertBatch:
    """Return the batch with only the firing alerts that were never received; raise HungUp if there are none."""
    seen = store.seen(connection, [(alert.fingerprint, alert.started) for alert in event.alerts])
    unseen = (alert for alert in event.alerts if alert.firing and (alert.fingerprint, alert.started) not in seen)
    unseen_batch = replace(event, alerts=tuple(unseen))
    if not unseen_batch.alerts:
        raise HungUp
    return unseen_batch


def _with_retry(take: Callable[[], Taken]) -> Taken:
    """Call `take`; call it again if another replica opened the group's incident meanwhile: the second call finds it."""
    try:
        return take()
    except StoreUnavailable as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
    return take()


def delivered(payload: Payload, alerts: Iterable[PostedAlert], catalog: Catalog) -> AlertBatch:
    """Return the payload as an alert batch that contains only `alerts`, which are some or all of the payload's."""
    return AlertBatch(
        group_key=payload.group_key,
        group_labels=payload.group_labels,
        receiver=payload.receiver,
        external_url=payload.external_url,
        truncated=payload.truncated,
        alerts=tuple(received_alert_of(alert, catalog) for alert in alerts),
    )


def received_alert_of(alert: PostedAlert, catalog: Catalog) -> ReceivedAlert:
    """Return the posted alert with what the catalogue says about it."""
    return ReceivedAlert(
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
