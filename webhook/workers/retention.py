"""Archives old incidents and the distant past of open ones, a few at a time, in a thread of `worker`.

The time of the last complete run is a row in `heartbeats`, so that only one of several replicas does it each hour.
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
"""Incidents in one transaction: other writers of a SQLite file wait for it."""
ROWS = MOST_VALUES
"""Rows of each part of an open incident in one transaction."""
SWEPT = "archived"
"""Name of the row that holds the last time when nothing was left to archive."""

log = structlog.get_logger("tocsin.retention")


class Retention:
    """Archives incidents resolved longer ago than `seconds` (None: never), and always trims open incidents."""

    def __init__(self, database: Database, *, seconds: float | None, clock: Callable[[], float]) -> None:
        """Keep the settings; `clock` returns epoch seconds."""
        self._database = database
        self._seconds = seconds
        self._clock = clock

    def sweep(self) -> bool:
        """If it is time, archive a few incidents; return whether there may be more. Raises StoreUnavailable."""
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
            # A delivery has locked the incident, or another replica trims it: try again soon, not in an hour.
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
