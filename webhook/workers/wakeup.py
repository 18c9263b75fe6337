"""Wakes the worker when `ingest` has committed something, so that a page leaves at once and not at the next poll."""

from __future__ import annotations

import threading


class WakeupSignal:
    """A counter that threads wait on. A signal that comes while nobody waits is not lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._signals = 0

    def notify(self) -> None:
        """Wake everybody."""
        with self._condition:
            self._signals += 1
            self._condition.notify_all()

    @property
    def signals(self) -> int:
        """How many signals there were; to be read before looking for work and given to `wait` afterwards."""
        return self._signals

    def wait(self, seen: int, seconds: float) -> None:
        """Return once there were more than `seen` signals, or after `seconds`."""
        with self._condition:
            self._condition.wait_for(lambda: self._signals != seen, timeout=seconds)
