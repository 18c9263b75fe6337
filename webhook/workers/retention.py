"""Old incidents are archived, and the distant past of those that stay open. A few at a time, a thread of `worker`'s.

When somebody has last looked is a row beside the heartbeats, so that of several replicas one an hour does it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from webhook.storage import archive, store, trimming
from webhook.storage.database import Database
from webhook.storage.tables import MOST_VALUES
from webhook.timestamps import HOUR

LOOK_SECONDS = HOUR
BATCH = 50
"""Incidents a transaction: other writers of a SQLite file wait for it."""
ROWS = MOST_VALUES
"""Rows a transaction, of each part of an incident that is open."""
SWEPT = "archived"
"""The name of the row that says when nothing was left to be archived."""

log = structlog.get_logger("tocsin.retention")


class Retention:
    """Archives what was resolved longer ago than `seconds`; None is never. What is open is trimmed in any case."""

    def __init__(self, database: Database, *, seconds: float | None, clock: Callable[[], float]) -> None:
        """Prepare; `clock` gives epoch seconds."""
        self._database = database
        self._seconds = seconds
        self._clock = clock

    def sweep(self) -> bool:
        """Archive a few incidents, if it is time; return whether there may be more. Raises StoreUnavailable."""
        now = self._clock()
        with self._database.read() as connection:
            last = store.last_heard(connection, SWEPT)
            if last is not None and now - last < LOOK_SECONDS:
                return False
            crowded = trimming.crowded(connection)
        trimmed = [self._trim(number, now) for number in crowded]
        moved = self._archive(now)
        if moved == BATCH or any(trimmed):
            return True
        if None in trimmed:
            # A delivery has the incident, or another replica trims it: soon again, and not in an hour.
            return False
        with self._database.write() as connection:
            store.heard(connection, SWEPT, now)
        return False

    def _archive(self, now: float) -> int:
        if self._seconds is None:
            return 0
        with self._database.write() as connection:
            moved = archive.move(connection, before=now - self._seconds, limit=BATCH, now=now)
        if moved:
            log.info("archived", incidents=moved)
        return moved

    def _trim(self, number: int, now: float) -> int | None:
        with self._database.write() as connection:
            moved = trimming.trim(connection, number, limit=ROWS, now=now)
        if moved:
            log.info("the past of an open incident is archived", incident=number, rows=moved)
        return moved
