"""The incident: what people are told about, what can happen to it, and what that leads to. Pure; types only.

`ingest` and `steps` turn what happened into an `Event`, `transitions` says what the incident becomes and whether
anybody has to hear of it, `outcomes` writes that down in one transaction.

A firing of an alert is its fingerprint and the moment it started. An incident is the firings of one
group (group labels) and one owner (team and policy) from the first that fires until none does. Alertmanager's
`groupKey` changes when routes are edited, so it only names the delivery that opened the incident.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from webhook.incidents.firing import AlertFiring, ReceivedAlert, Reporter, in_order
from webhook.severity import Severity
from webhook.untrusted import plain_address

Status = Literal["open", "acknowledged", "resolved"]
STATUSES: tuple[Status, ...] = get_args(Status)
TriggerKind = Literal["opened", "joined", "reopened", "escalated", "updated", "acknowledged", "resolved"]
Result = Literal[
    "opened",
    "joined",
    "reopened",
    "updated",
    "repeated",
    "resolved",
    "acknowledged",
    "unacknowledged",
    "escalated",
    "resumed",
    "held",
    "merged",
    "noted",
    "doubted",
    "overtaken",
    "unchanged",
]
Suppression = Literal["silenced", "inhibited", "muted"]
"""Why Alertmanager tells nobody of an alert that fires."""

ALERTMANAGER = "Alertmanager"
TOCSIN = "Tocsin"
"""Who acts when it is the time that has passed."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many alerts of a group Alertmanager left out of its last delivery; all of them have the group's labels."""

    group_labels: Mapping[str, str]
    count: int


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
    """That of the most severe open alert, as `severity` is."""
    severity: Severity
    team: str
    """Whose it is, with `policy`: all of its alerts are theirs."""
    policy: str
    opened_at: float
    paged_at: float
    """When it last asked for somebody's attention; deadlines and escalation count from here."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    truncated: int = 0
    """How many alerts Alertmanager has left out of its last deliveries, of all groups in `left_out`."""
    left_out: tuple[LeftOut, ...] = ()
    """By group: alerts of several may stand in one incident, and none of these groups speaks for another."""
    level: int = 0
    """Which level of the policy has been told; 0 is the first."""
    suppressed_since: float | None = None
    """Since when the escalation waits because Alertmanager tells nobody of any of its alerts."""
    suppressed_by: Suppression | None = None
    reopened_at: tuple[float, ...] = ()
    """When it fired again after it had been resolved, as far back as `flapping` looks."""
    flapping_since: float | None = None
    """Set while it comes and goes: it stays open until it has been quiet for a while."""
    firing_at: float | None = None
    """Set while it is resolved by a person and fires on: when Alertmanager last told of an alert of it that fires, and
    the time of the resolve until it does."""
    news_at: tuple[float, ...] = ()
    """When people were called because another component had joined, as far back as `joining` looks."""
    doubted_at: float | None = None
    """When Alertmanager is asked about what a delivery has made doubtful: at once, and until it can say."""
    firings: tuple[AlertFiring, ...] = ()

    @property
    def fires_on(self) -> bool:
        """Whether a person has resolved it and Alertmanager has not said that it is over."""
        return self.status == "resolved" and self.firing_at is not None

    @property
    def open_firings(self) -> tuple[AlertFiring, ...]:
        """The firings that have not ended, most severe first, then the oldest."""
        return in_order(firing for firing in self.firings if firing.ended_at is None)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose alerts are: a group that mixes those of several is an incident of each."""

    team: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class AlertBatch:
    """Alertmanager has told of a group. Alerts it does not list may be truncated or silenced: that says nothing."""

    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    external_url: str
    truncated: int
    alerts: tuple[ReceivedAlert, ...]
    is_whole: bool = True
    """Whether how many were left out is said of the incident that takes this, and not of another of the delivery's."""
    shared: bool = False
    """Whether the group's own key is that of another team's incident, so that one opened by this needs its own."""
    ended_before: frozenset[tuple[str, str]] = frozenset()
    """Firings of these alerts that have ended before, in whichever incident."""
    own: frozenset[str] | None = frozenset()
    """External URLs, in plain form, of the configured peers of the Alertmanager that delivers; None where several
    clusters deliver with its external URL."""
    can_be_asked: bool = False
    """Whether any Alertmanager is configured."""
    verified: bool = False
    """Alertmanager was asked about what is told here, or nobody can be."""
    asked_again_at: float | None = None
    """When Alertmanager is asked again about what is told here, because it could not say."""
    remark: str = ""
    """What else whoever is called has to know: that nobody could be asked."""

    @property
    def reporter(self) -> Reporter:
        """Who delivers."""
        url = plain_address(self.external_url)
        return Reporter(
            url=url,
            receiver=self.receiver,
            own=frozenset() if self.own is None else self.own | {url},
            can_be_asked=self.can_be_asked,
            verified=self.verified,
            ended_before=self.ended_before,
        )


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """Somebody has taken the incident."""

    actor: str


