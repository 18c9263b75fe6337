"""Wait for an event that must come, never for a fixed time; the testbed and the tests share this limit.

An overloaded machine is slow, not wrong. A test that passes never waits so long; only a test that fails does.
"""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 300.0
POLL_SECONDS: Final = 0.05


def await_that(holds: Callable[[], object], awaited: str | Callable[[], str] = "what was awaited") -> None:
    """Return once `holds` is true; raises `TimeoutError` after `PATIENCE_SECONDS`, with what was awaited."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            description = awaited if isinstance(awaited, str) else awaited()
            raise TimeoutError(f"{description} did not come within {PATIENCE_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
