"""Decide what an event makes of an incident, and whether people are notified. Pure.

`alert_batches`, `responses` and `steps` pass in the events. `delivery` handles alert batches, and `by_hand` handles a
person's resolve.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from webhook.incidents import by_hand
from webhook.incidents.delivery import deliver, settle
from webhook.incidents.firing import AlertFiring, closed, count
from webhook.incidents.incident import (
    ALERTMANAGER,
    TOCSIN,
    Acknowledged,
    AlertBatch,
    Entry,
    Escalated,
    Event,
    FiresOn,
    Gone,
    Incident,
    Merged,
    Noted,
    NotificationTrigger,
    Outcome,
    ReopenedByHand,
    ResolvedByHand,
    Resumed,
    Settled,
    Suppressed,
    Unacknowledged,
    Unlisted,
    with_lead,
)
from webhook.incidents.joining import covered


def transition(  # noqa: C901, PLR0911, PLR0912  one for each event
    incident: Incident | None, event: Event, now: float
) -> Outcome:
    """Return what `event` makes of `incident`.

    `incident` is the open incident of the group. If there is none, it is the group's latest one if that may reopen, or
    else None.
    """
    if isinstance(event, AlertBatch):
        return deliver(incident, event, now)
    if incident is None:
        return Outcome(result="unchanged", incident=None)
    if isinstance(event, Settled):
        return settle(incident, event, now)
    if incident.status == "resolved":
        return _resolved(incident, event, now)
    match event:
        case Acknowledged():
            return _acknowledge(incident, event, now)
        case Unacknowledged():
            return _unacknowledge(incident, event, now)
        case ResolvedByHand():
            return by_hand.resolve(incident, event, now)
        case ReopenedByHand() | FiresOn():
            return Outcome(result="unchanged", incident=incident)
        case Merged():
            return _merge(incident, event, now)
        case Noted():
            return _note(incident, event)
        case Escalated():
            return _escalate(incident, event, now)
        case Resumed():
            return _resume(incident, event, now)
        case Suppressed():
            return _suppress(incident, event, now)
        case Gone():
            return _gone(incident, event, now)
        case Unlisted():
            return _unlisted(incident, event, now)
        case _:
            assert_never(event)


def _resolved(incident: Incident, event: Event, now: float) -> Outcome:
    """Return what an event makes of a resolved incident: nothing, unless a person resolved it and it fires on."""
    if incident.fires_on:
        match event:
            case ReopenedByHand():
                return by_hand.reopen(incident, event, now)
            case FiresOn():
                return by_hand.tell_again(incident, event, now)
            case Gone():
                return _gone(incident, event, now)
            case Unlisted():
                return _unlisted(incident, event, now)
            case Noted():
                return _note(incident, event)
            case _:
                pass
    return Outcome(result="unchanged", incident=incident)


def _acknowledge(incident: Incident, event: Acknowledged, now: float) -> Outcome:
    if incident.status != "open":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="acknowledged",
        incident=replace(incident, status="acknowledged", acknowledged_at=now, acknowledged_by=event.actor),
        entry=Entry(kind="acknowledged", actor=event.actor, detail=covered(incident)),
        trigger=NotificationTrigger(kind="acknowledged"),
    )


def _merge(incident: Incident, event: Merged, now: float) -> Outcome:
    """Return the incident acknowledged if a person merged it, because that person works on it; otherwise unchanged."""
    detail = f"merged into {event.into}; its alerts are Alertmanager's to end, so it stays open"
    entry = Entry(kind="merged", actor=event.actor, detail=detail)
    if incident.status != "open" or not event.by_person:
        return Outcome(result="merged", incident=incident, entry=entry)
    return Outcome(
        result="merged",
        incident=replace(incident, status="acknowledged", acknowledged_at=now, acknowledged_by=event.actor),
        entry=replace(entry, detail=f"{detail}; acknowledged, {covered(incident)}"),
        trigger=NotificationTrigger(kind="acknowledged"),
    )


def _note(incident: Incident, event: Noted) -> Outcome:
    entry = Entry(kind=event.kind, actor=event.actor, detail=event.detail)
    return Outcome(result="noted", incident=incident, entry=entry)


def _unacknowledge(incident: Incident, event: Unacknowledged, now: float) -> Outcome:
    if incident.status != "acknowledged":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="unacknowledged",
        incident=_asked_again(incident, now),
        entry=Entry(kind="unacknowledged", actor=event.actor, detail=event.why),
        trigger=NotificationTrigger(kind="escalated", why=event.why),
    )


def _resume(incident: Incident, event: Resumed, now: float) -> Outcome:
    if incident.status != "acknowledged":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="resumed",
        incident=_asked_again(incident, now),
        entry=Entry(kind="resumed", actor=TOCSIN, detail=event.why),
        trigger=NotificationTrigger(kind="escalated", why=event.why),
    )


def _escalate(incident: Incident, event: Escalated, now: float) -> Outcome:
    if incident.status != "open":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="escalated",
        incident=replace(_asked_again(incident, now), level=event.level),
        entry=Entry(kind="escalated", actor=TOCSIN, detail=event.why),
        trigger=NotificationTrigger(kind="escalated", why=event.why),
    )


def _suppress(incident: Incident, event: Suppressed, now: float) -> Outcome:
    if incident.suppressed_by == event.by:
        return Outcome(result="unchanged", incident=incident)
    since = now if incident.suppressed_since is None else incident.suppressed_since
    detail = f"every alert that fires is {event.by}; nobody further is told while that lasts"
    return Outcome(
        result="held",
        incident=replace(incident, suppressed_since=since, suppressed_by=event.by),
        entry=Entry(kind=event.by, actor=ALERTMANAGER, detail=detail),
        trigger=NotificationTrigger(kind="updated"),
    )


def _gone(incident: Incident, event: Gone, now: float) -> Outcome:
    ended, after = _ended(incident, now)
    return Outcome(
        result="resolved",
        incident=after,
        changed=ended,
        entry=Entry(kind="resolved", actor=ALERTMANAGER, detail=event.how),
        trigger=NotificationTrigger(kind="resolved"),
    )


def _unlisted(incident: Incident, event: Unlisted, now: float) -> Outcome:
    """Return the incident with the given firings ended and the others unchanged."""
    ended = tuple(
        closed(firing, now, "alertmanager") for firing in incident.open_firings if firing.identity in event.firings
    )
    by_identity = {firing.identity: firing for firing in (*incident.firings, *ended)}
    after = replace(incident, firings=tuple(by_identity.values()))
    return Outcome(
        result="updated",
        incident=with_lead(after) if after.open_firings else after,
        changed=ended,
        entry=Entry(kind="updated", actor=ALERTMANAGER, detail=f"{count(len(ended), 0)} resolved; {event.how}"),
        trigger=None if incident.status == "resolved" else NotificationTrigger(kind="updated"),
    )


def _asked_again(incident: Incident, now: float) -> Incident:
    """Return the incident open and no longer suppressed, with its level's time counting from `now`."""
    return replace(
        incident,
        status="open",
        paged_at=now,
        acknowledged_at=None,
        acknowledged_by=None,
        suppressed_since=None,
        suppressed_by=None,
    )


def _ended(incident: Incident, now: float) -> tuple[tuple[AlertFiring, ...], Incident]:
    """Return the open firings ended at `now` by Alertmanager, and the incident resolved with them."""
    ended = tuple(closed(firing, now, "alertmanager") for firing in incident.open_firings)
    by_identity = {firing.identity: firing for firing in (*incident.firings, *ended)}
    after = replace(
        incident,
        status="resolved",
        resolved_at=now,
        resolved_by=ALERTMANAGER,
        suppressed_since=None,
        suppressed_by=None,
        flapping_since=None,
        firing_at=None,
        doubted_at=None,
        firings=tuple(by_identity.values()),
    )
    return ended, after
