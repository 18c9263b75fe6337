"""What a delivery of Alertmanager's makes of an incident: opened, joined, reopened, resolved, or nothing new. Pure.

`transitions` calls it; `firing` keeps the books of single alerts, `joining` knows what is called when some join,
`by_hand` what it means where a person has resolved, `flapping` the rules of those that come and go.
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
    led,
    own_dedup_key,
    with_left_out,
)
from webhook.timestamps import span
from webhook.untrusted import one_line, plain_address

_LONGEST_NAME = 80


def deliver(incident: Incident | None, event: AlertBatch, now: float) -> Outcome:
    """Return what the delivery makes of the group's incident; one that is resolved reopens when an alert fires."""
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
    after = _doubted(incident, after, changes, event, now)
    if incident.fires_on:
        return by_hand.delivered(incident, after, event, changes, now)
    if incident.status == "resolved":
        return _again(after, changes, incident, event.remark, now)
    if not after.open_firings:
        return _all_ended(incident, after, changes.changed, now)
    return _changed(incident, led(after), changes, now)


def _doubted(before: Incident, after: Incident, changes: Changes, event: AlertBatch, now: float) -> Incident:
    """Return the incident with the time when Alertmanager is to be asked about what the delivery has made doubtful."""
    if changes.doubts or _leaves_out(after, event):
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
    own = own_dedup_key(event.group_key, lead.team, lead.policy) if event.shared else dedup_key(event.group_key)
    incident = Incident(
        group_hash=group_hash(event.group_labels),
        group_labels=dict(event.group_labels),
        dedup_key=own,
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


def _again(after: Incident, changes: Changes, before: Incident, remark: str, now: float) -> Outcome:
    """Return what a delivery makes of an incident that is over."""
    if changes.fired:
        return _reopen(after, changes.changed, remark, now)
    if changes.doubts:
        return Outcome(
            result="doubted", incident=replace(before, doubted_at=now, firings=after.firings), changed=changes.changed
        )
    known = replace(before, doubted_at=after.doubted_at, firings=after.firings)
    return Outcome(result="unchanged", incident=known, changed=changes.changed)


def _leaves_out(after: Incident, event: AlertBatch) -> bool:
    """Return whether a whole picture of the group, in which nothing fires, leaves out alerts that are held open."""
    return (
        event.is_whole
        and not event.truncated
        and not any(alert.firing for alert in event.alerts)
        and bool(after.open_firings)
        and after.group_hash == group_hash(event.group_labels)
    )


def _changed(before: Incident, after: Incident, changes: Changes, now: float) -> Outcome:
    changed, news = changes.changed, changes.news()
    if news is not None:
        called, trigger = joining.called(before, after, news, now)
        taken = before.acknowledged_by if before.status == "acknowledged" and called.status == "open" else None
        given_back = f", which {one_line(taken, _LONGEST_NAME)} has not acknowledged" if taken else ""
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
    if (reason := _stays_open(before, after)) is not None:
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


def _stays_open(before: Incident, after: Incident) -> str | None:
    """Return why an incident of which no known alert fires is not over, or None when it is."""
    if after.truncated:
        # Alertmanager says so of the alerts that it sends, and leaves out the rest: these may fire.
        return f"no alert that was told of fires now; {after.truncated} more were left out"
    if alertmanager_state.doubtful(after):
        return "an alert that had ended is told again; Alertmanager is asked whether it fires"
    return "no alert fires now; flapping" if before.flapping_since is not None else None


def _reopen(incident: Incident, changed: tuple[AlertFiring, ...], remark: str, now: float) -> Outcome:
    times = (*flapping.recent(incident.reopened_at, now), now)
    flaps = flapping.flaps(times, now)
    again = f"Fires again, {span(now - (incident.resolved_at or now))} after it was resolved."
    why = (flapping.told(times, now) if flaps else again) + remark
    after = replace(asked_anew(led(incident), now), reopened_at=times, flapping_since=now if flaps else None)
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
    """Return the event that these alerts, which had ended, fire again with their old start."""
    source = next(iter(firings[0].sources), None)
    # The address whole, where it is the source's: people follow it.
    same = source is None or source.url == plain_address(incident.external_url)
    return AlertBatch(
        group_key="",
        group_labels=incident.group_labels,
        receiver=source.receiver if source else incident.receiver,
        external_url=incident.external_url if source is None or same else source.url,
        truncated=0,
        is_whole=False,
        alerts=tuple(received_alert_of(firing) for firing in firings),
        verified=True,
        remark=remark,
        asked_again_at=asked_again_at,
    )


def settle(incident: Incident, event: Settled, now: float) -> Outcome:
    """Return the incident without doubt: what was told again with its old start does not fire; its end stands."""
    known = tuple(
        replace(one, refired_at=None, sources=(), absent_since=None) for one in alertmanager_state.doubtful(incident)
    )
    by_identity = {one.identity: one for one in (*incident.firings, *known)}
    after = replace(incident, doubted_at=event.asked_again_at, firings=tuple(by_identity.values()))
    lasts = incident.status != "resolved" or incident.fires_on
    if lasts and alertmanager_state.is_over(after) and incident.flapping_since is None:
        return _all_ended(incident, after, known, now)
    entry = Entry(kind="updated", actor=ALERTMANAGER, detail=event.why) if event.why else None
    return Outcome(result="unchanged", incident=after, changed=known, entry=entry)
