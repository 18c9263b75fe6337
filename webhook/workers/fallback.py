"""A call that cannot be delivered in time moves on to the policy's fallback channels.

A call that was refused for good moves on in the transaction in which `endings` records that. A thread of `worker` looks
for stalled calls (`stalled_notifications`); they keep their state and are tried again. In both cases another row stands
in for the call and says so. `recipients` knows how people are reached, `new_notifications` makes the row, `outbox`
keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from webhook.catalog.model import Catalog
from webhook.channels import CHANNELS, channel_word
from webhook.incidents import reasons
from webhook.incidents.incident import TOCSIN, Entry, Incident, NotificationTrigger
from webhook.incidents.messages import CALLS, Action, Channels
from webhook.incidents.new_notifications import able, stand_in
from webhook.incidents.recipients import Recipient, ways
from webhook.storage import outbox, outbox_report, stalled_notifications, store, timers
from webhook.storage.database import Database
from webhook.storage.outbox import Message
from webhook.storage.outbox_report import Call
from webhook.storage.outcomes import Writer
from webhook.storage.stalled_notifications import StalledNotification
from webhook.workers.relevance import is_taken_since

log = structlog.get_logger("tocsin.fallback")


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A call that is not delivered in time, and what has become of it, in words of `reasons`."""

    message: Message
    what: str


class Fallback:
    """Finds the channel that a call moves on to."""

    def __init__(
        self,
        database: Database,
        *,
        catalog: Callable[[], Catalog],
        channels: Channels,
        clock: Callable[[], float],
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `clock` gives epoch seconds, `committed` is called after each commit that causes messages."""
        self._database = database
        self._catalog = catalog
        self._channels = channels
        self._clock = clock
        self._committed = committed

    def look(self) -> bool:
        """Let the most urgent stalled call move on; return whether there was one. Raises StoreUnavailable."""
        now = self._clock()
        with self._database.read() as connection:
            found = stalled_notifications.first(connection, now, self._channels)
        if found is None:
            return False
        with self._database.write() as connection:
            # The incident is locked before its messages are, as everywhere.
            incident = store.incident_by_id(connection, found.incident_id, lock=True)
            stalled = stalled_notifications.take(connection, found.id, now, self._channels)
            if incident is None or stalled is None:
                return True
            failed = Failed(message=stalled.message, what=self._what(stalled, now))
            moved = self.move_on(connection, incident, failed, now)
            if not moved and found.channel not in self._channels:
                # As after a refusal: perhaps nobody of the level can be reached any more.
                timers.hasten(connection, incident.id, now)
        log.info("stalled", channel=stalled.message.channel, incident=incident.id, moved_on=moved)
        if moved:
            self._committed()
        return True

    def move_on(self, connection: Connection, incident: Incident, failed: Failed, now: float) -> bool:
        """Put messages into the outbox that stand in for the failed one; return whether there are any.

        The first of the policy's fallback channels counts that leads to somebody. Whoever is called there anyway is
        not called twice. What goes wrong on the way is logged, and there are none; raises only what a lost store does.
        """
        try:
            # Whoever calls keeps its own work, above all that the message is over or was looked at: nothing that
            # goes wrong here, in the catalogue or with one row, may bring the same message back for ever.
            with connection.begin_nested():
                return self._move_on(connection, incident, failed, now)
        except Exception as error:
            if _is_of_the_store(error):
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
            way: call
            for way, call in outbox_report.calls(connection, incident.id).items()
            if call.created_at >= incident.paged_at
        }
        moved = False
        for channel in self._catalog().policy(incident.policy).fallback:
            usable = self._usable(incident, channel, calls, now) if channel != message.channel else []
            # Whom a message of this page has been meant for already need not get another.
            fresh = [way for way in usable if _key(way) not in calls]
            if fresh:
                self._stand_in(connection, incident, failed, fresh, now)
                moved = True
            if usable and CHANNELS[channel].answers_for_people:
                return moved
        return moved

    def _usable(
        self, incident: Incident, channel: str, calls: Mapping[tuple[str, str], Call], now: float
    ) -> list[Recipient]:
        if channel not in self._channels:
            return []
        found = [way for way in ways(self._catalog(), incident, channel, now=now) if way.missing is None]
        # The mark of a stalled call is set before it moves on. So of two channels that are down together the
        # one that is looked at last finds the other one lost.
        return [way for way in found if _key(way) not in calls or not calls[_key(way)].is_lost]

    def _stand_in(
        self, connection: Connection, incident: Incident, failed: Failed, fresh: list[Recipient], now: float
    ) -> None:
        message = failed.message
        channel = fresh[0].channel
        why = reasons.moved_on(failed.what, channel_word(channel))
        whom = ", ".join(dict.fromkeys(way.who for way in fresh))
        wanted: tuple[Action, ...] = (message.action, "join", "open")
        action = able(channel, wanted, self._channels) or "open"
        entry = Entry(kind="fallback", actor=TOCSIN, detail=f"{whom}: {why}")
        cause = store.note(connection, incident.id, entry, now)
        # The earlier sentence stays: whoever is reached has to know that it was an escalation that failed, say.
        earlier = message.why.replace(reasons.reached_by(channel_word(message.channel)), "", 1)
        trigger = NotificationTrigger(
            kind="escalated", fingerprint=message.trigger_fingerprint, why=f"{why} {earlier}".strip()
        )
        writer = Writer(catalog=self._catalog(), channels=self._channels)
        found = (stand_in(incident, action, trigger, to=way, instead_of=message.id) for way in fresh)
        rows = [writer.patient(incident, row, now) for row in found]
        outbox.enqueue(connection, incident.id, rows, cause=cause, now=now)

    def _what(self, stalled: StalledNotification, now: float) -> str:
        word = channel_word(stalled.message.channel)
        if stalled.message.channel not in self._channels:
            return reasons.unconfigured(word)
        if stalled.paused_until is not None:
            return reasons.paused(word, stalled.paused_until - now)
        return reasons.failed(word, stalled.reason, now - stalled.message.meant_for)


def _is_of_the_store(error: Exception) -> bool:
    """Return whether the store is lost for now; what it refuses because of its content it would refuse for ever."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, DataError | IntegrityError)


def _is_wanted(incident: Incident, message: Message) -> bool:
    """Return whether somebody still has to hear of it: news after the incident was taken is news."""
    return incident.status != "resolved" and not is_taken_since(incident, message)


def _key(way: Recipient) -> tuple[str, str]:
    return way.channel, way.destination
