"""Which messages a notice causes. Pure; `ingest` puts the answer into the outbox in the incident's transaction.

A lane is the line in which messages to one destination about one thing must keep their order: an update waits for
the message it edits. PagerDuty's lanes belong to the dedup key, so that the resolve of one incident never overtakes
the trigger of the next one of the same group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from webhook.escalation import Recipient
from webhook.incident import Incident, Notice
from webhook.severity import rank

Action = Literal["open", "join", "update", "acknowledge", "resolve"]
State = Literal["waiting", "sent", "failed", "unconfigured", "folded"]

CHANNELS = ("slack", "pagerduty", "email", "sms", "phone", "webhook", "log")
"""Every channel that a catalogue can name, in the order in which people read about them."""

Channels = Mapping[str, frozenset[Action]]
"""The channels that are configured here, and which actions each can express."""

# First pages go before everything else, edits of what has been said come last.
_URGENCY: Mapping[Action, int] = {"open": 0, "join": 0, "resolve": 10, "acknowledge": 10, "update": 20}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A destination that already has a row of this incident."""

    channel: str
    destination: str
    who: str
    lane: str
    configured: bool


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message to be sent, or the record that it cannot be (`state` unconfigured, with the `reason`)."""

    channel: str
    destination: str
    who: str
    lane: str
    action: Action
    focus: str | None
    urgency: int
    state: State = "waiting"
    reason: str | None = None


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
    if notice.kind in {"opened", "joined"}:
        rows = tuple(_tell(incident, notice, tuple(recipients), known, channels))
        reached = any(row.state == "waiting" for row in rows) or any(one.configured for one in known.values())
        return rows if reached else (*rows, _last_resort(incident, notice))
    return tuple(_follow_up(incident, notice, known.values(), channels))


def lane_of(incident: Incident, channel: str, destination: str) -> str:
    """Return the lane of messages about `incident` to this destination."""
    thread = incident.dedup_key if channel == "pagerduty" else f"incident-{incident.id}"
    return f"{channel}|{destination}|{thread}"


def _tell(
    incident: Incident,
    notice: Notice,
    recipients: tuple[Recipient, ...],
    known: Mapping[str, Told],
    channels: Channels,
) -> Iterator[Outgoing]:
    lanes = set()
    for recipient in recipients:
        lane = lane_of(incident, recipient.channel, recipient.destination)
        lanes.add(lane)
        earlier = known.get(lane)
        if earlier is not None and earlier.configured:
            yield from _again(incident, notice, earlier, channels)
            continue
        reason = recipient.missing or (None if recipient.channel in channels else "not configured")
        if earlier is None or reason is None:
            yield _row(incident, "open", notice, recipient, reason=reason)
    # Whoever was told before and is no longer in the tier keeps a true picture, but is not called again.
    for one in known.values():
        if one.lane not in lanes and one.configured and "update" in channels.get(one.channel, ()):
            yield _row(incident, "update", notice, one)


def _again(incident: Incident, notice: Notice, told: Told, channels: Channels) -> Iterator[Outgoing]:
    """Yield the edit of what was said and then the new call, as far as the channel has them."""
    actions: tuple[Action, ...] = ("update", "join")
    for action in actions:
        if action in channels.get(told.channel, ()):
            yield _row(incident, action, notice, told)


def _follow_up(incident: Incident, notice: Notice, known: Iterable[Told], channels: Channels) -> Iterator[Outgoing]:
    wanted: tuple[Action, ...] = {
        "acknowledged": ("acknowledge", "update"),
        "resolved": ("resolve",),
    }.get(notice.kind, ("update",))  # type: ignore[assignment]
    for one in known:
        able = channels.get(one.channel, frozenset())
        action = next((action for action in wanted if action in able), None)
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
        lane=lane_of(incident, to.channel, to.destination),
        action=action,
        focus=notice.focus,
        urgency=_URGENCY[action] + 3 - rank(incident.severity),
        state="unconfigured" if reason else "waiting",
        reason=reason,
    )
