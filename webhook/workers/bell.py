"""Wakes the worker when `ingest` has committed something, so that a page leaves at once and not at the next poll."""

from __future__ import annotations

import threading


class Bell:
    """A counter that threads wait on. Rings that come while nobody waits are not lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
        """Wake everybody."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    @property
    def rings(self) -> int:
        """How often it has rung; to be read before looking for work and given to `wait` afterwards."""
        return self._rings

    def wait(self, heard: int, seconds: float) -> None:
        """Return once it has rung more than `heard` times, or after `seconds`."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != heard, timeout=seconds)
