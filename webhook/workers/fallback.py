"""Moves a call that cannot be delivered in time to the policy's fallback channels.

A call that failed for good moves on in the transaction in which `endings` records the failure. A thread of `worker`
looks for stalled calls (`stalled_notifications`); they keep their state and are tried again. In both cases another row
stands in for the call and refers to it. `recipients` knows how people are reached, `new_notifications` creates the row,
and `outbox` stores it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from webhook.application.outcomes import Writer
from webhook.application.relevance import is_taken_since
from webhook.catalog.model import Catalog
from webhook.channels import CHANNELS, channel_word
from webhook.incidents import reasons
from webhook.incidents.incident import TOCSIN, Entry, Incident, NotificationTrigger
from webhook.incidents.new_notifications import able, stand_in
from webhook.incidents.notifications import CALLS, Action, Channels, Notification
from webhook.incidents.recipients import Recipient, recipients_on_channel
from webhook.storage import store, timers
from webhook.storage.database import Database
from webhook.storage.notifications import outbox, outbox_report, stalled_notifications
from webhook.storage.notifications.outbox_report import Call
from webhook.storage.notifications.stalled_notifications import StalledNotification

log = structlog.get_logger("tocsin.fallback")


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A call that is not delivered in time, and what happened to it, in words of `reasons`."""

    message: Notification
    what: str


class Fallback:
    """Finds the channel to which a call moves on."""

    def __init__(
        self,
        database: Database,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        clock: Callable[[], float],
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the collaborators.

        `clock` returns epoch seconds. `committed` is called after each commit that adds notifications.
        """
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._clock = clock
        self._committed = committed

    def look(self) -> bool:
        """Move the most urgent stalled call on; return whether there was a stalled call. Raises StoreUnavailable."""
        now = self._clock()
        with self._database.read() as connection:
            candidate = stalled_notifications.first(connection, now, self._channels)
        if candidate is None:
            return False
        with self._database.write() as connection:
            # Every transaction locks the incident before its notifications.
            incident = store.incident_by_id(connection, candidate.incident_id, lock=True)
            stalled = stalled_notifications.take(connection, candidate.id, now, self._channels)
            if incident is None or stalled is None:
                return True
            failed = Failed(message=stalled.message, what=self._what_happened(stalled, now))
            moved = self.move_on(connection, incident, failed, now)
            if not moved and candidate.channel not in self._channels:
                # As after a permanent failure: perhaps nobody of this level can be reached any more.
                timers.hasten(connection, incident.id, now)
        log.info("stalled", channel=stalled.message.channel, incident=incident.id, moved_on=moved)
        if moved:
            self._committed()
        return True

    def move_on(self, connection: Connection, incident: Incident, failed: Failed, now: float) -> bool:
        """Add notifications that stand in for the failed call; return whether there are any.

        The first of the policy's fallback channels that reaches somebody is used. A person who is called there anyway
        is not called twice. An error is logged, and then no notification is added; only the errors of an unavailable
        store are raised.
        """
        try:
            # The caller must be able to commit that this notification ended or was checked. Otherwise an error here,
            # in the catalogue or in a single row, would bring the same notification back for ever.
            with connection.begin_nested():
                return self._move_on(connection, incident, failed, now)
        except Exception as error:
            if _store_is_unavailable(error):
                raise
            log.exception("a call could not move on", channel=failed.message.channel, incident=incident.id)
            return False

    def _move_on(self, connection: Connection, incident: Incident, failed: Failed, now: float) -> bool:
        message = failed.message
        if message.action not in CALLS or not _is_wanted(incident, message):
            return False
        if outbox.stood_in_for(connection, message.id):
            return False
        calls = {
            destination: call
            for destination, call in outbox_report.calls(connection, incident.id).items()
            if call.created_at >= incident.paged_at
        }
        moved = False
        for channel in self._catalog().policy(incident.policy).fallback:
            usable = self._usable(incident, channel, calls, now) if channel != message.channel else []
            # Skip destinations that this page already targets.
            not_yet_called = [recipient for recipient in usable if _key(recipient) not in calls]
            if not_yet_called:
                self._stand_in(connection, incident, failed, not_yet_called, now)
                moved = True
            if usable and CHANNELS[channel].answers_for_people:
                return moved
        return moved

    def _usable(
        self, incident: Incident, channel: str, calls: Mapping[tuple[str, str], Call], now: float
    ) -> list[Recipient]:
        if channel not in self._channels:
            return []
        reachable = [
            recipient
            for recipient in recipients_on_channel(self._catalog(), incident, channel, now=now)
            if recipient.missing is None
        ]
        # A stalled call is marked before it moves on. So if two channels are down together, the call that is checked
        # last finds that the other one is lost.
        return [
            recipient for recipient in reachable if _key(recipient) not in calls or not calls[_key(recipient)].is_lost
        ]

    def _stand_in(
        self, connection: Connection, incident: Incident, failed: Failed, recipients: list[Recipient], now: float
    ) -> None:
        message = failed.message
        channel = recipients[0].channel
        why = reasons.moved_on(failed.what, channel_word(channel))
        names = ", ".join(dict.fromkeys(recipient.who for recipient in recipients))
        preferred_actions: tuple[Action, ...] = (message.action, "join", "open")
        action = able(channel, preferred_actions, self._channels) or "open"
        entry = Entry(kind="fallback", actor=TOCSIN, detail=f"{names}: {why}")
        cause = store.note(connection, incident.id, entry, now)
        # The earlier reason stays: the person who is reached has to know, for example, that an escalation failed.
        earlier_reason = message.why.replace(reasons.reached_by(channel_word(message.channel)), "", 1)
        trigger = NotificationTrigger(
            kind="escalated", fingerprint=message.trigger_fingerprint, why=f"{why} {earlier_reason}".strip()
        )
        writer = Writer(catalog=self._catalog(), channels=self._channels)
        stand_ins = (
            stand_in(incident, action, trigger, to=recipient, instead_of=message.id) for recipient in recipients
        )
        notifications = [writer.with_fallback_time(incident, row, now) for row in stand_ins]
        outbox.enqueue(connection, incident.id, notifications, cause=cause, now=now)

    def _what_happened(self, stalled: StalledNotification, now: float) -> str:
        word = channel_word(stalled.message.channel)
        if stalled.message.channel not in self._channels:
            return reasons.unconfigured(word)
        if stalled.paused_until is not None:
            return reasons.paused(word, stalled.paused_until - now)
        return reasons.failed(word, stalled.reason, now - stalled.message.meant_for)


def _store_is_unavailable(error: Exception) -> bool:
    """Return whether the store is unavailable for now; errors about the data itself would recur for ever."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, DataError | IntegrityError)


def _is_wanted(incident: Incident, message: Notification) -> bool:
    """Return whether the call is still needed: the incident is open, and nobody acknowledged it since the call."""
    return incident.status != "resolved" and not is_taken_since(incident, message)


def _key(recipient: Recipient) -> tuple[str, str]:
    return recipient.channel, recipient.destination
