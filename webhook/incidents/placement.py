"""Decide to which incident each alert of an alert batch belongs. Pure.

`application.assignment` loads the incidents, `alert_batches` applies the parts.

If Alertmanager groups alerts of several owners (team and policy), each owner gets an incident.

An edited route may split a group or merge several, and two routes may deliver one alert in two groups. People do not
care about routes, so an alert that is open in an incident stays there, whichever group delivers it. Only alerts that
are in no open incident go to the group's own incident. If the group has no open incident, and some of its alerts are
open in other incidents, the group continues the incident that has most of them, and its other alerts join that one.
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
    """A part of an alert batch; `number` is the open incident that it is for, None for the group's own incident."""

    number: int | None
    event: AlertBatch
    whole: bool
    """Whether what the batch says about the whole group, such as how many alerts were left out, applies here."""


def of_owners(event: AlertBatch) -> tuple[tuple[Owner | None, AlertBatch], ...]:
    """Return the alert batch split by owner; the owner of the most severe firing alert comes first.

    Each owner's own people are notified, and one owner's acknowledgement does not count for another. Alerts that
    Alertmanager left out may belong to any of the owners. A batch without alerts has no owner.
    """
    by_owner: dict[Owner | None, list[ReceivedAlert]] = {}
    for alert in sorted(event.alerts, key=lambda alert: (not alert.firing, -rank(alert.match.severity))):
        by_owner.setdefault(Owner(team=alert.match.team, policy=alert.match.policy), []).append(alert)
    if len(by_owner) <= 1:
        return ((next(iter(by_owner), None), event),)
    order = {id(alert): number for number, alert in enumerate(event.alerts)}
    return tuple(
        (owner, replace(event, alerts=tuple(sorted(alerts, key=lambda alert: order[id(alert)]))))
        for owner, alerts in by_owner.items()
    )


def assign_alerts(
    event: AlertBatch, *, own: bool, open_incidents: Mapping[str, int], of_same_owner: AbstractSet[int]
) -> tuple[Part, ...]:
    """Return the parts of the alert batch: the part of the whole group first, then by the number of the incident.

    `own` says whether the group has an open incident. `open_incidents` maps the fingerprint of an alert to the other
    incident in which it is open. `of_same_owner` are the incidents in `open_incidents` that have this batch's owner:
    new alerts never join another owner's incident.
    """
    if not open_incidents:
        return (Part(number=None, event=event, whole=True),)
    counts = Counter(open_incidents[alert.fingerprint] for alert in event.alerts if alert.fingerprint in open_incidents)
    successor = (
        min(counts.keys() & of_same_owner, key=lambda number: (-counts[number], number), default=None)
        if not own
        else None
    )
    alerts_by_incident: dict[int | None, list[ReceivedAlert]] = {number: [] for number in (successor, *sorted(counts))}
    for alert in event.alerts:
        alerts_by_incident[open_incidents.get(alert.fingerprint, successor)].append(alert)
    return tuple(
        Part(number=number, event=replace(event, alerts=tuple(alerts)), whole=number == successor)
        for number, alerts in alerts_by_incident.items()
        # The group's own incident keeps the number left out, even if all alerts of the batch are in other incidents.
        if alerts or (number is None and own and event.truncated)
    )
