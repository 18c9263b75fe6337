"""The types of an incident, of the events that change it and of their outcomes. Pure.

The application layer turns what happened into an `Event`, `transitions` decides what the incident becomes and whether
anybody is notified, and `outcomes` writes the result in one transaction.

A firing of an alert is its fingerprint and the moment it started. An incident is the firings of one group (group
labels) and one owner (team and policy), from the first that fires until none does. Alertmanager's `groupKey` changes
when routes are edited, so it only names the alert batch that opened the incident.
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
    "stale",
    "hasty",
    "unchanged",
]
Suppression = Literal["silenced", "inhibited", "muted"]
"""Why Alertmanager notifies nobody of an alert that fires."""

ALERTMANAGER = "Alertmanager"
TOCSIN = "Tocsin"
"""The actor when Tocsin itself acts because a time has passed."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many alerts of a group Alertmanager left out of its last alert batch; all of them have the group labels."""

    group_labels: Mapping[str, str]
    count: int


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What people are notified about. `id` is 0 until the store assigns one; times are epoch seconds."""

    id: int = 0
    group_hash: str
    group_labels: Mapping[str, str]
    dedup_key: str
    receiver: str
    external_url: str
    status: Status = "open"
    title: str
    """The title of the most severe open alert; `severity` is the severity of the same alert."""
    severity: Severity
    team: str
    """With `policy`, the owner of the incident and of all of its alerts."""
    policy: str
    opened_at: float
    paged_at: float
    """When people were last called about it; deadlines and escalation count from here."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    truncated: int = 0
    """How many alerts Alertmanager left out of its last alert batches: the sum over all groups in `left_out`."""
    left_out: tuple[LeftOut, ...] = ()
    """The alerts left out, by group: an incident may hold alerts of several groups, each with its own number."""
    level: int = 0
    """The level of the policy that was called last; 0 is the first."""
    suppressed_since: float | None = None
    """Since when escalation waits because all of its firing alerts are suppressed."""
    suppressed_by: Suppression | None = None
    reopened_at: tuple[float, ...] = ()
    """When it was reopened, as far back as `flapping` looks."""
    flapping_since: float | None = None
    """Since when it flaps, None if it does not: a flapping incident stays open until it has been quiet for a while."""
    firing_at: float | None = None
    """Set while an incident that a person resolved fires on: when Alertmanager last reported one of its alerts as
    firing, or the time of the resolve if there was no such report since."""
    news_at: tuple[float, ...] = ()
    """When people were called because another component joined, as far back as `joining` looks."""
    doubted_at: float | None = None
    """When Alertmanager is to be asked about what an alert batch left in doubt; None if nothing is in doubt."""
    firings: tuple[AlertFiring, ...] = ()

    @property
    def fires_on(self) -> bool:
        """Whether a person resolved it and Alertmanager has not reported that all alerts ended."""
        return self.status == "resolved" and self.firing_at is not None

    @property
    def open_firings(self) -> tuple[AlertFiring, ...]:
        """The firings that have not ended, most severe first, then oldest first."""
        return in_order(firing for firing in self.firings if firing.ended_at is None)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of alerts. A group with alerts of several owners becomes one incident for each."""

    team: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class AlertBatch:
    """What Alertmanager posted about a group. An omitted alert may be left out or silenced; it need not have ended."""

    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    external_url: str
    truncated: int
    alerts: tuple[ReceivedAlert, ...]
    is_whole: bool = True
    """Whether `truncated` counts for the incident that gets this part, and not for another incident of the batch."""
    shared: bool = False
    """Whether another team's incident has the group's dedup key, so that a new incident needs a key of its own."""
    ended_before: frozenset[tuple[str, str]] = frozenset()
    """Identities of firings of these alerts that ended before, in any incident."""
    own: frozenset[str] | None = frozenset()
    """External URLs, in plain form, of the configured peers of the Alertmanager that delivers; None if several clusters
    deliver with its external URL."""
    can_be_asked: bool = False
    """Whether any Alertmanager is configured."""
    verified: bool = False
    """Alertmanager was asked about these alerts, or nobody can be asked."""
    asked_again_at: float | None = None
    """When Alertmanager is asked again about these alerts, because its answer was not conclusive."""
    remark: str = ""
    """A sentence to add to the reason of the call, such as that no Alertmanager could be asked."""

    @property
    def reporter(self) -> Reporter:
        """The Alertmanager that delivers this batch."""
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
    """A person acknowledges the incident."""

    actor: str


@dataclass(frozen=True, kw_only=True)
class Unacknowledged:
    """A person withdraws the acknowledgement; `why` is sent to the level that is called again."""

    actor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ResolvedByHand:
    """A person resolves the incident while alerts may still fire."""

    actor: str


@dataclass(frozen=True, kw_only=True)
class ReopenedByHand:
    """A person takes back a resolve by hand; `why` is sent to the people who are called again."""

    actor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class FiresOn:
    """A person resolved the incident, `still_firing` has passed, and nothing shows that it ended; `why` says so."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A provider's incident was merged into another one, named `into`; the alerts do not change.

    `by_person` says whether a person did it. That person works on the incident, so it counts as acknowledged.
    """

    actor: str
    into: str
    by_person: bool


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something was done elsewhere. It changes nothing here, but people will want to read it in the timeline."""

    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """A level's time has passed, or nobody of that level can be reached. So `level` (0 is the first) is called.

    `why` tells the people of `level` the reason.
    """

    level: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """An acknowledgement ran out before the incident ended; the level that was reached is called again."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """Alertmanager was asked: every alert that still fires is silenced, inhibited or muted."""

    by: Suppression


@dataclass(frozen=True, kw_only=True)
class Gone:
    """None of the alerts fires any more, although no alert batch said so; `how` says how that is known."""

    how: str


@dataclass(frozen=True, kw_only=True)
class Unlisted:
    """The alerts of `firings` (identities) have ended, and others still fire; `how` says how that is known."""

    firings: frozenset[tuple[str, str]]
    how: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Alertmanager was asked about alerts in doubt. `why` says what came of it; empty if that is no news."""

    why: str = ""
    asked_again_at: float | None = None
    """When it is asked again, because its answer was not conclusive."""


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
    """Why somebody has to hear of the incident now.

    `fingerprint` names the alert that is news, if there is one; `why` is a sentence that says why somebody is called,
    if the alerts do not say it.
    """

    kind: TriggerKind
    fingerprint: str | None = None
    why: str = ""
    not_before: float | None = None
    """Until when a call waits for a batch, in epoch seconds; None if it does not wait."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline."""

    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an event led to. `incident` is None if there was none and none was opened."""

    result: Result
    incident: Incident | None
    changed: tuple[AlertFiring, ...] = ()
    entry: Entry | None = None
    trigger: NotificationTrigger | None = None


def with_left_out(incident: Incident, group_labels: Mapping[str, str], count: int) -> Incident:
    """Return the incident after a batch of this group left out `count` alerts; other groups stay as they are."""
    others = tuple(group for group in groups_left_out(incident) if group.group_labels != group_labels)
    left_out = (*others, LeftOut(group_labels=dict(group_labels), count=count)) if count else others
    return replace(incident, left_out=left_out, truncated=sum(group.count for group in left_out))


def groups_left_out(incident: Incident) -> tuple[LeftOut, ...]:
    """Return how many alerts were left out, by group.

    Earlier releases stored the number without a group. It then counts for the incident's own group.
    """
    if incident.left_out or not incident.truncated:
        return incident.left_out
    return (LeftOut(group_labels=incident.group_labels, count=incident.truncated),)


def with_lead(incident: Incident) -> Incident:
    """Return the incident with title and severity of its most severe open alert; the owner does not change."""
    lead = incident.open_firings[0]
    return replace(incident, title=lead.title, severity=lead.severity)


def asked_anew(incident: Incident, now: float) -> Incident:
    """Return the incident open and unacknowledged, at its first level, with its deadlines counting from now."""
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
    """Return the identity of a group on any route or receiver: SHA-256 (hex) of its labels as canonical JSON."""
    canonical = json.dumps(dict(labels), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def dedup_key(group_key: str) -> str:
    """Return the key that Alertmanager's own PagerDuty receiver uses for this group (measured on 0.25)."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def own_dedup_key(group_key: str, team: str, policy: str) -> str:
    """Return a dedup key for an incident whose group key another team's incident uses: a resolve then ends only one."""
    return dedup_key(json.dumps([group_key, team, policy]))
