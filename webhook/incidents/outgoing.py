"""Which messages a notice causes. Pure; `outcomes` puts the answer into the outbox in the incident's transaction.

A lane is the line in which messages to one destination about one thing must keep their order: an update waits for
the message it edits. PagerDuty's lanes belong to the dedup key, so that the resolve of one incident never overtakes
the trigger of the next one of the same group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from webhook.incidents.incident import Incident, Notice
from webhook.incidents.messages import CALLS, Action, Channels, Outgoing, Told
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
MILDEST_SERIOUS = 3 - rank("critical")
"""The urgency of a call about something critical; below it are graver ones, above it milder ones."""

# A channel that has no word of its own for a new call uses the next best: the sentence in it says why.
_CALLING: Mapping[str, tuple[Action, ...]] = {
    "opened": ("open", "join"),
    "joined": ("join",),
    "reopened": ("join", "open"),
    "escalated": ("escalate", "join", "open"),
}


def outgoing(
    incident: Incident,
    notice: Notice,
    *,
    recipients: Iterable[Recipient],
    told: Iterable[Told],
    channels: Channels,
) -> tuple[Outgoing, ...]:
    """Return the messages that `notice` causes, given who is to be told and who has been told already."""
    known = {one.lane: one for one in told}
    if notice.kind in _CALLING:
        rows = tuple(_tell(incident, notice, tuple(recipients), known, channels))
        told_before = any(one.configured and one.channel in channels for one in known.values())
        reached = told_before or any(row.state == "waiting" for row in rows)
        return rows if reached else (*rows, _last_resort(incident, notice))
    return tuple(_follow_up(incident, notice, known.values(), channels))


def stand_in(incident: Incident, action: Action, notice: Notice, *, to: Recipient, instead_of: int) -> Outgoing:
    """Return the message to `to` that takes the place of the message `instead_of`, which could not be sent."""
    return replace(_row(incident, action, notice, to), instead_of=instead_of)


def lane_of(incident: Incident, channel: str, destination: str) -> str:
    """Return the lane of messages about `incident` to this destination."""
    thread = incident.dedup_key if channel == "pagerduty" else f"incident-{incident.id}"
    return f"{channel}|{destination}|{thread}"


def able(channel: str, wanted: Iterable[Action], channels: Channels) -> Action | None:
    """Return the first of the `wanted` actions that the channel can express, or None."""
    return next((action for action in wanted if action in channels.get(channel, ())), None)


def _tell(
    incident: Incident,
    notice: Notice,
    recipients: tuple[Recipient, ...],
    known: Mapping[str, Told],
    channels: Channels,
) -> Iterator[Outgoing]:
    lanes = set()
    for recipient in recipients:
        lane = _lane(incident, recipient)
        lanes.add(lane)
        earlier = known.get(lane)
        was_told = earlier is not None and earlier.configured
        if was_told and recipient.channel in channels:
            yield from _again(incident, notice, recipient, channels)
            continue
        reason = recipient.missing or (None if recipient.channel in channels else "not configured")
        action = "open" if notice.kind != "escalated" else able(recipient.channel, _CALLING["escalated"], channels)
        # Said once is enough, but not where the channel has been there and is taken for granted.
        if earlier is None or was_told or reason is None:
            yield _row(incident, action or "escalate", notice, recipient, reason=reason)
    # Whoever was told before and is not asked now keeps a true picture, but is not called again.
    for one in known.values():
        if one.lane not in lanes and one.configured and "update" in channels.get(one.channel, ()):
            yield _row(incident, "update", notice, one)


def _again(incident: Incident, notice: Notice, told: Recipient, channels: Channels) -> Iterator[Outgoing]:
    """Yield the edit of what was said and then the new call, as far as the channel has them."""
    for action in (able(told.channel, ("update",), channels), able(told.channel, _CALLING[notice.kind], channels)):
        if action is not None:
            yield _row(incident, action, notice, told)


def _follow_up(incident: Incident, notice: Notice, known: Iterable[Told], channels: Channels) -> Iterator[Outgoing]:
    wanted: tuple[Action, ...] = {
        "acknowledged": ("acknowledge", "update"),
        "resolved": ("resolve",),
    }.get(notice.kind, ("update",))  # type: ignore[assignment]
    for one in known:
        action = able(one.channel, wanted, channels)
        if one.configured and action is not None:
            yield _row(incident, action, notice, one)


def _last_resort(incident: Incident, notice: Notice) -> Outgoing:
    recipient = Recipient(channel="log", destination="log", who="the log, because nobody else could be told")
    return _row(incident, "open", notice, recipient)


def _row(
    incident: Incident, action: Action, notice: Notice, to: Recipient | Told, *, reason: str | None = None
) -> Outgoing:
    return Outgoing(
        channel=to.channel,
        destination=to.destination,
        who=to.who,
        lane=_lane(incident, to),
        action=action,
        focus=notice.focus,
        why=notice.why if action in CALLS else "",
        urgency=_URGENCY[action] + 3 - rank(incident.severity),
        not_before=_not_before(notice, to) if action in CALLS and not reason else None,
        gathers=notice.not_before is not None and action in CALLS,
        state="unconfigured" if reason else "waiting",
        reason=reason,
    )


def _not_before(notice: Notice, to: Recipient | Told) -> float | None:
    """Return the later of the times before which a call is not made: it is gathered, or those on call are off duty."""
    times = [notice.not_before, to.not_before if isinstance(to, Recipient) else None]
    return max((at for at in times if at is not None), default=None)


def _lane(incident: Incident, to: Recipient | Told) -> str:
    """Return the lane; people without an address have one each, so that none hides another."""
    return lane_of(incident, to.channel, to.destination or f"({to.who})")
