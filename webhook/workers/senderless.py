"""Gives up notifications on channels that were removed from the settings a day ago. Part of `worker`.

Nobody will ever send them, and an incident with a waiting notification is never archived. Each replica records in the
store which channels it has a sender for, because a replica with new settings does not know what the others have. Calls
have already moved on to another channel (`fallback`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from webhook.channels import channel_word
from webhook.incidents.incident import Entry
from webhook.incidents.notifications import CALLS, Notification
from webhook.storage import store, timers
from webhook.storage.database import Database
from webhook.storage.notifications import outbox, stalled_notifications
from webhook.timestamps import MINUTE
from webhook.workers.backoff import GIVE_UP_SECONDS

LOOK_SECONDS = 10 * MINUTE
NO_LONGER = "no longer configured, given up after a day"

_SENDER = "sender:"

log = structlog.get_logger("tocsin.senderless")


class Senderless:
    """Ends notifications on channels for which no replica has had a sender for a day."""

    def __init__(self, database: Database, *, channels: Collection[str], clock: Callable[[], float]) -> None:
        """Keep the settings; `channels` are those with a sender in this process, `clock` returns epoch seconds."""
        self._database = database
        self._channels = frozenset(channels)
        self._clock = clock
        self._next_look = 0.0

    def look(self) -> bool:
        """If it is time, give up one notification; return whether there may be more. Raises StoreUnavailable."""
        now = self._clock()
        if now < self._next_look:
            return False
        before = now - GIVE_UP_SECONDS
        with self._database.write() as connection:
            for channel in self._channels:
                store.heard(connection, f"{_SENDER}{channel}", now)
            abandoned_channels = []
            for channel in stalled_notifications.without_sender(connection, self._channels):
                last = store.last_heard(connection, f"{_SENDER}{channel}")
                if last is None:
                    # No replica has ever recorded this sender: the day begins now.
                    store.heard(connection, f"{_SENDER}{channel}", now)
                elif last < before:
                    abandoned_channels.append(channel)
            message = (
                stalled_notifications.oldest_without_sender(connection, abandoned_channels, before, now)
                if abandoned_channels
                else None
            )
        if message is None:
            self._next_look = now + LOOK_SECONDS
            return False
        self._give_up(message, now)
        return True

    def _give_up(self, message: Notification, now: float) -> None:
        entry = Entry(kind="failed", actor=channel_word(message.channel), detail=f"to {message.who}: {NO_LONGER}")
        with self._database.write() as connection:
            # Every transaction locks the incident before its notifications.
            incident = store.incident_by_id(connection, message.incident_id, lock=True)
            if incident is None or not outbox.end_unsent(connection, message.id, now, NO_LONGER):
                return
            store.note(connection, incident.id, entry, now)
            if message.action in CALLS:
                timers.hasten(connection, incident.id, now)
        log.warning("given up", channel=message.channel, incident=message.incident_id, reason=NO_LONGER)
