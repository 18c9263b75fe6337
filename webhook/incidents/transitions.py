"""What an event makes of an incident, and whether somebody has to hear of it. Pure.

`ingest` brings what people and Alertmanager do, `steps` what time does; `delivery` knows what a delivery means.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from webhook.incidents.delivery import deliver, settle
from webhook.incidents.episode import EndedBy, Episode, count
from webhook.incidents.incident import (
    ALERTMANAGER,
    TOCSIN,
    Acknowledged,
    Delivered,
    Entry,
    Escalated,
    Event,
    Gone,
    Incident,
    Notice,
    Outcome,
    ResolvedByHand,
    Resumed,
    Settled,
    Suppressed,
    Unacknowledged,
)


def transition(incident: Incident | None, event: Event, now: float) -> Outcome:  # noqa: C901, PLR0911  one for each event
    """Return what `event` makes of `incident`: of the group's open one, its latest if that may reopen, or None."""
    if isinstance(event, Delivered):
        return deliver(incident, event, now)
    if isinstance(event, Settled) and incident is not None:
        return settle(incident, event.why, now)
    if incident is None or isinstance(event, Settled) or incident.status == "resolved":
        return Outcome(result="unchanged", incident=incident)
    match event:
        case Acknowledged():
            return _acknowledge(incident, event, now)
        case Unacknowledged():
            return _unacknowledge(incident, event, now)
        case ResolvedByHand():
            return _resolve_by_hand(incident, event, now)
        case Escalated():
            return _escalate(incident, event, now)
        case Resumed():
            return _resume(incident, event, now)
        case Suppressed():
            return _hold(incident, event, now)
        case Gone():
            return _gone(incident, event, now)
        case _:
            assert_never(event)


def _acknowledge(incident: Incident, event: Acknowledged, now: float) -> Outcome:
    if incident.status != "open":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="acknowledged",
        incident=replace(incident, status="acknowledged", acknowledged_at=now, acknowledged_by=event.actor),
        entry=Entry(kind="acknowledged", actor=event.actor, detail=""),
        notice=Notice(kind="acknowledged"),
    )


def _unacknowledge(incident: Incident, event: Unacknowledged, now: float) -> Outcome:
    if incident.status != "acknowledged":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="unacknowledged",
        incident=_asked_again(incident, now),
        entry=Entry(kind="unacknowledged", actor=event.actor, detail=event.why),
        notice=Notice(kind="escalated", why=event.why),
    )


def _resume(incident: Incident, event: Resumed, now: float) -> Outcome:
    if incident.status != "acknowledged":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="resumed",
        incident=_asked_again(incident, now),
        entry=Entry(kind="resumed", actor=TOCSIN, detail=event.why),
        notice=Notice(kind="escalated", why=event.why),
    )


def _escalate(incident: Incident, event: Escalated, now: float) -> Outcome:
    if incident.status != "open":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="escalated",
        incident=replace(_asked_again(incident, now), level=event.level),
        entry=Entry(kind="escalated", actor=TOCSIN, detail=event.why),
        notice=Notice(kind="escalated", why=event.why),
    )


def _hold(incident: Incident, event: Suppressed, now: float) -> Outcome:
    if incident.held_by == event.by:
        return Outcome(result="unchanged", incident=incident)
    since = now if incident.held_since is None else incident.held_since
    detail = f"every alert that fires is {event.by}; nobody further is told while that lasts"
    return Outcome(
        result="held",
        incident=replace(incident, held_since=since, held_by=event.by),
        entry=Entry(kind=event.by, actor=ALERTMANAGER, detail=detail),
        notice=Notice(kind="updated"),
    )


def _resolve_by_hand(incident: Incident, event: ResolvedByHand, now: float) -> Outcome:
    ended, after = _ended(incident, event.actor, "person", now)
    detail = f"by hand, {count(len(ended), 0)} still firing"
    return Outcome(
        result="resolved",
        incident=after,
        changed=ended,
        entry=Entry(kind="resolved", actor=event.actor, detail=detail),
        notice=Notice(kind="resolved"),
    )


def _gone(incident: Incident, event: Gone, now: float) -> Outcome:
    ended, after = _ended(incident, ALERTMANAGER, "alertmanager", now)
    return Outcome(
        result="resolved",
        incident=after,
        changed=ended,
        entry=Entry(kind="resolved", actor=ALERTMANAGER, detail=event.how),
        notice=Notice(kind="resolved"),
    )


def _asked_again(incident: Incident, now: float) -> Incident:
    """Return the incident open, its level's time counting from now, held no more."""
    return replace(
        incident,
        status="open",
        paged_at=now,
        acknowledged_at=None,
        acknowledged_by=None,
        held_since=None,
        held_by=None,
    )


def _ended(incident: Incident, actor: str, by: EndedBy, now: float) -> tuple[tuple[Episode, ...], Incident]:
    """Return the episodes that end now, and the incident resolved with them."""
    ended = tuple(
        replace(episode, ended_at=now, ended_by=by, sources=(), refired_at=None) for episode in incident.open_episodes
    )
    by_identity = {episode.identity: episode for episode in (*incident.episodes, *ended)}
    after = replace(
        incident,
        status="resolved",
        resolved_at=now,
        resolved_by=actor,
        held_since=None,
        held_by=None,
        flapping_since=None,
        doubted_at=None,
        episodes=tuple(by_identity.values()),
    )
    return ended, after
