"""Turn what happens into incidents and notifications, in one transaction. `api` (inside the request) and `cli` call it.

`payload` and the catalogue give the event, `placement` assigns its alerts to incidents, `transitions` decides what
becomes of each incident, and `outcomes` writes everything in one transaction. A call returns only after the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from webhook.catalog.model import Catalog
from webhook.incidents import alertmanager_state, reasons
from webhook.incidents.alertmanager_state import Heard
from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.flapping import REOPEN_SECONDS
from webhook.incidents.heartbeat import (
    BESIDE,
    HEARING,
    LEFT_OUT,
    WATCHDOG,
    Beat,
    fingerprint,
    forgotten,
    forgotten_by_hand,
    name_of,
    opens,
)
from webhook.incidents.incident import (
    Acknowledged,
    AlertBatch,
    Entry,
    Event,
    Incident,
    Merged,
    Noted,
    Outcome,
    Owner,
    ReopenedByHand,
    ResolvedByHand,
    Result,
    Unacknowledged,
    dedup_key,
    group_hash,
    groups_left_out,
)
from webhook.incidents.messages import Channels
from webhook.incidents.placement import assign_alerts, of_owners
from webhook.incidents.transitions import transition
from webhook.payload import Payload, PostedAlert
from webhook.severity import Severity
from webhook.storage import lookup, store, timers, watchdogs
from webhook.storage.database import Database, StoreUnavailable
from webhook.storage.outcomes import Writer
from webhook.untrusted import one_line, plain_address

LONGEST_ACTOR = 80
_LONGEST_LOGGED = 80
_MOST_LOGGED = 5
"""So many unknown severity words of one alert batch are logged; every word is counted."""
log = structlog.get_logger("tocsin.ingest")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The result of an alert batch, with the group's incident if there is one."""

    result: Result | Literal["watchdog", "ignored"]
    incident_id: int | None
    unknown: tuple[Severity, ...] = ()
    """The severity that was assumed, for each firing alert whose own severity is unknown."""
    ignored: int = 0
    """How many firing alerts notify nobody, because their severity is `none`."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """A heartbeat that a person told Tocsin to forget, and the incident in which its silence was open, if any."""

    beat: Beat
    incident_id: int | None


class HungUp(Exception):  # noqa: N818  the state's name, not an error's
    """The sender no longer waits for the answer: nothing was stored, and the sender delivers again."""


class Ingest:
    """Applies events to incidents and stores the result."""

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
        return _once_more(lambda: self._deliver(payload, now, still_waits))

    def observe(self, event: AlertBatch, now: float) -> Taken:
        """Apply an alert batch that Tocsin itself has made; return after the commit. Raises StoreUnavailable."""
        return _once_more(lambda: self._observe(replace(event, verified=True), now))

    def acknowledge(self, number: int, actor: str, now: float, *, seen: int | None = None) -> Outcome | None:
        """Acknowledge the incident for `actor`; return the outcome, or None if there is no such incident.

        `seen` is what `lookup.told_through` returned when the actor was shown the incident, or None if that is not
        known. If people were called for news after that, the actor has not seen the news: the result is `overtaken`
        and nothing changes.
        """
        return self._by_hand(number, lambda _: Acknowledged(actor=_actor(actor)), now, seen)

    def unacknowledge(self, number: int, actor: str, now: float) -> Outcome | None:
        """Withdraw the acknowledgement for `actor`; return the outcome, or None if there is no such incident."""

        def event(incident: Incident) -> Event:
            why = reasons.given_back(self._catalog(), incident, _actor(actor), now)
            return Unacknowledged(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now)

    def resolve(self, number: int, actor: str, now: float, *, seen: int | None = None) -> Outcome | None:
        """Resolve the incident for `actor`; `seen` and the returned outcome are as for `acknowledge`."""
        return self._by_hand(number, lambda _: ResolvedByHand(actor=_actor(actor)), now, seen)

    def reopen(self, number: int, actor: str, now: float) -> Outcome | None:
        """Take back a resolve by hand for `actor`; return the outcome, or None if there is no such incident."""

        def event(incident: Incident) -> Event:
            why = reasons.reopened(self._catalog(), incident, _actor(actor), now)
            return ReopenedByHand(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now)

    def forget(self, key: str, actor: str, now: float) -> Forgotten | None:
        """Forget a heartbeat for `actor`; return it with its incident, or None if there is no such heartbeat.

        If the alert on its silence is open, that alert ends because the actor says so.
        """
        notifies = False
        with self._database.write() as connection:
            beat = watchdogs.find(connection, key, lock=True)
            if beat is None:
                return None
            number = store.open_incident_by_fingerprint(connection, [fingerprint(key)]).get(fingerprint(key))
            watchdogs.forget(connection, [key])
            before = None if number is None else store.incident_by_id(connection, number, lock=True)
            if before is not None:
                notifies = self._forgotten(connection, before, beat, _actor(actor), now)
        if notifies:
            self._committed()
        log.warning("a heartbeat is forgotten", watchdog=name_of(beat.labels), source=beat.source, actor=_actor(actor))
        return Forgotten(beat=beat, incident_id=number)

    def _forgotten(self, connection: Connection, before: Incident, beat: Beat, actor: str, now: float) -> bool:
        """End the alert on the silence of a forgotten heartbeat; return whether that causes notifications."""
        alone = {firing.fingerprint for firing in before.open_firings} == {fingerprint(beat.key)}
        event = ResolvedByHand(actor=actor) if alone else forgotten_by_hand(self._catalog(), beat, now)
        outcome = transition(before, event, now)
        Writer(catalog=self._catalog(), channels=self._channels).write(connection, before, outcome, now)
        _note_forgotten(connection, before.id, name_of(beat.labels), actor, now)
        return outcome.trigger is not None

    def happened(self, number: int, event: Merged | Noted, now: float) -> Outcome | None:
        """Apply what a provider reports of its own incident; return the outcome, None if there is no such incident."""
        return self._by_hand(number, lambda _: event, now)

    def _deliver(self, payload: Payload, now: float, still_waits: Callable[[], bool]) -> Taken:
        catalog = self._catalog()
        watchdog = [alert for alert in payload.alerts if alert.labels.get("alertname") == catalog.watchdog.alert]
        others = [alert for alert in payload.alerts if alert.labels.get("alertname") != catalog.watchdog.alert]
        batch = replace(
            delivered(payload, others, catalog),
            own=self._peers(plain_address(payload.external_url)),
            can_be_asked=self._can_be_asked,
        )
        event = replace(batch, alerts=tuple(alert for alert in batch.alerts if not _is_nothing(alert)))
        unknown = _unknown(event.alerts)
        ignored = len(batch.alerts) - len(event.alerts)
        if ignored and not event.alerts and not watchdog:
            return Taken(result="ignored", incident_id=None, ignored=ignored)
        return replace(self._deliver_event(event, now, still_waits, watchdog), unknown=unknown, ignored=ignored)

    def _deliver_event(
        self, event: AlertBatch, now: float, still_waits: Callable[[], bool], watchdog: Sequence[PostedAlert]
    ) -> Taken:
        # Check before the work, so that an abandoned request costs little, and again after it, which may take long.
        if still_waits():
            with suppress(HungUp):
                return self._deliver_whole(event, now, still_waits, watchdog)
        return self._deliver_late(event, now)

    def _deliver_whole(
        self, event: AlertBatch, now: float, still_waits: Callable[[], bool], watchdog: Sequence[PostedAlert]
    ) -> Taken:
        outcomes: list[Outcome] = []
        with self._database.write() as connection:
            self._listen(connection, watchdog, event, now)
            if event.alerts or not watchdog:
                outcomes = self._take_parts(connection, event, now)
            if not still_waits():
                raise HungUp
        return self._taken(outcomes) if outcomes else Taken(result="watchdog", incident_id=None)

    def _listen(self, connection: Connection, watchdog: Sequence[PostedAlert], event: AlertBatch, now: float) -> None:
        """Record which Watchdogs fire, and which have ended according to Alertmanager."""
        if not watchdog:
            return
        catalog = self._catalog()
        url = plain_address(event.external_url)
        source = min(event.own or (), default=url)  # configured peers count as one source
        firing = [alert.labels for alert in watchdog if alert.status == "firing"]
        if firing:
            if opens(store.last_heard(connection, WATCHDOG), catalog, now, watchdogs.known(connection)):
                store.heard(connection, HEARING, now)
            store.heard(connection, WATCHDOG, now)
            beside = BESIDE * catalog.watchdog.interval_seconds
            left_out = watchdogs.hear(connection, firing, now, source=source, beside=beside)
            if left_out:
                store.heard(connection, LEFT_OUT, now)
                log.warning("too many Watchdogs", known=watchdogs.MOST_KNOWN, not_told_apart=left_out)
        labels = {alert.fingerprint: alert.labels for alert in watchdog}
        watchdogs.told(connection, _watchdogs(watchdog, url), now, labels=labels, source=source)
        ended = [alert.labels for alert in watchdog if alert.status == "resolved"]
        watchdogs.stop(connection, ended, now, source=source)

    def _deliver_late(self, event: AlertBatch, now: float) -> Taken:
        """Apply only firing alerts that were never received: they cannot undo anything that was delivered since."""
        with self._database.read() as connection:
            _unseen(connection, event)
        with self._database.write() as connection:
            store.lock_alerts(connection, group_hash(event.group_labels), [alert.fingerprint for alert in event.alerts])
            outcomes = self._take_parts(connection, _unseen(connection, event), now)
        return self._taken(outcomes)

    def _observe(self, event: AlertBatch, now: float) -> Taken:
        with self._database.write() as connection:
            outcomes = self._take_parts(connection, event, now)
        return self._taken(outcomes)

    def _taken(self, outcomes: list[Outcome]) -> Taken:
        if any(outcome.trigger is not None or outcome.result == "doubted" for outcome in outcomes):
            self._committed()
        first = outcomes[0]
        return Taken(result=first.result, incident_id=first.incident.id if first.incident else None)

    def _take_parts(self, connection: Connection, event: AlertBatch, now: float) -> list[Outcome]:
        return [self._take(connection, before, part, now) for before, part in self._parts(connection, event, now)]

    def _parts(
        self, connection: Connection, event: AlertBatch, now: float
    ) -> Iterator[tuple[Incident | None, AlertBatch]]:
        """Yield each incident that the batch concerns with its part; that of the most severe alert comes first."""
        key = group_hash(event.group_labels)
        store.lock_alerts(connection, key, [alert.fingerprint for alert in event.alerts])
        yielded: set[int] = set()
        for owner, share in of_owners(event):
            for before, part in self._parts_of(connection, share, owner, now):
                yielded |= {before.id} if before else set()
                yield before, part
        ended = {alert.fingerprint: alert for alert in event.alerts if not alert.firing}
        for number in store.in_doubt(connection, list(ended)):
            incident = None if number in yielded else store.incident_by_id(connection, number, lock=True)
            if incident is not None:
                # The end of a later firing shows that a firing in doubt was an outdated report, in any incident.
                doubts = {firing.fingerprint for firing in alertmanager_state.doubtful(incident)}
                yield (
                    incident,
                    replace(
                        event,
                        alerts=tuple(ended[fingerprint] for fingerprint in ended if fingerprint in doubts),
                        is_whole=False,
                    ),
                )
        if event.truncated:
            return
        ends_all = not any(alert.firing for alert in event.alerts)
        own = store.open_numbers(connection, key)
        for number in dict.fromkeys((*own, *store.open_truncated(connection))):
            incident = None if number in yielded else store.incident_by_id(connection, number, lock=True)
            if incident is None:
                continue
            # The alert batch is complete for its group: nothing is left out any more, and what it omits is in doubt.
            left_out = any(group.group_labels == event.group_labels for group in groups_left_out(incident))
            if left_out or (ends_all and number in own):
                yield incident, replace(event, alerts=())

    def _parts_of(
        self, connection: Connection, event: AlertBatch, owner: Owner | None, now: float
    ) -> Iterator[tuple[Incident | None, AlertBatch]]:
        """Yield the incidents that one owner's part of a batch concerns; the group's own incident comes first."""
        own = store.open_incident(connection, group_hash(event.group_labels), owner=owner, lock=True)
        known = {firing.fingerprint for firing in own.open_firings} if own else set()
        not_own = [alert.fingerprint for alert in event.alerts if alert.fingerprint not in known]
        identities = [(alert.fingerprint, alert.started) for alert in event.alerts if alert.firing]
        ended = store.ended(connection, [identity for identity in identities if identity[0] not in known])
        event = replace(event, ended_before=frozenset(ended))
        open_incidents = store.open_incident_by_fingerprint(connection, not_own)
        kin = frozenset[int]() if owner is None else store.owned(connection, open_incidents.values(), owner)
        for part in assign_alerts(event, own=own is not None, open_incidents=open_incidents, kin=kin):
            if part.number is None and own is None:
                yield self._fresh(connection, part.event, owner, ended, now)
                continue
            if part.number is None:
                yield own, part.event
                continue
            incident = store.incident_by_id(connection, part.number, lock=True)
            yield incident, replace(part.event, is_whole=part.whole or incident is None)

    def _fresh(
        self,
        connection: Connection,
        event: AlertBatch,
        owner: Owner | None,
        ended: Mapping[tuple[str, str], int],
        now: float,
    ) -> tuple[Incident | None, AlertBatch]:
        """Return the incident that these alerts may reopen, or None, and the event to apply to it or to a new incident.

        No open incident has these alerts. `ended` maps the identities of those of their firings that ended before to
        the number of the incident that had them.
        """
        if owner is None:
            return None, event
        key = group_hash(event.group_labels)
        latest = store.latest_incident(connection, key, owner=owner, since=now - REOPEN_SECONDS)
        if latest is not None:
            return latest, event
        before = _told_before(connection, event, ended)
        if before is not None:
            # That incident may have another group or owner: this batch's number of left out alerts is not its number.
            return before, replace(event, is_whole=False)
        return None, replace(event, shared=store.is_anothers(connection, key, dedup_key(event.group_key), owner))

    def _take(self, connection: Connection, before: Incident | None, part: AlertBatch, now: float) -> Outcome:
        outcome = transition(before, part, now)
        writer = Writer(catalog=self._catalog(), channels=self._channels)
        incident = writer.write(connection, before, outcome, now)
        if incident is not None and alertmanager_state.tells_that_it_fires(incident, part.alerts):
            timers.ask_anew(connection, incident.id)
        return replace(outcome, incident=incident)

    def _by_hand(
        self, number: int, event: Callable[[Incident], Event], now: float, seen: int | None = None
    ) -> Outcome | None:
        with self._database.write() as connection:
            before = store.incident_by_id(connection, number, lock=True)
            if before is None:
                return None
            outcome = transition(before, event(before), now)
            changes = outcome.result != "unchanged"
            if changes and seen is not None and seen < lookup.told_through(connection, number):
                return Outcome(result="overtaken", incident=before)
            Writer(catalog=self._catalog(), channels=self._channels).write(connection, before, outcome, now)
            if outcome.result == "resolved":
                _forget(connection, before, now)
        if outcome.trigger is not None:
            self._committed()
        return outcome


def _is_nothing(alert: ReceivedAlert) -> bool:
    """Return whether a firing alert notifies nobody; an end is always applied, because the alert may be open."""
    return alert.firing and alert.match.is_nothing


def _unknown(alerts: Iterable[ReceivedAlert]) -> tuple[Severity, ...]:
    """Log unknown severities of firing alerts; return the severity that was assumed, an item for each alert."""
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


def _told_before(connection: Connection, event: AlertBatch, ended: Mapping[tuple[str, str], int]) -> Incident | None:
    """Return the latest incident in which these firings ended, or None unless every one of them ended before."""
    identities = [(alert.fingerprint, alert.started) for alert in event.alerts if alert.firing]
    if event.verified or not identities or not all(identity in ended for identity in identities):
        return None
    return store.incident_by_id(connection, max(ended[identity] for identity in identities), lock=True)


def _watchdogs(alerts: Iterable[PostedAlert], url: str) -> Iterator[Heard]:
    for alert in alerts:
        if alert.status == "firing":
            yield Heard(url=plain_address(url), fingerprint=alert.fingerprint, starts_at=alert.starts_at.seconds)


def _forget(connection: Connection, incident: Incident, now: float) -> None:
    """Forget the Watchdogs whose silence a person has resolved: that person says that they are gone."""
    for key, name in forgotten(incident).items():
        watchdogs.forget(connection, [key])
        _note_forgotten(connection, incident.id, name, "tocsin", now)


def _note_forgotten(connection: Connection, number: int, name: str, actor: str, now: float) -> None:
    detail = f"the Watchdog of {name}: it is listened for again once it is heard"
    store.note(connection, number, Entry(kind="forgotten", actor=actor, detail=detail), now)


def _unseen(connection: Connection, event: AlertBatch) -> AlertBatch:
    """Return the batch with only the firing alerts that were never received; raise HungUp if there are none."""
    seen = store.seen(connection, [(alert.fingerprint, alert.started) for alert in event.alerts])
    unseen = (alert for alert in event.alerts if alert.firing and (alert.fingerprint, alert.started) not in seen)
    news = replace(event, alerts=tuple(unseen))
    if not news.alerts:
        raise HungUp
    return news


def _once_more(take: Callable[[], Taken]) -> Taken:
    """Call `take`, and again if another replica opened the group's incident meanwhile: the second call finds it."""
    try:
        return take()
    except StoreUnavailable as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
    return take()


def delivered(payload: Payload, alerts: Iterable[PostedAlert], catalog: Catalog) -> AlertBatch:
    """Return the alert batch that the payload makes of `alerts`, which are some or all of its own."""
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


def _actor(text: str) -> str:
    return one_line(text, LONGEST_ACTOR) or "somebody"
