"""The types of a notification: before it is written to the outbox, and as people see it in the record. Pure.

`new_notifications` makes notifications, `storage` keeps them, `workers` send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["open", "join", "escalate", "update", "acknowledge", "resolve"]
State = Literal["waiting", "sent", "failed", "unconfigured", "superseded"]

Channels = Mapping[str, frozenset[Action]]
"""The configured channels, each with the actions that it can express."""

CALLS: frozenset[Action] = frozenset({"open", "join", "escalate"})
"""The actions that ask for attention; all others keep people informed who were called before."""


VERIFIED = "incident "
"""The prefix of `provider_id` if PagerDuty has an incident for the notification; the incident's number follows."""


@dataclass(frozen=True, kw_only=True)
class NotifiedDestination:
    """A destination that already has a notification about the incident."""

    channel: str
    destination: str
    who: str
    ordering_key: str
    configured: bool


@dataclass(frozen=True, kw_only=True)
class NewNotification:
    """One notification to send, or the record that it cannot be sent (`state` `unconfigured`, with the `reason`)."""

    channel: str
    destination: str
    who: str
    ordering_key: str
    action: Action
    trigger_fingerprint: str | None
    urgency: int
    why: str = ""
    """Why somebody is called, if the alerts do not say it."""
    instead_of: int | None = None
    """The number of the notification that could not be sent and that this one replaces."""
    not_before: float | None = None
    """The earliest time at which it may be sent, in epoch seconds; None is at once."""
    moves_on_at: float | None = None
    """For calls: when the fallback takes over if its destination has not accepted it, in epoch seconds."""
    joins_batch: bool = False
    """Whether it is dropped if a call to the same destination already waits for a batch."""
    state: State = "waiting"
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A notification as people see it in the incident's record."""

    id: int
    channel: str
    destination: str
    who: str
    action: Action
    state: State
    attempts: int
    created_at: float
    due_at: float
    finished_at: float | None
    provider_id: str | None
    last_error: str | None
    why: str
    """Why somebody was called, if the alerts do not say it."""
    instead_of: int | None
    """The number of the notification that this one replaces."""
    batch_size: int | None
    """The number of incidents that the message told, if it was the primary of a batch."""
    superseded_by: int | None
    """The number of the notification that superseded this one, because it told of the incident too."""
    moves_on_at: float | None = None
    """When the fallback takes over if this notification has not been accepted, in epoch seconds."""

    @property
    def outcome(self) -> str:
        """Its result in words. PagerDuty's acceptance of an event does not mean that PagerDuty called anybody."""
        return said_of(self.channel, self.provider_id) if self.state == "sent" else self.state


def said_of(channel: str, provider_id: str | None) -> str:
    """Return the result of a notification that a channel accepted, in words."""
    if channel != "pagerduty":
        return "sent"
    number = (provider_id or "").removeprefix(VERIFIED)
    return f"incident {number} is open in PagerDuty" if number != provider_id and number else "accepted by PagerDuty"
