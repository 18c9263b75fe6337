"""Make the receivers misbehave at random, from a seed, until the storm is over.

`Faults.of` returns a function for a stand-in's `chance`. The stand-in for Slack never takes a message
and then loses the answer: Slack knows no idempotency key, so the webhook would post such a message twice. PagerDuty and
mail servers know such a key.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from testbed.standin import Failure

T = TypeVar("T")

# The share of requests that fail in each way. A hang lasts longer than the scaled webhook waits.
_HANG_SECONDS = 4.0
SLACK: Sequence[tuple[float, Failure]] = (
    (0.04, Failure.rate_limited(1)),
    (0.08, Failure.error(500)),
    (0.02, Failure.hang(_HANG_SECONDS)),
    (0.06, Failure.close()),
)
PAGERDUTY: Sequence[tuple[float, Failure]] = (
    (0.02, Failure.rate_limited(1)),
    (0.06, Failure.error(503)),
    (0.02, Failure.hang(_HANG_SECONDS)),
    (0.04, Failure.close()),
    (0.06, Failure.lost_answer()),
)
MAIL: Sequence[tuple[float, str]] = ((0.08, "451 try again later"), (0.04, "421 too busy"))


class Faults:
    """A seeded chance of failure that can be switched off."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made to be repeatable
        self._on = True
        self.count = 0

    def of(self, shares: Sequence[tuple[float, T]]) -> Callable[[], T | None]:
        """Return a function that returns one of the failures in `shares`, each as often as its share says, or None."""
        return lambda: self._draw(shares)

    def stop(self) -> None:
        """Let no request fail from now on."""
        self._on = False

    def _draw(self, shares: Sequence[tuple[float, T]]) -> T | None:
        drawn = self._random.random()
        for share, failure in shares:
            drawn -= share
            if self._on and drawn < 0:
                self.count += 1
                return failure
        return None
