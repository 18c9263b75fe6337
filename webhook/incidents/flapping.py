"""Decide when a resolved incident reopens instead of a new one opening, and when an incident flaps. Pure.

`delivery` asks when alerts of a resolved incident fire again, and when the last alert of a flapping incident ends.
"""

from __future__ import annotations

from webhook.timestamps import MINUTE, span

REOPEN_SECONDS = 15 * MINUTE
"""A group that fires again this soon reopens its incident: three times Alertmanager's default `group_interval`."""
CALM_SECONDS = REOPEN_SECONDS
"""How long no alert of a flapping incident may fire before the incident is resolved."""
WINDOW_SECONDS = 60 * MINUTE
FIRINGS = 3
"""An incident that fires so many times within the window flaps."""


def recent(reopened_at: tuple[float, ...], now: float) -> tuple[float, ...]:
    """Return the reopenings within the window before `now` (epoch seconds), oldest first."""
    return tuple(at for at in reopened_at if now - at < WINDOW_SECONDS)


def flaps(reopened_at: tuple[float, ...], now: float) -> bool:
    """Return whether an incident that was reopened at these times, `now` included, flaps."""
    return len(recent(reopened_at, now)) + 1 >= FIRINGS


def notice(reopened_at: tuple[float, ...], now: float) -> str:
    """Return the sentence that people get once, instead of a notification for each start and end."""
    times = recent(reopened_at, now)
    return (
        f"Flapping: it has fired {len(times) + 1} times, the second {span(now - times[0])} ago. Its comings and goings"
        f" are told no more; it is resolved when it has been quiet for {span(CALM_SECONDS)}."
    )
