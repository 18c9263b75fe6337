"""Delays the answers to a peer's wrong tokens, each longer than the last; no other request is delayed.

The delay slows guessing and locks nobody out: one address may serve a person who mistypes and also Alertmanager.
"""

from __future__ import annotations

from collections import OrderedDict

FREE = 5
"""How many wrong tokens of one peer are answered without delay."""
FORGIVEN_SECONDS = 12.0
"""One wrong token is forgotten after this time."""
LONGEST_SECONDS = 5.0
MOST_PEERS = 10_000
"""How many peers are remembered; beyond that the peer whose last guess is the oldest is forgotten."""

_FIRST_SECONDS = 0.25


class Guesses:
    """Counts the recent wrong tokens of each peer."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, peer: str, now: float) -> float:
        """Count a wrong token; return for how many seconds the answer is delayed."""
        count, counted_at = self._counts.pop(peer, (0.0, now))
        count = max(0.0, count - (now - counted_at) / FORGIVEN_SECONDS) + 1
        self._counts[peer] = count, now
        if len(self._counts) > MOST_PEERS:
            self._counts.popitem(last=False)
        excess = count - FREE
        return 0.0 if excess <= 0 else min(LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(excess, 10.0))
