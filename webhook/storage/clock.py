"""One clock for all replicas: the store's. Leases, due times and all stored times use it.

The clocks of machines differ. If the clocks of two replicas differed by more than a lease, each would take the other's
claims for abandoned and send the notifications again. Each replica asks PostgreSQL for its time every few seconds, and
in between adds the seconds of a counter that nobody sets. A SQLite file is on one machine, whose clock all use.
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
"""Seconds: if an answer takes longer, its time is too inexact, and the clock waits for the next answer."""
NOTABLE_SECONDS = 5.0
"""Seconds: if this machine's clock differs from the store's by more, the log says so."""

_NOW = text("SELECT extract(epoch FROM clock_timestamp())::double precision")

log = structlog.get_logger("tocsin.clock")


def steady() -> float:
    """Return seconds since an arbitrary start, which nobody sets and which also count while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class StoreClock:
    """Returns epoch seconds of the store's clock when called."""

    def __init__(
        self,
        database: Database,
        *,
        wall: Callable[[], float] = time.time,
        counter: Callable[[], float] = steady,
    ) -> None:
        """Start with `wall`, this machine's clock; it is used until the store has been asked."""
        self._database = database
        self._wall = wall
        self._counter = counter
        self._begin: tuple[float, float] | None = None
        """The store's time and the counter's at the same moment."""
        self._is_reported = False

    def __call__(self) -> float:
        """Return the time now."""
        begin = self._begin
        return self._wall() if begin is None else begin[0] + self._counter() - begin[1]

    @property
    def ahead(self) -> float:
        """Seconds by which this machine's clock is ahead of the store's; negative if it is behind."""
        return self._wall() - self() if self._begin is not None else 0.0

    def measure(self) -> None:
        """Ask the store for its time; raises StoreUnavailable."""
        if not self._database.skip_locked:
            return
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))  # connect first, so that this time does not count
            asked_at = self._counter()
            store_time: float = connection.execute(_NOW).scalar_one()
            answered_at = self._counter()
        if self._begin is not None and answered_at - asked_at > LONGEST_ASKING:
            return
        # The store read its clock at an unknown moment between question and answer: assume the middle.
        self._begin = (store_time, (asked_at + answered_at) / 2)
        self._report_difference()

    def keep(self, stopping: threading.Event) -> None:
        """Ask every `MEASURE_SECONDS` until `stopping` is set; runs in a thread of its own."""
        while not stopping.wait(MEASURE_SECONDS):
            try:
                self.measure()
            except StoreUnavailable:
                continue  # callers that need the store report it

    def _report_difference(self) -> None:
        is_far = abs(self.ahead) > NOTABLE_SECONDS
        if is_far and not self._is_reported:
            log.warning(
                "this machine's clock is not the store's; the store's is used", seconds_ahead=round(self.ahead, 1)
            )
        self._is_reported = is_far
