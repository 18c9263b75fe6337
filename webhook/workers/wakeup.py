"""Wakes the workers after a commit, so that a page leaves at once and not at the next poll."""

from __future__ import annotations

import threading


class WakeupSignal:
    """A counter that threads wait on. A signal that is sent while no thread waits is not lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._signals = 0

    def notify(self) -> None:
        """Wake all waiting threads."""
        with self._condition:
            self._signals += 1
            self._condition.notify_all()

    @property
    def signals(self) -> int:
        """The number of signals so far; read it before looking for work, and pass it to `wait` afterwards."""
        return self._signals

    def wait(self, seen: int, seconds: float) -> None:
        """Return as soon as there have been more than `seen` signals, or after `seconds`."""
        with self._condition:
            self._condition.wait_for(lambda: self._signals != seen, timeout=seconds)
