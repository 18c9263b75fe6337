"""The types of a notification: new, stored, claimed. Pure.

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
"""The actions that ask for attention; all others inform people who were called before."""


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
class NotificationContent:
    """What a notification is about, whom it is for, and when it may be sent: the same in all of its states."""

    channel: str
    destination: str
    who: str
    ordering_key: str
    action: Action
    trigger_fingerprint: str | None
    urgency: int
    """A lower number is sent first."""
    why: str = ""
    """Why somebody is called, if the alerts do not say it."""
    instead_of: int | None = None
    """The number of the notification that could not be sent and that this one replaces."""
    not_before: float | None = None
    """The earliest time at which it may be sent, in epoch seconds; None is at once."""
    moves_on_at: float | None = None
    """For calls: when the fallback takes over if its destination has not accepted it, in epoch seconds."""
    state: State = "waiting"
    last_error: str | None = None
    """Why the last attempt failed, or why it cannot be sent at all (`state` `unconfigured`)."""


@dataclass(frozen=True, kw_only=True)
class NewNotification(NotificationContent):
    """A notification that is not in the outbox yet."""

    joins_batch: bool = False
    """Whether it is dropped if a call to the same destination already waits for a batch."""


@dataclass(frozen=True, kw_only=True)
class Notification(NotificationContent):
    """A notification in the outbox, in any state."""

    id: int
    incident_id: int
    attempts: int
    """The number of attempts; in a claim, it includes the attempt that the claim is for."""
    created_at: float
    due_at: float
    finished_at: float | None
    provider_id: str | None
    batch_size: int | None
    """The number of incidents that the message told, if it was the primary of a batch."""
    superseded_by: int | None
    """The number of the notification that superseded this one, because that notification told of the incident too."""

    @property
    def meant_for(self) -> float:
        """The earliest time at which it could be sent: `not_before` if set, otherwise the time it was written."""
        return self.created_at if self.not_before is None else self.not_before

    @property
    def outcome(self) -> str:
        """Its result in words. PagerDuty's acceptance of an event does not mean that PagerDuty called anybody."""
        return said_of(self.channel, self.provider_id) if self.state == "sent" else self.state


@dataclass(frozen=True, kw_only=True)
class Claim(Notification):
    """A notification that this worker has leased under `token`."""

    token: str


def said_of(channel: str, provider_id: str | None) -> str:
    """Return the result of a notification that a channel accepted, in words."""
    if channel != "pagerduty":
        return "sent"
    number = (provider_id or "").removeprefix(VERIFIED)
    return f"incident {number} is open in PagerDuty" if number != provider_id and number else "accepted by PagerDuty"
