"""Whether the store takes what a delivery needs: tried by writing, because a full disk is read without complaint.

`readyz` and the metric `tocsin_store_up` ask. A row alone proves little on SQLite: it is changed in place, or goes
into a log that has grown already. So room for a delivery is asked of the disk as well, in a file beside the database.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from webhook.storage import store
from webhook.storage.database import Database, StoreUnavailable

NAME = "readyz"
"""The row that is written."""
ROOM = 1_024 * 1_024
"""Bytes that have to fit onto the disk of a SQLite file: a delivery of a thousand alerts."""
FRESH_SECONDS = 0.5
"""So old may the disk's answer be: whoever asks often costs no more."""
_BLOCK = bytes(64 * 1_024)


class Probe:
    """Tries the store, for whoever asks."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: tuple[float, str | None] | None = None
        """When the disk was asked (monotonic seconds), and what it said."""

    def problem(self) -> str | None:
        """Return why the store cannot be used now, or None when it can be."""
        try:
            with self._database.write() as connection:
                store.heard(connection, NAME, self._clock())
        except StoreUnavailable as error:
            return str(error)
        file = self._database.file
        return None if file is None else self._disk(file)

    def _disk(self, file: Path) -> str | None:
        with self._lock:
            now = time.monotonic()
            if self._asked is None or now - self._asked[0] > FRESH_SECONDS:
                self._asked = (now, _full(file))
            return self._asked[1]


def _full(file: Path) -> str | None:
    """Return why the disk below this file takes no more, or None when it does; the trial has no name to be left by."""
    try:
        largest = max(each.stat().st_size for each in (file, file.with_name(f"{file.name}-wal")) if each.exists())
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY and largest + ROOM > limit:
            return f"this process may write no file larger than {limit} bytes (ulimit -f)"
        with tempfile.TemporaryFile(dir=file.parent) as trial:
            for _ in range(0, ROOM, len(_BLOCK)):
                trial.write(_BLOCK)
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return f"the disk takes no more: {error.strerror or error}"
    return None
