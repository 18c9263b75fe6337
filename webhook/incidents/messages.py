"""What a message to one destination is: before it is put into the outbox, and as people see it afterwards. Pure.

`new_notifications` makes them, `storage` keeps them, `workers` send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["open", "join", "escalate", "update", "acknowledge", "resolve"]
State = Literal["waiting", "sent", "failed", "unconfigured", "superseded"]

Channels = Mapping[str, frozenset[Action]]
"""The channels that are configured here, and which actions each can express."""

CALLS: frozenset[Action] = frozenset({"open", "join", "escalate"})
"""What asks for somebody's attention; everything else keeps people informed who have been called."""


VERIFIED = "incident "
"""What a provider's id begins with where PagerDuty has an incident for the message; its id follows."""


@dataclass(frozen=True, kw_only=True)
class NotifiedDestination:
    """A destination that already has a notification of this incident."""

    channel: str
    destination: str
    who: str
    ordering_key: str
    configured: bool


@dataclass(frozen=True, kw_only=True)
class NewNotification:
    """One message to be sent, or the record that it cannot be (`state` unconfigured, with the `reason`)."""

    channel: str
    destination: str
    who: str
    ordering_key: str
    action: Action
    trigger_fingerprint: str | None
    urgency: int
    why: str = ""
    """Why somebody is called, where the alerts do not say it."""
    instead_of: int | None = None
    """The number of the message that could not be sent and that this one stands in for."""
    not_before: float | None = None
    """When it may be sent at the earliest, in epoch seconds; None is at once."""
    moves_on_at: float | None = None
    """From when on it is delivered another way where it has not been taken yet, in epoch seconds; for calls."""
    joins_batch: bool = False
    """Whether it is left out where a call to the same destination waits for a batch already."""
    state: State = "waiting"
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A message as people see it in the incident's record."""

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
    """Why somebody was called, where the alerts do not say it."""
    instead_of: int | None
    """The number of the message that this one stands in for."""
    batch_size: int | None
    """How many incidents the message was about, where it was about many."""
    superseded_by: int | None
    """The number of the message on many incidents that has told of this one too."""
    moves_on_at: float | None = None
    """From when on another way is looked for, in epoch seconds, where this one has not worked by then."""

    @property
    def outcome(self) -> str:
        """What is known of it, in words: PagerDuty's acceptance of an event does not say that anybody was called."""
        return said_of(self.channel, self.provider_id) if self.state == "sent" else self.state


def said_of(channel: str, provider_id: str | None) -> str:
    """Return what is known of a message that a channel has taken, in words."""
    if channel != "pagerduty":
        return "sent"
    number = (provider_id or "").removeprefix(VERIFIED)
    return f"incident {number} is open in PagerDuty" if number != provider_id and number else "accepted by PagerDuty"
