"""Who shows wrong tokens waits for the answer, longer each time; who shows none, or a valid one, never does.

Guessing is slowed and nobody is locked out: behind one address there may be a person who mistypes, and Alertmanager.
"""

from __future__ import annotations

from collections import OrderedDict

FREE = 5
"""Wrong tokens of one peer that are answered at once."""
FORGIVEN_SECONDS = 12.0
"""After so long one of them is forgotten."""
LONGEST_SECONDS = 5.0
MOST_PEERS = 10_000
"""Peers that are remembered; beyond that the one that has guessed least lately is forgotten."""

_FIRST_SECONDS = 0.25


class Guesses:
    """The wrong tokens of each peer, lately."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, peer: str, now: float) -> float:
        """Count a wrong token; return for how many seconds its answer is held back."""
        number, at = self._of.pop(peer, (0.0, now))
        number = max(0.0, number - (now - at) / FORGIVEN_SECONDS) + 1
        self._of[peer] = number, now
        if len(self._of) > MOST_PEERS:
            self._of.popitem(last=False)
        over = number - FREE
        return 0.0 if over <= 0 else min(LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(over, 10.0))
