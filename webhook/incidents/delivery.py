"""Decide what an alert batch makes of an incident: opened, joined, reopened, resolved, or nothing new. Pure.

`transitions` calls this module. `firing` tracks single alerts, `joining` decides who is called when alerts join,
`by_hand` handles incidents that a person has resolved, and `flapping` has the rules for incidents that come and go.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents import alertmanager_state, by_hand, flapping, joining
from webhook.incidents.firing import AlertFiring, Changes, count, in_order, received_alert_of
from webhook.incidents.incident import (
    ALERTMANAGER,
    AlertBatch,
    Entry,
    Incident,
    NotificationTrigger,
    Outcome,
    Settled,
    asked_anew,
    dedup_key,
    group_hash,
    own_dedup_key,
    with_lead,
    with_left_out,
)
from webhook.timestamps import span
from webhook.untrusted import one_line, plain_address

_LONGEST_NAME = 80


def deliver(incident: Incident | None, event: AlertBatch, now: float) -> Outcome:
    """Return what the alert batch makes of the incident; a resolved incident reopens when an alert begins to fire."""
    if incident is None:
        return _open(event, now)
    changes = Changes(incident.firings, now, event.reporter, alertmanager_state.still_told)
    for alert in event.alerts:
        if alert.firing:
            changes.fires(alert)
        else:
            changes.ends(alert)
    after = replace(
        incident,
        external_url=event.external_url,
        firings=tuple(changes.firings.values()),
    )
    if event.is_whole:
        after = with_left_out(after, event.group_labels, event.truncated)
    after = _with_question_time(incident, after, changes, event, now)
    if incident.fires_on:
        return by_hand.delivered(incident, after, event, changes, now)
    if incident.status == "resolved":
        return _of_resolved(after, changes, incident, event.remark, now)
    if not after.open_firings:
        return _all_ended(incident, after, changes.changed, now)
    return _joined_or_updated(incident, with_lead(after), changes, now)


def _with_question_time(before: Incident, after: Incident, changes: Changes, event: AlertBatch, now: float) -> Incident:
    """Return `after` with the time at which Alertmanager is to be asked about what the batch left in doubt."""
    if changes.doubts or _omits_open_alerts(after, event):
        after = replace(after, doubted_at=min(now, before.doubted_at or now))
    elif alertmanager_state.is_over(after):
        after = replace(after, doubted_at=None)
    if event.verified:
        after = replace(
            after, doubted_at=after.doubted_at if alertmanager_state.doubtful(after) else event.asked_again_at
        )
    return after


def _open(event: AlertBatch, now: float) -> Outcome:
    changes = Changes((), now, event.reporter, alertmanager_state.still_told)
    for alert in event.alerts:
        if alert.firing:
            changes.fires(alert)
    firings = in_order(changes.fired)
    if not firings:
        return Outcome(result="unchanged", incident=None)
    lead = firings[0]
    incident_key = (
        own_dedup_key(event.group_key, lead.team, lead.policy) if event.shared else dedup_key(event.group_key)
    )
    incident = Incident(
        group_hash=group_hash(event.group_labels),
        group_labels=dict(event.group_labels),
        dedup_key=incident_key,
        receiver=event.receiver,
        external_url=event.external_url,
        title=lead.title,
        severity=lead.severity,
        team=lead.team,
        policy=lead.policy,
        opened_at=now,
        paged_at=now,
        doubted_at=now if changes.doubts else event.asked_again_at,
        firings=tuple(changes.firings.values()),
    )
    incident = with_left_out(incident, event.group_labels, event.truncated)
    return Outcome(
        result="opened",
        incident=incident,
        changed=incident.firings,
        entry=Entry(kind="opened", actor=ALERTMANAGER, detail=f"{count(len(firings), event.truncated)} firing"),
        trigger=NotificationTrigger(kind="opened", fingerprint=lead.fingerprint),
    )


def _of_resolved(after: Incident, changes: Changes, before: Incident, remark: str, now: float) -> Outcome:
    """Return what an alert batch makes of an incident that is resolved and does not fire on."""
    if changes.fired:
        return _reopen(after, changes.changed, remark, now)
    if changes.doubts:
        return Outcome(
            result="doubted", incident=replace(before, doubted_at=now, firings=after.firings), changed=changes.changed
        )
    unchanged = replace(before, doubted_at=after.doubted_at, firings=after.firings)
    return Outcome(result="unchanged", incident=unchanged, changed=changes.changed)


def _omits_open_alerts(after: Incident, event: AlertBatch) -> bool:
    """Return whether a complete batch of the incident's group reports nothing firing, although it has open alerts."""
    return (
        event.is_whole
        and not event.truncated
        and not any(alert.firing for alert in event.alerts)
        and bool(after.open_firings)
        and after.group_hash == group_hash(event.group_labels)
    )


