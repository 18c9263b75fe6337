"""`python -m testbed.chaos.serve serve`: the real `tocsin-webhook` with shorter waits. For tests only.

A lease of a minute and a back-off of five minutes are right for people and too long for a test. Nothing else changes.
If a constant was renamed, this module stops with an error; otherwise a test would silently wait for minutes.
"""

import importlib
import os
import time
from contextlib import suppress
from pathlib import Path

LONGEST_SEND = 5.0
LEASE_SECONDS = 2 * LONGEST_SEND
"""The lease that the webhook derives from `LONGEST_SEND`: after it another process takes a killed process's message."""

MOST_SINGLE = "CHAOS_MOST_SINGLE"
"""The environment variable that says how many calls a minute are not yet a storm."""

WEATHER = "CHAOS_WEATHER"
"""If this environment variable is set, there is weather: then waits for Alertmanager shrink to a tenth, too."""
CLOCK = "CHAOS_CLOCK"
"""The environment variable that names a file; the file says how many seconds the clock of this process is ahead."""
_LOOK_SECONDS = 0.2
FASTER = 10

# Set these before importing any other module of the webhook: other modules copy them or derive values from them.
SCALED = (
    ("webhook.senders.contract", "CONNECT_SECONDS", 1.0),
    ("webhook.senders.contract", "READ_SECONDS", 2.0),
    ("webhook.senders.contract", "LONGEST_SEND", LONGEST_SEND),
    ("webhook.workers.backoff", "FIRST_SECONDS", 0.5),
    ("webhook.workers.backoff", "LONGEST_SECONDS", 4.0),
    ("webhook.incidents.storm", "SERIOUS_WAIT_SECONDS", 1.0),
    ("webhook.incidents.storm", "MILD_WAIT_SECONDS", 3.0),
    ("webhook.incidents.storm", "WINDOW_SECONDS", 3.0),
    # A test that has to see every message by itself sets this so high that nothing is batched.
    ("webhook.incidents.storm", "MOST_SINGLE", int(os.environ.get(MOST_SINGLE, "10"))),
)
ASKING = (
    ("webhook.incidents.alertmanager_state", "SETTLED_SECONDS", 300.0 / FASTER),
    ("webhook.incidents.alertmanager_state", "CONFIRM_SECONDS", 120.0 / FASTER),
    ("webhook.incidents.alertmanager_state", "VERIFY_SECONDS", 30.0 / FASTER),
    ("webhook.incidents.escalation", "REVIEW_SECONDS", 60.0),
    ("webhook.incidents.escalation", "LEAST_SECONDS", 60.0 / FASTER),
    ("webhook.application.steps", "HOLD_SECONDS", 60.0 / FASTER),
    ("webhook.workers.alertmanager_api", "SILENT_SECONDS", 30.0 / FASTER),
)


def main() -> None:
    """Scale the constants, and run the real command."""
    _set_clock()
    for module, name, value in (*SCALED, *(ASKING if WEATHER in os.environ else ())):
        imported = importlib.import_module(module)
        if not hasattr(imported, name):
            raise SystemExit(f"{module} has no {name} any more: see testbed/chaos/serve.py")
        setattr(imported, name, value)
    lease: float = importlib.import_module("webhook.workers.worker").LEASE_SECONDS
    if lease != LEASE_SECONDS:
        raise SystemExit(f"the webhook's lease is {lease:g} s, not {LEASE_SECONDS:g} s: see testbed/chaos/serve.py")
    importlib.import_module("webhook.cli").main()


def _set_clock() -> None:
    """Let this process use a clock that another process sets, if `CHAOS_CLOCK` names its file."""
    file_name = os.environ.get(CLOCK)
    if not file_name:
        return
    path, machine_clock, ahead, look_at = Path(file_name), time.time, 0.0, 0.0

    def clock() -> float:
        nonlocal ahead, look_at
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOK_SECONDS
            # Another process may be writing the file.
            with suppress(OSError, ValueError):
                ahead = float(path.read_text())
        return machine_clock() + ahead

    time.time = clock


if __name__ == "__main__":
    main()
