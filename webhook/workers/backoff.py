"""How long a failed message waits before it is tried again. Pure; the worker passes the random number in."""

from __future__ import annotations

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 300.0
GIVE_UP_SECONDS = 86_400.0
"""A message that could not be sent for this long has failed for good: a day-old page helps nobody."""
FEWEST_TRIES = 5
"""Before that nothing is given up, however old: it may be this program that was away."""


def delay(attempts: int, chance: float) -> float:
    """Return the seconds to wait after the `attempts`-th try (1 is the first): doubling, up to half of it by `chance`.

    `chance` lies in [0, 1). Without it every message that one outage has stopped would come back at the same moment.
    """
    full = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 30))
    return full * (1 - chance / 2)


def gives_up(attempts: int, age: float) -> bool:
    """Return whether a message of this age (seconds), tried `attempts` times, is not worth another try."""
    return age > GIVE_UP_SECONDS and attempts >= FEWEST_TRIES
