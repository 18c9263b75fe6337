"""`python -m testbed.chaos.serve serve`: the real `tocsin-webhook`, its patience scaled down. For tests only.

A lease of a minute and a back-off of five are right for people and too long for a test. Nothing else is changed. A
constant that has been renamed is an error here, and not a test that quietly waits for minutes.
"""

import importlib
import os

LONGEST_SEND = 5.0
LEASE_SECONDS = 2 * LONGEST_SEND
"""What the webhook derives from it: after this a killed process's message is taken by another."""

MOST_SINGLE = "CHAOS_MOST_SINGLE"
"""The variable that says how many calls a minute are no storm."""

# Set before anything else of the webhook is imported: others copy or derive from them.
SCALED = (
    ("webhook.senders.contract", "CONNECT_SECONDS", 1.0),
    ("webhook.senders.contract", "READ_SECONDS", 2.0),
    ("webhook.senders.contract", "LONGEST_SEND", LONGEST_SEND),
    ("webhook.workers.backoff", "FIRST_SECONDS", 0.5),
    ("webhook.workers.backoff", "LONGEST_SECONDS", 4.0),
    ("webhook.incidents.storm", "SERIOUS_WAIT_SECONDS", 1.0),
    ("webhook.incidents.storm", "MILD_WAIT_SECONDS", 3.0),
    ("webhook.incidents.storm", "WINDOW_SECONDS", 3.0),
    # Where every message has to be seen by itself nothing is gathered.
    ("webhook.incidents.storm", "MOST_SINGLE", int(os.environ.get(MOST_SINGLE, "10"))),
)


def main() -> None:
    """Scale, and hand over to the real command."""
    for module, name, value in SCALED:
        found = importlib.import_module(module)
        if not hasattr(found, name):
            raise SystemExit(f"{module} has no {name} any more: see testbed/chaos/serve.py")
        setattr(found, name, value)
    lease: float = importlib.import_module("webhook.workers.worker").LEASE_SECONDS
    if lease != LEASE_SECONDS:
        raise SystemExit(f"the webhook's lease is {lease:g} s, not {LEASE_SECONDS:g} s: see testbed/chaos/serve.py")
    importlib.import_module("webhook.cli").main()


if __name__ == "__main__":
    main()
