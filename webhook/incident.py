"""The incident: what people are told about. Pure.

`ingest` and `api` turn what happened into an `Event`, `transition` says what the incident becomes and whether anybody
has to hear of it, `store` writes that down in one transaction.

An episode is one firing of one alert: its fingerprint and the moment it started. An incident is the episodes of one
group (group labels) from the first that fires until none does. Alertmanager's `groupKey` changes when routes are
edited, so it only names the delivery that opened the incident.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from webhook.episode import Changes, Episode, Sighting, count, episode_of, in_order
from webhook.severity import Severity

Status = Literal["open", "acknowledged", "resolved"]
NoticeKind = Literal["opened", "joined", "updated", "acknowledged", "resolved"]
Result = Literal["opened", "joined", "updated", "repeated", "resolved", "acknowledged", "unchanged"]

ALERTMANAGER = "Alertmanager"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What people are told about. `id` is 0 until the store has given it one; times are epoch seconds."""

    id: int = 0
    group_hash: str
    group_labels: Mapping[str, str]
    dedup_key: str
    receiver: str
    external_url: str
    status: Status = "open"
    title: str
    """That of the most severe open alert, as `severity`, `team` and `policy` are."""
    severity: Severity
    team: str
    policy: str
    opened_at: float
    paged_at: float
    """When it last asked for somebody's attention; deadlines count from here."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    truncated: int = 0
    """How many alerts of the group Alertmanager left out of its last delivery."""
    episodes: tuple[Episode, ...] = ()

    @property
    def open_episodes(self) -> tuple[Episode, ...]:
        """The episodes that have not ended, most severe first, then the oldest."""
        return in_order(episode for episode in self.episodes if episode.ended_at is None)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """Alertmanager has told of a group. Alerts it does not list may be truncated or silenced: that says nothing."""

    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    external_url: str
    truncated: int
    sightings: tuple[Sighting, ...]
    dismissed: frozenset[tuple[str, str]] = frozenset()
    """Episodes that a person has closed while they fired; being told of them again is no news."""


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """Somebody has taken the incident."""

    actor: str


@dataclass(frozen=True, kw_only=True)
class ResolvedByHand:
    """Somebody has closed the incident while alerts may still fire."""

    actor: str


Event = Delivered | Acknowledged | ResolvedByHand


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Somebody has to hear of it; `focus` is the fingerprint of the alert that is news, where one is."""

    kind: NoticeKind
    focus: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline."""

    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an event has led to. `incident` is None when there is none and none was opened."""

    result: Result
    incident: Incident | None
    changed: tuple[Episode, ...] = ()
    entry: Entry | None = None
    notice: Notice | None = None


def group_hash(labels: Mapping[str, str]) -> str:
    """Return the identity of a group: SHA-256 (hex) of its labels as canonical JSON, whatever receiver or route."""
    canonical = json.dumps(dict(labels), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def dedup_key(group_key: str) -> str:
    """Return the key under which Alertmanager's own PagerDuty receiver files this group (measured on 0.25)."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def transition(incident: Incident | None, event: Event, now: float) -> Outcome:
    """Return what `event` makes of `incident`, the group's open incident or None."""
    match event:
        case Delivered():
            return _open(event, now) if incident is None else _deliver(incident, event, now)
        case Acknowledged():
            return _acknowledge(incident, event, now)
        case ResolvedByHand():
            return _resolve_by_hand(incident, event, now)
        case _:
            assert_never(event)


def _open(event: Delivered, now: float) -> Outcome:
    episodes = in_order(episode_of(sighting) for sighting in event.sightings if sighting.firing)
    if all(episode.identity in event.dismissed for episode in episodes):
        return Outcome(result="unchanged", incident=None)
    lead = episodes[0]
    incident = Incident(
        group_hash=group_hash(event.group_labels),
        group_labels=dict(event.group_labels),
        dedup_key=dedup_key(event.group_key),
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


def _deliver(incident: Incident, event: Delivered, now: float) -> Outcome:
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
    changed = tuple(changes.episodes[identity] for identity in changes.touched)
    still_open = after.open_episodes
    if not still_open:
        return _all_ended(after, changed, now)
    lead = still_open[0]
    after = replace(after, title=lead.title, severity=lead.severity, team=lead.team, policy=lead.policy)
    news = changes.of_new_kind()
    if news is not None:
        entry = Entry(kind="joined", actor=ALERTMANAGER, detail=changes.detail(event.truncated))
        notice = Notice(kind="joined", focus=news.fingerprint)
        return Outcome(
            result="joined", incident=replace(after, paged_at=now), changed=changed, entry=entry, notice=notice
        )
    if changes.fired or changes.ended or event.truncated != incident.truncated:
        entry = Entry(kind="updated", actor=ALERTMANAGER, detail=changes.detail(event.truncated))
        return Outcome(result="updated", incident=after, changed=changed, entry=entry, notice=Notice(kind="updated"))
    return Outcome(result="repeated", incident=after, changed=changed)


def _all_ended(incident: Incident, changed: tuple[Episode, ...], now: float) -> Outcome:
    return Outcome(
        result="resolved",
        incident=replace(incident, status="resolved", resolved_at=now, resolved_by=ALERTMANAGER),
        changed=changed,
        entry=Entry(kind="resolved", actor=ALERTMANAGER, detail="no alert fires any more"),
        notice=Notice(kind="resolved"),
    )


def _acknowledge(incident: Incident | None, event: Acknowledged, now: float) -> Outcome:
    if incident is None or incident.status != "open":
        return Outcome(result="unchanged", incident=incident)
    return Outcome(
        result="acknowledged",
        incident=replace(incident, status="acknowledged", acknowledged_at=now, acknowledged_by=event.actor),
        entry=Entry(kind="acknowledged", actor=event.actor, detail=""),
        notice=Notice(kind="acknowledged"),
    )


def _resolve_by_hand(incident: Incident | None, event: ResolvedByHand, now: float) -> Outcome:
    if incident is None or incident.status == "resolved":
        return Outcome(result="unchanged", incident=incident)
    ended = tuple(replace(episode, ended_at=now, ended_by="person") for episode in incident.open_episodes)
    by_identity = {episode.identity: episode for episode in (*incident.episodes, *ended)}
    return Outcome(
        result="resolved",
        incident=replace(
            incident,
            status="resolved",
            resolved_at=now,
            resolved_by=event.actor,
            episodes=tuple(by_identity.values()),
        ),
        changed=ended,
        entry=Entry(kind="resolved", actor=event.actor, detail=f"by hand, {count(len(ended), 0)} still firing"),
        notice=Notice(kind="resolved"),
    )
