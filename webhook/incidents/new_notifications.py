"""Decide which notifications a trigger causes. Pure; `outcomes` writes them to the outbox in the same transaction.

Notifications with the same ordering key are sent one after the other, so an update waits for the message that it edits.
PagerDuty's ordering keys contain the dedup key, so the resolve of one incident never overtakes the trigger of the next
incident of the same group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident, NotificationTrigger
from webhook.incidents.notifications import CALLS, Action, Channels, NewNotification, NotifiedDestination
from webhook.incidents.recipients import Recipient
from webhook.severity import rank

# Calls are sent first, edits of earlier messages last.
_URGENCY: Mapping[Action, int] = {
    "open": 0,
    "join": 0,
    "escalate": 0,
    "resolve": 10,
    "acknowledge": 10,
    "update": 20,
}
LEAST_URGENT_CRITICAL = 3 - rank("critical")
"""The urgency of a call about a critical incident. Calls about more severe incidents have lower numbers."""

# A channel without the first action uses the next one that it has; the text of the notification says why it is sent.
_CALLING: Mapping[str, tuple[Action, ...]] = {
    "opened": ("open", "join"),
    "joined": ("join",),
    "reopened": ("join", "open"),
    "escalated": ("escalate", "join", "open"),
}


def new_notifications(
    incident: Incident,
    trigger: NotificationTrigger,
    *,
    recipients: Iterable[Recipient],
    told: Iterable[NotifiedDestination],
    channels: Channels,
) -> tuple[NewNotification, ...]:
    """Return the notifications that `trigger` causes, given the recipients and who was notified already."""
    known = {destination.ordering_key: destination for destination in told}
    if trigger.kind in _CALLING:
        rows = tuple(_tell(incident, trigger, tuple(recipients), known, channels))
        told_before = any(destination.configured and destination.channel in channels for destination in known.values())
        reached = told_before or any(row.state == "waiting" for row in rows)
        return rows if reached else (*rows, _last_resort(incident, trigger))
    return tuple(_follow_up(incident, trigger, known.values(), channels))


def stand_in(
    incident: Incident, action: Action, trigger: NotificationTrigger, *, to: Recipient, instead_of: int
) -> NewNotification:
    """Return the notification to `to` that replaces notification `instead_of`, which could not be sent."""
    return replace(_row(incident, action, trigger, to), instead_of=instead_of)


def ordering_key_of(incident: Incident, channel: str, destination: str) -> str:
    """Return the ordering key of notifications about `incident` to this destination."""
    known = CHANNELS.get(channel)
    thread = incident.dedup_key if known and known.shares_dedup_key else f"incident-{incident.id}"
    return f"{channel}|{destination}|{thread}"


def able(channel: str, actions: Iterable[Action], channels: Channels) -> Action | None:
    """Return the first of the `actions` that the channel can express, or None."""
    return next((action for action in actions if action in channels.get(channel, ())), None)


def _tell(
    incident: Incident,
    trigger: NotificationTrigger,
    recipients: tuple[Recipient, ...],
    known: Mapping[str, NotifiedDestination],
    channels: Channels,
) -> Iterator[NewNotification]:
    ordering_keys = set()
    for recipient in recipients:
        ordering_key = _ordering_key(incident, recipient)
        ordering_keys.add(ordering_key)
        earlier = known.get(ordering_key)
        was_told = earlier is not None and earlier.configured
        if was_told and recipient.channel in channels:
            yield from _again(incident, trigger, recipient, channels)
            continue
        reason = recipient.missing or (None if recipient.channel in channels else "not configured")
        action = "open" if trigger.kind != "escalated" else able(recipient.channel, _CALLING["escalated"], channels)
        # A row that cannot be sent is recorded once, and again if the channel was configured before.
        if earlier is None or was_told or reason is None:
            yield _row(incident, action or "escalate", trigger, recipient, reason=reason)
    # Destinations that were notified before and are no recipients now get an update, but no call.
    for destination in known.values():
        if (
            destination.ordering_key not in ordering_keys
            and destination.configured
            and "update" in channels.get(destination.channel, ())
        ):
            yield _row(incident, "update", trigger, destination)


def _again(
    incident: Incident, trigger: NotificationTrigger, recipient: Recipient, channels: Channels
) -> Iterator[NewNotification]:
    """Yield an update of the earlier message and then the new call, as far as the channel can express them."""
    for action in (
        able(recipient.channel, ("update",), channels),
        able(recipient.channel, _CALLING[trigger.kind], channels),
    ):
        if action is not None:
            yield _row(incident, action, trigger, recipient)


def _follow_up(
    incident: Incident, trigger: NotificationTrigger, known: Iterable[NotifiedDestination], channels: Channels
) -> Iterator[NewNotification]:
    actions: tuple[Action, ...] = {
        "acknowledged": ("acknowledge", "update"),
        "resolved": ("resolve",),
    }.get(trigger.kind, ("update",))  # type: ignore[assignment]
    for destination in known:
        action = able(destination.channel, actions, channels)
        if destination.configured and action is not None:
            yield _row(incident, action, trigger, destination)


def _last_resort(incident: Incident, trigger: NotificationTrigger) -> NewNotification:
    recipient = Recipient(channel="log", destination="log", who="the log, because nobody else could be told")
    return _row(incident, "open", trigger, recipient)


def _row(
    incident: Incident,
    action: Action,
    trigger: NotificationTrigger,
    to: Recipient | NotifiedDestination,
    *,
    reason: str | None = None,
) -> NewNotification:
    return NewNotification(
        channel=to.channel,
        destination=to.destination,
        who=to.who,
        ordering_key=_ordering_key(incident, to),
        action=action,
        trigger_fingerprint=trigger.fingerprint,
        why=trigger.why if action in CALLS else "",
        urgency=_URGENCY[action] + 3 - rank(incident.severity),
        not_before=_not_before(trigger, to) if action in CALLS and not reason else None,
        joins_batch=trigger.not_before is not None and action in CALLS,
        state="unconfigured" if reason else "waiting",
        last_error=reason,
    )


def _not_before(trigger: NotificationTrigger, to: Recipient | NotifiedDestination) -> float | None:
    """Return the earliest time of a call that waits for a batch or for working hours, in epoch seconds, or None."""
    times = [trigger.not_before, to.not_before if isinstance(to, Recipient) else None]
    return max((at for at in times if at is not None), default=None)


def _ordering_key(incident: Incident, to: Recipient | NotifiedDestination) -> str:
    """Return the ordering key; each person without an address gets a separate key, so that none hides another."""
    return ordering_key_of(incident, to.channel, to.destination or f"({to.who})")
