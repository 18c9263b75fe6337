"""Apply what people, and providers on their behalf, do to an incident: acknowledge, resolve, reopen, forget.

`api`, `pages`, `callbacks` and `cli` call it. Each operation is one transaction and returns only after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from webhook.application.outcomes import Writer
from webhook.application.watchdogs import forget_resolved, note_forgotten
from webhook.catalog.model import Catalog
from webhook.incidents import reasons
from webhook.incidents.dead_mans_switch import fingerprint, forgotten_by_hand
from webhook.incidents.heartbeat import Beat, name_of
from webhook.incidents.incident import (
    Acknowledged,
    Event,
    Incident,
    Merged,
    Noted,
    Outcome,
    ReopenedByHand,
    ResolvedByHand,
    Result,
    Unacknowledged,
)
from webhook.incidents.notifications import Channels
from webhook.incidents.transitions import transition
from webhook.storage import lookup, store, watchdogs
from webhook.storage.database import Database
from webhook.untrusted import one_line

LONGEST_ACTOR = 80
HASTY_SECONDS = 1.0
"""A press that comes sooner after its button was drawn is the second tap of a double tap: nobody reads so fast."""
log = structlog.get_logger("tocsin.responses")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a person was shown of an incident together with a button. A field is None if that is not known."""

    told_through: int | None = None
    """What `lookup.told_through` returned then."""
    state: str | None = None
    """What `state_of` returned then."""
    drawn_at: float | None = None
    """Epoch seconds of the store's clock."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """A heartbeat that a person told Tocsin to forget, and the incident in which its silence was open, if any."""

    beat: Beat
    incident_id: int | None


class Responses:
    """Applies what people do and stores the result."""

    def __init__(
        self,
        database: Database,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the collaborators.

        `catalog` returns the catalogue in force. `committed` is called after each commit that adds notifications.
        """
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._committed = committed

    def acknowledge(self, number: int, actor: str, now: float, *, shown: Shown | None = None) -> Outcome | None:
        """Acknowledge the incident for `actor`; return the outcome, or None if there is no such incident.

        `shown` is what the actor saw. A press changes nothing, and the result says why, if people were called for
        news since (`overtaken`), if the incident has another state now (`stale`), or, for all actions but this one, if
        the press came within `HASTY_SECONDS` after the button was drawn (`hasty`).
        """
        return self._by_hand(number, lambda _: Acknowledged(actor=_actor(actor)), now, shown)

    def unacknowledge(self, number: int, actor: str, now: float, *, shown: Shown | None = None) -> Outcome | None:
        """Withdraw the acknowledgement for `actor`; `shown` and the returned outcome are as for `acknowledge`."""

        def event(incident: Incident) -> Event:
            why = reasons.given_back(self._catalog(), incident, _actor(actor), now)
            return Unacknowledged(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now, shown, hasty_too=True)

    def resolve(self, number: int, actor: str, now: float, *, shown: Shown | None = None) -> Outcome | None:
        """Resolve the incident for `actor`; `shown` and the returned outcome are as for `acknowledge`."""
        return self._by_hand(number, lambda _: ResolvedByHand(actor=_actor(actor)), now, shown, hasty_too=True)

    def reopen(self, number: int, actor: str, now: float, *, shown: Shown | None = None) -> Outcome | None:
        """Take back a resolve by hand for `actor`; `shown` and the returned outcome are as for `acknowledge`."""

        def event(incident: Incident) -> Event:
            why = reasons.reopened(self._catalog(), incident, _actor(actor), now)
            return ReopenedByHand(actor=_actor(actor), why=why)

        return self._by_hand(number, event, now, shown, hasty_too=True)

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
                notifies = self._end_silence(connection, before, beat, _actor(actor), now)
        if notifies:
            self._committed()
        log.warning("a heartbeat is forgotten", watchdog=name_of(beat.labels), source=beat.source, actor=_actor(actor))
        return Forgotten(beat=beat, incident_id=number)

    def _end_silence(self, connection: Connection, before: Incident, beat: Beat, actor: str, now: float) -> bool:
        """End the alert on the silence of a forgotten heartbeat; return whether that causes notifications."""
        is_only_alert = {firing.fingerprint for firing in before.open_firings} == {fingerprint(beat.key)}
        event = ResolvedByHand(actor=actor) if is_only_alert else forgotten_by_hand(self._catalog(), beat, now)
        outcome = transition(before, event, now)
        Writer(catalog=self._catalog(), channels=self._channels).write(connection, before, outcome, now)
        note_forgotten(connection, before.id, name_of(beat.labels), actor, now)
        return outcome.trigger is not None

    def happened(self, number: int, event: Merged | Noted, now: float) -> Outcome | None:
        """Apply what a provider reports of its own incident; return the outcome, None if there is no such incident."""
        return self._by_hand(number, lambda _: event, now)

    def _by_hand(
        self,
        number: int,
        event: Callable[[Incident], Event],
        now: float,
        shown: Shown | None = None,
        *,
        hasty_too: bool = False,
    ) -> Outcome | None:
        with self._database.write() as connection:
            before = store.incident_by_id(connection, number, lock=True)
            if before is None:
                return None
            outcome = transition(before, event(before), now)
            if outcome.result != "unchanged" and shown is not None:
                refused = _refused(connection, before, shown, now, hasty=hasty_too)
                if refused is not None:
                    return Outcome(result=refused, incident=before)
            Writer(catalog=self._catalog(), channels=self._channels).write(connection, before, outcome, now)
            if outcome.result == "resolved":
                forget_resolved(connection, before, now)
        if outcome.trigger is not None:
            self._committed()
        return outcome


def state_of(incident: Incident) -> str:
    """Return the incident's status; `fires_on` if a person has resolved it and it fires."""
    return "fires_on" if incident.fires_on else incident.status


def _refused(connection: Connection, incident: Incident, shown: Shown, now: float, *, hasty: bool) -> Result | None:
    """Return why a press that would change the incident changes nothing; None if it may."""
    if shown.told_through is not None and shown.told_through < lookup.told_through(connection, incident.id):
        return "overtaken"
    if shown.state is not None and shown.state not in {state_of(incident), incident.status}:
        return "stale"
    if hasty and shown.drawn_at is not None and 0 <= now - shown.drawn_at < HASTY_SECONDS:
        return "hasty"
    return None


def _actor(text: str) -> str:
    return one_line(text, LONGEST_ACTOR) or "somebody"