@dataclass(frozen=True, kw_only=True)
class Unacknowledged:
    """Somebody has given the incident back; `why` is told to the level that is asked again."""

    actor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ResolvedByHand:
    """Somebody has closed the incident while alerts may still fire."""

    actor: str


@dataclass(frozen=True, kw_only=True)
class ReopenedByHand:
    """Somebody has taken a resolve by hand back; `why` is told to whoever is asked again."""

    actor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class FiresOn:
    """An incident was resolved by hand, its time is over, and Alertmanager still tells of it: `why` says so."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A provider has merged its incident into another, which says nothing of the alerts; `into` is the other's name.

    `by_person` says whether somebody did that, who then is at work on it.
    """

    actor: str
    into: str
    by_person: bool


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something was done elsewhere that changes nothing here and that people will want to read afterwards."""

    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """The time of a level has passed, or nobody of it can be reached: `level` (0 is the first) is told `why`."""

    level: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """An acknowledgement has not led to an end in its time; the level that was reached is asked again."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """Alertmanager was asked: every alert that still fires is silenced, inhibited or muted."""

    by: Suppression


@dataclass(frozen=True, kw_only=True)
class Gone:
    """None of the alerts fires any more, though no delivery said so; `how` says how that is known."""

    how: str


@dataclass(frozen=True, kw_only=True)
class Unlisted:
    """Some of the alerts, by their firings' identities, fire no more, though others do; `how` that is known."""

    firings: frozenset[tuple[str, str]]
    how: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Alertmanager was asked about what a delivery made doubtful. `why` says what came of it, empty for nothing new."""

    why: str = ""
    asked_again_at: float | None = None
    """When it is asked again, because it could not say."""


Event = (
    AlertBatch
    | Acknowledged
    | Unacknowledged
    | ResolvedByHand
    | ReopenedByHand
    | FiresOn
    | Merged
    | Noted
    | Escalated
    | Resumed
    | Suppressed
    | Gone
    | Unlisted
    | Settled
)


@dataclass(frozen=True, kw_only=True)
class NotificationTrigger:
    """Somebody has to hear of it.

    `fingerprint` is that of the alert that is news, where one is; `why` is a sentence that says why somebody is called,
    where the alerts do not say it.
    """

    kind: TriggerKind
    fingerprint: str | None = None
    why: str = ""
    not_before: float | None = None
    """Until when a call waits for a batch, in epoch seconds; None: it does not wait."""


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
    changed: tuple[AlertFiring, ...] = ()
    entry: Entry | None = None
    trigger: NotificationTrigger | None = None


def with_left_out(incident: Incident, group_labels: Mapping[str, str], count: int) -> Incident:
    """Return the incident after its group's last delivery left out so many alerts; what others left out stands."""
    others = tuple(one for one in groups_left_out(incident) if one.group_labels != group_labels)
    left_out = (*others, LeftOut(group_labels=dict(group_labels), count=count)) if count else others
    return replace(incident, left_out=left_out, truncated=sum(one.count for one in left_out))


def groups_left_out(incident: Incident) -> tuple[LeftOut, ...]:
    """Return what was left out, by group; earlier releases have not said of which, then it is the incident's own."""
    if incident.left_out or not incident.truncated:
        return incident.left_out
    return (LeftOut(group_labels=incident.group_labels, count=incident.truncated),)


def led(incident: Incident) -> Incident:
    """Return the incident named after its most severe open alert; whose it is does not change."""
    lead = incident.open_firings[0]
    return replace(incident, title=lead.title, severity=lead.severity)


def asked_anew(incident: Incident, now: float) -> Incident:
    """Return the incident open, untaken, with its first level, its time counting from now."""
    return replace(
        incident,
        status="open",
        level=0,
        paged_at=now,
        acknowledged_at=None,
        acknowledged_by=None,
        resolved_at=None,
        resolved_by=None,
        suppressed_since=None,
        suppressed_by=None,
        firing_at=None,
    )


def group_hash(labels: Mapping[str, str]) -> str:
    """Return the identity of a group: SHA-256 (hex) of its labels as canonical JSON, whatever receiver or route."""
    canonical = json.dumps(dict(labels), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def dedup_key(group_key: str) -> str:
    """Return the key under which Alertmanager's own PagerDuty receiver files this group (measured on 0.25)."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def own_dedup_key(group_key: str, team: str, policy: str) -> str:
    """Return the key of an incident whose group's key belongs to another team's: the resolve of one ends one."""
    return dedup_key(json.dumps([group_key, team, policy]))
