"""Which notifications a trigger causes. Pure; `outcomes` puts them into the outbox in the incident's transaction.

Notifications with the same ordering key are sent one after the other: an update waits for the message it edits.
PagerDuty's keys are made of the dedup key, so that the resolve of one incident never overtakes the trigger of the next
one of the same group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident, NotificationTrigger
from webhook.incidents.messages import CALLS, Action, Channels, NewNotification, NotifiedDestination
from webhook.incidents.recipients import Recipient
from webhook.severity import rank

# Calls go before everything else, edits of what has been said come last.
_URGENCY: Mapping[Action, int] = {
    "open": 0,
    "join": 0,
    "escalate": 0,
    "resolve": 10,
    "acknowledge": 10,
    "update": 20,
}
LEAST_URGENT_CRITICAL = 3 - rank("critical")
"""The urgency of a call about something critical; below it are more severe ones, above it less severe ones."""

# A channel that has no word of its own for a new call uses the next best: the sentence in it says why.
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
    """Return the messages that `trigger` causes, given who is to be told and who has been told already."""
    known = {one.ordering_key: one for one in told}
    if trigger.kind in _CALLING:
        rows = tuple(_tell(incident, trigger, tuple(recipients), known, channels))
        told_before = any(one.configured and one.channel in channels for one in known.values())
        reached = told_before or any(row.state == "waiting" for row in rows)
        return rows if reached else (*rows, _last_resort(incident, trigger))
    return tuple(_follow_up(incident, trigger, known.values(), channels))


def stand_in(
    incident: Incident, action: Action, trigger: NotificationTrigger, *, to: Recipient, instead_of: int
) -> NewNotification:
    """Return the message to `to` that takes the place of the message `instead_of`, which could not be sent."""
    return replace(_row(incident, action, trigger, to), instead_of=instead_of)


def ordering_key_of(incident: Incident, channel: str, destination: str) -> str:
    """Return the ordering key of messages about `incident` to this destination."""
    known = CHANNELS.get(channel)
    thread = incident.dedup_key if known and known.shares_dedup_key else f"incident-{incident.id}"
    return f"{channel}|{destination}|{thread}"


def able(channel: str, wanted: Iterable[Action], channels: Channels) -> Action | None:
    """Return the first of the `wanted` actions that the channel can express, or None."""
    return next((action for action in wanted if action in channels.get(channel, ())), None)


def _tell(
    incident: Incident,
    trigger: NotificationTrigger,
    recipients: tuple[Recipient, ...],
    known: Mapping[str, NotifiedDestination],
    channels: Channels,
) -> Iterator[NewNotification]:
    ordering = set()
    for recipient in recipients:
        ordering_key = _ordering_key(incident, recipient)
        ordering.add(ordering_key)
        earlier = known.get(ordering_key)
        was_told = earlier is not None and earlier.configured
        if was_told and recipient.channel in channels:
            yield from _again(incident, trigger, recipient, channels)
            continue
        reason = recipient.missing or (None if recipient.channel in channels else "not configured")
        action = "open" if trigger.kind != "escalated" else able(recipient.channel, _CALLING["escalated"], channels)
        # Said once is enough, but not where the channel has been there and is taken for granted.
        if earlier is None or was_told or reason is None:
            yield _row(incident, action or "escalate", trigger, recipient, reason=reason)
    # Whoever was told before and is not asked now keeps a true picture, but is not called again.
    for one in known.values():
        if one.ordering_key not in ordering and one.configured and "update" in channels.get(one.channel, ()):
            yield _row(incident, "update", trigger, one)


def _again(
    incident: Incident, trigger: NotificationTrigger, told: Recipient, channels: Channels
) -> Iterator[NewNotification]:
    """Yield the edit of what was said and then the new call, as far as the channel has them."""
    for action in (able(told.channel, ("update",), channels), able(told.channel, _CALLING[trigger.kind], channels)):
        if action is not None:
            yield _row(incident, action, trigger, told)


def _follow_up(
    incident: Incident, trigger: NotificationTrigger, known: Iterable[NotifiedDestination], channels: Channels
) -> Iterator[NewNotification]:
    wanted: tuple[Action, ...] = {
        "acknowledged": ("acknowledge", "update"),
        "resolved": ("resolve",),
    }.get(trigger.kind, ("update",))  # type: ignore[assignment]
    for one in known:
        action = able(one.channel, wanted, channels)
        if one.configured and action is not None:
            yield _row(incident, action, trigger, one)


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
        reason=reason,
    )


def _not_before(trigger: NotificationTrigger, to: Recipient | NotifiedDestination) -> float | None:
    """Return the time before which a call is not made: it waits for a batch, or until those on call are on duty."""
    times = [trigger.not_before, to.not_before if isinstance(to, Recipient) else None]
    return max((at for at in times if at is not None), default=None)


def _ordering_key(incident: Incident, to: Recipient | NotifiedDestination) -> str:
    """Return the ordering key; people without an address have one each, so that none hides another."""
    return ordering_key_of(incident, to.channel, to.destination or f"({to.who})")
