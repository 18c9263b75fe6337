"""Which incident each alert of a delivery belongs to. Pure; `ingest` loads the incidents and lets them take their part.

Alerts of several owners (team and policy) that Alertmanager has grouped together are an incident of each owner.

An edited route splits a group or merges several, and two routes may deliver one alert in two groups. People do not
care about routes: an alert that is open in an incident stays there, wherever it is delivered from. Only alerts that
no open incident has go to the group's own incident. A group that has none yet, and of whose alerts some are open
elsewhere, is the continuation of the incident that has most of them: the others join that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from webhook.incidents.firing import ReceivedAlert
from webhook.incidents.incident import AlertBatch, Owner
from webhook.severity import rank


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a delivery; `number` is the open incident that it is about, None for the group's own."""

    number: int | None
    event: AlertBatch
    whole: bool
    """Whether what the delivery says of the whole group, such as how much is truncated, is said of this incident."""


def of_owners(event: AlertBatch) -> tuple[tuple[Owner | None, AlertBatch], ...]:
    """Return the delivery by whose alerts it tells of, the owner of the most severe that fires first.

    Each is told by their own people, and none of them by another's acknowledgement. What Alertmanager left out of the
    delivery may be anybody's. A delivery without alerts has no owner.
    """
    found: dict[Owner | None, list[ReceivedAlert]] = {}
    for one in sorted(event.alerts, key=lambda one: (not one.firing, -rank(one.match.severity))):
        found.setdefault(Owner(team=one.match.team, policy=one.match.policy), []).append(one)
    if len(found) <= 1:
        return ((next(iter(found), None), event),)
    order = {id(one): number for number, one in enumerate(event.alerts)}
    return tuple(
        (owner, replace(event, alerts=tuple(sorted(alerts, key=lambda one: order[id(one)]))))
        for owner, alerts in found.items()
    )


def assign_alerts(
    event: AlertBatch, *, own: bool, open_incidents: Mapping[str, int], kin: AbstractSet[int]
) -> tuple[Part, ...]:
    """Return the parts of the delivery, that of the whole group first, then by the number of the incident.

    `own` says whether the group has an open incident, `open_incidents` which other incident has an alert open, by
    fingerprint, and `kin` which of them have the owner of this delivery: alerts that are new join no other owner's.
    """
    if not open_incidents:
        return (Part(number=None, event=event, whole=True),)
    counts = Counter(open_incidents[one.fingerprint] for one in event.alerts if one.fingerprint in open_incidents)
    successor = (
        min(counts.keys() & kin, key=lambda number: (-counts[number], number), default=None) if not own else None
    )
    placed: dict[int | None, list[ReceivedAlert]] = {number: [] for number in (successor, *sorted(counts))}
    for alert in event.alerts:
        placed[open_incidents.get(alert.fingerprint, successor)].append(alert)
    return tuple(
        Part(number=number, event=replace(event, alerts=tuple(alerts)), whole=number == successor)
        for number, alerts in placed.items()
        # The group's own incident keeps what was left out, also where all that was told stands in others.
        if alerts or (number is None and own and event.truncated)
    )
