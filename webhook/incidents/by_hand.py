"""A person's resolve while alerts fire: no end. Pure; `transitions` and `delivery` ask, `steps` when its time is over.

The law: a person says that they want to hear no more of it for now, and only Alertmanager says that it is over.
Until it does the incident is resolved and fires on. People are asked again when another alert of it fires, when
somebody takes the resolve back, and after the policy's `still_firing` if Alertmanager still tells of it then. What
Alertmanager knows nothing of, a Watchdog that is gone for good, ends by the person's word alone.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents import alertmanager_state
from webhook.incidents.firing import AlertFiring, Changes, closed, count
from webhook.incidents.heartbeat import forgotten_fingerprints
from webhook.incidents.incident import (
    ALERTMANAGER,
    TOCSIN,
    AlertBatch,
    Entry,
    FiresOn,
    Incident,
    NotificationTrigger,
    Outcome,
    ReopenedByHand,
    ResolvedByHand,
    asked_anew,
    led,
)
from webhook.untrusted import one_line

_LONGEST_NAME = 80


def resolve(incident: Incident, event: ResolvedByHand, now: float) -> Outcome:
    """Return the incident resolved; its alerts go on firing until Alertmanager says otherwise."""
    forgotten = forgotten_fingerprints(incident)
    ended = tuple(closed(one, now, "person") for one in incident.open_firings if one.fingerprint in forgotten)
    after = replace(
        incident,
        status="resolved",
        resolved_at=now,
        resolved_by=event.actor,
        suppressed_since=None,
        suppressed_by=None,
        flapping_since=None,
        firings=_with(incident, ended),
    )
    over = alertmanager_state.is_over(after)
    firing = len(after.open_firings) + len(alertmanager_state.doubtful(after))
    return Outcome(
        result="resolved",
        incident=replace(after, doubted_at=None) if over else replace(after, firing_at=now),
        changed=ended,
        entry=Entry(
            kind="resolved", actor=event.actor, detail=f"by hand, {count(firing, after.truncated)} still firing"
        ),
        trigger=NotificationTrigger(kind="resolved"),
    )


def reopen(incident: Incident, event: ReopenedByHand, now: float) -> Outcome:
    """Return the incident open again: its first level is asked."""
    return _open_again(incident, Entry(kind="reopened", actor=event.actor, detail=event.why), now)


def tell_again(incident: Incident, event: FiresOn, now: float) -> Outcome:
    """Return the incident open again because its alerts still fire after the policy's time."""
    return _open_again(incident, Entry(kind="reopened", actor=TOCSIN, detail=event.why), now)


def delivered(before: Incident, after: Incident, event: AlertBatch, changes: Changes, now: float) -> Outcome:
    """Return what a delivery makes of an incident that fires on; `after` has the changes of its alerts already."""
    if changes.fired:
        who = one_line(before.resolved_by or "somebody", _LONGEST_NAME)
        why = f"Resolved by {who}, and another alert of it has begun to fire since.{event.remark}"
        return _open_again(after, Entry(kind="reopened", actor=ALERTMANAGER, detail=why), now, changes.changed)
    if alertmanager_state.is_over(after):
        return Outcome(
            result="resolved",
            incident=replace(after, resolved_at=now, resolved_by=ALERTMANAGER, firing_at=None, doubted_at=None),
            changed=changes.changed,
            entry=Entry(kind="resolved", actor=ALERTMANAGER, detail="no alert fires any more"),
            trigger=NotificationTrigger(kind="resolved"),
        )
    held_open = {one.fingerprint for one in after.open_firings}
    # An old picture of an alert that has ended is no word that anything fires.
    if any(one.firing and one.fingerprint in held_open for one in event.alerts):
        after = replace(after, firing_at=now)
    if not changes.ended and after.truncated == before.truncated:
        return Outcome(result="repeated", incident=after, changed=changes.changed)
    entry = Entry(kind="updated", actor=ALERTMANAGER, detail=changes.detail(after.truncated))
    return Outcome(
        result="updated",
        incident=after,
        changed=changes.changed,
        entry=entry,
        trigger=NotificationTrigger(kind="updated"),
    )


def _open_again(incident: Incident, entry: Entry, now: float, changed: tuple[AlertFiring, ...] = ()) -> Outcome:
    after = asked_anew(led(incident) if incident.open_firings else incident, now)
    lead = next(iter(after.open_firings), None)
    trigger = NotificationTrigger(kind="reopened", fingerprint=lead.fingerprint if lead else None, why=entry.detail)
    return Outcome(result="reopened", incident=after, changed=changed, entry=entry, trigger=trigger)


def _with(incident: Incident, changed: tuple[AlertFiring, ...]) -> tuple[AlertFiring, ...]:
    return tuple({one.identity: one for one in (*incident.firings, *changed)}.values())
