"""What a person's resolve means while alerts still fire. Pure; `transitions` and `delivery` call this module.

The law: a person's resolve ends the calls for now, but only Alertmanager's knowledge ends the incident. Until then the
incident is resolved and fires on. People are called again when another alert of the incident fires, when somebody takes
the resolve back, and after the policy's `still_firing` if Alertmanager still reports the incident; `steps` watches that
time. A person's resolve alone ends an alert of which Alertmanager knows nothing, such as the alert on a Watchdog that
is gone for good.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents import alertmanager_state
from webhook.incidents.dead_mans_switch import forgotten_fingerprints
from webhook.incidents.firing import AlertFiring, Changes, closed, count
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
    with_lead,
)
from webhook.untrusted import one_line

_LONGEST_NAME = 80


def resolve(incident: Incident, event: ResolvedByHand, now: float) -> Outcome:
    """Return the incident resolved; its alerts count as firing until Alertmanager reports their end."""
    forgotten_watchdogs = forgotten_fingerprints(incident)
    ended = tuple(
        closed(firing, now, "person") for firing in incident.open_firings if firing.fingerprint in forgotten_watchdogs
    )
    after = replace(
        incident,
        status="resolved",
        resolved_at=now,
        resolved_by=event.actor,
        suppressed_since=None,
        suppressed_by=None,
        flapping_since=None,
        firings=_firings_with(incident, ended),
    )
    ends_now = alertmanager_state.is_over(after)
    still_firing = len(after.open_firings) + len(alertmanager_state.doubtful(after))
    return Outcome(
        result="resolved",
        incident=replace(after, doubted_at=None) if ends_now else replace(after, firing_at=now),
        changed=ended,
        entry=Entry(
            kind="resolved", actor=event.actor, detail=f"by hand, {count(still_firing, after.truncated)} still firing"
        ),
        trigger=NotificationTrigger(kind="resolved"),
    )


def reopen(incident: Incident, event: ReopenedByHand, now: float) -> Outcome:
    """Return the incident open again; its first level is called."""
    return _open_again(incident, Entry(kind="reopened", actor=event.actor, detail=event.why), now)


def tell_again(incident: Incident, event: FiresOn, now: float) -> Outcome:
    """Return the incident open again, because its alerts still fire after the policy's `still_firing`."""
    return _open_again(incident, Entry(kind="reopened", actor=TOCSIN, detail=event.why), now)


def delivered(before: Incident, after: Incident, event: AlertBatch, changes: Changes, now: float) -> Outcome:
    """Return what an alert batch makes of an incident that fires on; `after` already has the changed firings."""
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
    open_fingerprints = {firing.fingerprint for firing in after.open_firings}
    # An outdated report of an alert that has ended does not show that anything fires.
    if any(alert.firing and alert.fingerprint in open_fingerprints for alert in event.alerts):
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
    after = asked_anew(with_lead(incident) if incident.open_firings else incident, now)
    lead = next(iter(after.open_firings), None)
    trigger = NotificationTrigger(kind="reopened", fingerprint=lead.fingerprint if lead else None, why=entry.detail)
    return Outcome(result="reopened", incident=after, changed=changed, entry=entry, trigger=trigger)


def _firings_with(incident: Incident, changed: tuple[AlertFiring, ...]) -> tuple[AlertFiring, ...]:
    return tuple({firing.identity: firing for firing in (*incident.firings, *changed)}.values())
