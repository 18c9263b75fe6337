"""Messages on a channel that was taken out of the settings are given up after a day, and say so. Part of `worker`.

Nobody will ever send them, and an incident with a message that waits is never archived. That a sender is there is told
by whoever has it, in the store: of several replicas one that is configured anew speaks for no other. Calls have moved
on before (`fallback`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from webhook.channels import channel_word
from webhook.incidents.incident import Entry
from webhook.incidents.messages import CALLS
from webhook.storage import outbox, stalled_notifications, store, timers
from webhook.storage.database import Database
from webhook.timestamps import MINUTE
from webhook.workers.backoff import GIVE_UP_SECONDS

LOOK_SECONDS = 10 * MINUTE
NO_LONGER = "no longer configured, given up after a day"

_SENDER = "sender:"

log = structlog.get_logger("tocsin.senderless")


class Senderless:
    """Ends what waits for a sender that nobody has had for a day."""

    def __init__(self, database: Database, *, channels: Collection[str], clock: Callable[[], float]) -> None:
        """Prepare; `channels` are those that have a sender here, `clock` gives epoch seconds."""
        self._database = database
        self._channels = frozenset(channels)
        self._clock = clock
        self._next_look = 0.0

    def look(self) -> bool:
        """Give one message up, if it is time; return whether there may be more. Raises StoreUnavailable."""
        now = self._clock()
        if now < self._next_look:
            return False
        before = now - GIVE_UP_SECONDS
        with self._database.write() as connection:
            for channel in self._channels:
                store.heard(connection, f"{_SENDER}{channel}", now)
            gone = []
            for channel in stalled_notifications.without_sender(connection, self._channels):
                last = store.last_heard(connection, f"{_SENDER}{channel}")
                if last is None:
                    # Nobody has told of it yet: from now on it is missed.
                    store.heard(connection, f"{_SENDER}{channel}", now)
                elif last < before:
                    gone.append(channel)
            found = stalled_notifications.oldest_without_sender(connection, gone, before, now) if gone else None
        if found is None:
            self._next_look = now + LOOK_SECONDS
            return False
        self._give_up(found, now)
        return True

    def _give_up(self, message: outbox.Message, now: float) -> None:
        entry = Entry(kind="failed", actor=channel_word(message.channel), detail=f"to {message.who}: {NO_LONGER}")
        with self._database.write() as connection:
            # The incident is locked before its messages are, as everywhere.
            incident = store.incident_by_id(connection, message.incident_id, lock=True)
            if incident is None or not outbox.end_unsent(connection, message.id, now, NO_LONGER):
                return
            store.note(connection, incident.id, entry, now)
            if message.action in CALLS:
                timers.hasten(connection, incident.id, now)
        log.warning("given up", channel=message.channel, incident=message.incident_id, reason=NO_LONGER)
