"""How long a failed notification waits before its next attempt. Pure; the worker passes the random number in."""

from __future__ import annotations

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 300.0
GIVE_UP_SECONDS = 86_400.0
"""Seconds after which an unsent notification has failed for good: a day-old page helps nobody."""
FEWEST_TRIES = 5
"""A notification with fewer attempts is never given up, however old: perhaps this program was down."""


def delay(attempts: int, chance: float) -> float:
    """Return the seconds to wait after attempt number `attempts` (the first is 1).

    The delay doubles with each attempt, and `chance`, in [0, 1), shortens it by up to half. Without `chance`, all
    notifications that an outage stopped would be tried again at the same moment.
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 30))
    return longest * (1 - chance / 2)


def gives_up(attempts: int, age: float) -> bool:
    """Return whether a notification of this age (seconds) and number of attempts is not worth another attempt."""
    return age > GIVE_UP_SECONDS and attempts >= FEWEST_TRIES
