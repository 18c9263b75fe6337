"""One time for all replicas: the store's. Leases, due times and everything that is written down are of this clock.

Clocks of machines differ. Two replicas whose clocks are further apart than a lease is long would each take the other's
messages for abandoned, and send them again. PostgreSQL is asked for its time every few seconds; in between a clock
counts that nobody sets. A SQLite file is on one machine, whose clock is everybody's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import text

from webhook.storage.database import Database, StoreUnavailable

MEASURE_SECONDS = 10.0
LONGEST_ASKING = 2.0
"""Seconds: an answer that takes longer says too little; the next one may be quicker."""
NOTABLE_SECONDS = 5.0
"""A machine whose clock is further away is said to be wrong."""

_NOW = text("SELECT extract(epoch FROM clock_timestamp())::double precision")

log = structlog.get_logger("tocsin.clock")


def steady() -> float:
    """Return seconds that go on while the machine sleeps and that nobody sets, from any beginning."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class StoreClock:
    """Gives epoch seconds; `wall` is this machine's own clock."""

    def __init__(
        self,
        database: Database,
        *,
        wall: Callable[[], float] = time.time,
        counter: Callable[[], float] = steady,
    ) -> None:
        """Prepare; until the store is asked the machine's clock counts."""
        self._database = database
        self._wall = wall
        self._counter = counter
        self._begin: tuple[float, float] | None = None
        """The store's time at a moment, and the counter's."""
        self._is_told = False

    def __call__(self) -> float:
        """Return the time now."""
        begin = self._begin
        return self._wall() if begin is None else begin[0] + self._counter() - begin[1]

    @property
    def ahead(self) -> float:
        """How many seconds this machine's clock is ahead of the store's; less than 0 when it is behind."""
        return self._wall() - self() if self._begin is not None else 0.0

    def measure(self) -> None:
        """Ask the store for its time; raises StoreUnavailable."""
        if not self._database.skip_locked:
            return
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))  # so that connecting does not count
            asked = self._counter()
            said: float = connection.execute(_NOW).scalar_one()
            answered = self._counter()
        if self._begin is not None and answered - asked > LONGEST_ASKING:
            return
        # Between the question and the answer; which moment it was nobody knows.
        self._begin = (said, (asked + answered) / 2)
        self._tell()

    def keep(self, stopping: threading.Event) -> None:
        """Ask again and again until `stopping` is set; for a thread."""
        while not stopping.wait(MEASURE_SECONDS):
            try:
                self.measure()
            except StoreUnavailable:
                continue  # whoever needs the store says so

    def _tell(self) -> None:
        far = abs(self.ahead) > NOTABLE_SECONDS
        if far and not self._is_told:
            log.warning(
                "this machine's clock is not the store's; the store's is used", seconds_ahead=round(self.ahead, 1)
            )
        self._is_told = far
