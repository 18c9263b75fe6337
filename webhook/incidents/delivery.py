"""What a delivery of Alertmanager's makes of an incident: opened, joined, reopened, resolved, or nothing new. Pure.

`transitions` calls it; `episode` keeps the books of single alerts, `joining` knows what is called when some join,
`by_hand` what it means where a person has resolved, `flapping` the rules of those that come and go.
"""

from __future__ import annotations

from dataclasses import replace

from webhook.incidents import by_hand, flapping, joining
from webhook.incidents.episode import Changes, Episode, count, episode_of, in_order
from webhook.incidents.incident import (
    ALERTMANAGER,
    Delivered,
    Entry,
    Incident,
    Notice,
    Outcome,
    asked_anew,
    dedup_key,
    group_hash,
    led,
    own_dedup_key,
)
from webhook.timestamps import span
from webhook.untrusted import one_line

_LONGEST_NAME = 80


def deliver(incident: Incident | None, event: Delivered, now: float) -> Outcome:
    """Return what the delivery makes of the group's incident; one that is resolved reopens when an alert fires."""
    if incident is None:
        return _open(event, now)
    changes = Changes(incident.episodes, now)
    for sighting in event.sightings:
        if sighting.firing:
            changes.fires(sighting)
        else:
            changes.ends(sighting)
    after = replace(
        incident,
        external_url=event.external_url,
        truncated=event.truncated,
        episodes=tuple(changes.episodes.values()),
    )
    if incident.fires_on:
        return by_hand.delivered(incident, after, event, changes, now)
    if incident.status == "resolved":
        return _reopen(after, changes.changed, now) if changes.fired else Outcome(result="unchanged", incident=incident)
    if not after.open_episodes:
        return _all_ended(incident, after, changes.changed, now)
    return _changed(incident, led(after), changes, now)


def _open(event: Delivered, now: float) -> Outcome:
    episodes = in_order(episode_of(sighting) for sighting in event.sightings if sighting.firing)
    if not episodes:
        return Outcome(result="unchanged", incident=None)
    lead = episodes[0]
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
        truncated=event.truncated,
        episodes=episodes,
    )
    return Outcome(
        result="opened",
        incident=incident,
        changed=episodes,
        entry=Entry(kind="opened", actor=ALERTMANAGER, detail=f"{count(len(episodes), event.truncated)} firing"),
        notice=Notice(kind="opened", focus=lead.fingerprint),
    )


def _changed(before: Incident, after: Incident, changes: Changes, now: float) -> Outcome:
    changed, news = changes.changed, changes.news()
    if news is not None:
        called, notice = joining.called(before, after, news, now)
        taken = before.acknowledged_by if before.status == "acknowledged" and called.status == "open" else None
        given_back = f", which {one_line(taken, _LONGEST_NAME)} has not acknowledged" if taken else ""
        detail = f"{changes.detail(after.truncated)}{given_back}"
        entry = Entry(kind="joined", actor=ALERTMANAGER, detail=detail)
        return Outcome(result="joined", incident=called, changed=changed, entry=entry, notice=notice)
    if changes.fired or changes.ended or after.truncated != before.truncated:
        entry = Entry(kind="updated", actor=ALERTMANAGER, detail=changes.detail(after.truncated))
        return Outcome(result="updated", incident=after, changed=changed, entry=entry, notice=Notice(kind="updated"))
    return Outcome(result="repeated", incident=after, changed=changed)


def _all_ended(before: Incident, after: Incident, changed: tuple[Episode, ...], now: float) -> Outcome:
    if (reason := _stays_open(before, after)) is not None:
        if not changed:
            return Outcome(result="repeated", incident=after)
        entry = Entry(kind="updated", actor=ALERTMANAGER, detail=f"{reason}, so it stays open")
        return Outcome(result="updated", incident=after, changed=changed, entry=entry, notice=Notice(kind="updated"))
    return Outcome(
        result="resolved",
        incident=replace(
            after, status="resolved", resolved_at=now, resolved_by=ALERTMANAGER, held_since=None, held_by=None
        ),
        changed=changed,
        entry=Entry(kind="resolved", actor=ALERTMANAGER, detail="no alert fires any more"),
        notice=Notice(kind="resolved"),
    )


def _stays_open(before: Incident, after: Incident) -> str | None:
    """Return why an incident of which no known alert fires is not over, or None when it is."""
    if after.truncated:
        # Alertmanager says so of the alerts that it sends, and leaves out the rest: these may fire.
        return f"no alert that was told of fires now; {after.truncated} more were left out"
    return "no alert fires now; flapping" if before.flapping_since is not None else None


def _reopen(incident: Incident, changed: tuple[Episode, ...], now: float) -> Outcome:
    times = (*flapping.recent(incident.reopened_at, now), now)
    flaps = flapping.flaps(times, now)
    again = f"Fires again, {span(now - (incident.resolved_at or now))} after it was resolved."
    why = flapping.told(times, now) if flaps else again
    after = replace(asked_anew(led(incident), now), reopened_at=times, flapping_since=now if flaps else None)
    return Outcome(
        result="reopened",
        incident=after,
        changed=changed,
        entry=Entry(kind="flapping" if flaps else "reopened", actor=ALERTMANAGER, detail=why),
        notice=Notice(kind="reopened", focus=after.open_episodes[0].fingerprint, why=why),
    )
