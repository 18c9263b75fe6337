"""Checks by writing whether the store has room for a delivery, because reads succeed even on a full disk.

`readyz` and the metric `tocsin_store_up` ask. On SQLite, writing a row proves little: the row is changed in place, or
goes into a log that has already grown. Therefore a trial file beside the database also checks the room on the disk.
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
"""Name of the row that is written."""
ROOM = 1_024 * 1_024
"""Bytes that must fit on the disk of a SQLite file: enough for a delivery of a thousand alerts."""
FRESH_SECONDS = 0.5
"""Seconds for which the disk's answer is reused, so that frequent callers cost nothing more."""
_BLOCK = bytes(64 * 1_024)


class Probe:
    """Checks that the store can be written."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: tuple[float, str | None] | None = None
        """When the disk was checked (monotonic seconds), and the problem, if any."""

    def problem(self) -> str | None:
        """Return why the store cannot be used now, or None if it can."""
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
    """Return why this file's disk takes no more, or None if it does; the trial file has no name, so none can remain."""
    try:
        largest = max(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY and largest + ROOM > limit:
            return f"this process may write no file larger than {limit} bytes (ulimit -f)"
        with tempfile.TemporaryFile(dir=file.parent) as trial_file:
            for _ in range(0, ROOM, len(_BLOCK)):
                trial_file.write(_BLOCK)
            trial_file.flush()
            os.fsync(trial_file.fileno())
    except OSError as error:
        return f"the disk takes no more: {error.strerror or error}"
    return None
