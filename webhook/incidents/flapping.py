"""An incident that comes and goes: when it is the old one again, and when it is told as flapping. Pure.

`delivery` asks when alerts of a resolved incident fire again and when the last alert of a flapping one ends.
"""

from __future__ import annotations

from webhook.timestamps import MINUTE, span

REOPEN_SECONDS = 15 * MINUTE
"""A group that fires again so soon after its end is the same trouble: three of Alertmanager's usual group intervals."""
CALM_SECONDS = REOPEN_SECONDS
"""How long a flapping incident has to be quiet before it is resolved."""
WINDOW_SECONDS = 60 * MINUTE
FIRINGS = 3
"""So many firings within the window are flapping."""


def recent(reopened_at: tuple[float, ...], now: float) -> tuple[float, ...]:
    """Return the reopenings within the window before `now` (epoch seconds), the oldest first."""
    return tuple(at for at in reopened_at if now - at < WINDOW_SECONDS)


def flaps(reopened_at: tuple[float, ...], now: float) -> bool:
    """Return whether a group that fires again now, having been reopened at these times (now included), flaps."""
    return len(recent(reopened_at, now)) + 1 >= FIRINGS


def told(reopened_at: tuple[float, ...], now: float) -> str:
    """Return the sentence that is told once, instead of a message for each time."""
    times = recent(reopened_at, now)
    return (
        f"Flapping: it has fired {len(times) + 1} times, the second {span(now - times[0])} ago. Its comings and goings"
        f" are told no more; it is resolved when it has been quiet for {span(CALM_SECONDS)}."
    )