def _joined_or_updated(before: Incident, after: Incident, changes: Changes, now: float) -> Outcome:
    changed, news = changes.changed, changes.news()
    if news is not None:
        called, trigger = joining.called(before, after, news, now)
        acknowledged_by = (
            before.acknowledged_by if before.status == "acknowledged" and called.status == "open" else None
        )
        given_back = (
            f", which {one_line(acknowledged_by, _LONGEST_NAME)} has not acknowledged" if acknowledged_by else ""
        )
        detail = f"{changes.detail(after.truncated)}{given_back}"
        entry = Entry(kind="joined", actor=ALERTMANAGER, detail=detail)
        return Outcome(result="joined", incident=called, changed=changed, entry=entry, trigger=trigger)
    if changes.fired or changes.ended or after.truncated != before.truncated:
        entry = Entry(kind="updated", actor=ALERTMANAGER, detail=changes.detail(after.truncated))
        return Outcome(
            result="updated", incident=after, changed=changed, entry=entry, trigger=NotificationTrigger(kind="updated")
        )
    return Outcome(result="repeated", incident=after, changed=changed)


def _all_ended(before: Incident, after: Incident, changed: tuple[AlertFiring, ...], now: float) -> Outcome:
    if (reason := _reason_to_stay_open(before, after)) is not None:
        if not changed:
            return Outcome(result="repeated", incident=after)
        entry = Entry(kind="updated", actor=ALERTMANAGER, detail=f"{reason}, so it stays open")
        return Outcome(
            result="updated", incident=after, changed=changed, entry=entry, trigger=NotificationTrigger(kind="updated")
        )
    return Outcome(
        result="resolved",
        incident=replace(
            after,
            status="resolved",
            resolved_at=now,
            resolved_by=ALERTMANAGER,
            suppressed_since=None,
            suppressed_by=None,
            firing_at=None,
            doubted_at=None,
        ),
        changed=changed,
        entry=Entry(kind="resolved", actor=ALERTMANAGER, detail="no alert fires any more"),
        trigger=NotificationTrigger(kind="resolved"),
    )


def _reason_to_stay_open(before: Incident, after: Incident) -> str | None:
    """Return why an incident without a firing alert stays open, or None if it is over."""
    if after.truncated:
        # Alertmanager reported the end of the alerts that it included; those that it left out may still fire.
        return f"no delivered alert fires now; {after.truncated} more were left out"
    if alertmanager_state.doubtful(after):
        return "an alert that had ended is told again; Alertmanager is asked whether it fires"
    return "no alert fires now; flapping" if before.flapping_since is not None else None


def _reopen(incident: Incident, changed: tuple[AlertFiring, ...], remark: str, now: float) -> Outcome:
    times = (*flapping.recent(incident.reopened_at, now), now)
    flaps = flapping.flaps(times, now)
    fires_again = f"Fires again, {span(now - (incident.resolved_at or now))} after it was resolved."
    why = (flapping.notice(times, now) if flaps else fires_again) + remark
    after = replace(asked_anew(with_lead(incident), now), reopened_at=times, flapping_since=now if flaps else None)
    return Outcome(
        result="reopened",
        incident=after,
        changed=changed,
        entry=Entry(kind="flapping" if flaps else "reopened", actor=ALERTMANAGER, detail=why),
        trigger=NotificationTrigger(kind="reopened", fingerprint=after.open_firings[0].fingerprint, why=why),
    )


def refired(
    incident: Incident, firings: tuple[AlertFiring, ...], remark: str, asked_again_at: float | None
) -> AlertBatch:
    """Return the alert batch that says that these alerts, which had ended, fire again with their old start."""
    source = next(iter(firings[0].sources), None)
    # Keep the incident's full address if it is the source's, because people follow this link.
    is_same_address = source is None or source.url == plain_address(incident.external_url)
    return AlertBatch(
        group_key="",
        group_labels=incident.group_labels,
        receiver=source.receiver if source else incident.receiver,
        external_url=incident.external_url if source is None or is_same_address else source.url,
        truncated=0,
        is_whole=False,
        alerts=tuple(received_alert_of(firing) for firing in firings),
        verified=True,
        remark=remark,
        asked_again_at=asked_again_at,
    )


def settle(incident: Incident, event: Settled, now: float) -> Outcome:
    """Return the incident with nothing in doubt: the alerts reported again do not fire and remain ended."""
    settled = tuple(
        replace(firing, refired_at=None, sources=(), absent_since=None)
        for firing in alertmanager_state.doubtful(incident)
    )
    by_identity = {firing.identity: firing for firing in (*incident.firings, *settled)}
    after = replace(incident, doubted_at=event.asked_again_at, firings=tuple(by_identity.values()))
    is_unresolved = incident.status != "resolved" or incident.fires_on
    if is_unresolved and alertmanager_state.is_over(after) and incident.flapping_since is None:
        return _all_ended(incident, after, settled, now)
    entry = Entry(kind="updated", actor=ALERTMANAGER, detail=event.why) if event.why else None
    return Outcome(result="unchanged", incident=after, changed=settled, entry=entry)
