"""What happens → incident and messages, committed together. Called by `api` inside the request and by `cli`.

`payload` and the catalogue become an event, `placement` says whose alerts those are, `transitions` decides, and
`outcomes` writes all of it in one transaction. Whoever calls gets an answer only after the commit.
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
"""Words of one delivery; all of them are counted."""
log = structlog.get_logger("tocsin.ingest")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a delivery has led to: the group's incident, where it has one."""

    result: Result | Literal["watchdog", "ignored"]
    incident_id: int | None
    unknown: tuple[Severity, ...] = ()
    """For each alert that fires with a severity that is not known: what it was taken for."""
    ignored: int = 0
    """How many alerts fire of which nobody is told, for their severity is `none`."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """A heartbeat that a person has forgotten, and the incident in which its silence stood open, if it did."""

    beat: Beat
    incident_id: int | None


class HungUp(Exception):  # noqa: N818  the state's name, not an error's
    """Who delivers has stopped waiting: nothing was taken, and it comes again."""


class Ingest:
    """Takes events into the store."""

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
        """Prepare; `catalog` returns the one in force, `committed` is called after each commit that causes messages.

        `peers` gives the external URLs of an Alertmanager's cluster, as far as they are configured; None where several
        clusters have the one that it is asked about. `can_be_asked` says whether any is configured.
        """
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._peers = peers
        self._can_be_asked = can_be_asked
        self._committed = committed

    def deliver(self, payload: Payload, now: float, still_waits: Callable[[], bool] = lambda: True) -> Taken:
        """Take what Alertmanager posted; return after the commit. Raises StoreUnavailable.

        Where Alertmanager no longer waits for the answer only what is new is taken; raises HungUp when nothing is.
        """
        return _once_more(lambda: self._deliver(payload, now, still_waits))

    def observe(self, event: AlertBatch, now: float) -> Taken:
        """Take what this program has noticed by itself; return after the commit. Raises StoreUnavailable."""
        return _once_more(lambda: self._observe(replace(event, verified=True), now))

    def acknowledge(self, number: int, actor: str, now: float, *, seen: int | None = None) -> Outcome | None:
        """Let `actor` take the incident; return what came of it, None when there is no such incident.

        `seen` is what `lookup.told_through` said when the actor was shown the incident, None where nobody knows: who
        was called for news after that has not seen it, and then the result is `overtaken` and nothing changes.
        """
        return self._by_hand(number, lambda _: Acknowledged(actor=_actor(actor)), now, seen)

    def unacknowledge(self, number: int, actor: str, now: float) -> Outcome | None:
        """Let `actor` give the incident back; return what came of it, None when there is no such incident."""

        def event(incident: Incident) -> Event:
            why = reasons.given_back(self._catalog(), incident, _actor(actor), now)
            return Unacknowledged(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now)

    def resolve(self, number: int, actor: str, now: float, *, seen: int | None = None) -> Outcome | None:
        """Let `actor` close the incident; return what came of it, as `acknowledge` does."""
        return self._by_hand(number, lambda _: ResolvedByHand(actor=_actor(actor)), now, seen)

    def reopen(self, number: int, actor: str, now: float) -> Outcome | None:
        """Let `actor` take a resolve by hand back; return what came of it, None when there is no such incident."""

        def event(incident: Incident) -> Event:
            why = reasons.reopened(self._catalog(), incident, _actor(actor), now)
            return ReopenedByHand(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now)

    def forget(self, key: str, actor: str, now: float) -> Forgotten | None:
        """Let `actor` forget a heartbeat; return what came of it, None when there is no such one.

        If its silence stands open, that is over by the word of whoever forgets it.
        """
        rung = False
        with self._database.write() as connection:
            beat = watchdogs.find(connection, key, lock=True)
            if beat is None:
                return None
            number = store.open_incident_by_fingerprint(connection, [fingerprint(key)]).get(fingerprint(key))
            watchdogs.forget(connection, [key])
            before = None if number is None else store.incident_by_id(connection, number, lock=True)
            if before is not None:
                rung = self._forgotten(connection, before, beat, _actor(actor), now)
        if rung:
            self._committed()
        log.warning("a heartbeat is forgotten", watchdog=name_of(beat.labels), source=beat.source, actor=_actor(actor))
        return Forgotten(beat=beat, incident_id=number)

    def _forgotten(self, connection: Connection, before: Incident, beat: Beat, actor: str, now: float) -> bool:
        """End the alert on a heartbeat that is forgotten; return whether that is told."""
        alone = {firing.fingerprint for firing in before.open_firings} == {fingerprint(beat.key)}
        event = ResolvedByHand(actor=actor) if alone else forgotten_by_hand(self._catalog(), beat, now)
        outcome = transition(before, event, now)
        Writer(catalog=self._catalog(), channels=self._channels).write(connection, before, outcome, now)
        _note_forgotten(connection, before.id, name_of(beat.labels), actor, now)
        return outcome.trigger is not None

    def happened(self, number: int, event: Merged | Noted, now: float) -> Outcome | None:
        """Take what a provider tells of its own incident; return what came of it, None when there is no such one."""
        return self._by_hand(number, lambda _: event, now)

    def _deliver(self, payload: Payload, now: float, still_waits: Callable[[], bool]) -> Taken:
        catalog = self._catalog()
        watchdog = [alert for alert in payload.alerts if alert.labels.get("alertname") == catalog.watchdog.alert]
        others = [alert for alert in payload.alerts if alert.labels.get("alertname") != catalog.watchdog.alert]
        whole = replace(
            delivered(payload, others, catalog),
            own=self._peers(plain_address(payload.external_url)),
            can_be_asked=self._can_be_asked,
        )
        event = replace(whole, alerts=tuple(one for one in whole.alerts if not _is_nothing(one)))
        unknown = _unknown(event.alerts)
        ignored = len(whole.alerts) - len(event.alerts)
        if ignored and not event.alerts and not watchdog:
            return Taken(result="ignored", incident_id=None, ignored=ignored)
        return replace(self._deliver_event(event, now, still_waits, watchdog), unknown=unknown, ignored=ignored)

    def _deliver_event(
        self, event: AlertBatch, now: float, still_waits: Callable[[], bool], watchdog: Sequence[PostedAlert]
    ) -> Taken:
        # Before the work, so that what nobody waits for costs little, and after it, which may have taken long.
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
        """Record which Watchdogs fire, and which Alertmanager takes for ended."""
        if not watchdog:
            return
        catalog = self._catalog()
        url = plain_address(event.external_url)
        source = min(event.own or (), default=url)  # peers are one
        heard = [alert.labels for alert in watchdog if alert.status == "firing"]
        if heard:
            if opens(store.last_heard(connection, WATCHDOG), catalog, now, watchdogs.known(connection)):
                store.heard(connection, HEARING, now)
            store.heard(connection, WATCHDOG, now)
            beside = BESIDE * catalog.watchdog.interval_seconds
            left_out = watchdogs.hear(connection, heard, now, source=source, beside=beside)
            if left_out:
                store.heard(connection, LEFT_OUT, now)
                log.warning("too many Watchdogs", known=watchdogs.MOST_KNOWN, not_told_apart=left_out)
        labels = {alert.fingerprint: alert.labels for alert in watchdog}
        watchdogs.told(connection, _watchdogs(watchdog, url), now, labels=labels, source=source)
        ended = [alert.labels for alert in watchdog if alert.status == "resolved"]
        watchdogs.stop(connection, ended, now, source=source)

    def _deliver_late(self, event: AlertBatch, now: float) -> Taken:
        """Take the alerts that have never been heard of: nothing that was told since can be undone by them."""
        with self._database.read() as connection:
            _unseen(connection, event)
        with self._database.write() as connection:
            store.lock_alerts(connection, group_hash(event.group_labels), [one.fingerprint for one in event.alerts])
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
        """Yield the incidents that the delivery is about, each with its part; that with the most severe alert first."""
        key = group_hash(event.group_labels)
        store.lock_alerts(connection, key, [one.fingerprint for one in event.alerts])
        told: set[int] = set()
        for owner, share in of_owners(event):
            for before, part in self._parts_of(connection, share, owner, now):
                told |= {before.id} if before else set()
                yield before, part
        ended = {one.fingerprint: one for one in event.alerts if not one.firing}
        for number in store.in_doubt(connection, list(ended)):
            found = None if number in told else store.incident_by_id(connection, number, lock=True)
            if found is not None:
                # The end of a later firing says of an old picture what it is, wherever that stands.
                doubts = {one.fingerprint for one in alertmanager_state.doubtful(found)}
                yield (
                    found,
                    replace(event, alerts=tuple(ended[one] for one in ended if one in doubts), is_whole=False),
                )
        if event.truncated:
            return
        ends_all = not any(one.firing for one in event.alerts)
        own = store.open_numbers(connection, key)
        for number in dict.fromkeys((*own, *store.open_truncated(connection))):
            found = None if number in told else store.incident_by_id(connection, number, lock=True)
            if found is None:
                continue
            # A whole picture of the group: nothing is left out any more, and what it does not tell of is in doubt.
            left_out = any(one.group_labels == event.group_labels for one in groups_left_out(found))
            if left_out or (ends_all and number in own):
                yield found, replace(event, alerts=())

    def _parts_of(
        self, connection: Connection, event: AlertBatch, owner: Owner | None, now: float
    ) -> Iterator[tuple[Incident | None, AlertBatch]]:
        """Yield the incidents that one owner's part of a delivery is about; the group's own comes first."""
        own = store.open_incident(connection, group_hash(event.group_labels), owner=owner, lock=True)
        known = {firing.fingerprint for firing in own.open_firings} if own else set()
        strangers = [one.fingerprint for one in event.alerts if one.fingerprint not in known]
        beginning = [(one.fingerprint, one.started) for one in event.alerts if one.firing]
        ended = store.ended(connection, [one for one in beginning if one[0] not in known])
        event = replace(event, ended_before=frozenset(ended))
        open_incidents = store.open_incident_by_fingerprint(connection, strangers)
        kin = frozenset[int]() if owner is None else store.owned(connection, open_incidents.values(), owner)
        for part in assign_alerts(event, own=own is not None, open_incidents=open_incidents, kin=kin):
            if part.number is None and own is None:
                yield self._fresh(connection, part.event, owner, ended, now)
                continue
            if part.number is None:
                yield own, part.event
                continue
            found = store.incident_by_id(connection, part.number, lock=True)
            yield found, replace(part.event, is_whole=part.whole or found is None)

    def _fresh(
        self,
        connection: Connection,
        event: AlertBatch,
        owner: Owner | None,
        ended: Mapping[tuple[str, str], int],
        now: float,
    ) -> tuple[Incident | None, AlertBatch]:
        """Return the incident that alerts without one may reopen, or None, and the event as it opens another.

        `ended` are those of the alerts' firings that have ended, each with the incident that had it.
        """
        if owner is None:
            return None, event
        key = group_hash(event.group_labels)
        latest = store.latest_incident(connection, key, owner=owner, since=now - REOPEN_SECONDS)
        if latest is not None:
            return latest, event
        before = _told_before(connection, event, ended)
        if before is not None:
            # Of another group or owner: how much is left out of this delivery says nothing of it.
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
    """Return whether nobody is to be told of it; an end is taken all the same, for what was told before."""
    return alert.firing and alert.match.is_nothing


def _unknown(alerts: Iterable[ReceivedAlert]) -> tuple[Severity, ...]:
    """Return what the unknown severities of firing alerts were taken for, an item for each alert, and log them."""
    found = [one for one in alerts if one.firing and one.match.unknown_severity]
    words = Counter((one.match.unknown_severity, one.match.severity) for one in found)
    for (word, severity), count in words.most_common(_MOST_LOGGED):
        name = next(one.match.title for one in found if one.match.unknown_severity == word)
        log.warning(
            "severity not known",
            severity=one_line(word, _LONGEST_LOGGED),
            taken_for=severity,
            alert=one_line(name, _LONGEST_LOGGED),
            alerts=count,
            hint="say below `severities:` of thresholds.yaml what it stands for",
        )
    return tuple(one.match.severity for one in found)


def _told_before(connection: Connection, event: AlertBatch, ended: Mapping[tuple[str, str], int]) -> Incident | None:
    """Return the incident in which the alerts have ended, where none fires with a start that has not."""
    firing = [(one.fingerprint, one.started) for one in event.alerts if one.firing]
    if event.verified or not firing or not all(identity in ended for identity in firing):
        return None
    return store.incident_by_id(connection, max(ended[identity] for identity in firing), lock=True)


def _watchdogs(alerts: Iterable[PostedAlert], url: str) -> Iterator[Heard]:
    for alert in alerts:
        if alert.status == "firing":
            yield Heard(url=plain_address(url), fingerprint=alert.fingerprint, starts_at=alert.starts_at.seconds)


def _forget(connection: Connection, incident: Incident, now: float) -> None:
    """Forget the Watchdogs whose silence a person has resolved: whoever does so knows that they are gone."""
    for key, name in forgotten(incident).items():
        watchdogs.forget(connection, [key])
        _note_forgotten(connection, incident.id, name, "tocsin", now)


def _note_forgotten(connection: Connection, number: int, name: str, actor: str, now: float) -> None:
    detail = f"the Watchdog of {name}: it is listened for again once it is heard"
    store.note(connection, number, Entry(kind="forgotten", actor=actor, detail=detail), now)


def _unseen(connection: Connection, event: AlertBatch) -> AlertBatch:
    """Return what the delivery says of alerts that fire and were never heard of; raises HungUp when that is nothing."""
    seen = store.seen(connection, [(one.fingerprint, one.started) for one in event.alerts])
    unseen = (one for one in event.alerts if one.firing and (one.fingerprint, one.started) not in seen)
    news = replace(event, alerts=tuple(unseen))
    if not news.alerts:
        raise HungUp
    return news


def _once_more(take: Callable[[], Taken]) -> Taken:
    """Take it again where another replica has opened the group's incident at the same moment: now it is to be found."""
    try:
        return take()
    except StoreUnavailable as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
    return take()


def delivered(payload: Payload, alerts: Iterable[PostedAlert], catalog: Catalog) -> AlertBatch:
    """Return what the payload tells of its group, by these of its alerts."""
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
