"""Old incidents are archived, a few at a time, in the background. A thread of `worker`'s.

When somebody has last looked is a row beside the heartbeats, so that of several replicas one an hour does it.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from webhook.storage import archive, store
from webhook.storage.database import Database
from webhook.timestamps import HOUR

LOOK_SECONDS = HOUR
BATCH = 50
"""Incidents a transaction: other writers of a SQLite file wait for it."""
SWEPT = "archived"
"""The name of the row that says when nothing was left to be archived."""

log = structlog.get_logger("tocsin.retention")


class Retention:
    """Archives what was resolved longer ago than `seconds`; None is never."""

    def __init__(self, database: Database, *, seconds: float | None, clock: Callable[[], float]) -> None:
        """Prepare; `clock` gives epoch seconds."""
        self._database = database
        self._seconds = seconds
        self._clock = clock

    def sweep(self) -> bool:
        """Archive a few incidents, if it is time; return whether there may be more. Raises StoreUnavailable."""
        now = self._clock()
        if self._seconds is None:
            return False
        with self._database.read() as connection:
            last = store.last_heard(connection, SWEPT)
        if last is not None and now - last < LOOK_SECONDS:
            return False
        with self._database.write() as connection:
            moved = archive.move(connection, before=now - self._seconds, limit=BATCH, now=now)
            if moved < BATCH:
                store.heard(connection, SWEPT, now)
        if moved:
            log.info("archived", incidents=moved)
        return moved == BATCH
