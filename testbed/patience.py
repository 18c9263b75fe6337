"""How long the testbed and the tests wait for what must come, and how they wait: for the event, never for a time.

A machine that is overloaded is slow, not wrong. Whoever passes never waits so long; only what will never come takes it.
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
            told = awaited if isinstance(awaited, str) else awaited()
            raise TimeoutError(f"{told} did not come within {PATIENCE_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
