"""Decide when calls to one destination are too many to read one by one, and what they have in common. Pure.

`batching` counts and leases calls in the store, `dispatch` sends them, and `render.digest` words the causes found here.
Only calls are batched. Critical and more severe calls come first and never wait for less severe ones; while they are
few, each is a message of its own. On PagerDuty, the outgoing webhook and the log every incident stays a separate event,
because the programs that read these channels sort events themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident
from webhook.severity import Severity, rank

BATCHING = frozenset(name for name, channel in CHANNELS.items() if channel.batches)
"""The channels that people read or listen to: only these batch calls."""
WINDOW_SECONDS = 60.0
MOST_SINGLE = 10
"""Up to so many calls to a destination within the window are sent one by one; more calls are a storm."""
SERIOUS_WAIT_SECONDS = 10.0
"""The least time between two messages of a storm while a critical or more severe call waits."""
MILD_WAIT_SECONDS = WINDOW_SECONDS
MOST_BATCHED = 1_000
"""One message tells at most so many incidents; the others follow in the next message."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The calls to a destination that are in the same class as the call to send.

    One class holds critical and more severe calls, the other class holds all other calls.
    """

    told: int
    """How many were sent within the window or are being sent now."""
    waiting: int
    """How many other calls are ready to be sent."""
    last: float | None
    """When the last one was sent, in epoch seconds."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One runbook section, with the alerts of all incidents that link to it."""

    kind: str
    title: str
    severity: Severity
    alerts: int
    incidents: int
    since: float
    lead: Incident
    """The incident to begin with: the oldest of the most severe ones."""


def is_storm(traffic: Traffic) -> bool:
    """Return whether the calls are too many to be sent one by one."""
    return traffic.told + traffic.waiting + 1 > MOST_SINGLE


def waits_until(traffic: Traffic, *, serious: bool, now: float) -> float | None:
    """Return when the next message of a storm may be sent, in epoch seconds, or None if it may be sent now."""
    if not is_storm(traffic) or traffic.last is None:
        return None
    until = traffic.last + (SERIOUS_WAIT_SECONDS if serious else MILD_WAIT_SECONDS)
    return until if until > now else None


def causes(incidents: Iterable[Incident]) -> tuple[Cause, ...]:
    """Return the causes that the incidents share: most severe first, then those with most alerts, then the oldest.

    Only firing alerts are counted; if none fires any more, all alerts of the incidents are.
    """
    all_incidents = list(incidents)
    fires = any(incident.open_firings for incident in all_incidents)
    tallies: dict[str, _Tally] = {}
    for incident in all_incidents:
        for firing in incident.open_firings if fires else incident.firings:
            tallies.setdefault(firing.kind, _Tally(kind=firing.kind)).add(incident, firing.severity, firing.starts_at)
    return tuple(sorted((tally.cause() for tally in tallies.values()), key=_order))


def numbers(incident_numbers: Iterable[int], *, most: int = 12) -> str:
    """Return incident numbers in words, `3, 5-9 and 12`; after `most` parts the remaining numbers are counted."""
    runs: list[list[int]] = []
    for number in sorted(set(incident_numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:most]]
    left = sum(last - first + 1 for first, last in runs[most:])
    shown += [f"{left} more"] if left else []
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


class _Tally:
    """Counts the alerts of one kind."""

    def __init__(self, *, kind: str) -> None:
        self._kind = kind
        self._alerts = 0
        self._incidents: dict[int, tuple[int, float, Incident]] = {}

    def add(self, incident: Incident, severity: Severity, since: float) -> None:
        self._alerts += 1
        entry = (-rank(severity), since, incident)
        known = self._incidents.get(incident.id)
        self._incidents[incident.id] = entry if known is None else min(known, entry, key=lambda ranked: ranked[:2])

    def cause(self) -> Cause:
        _, since, lead = min(self._incidents.values(), key=lambda entry: (*entry[:2], entry[2].id))
        most_severe = next(
            firing
            for firing in (*lead.open_firings, *lead.firings)
            if firing.kind == self._kind and firing.starts_at == since
        )
        return Cause(
            kind=self._kind,
            title=most_severe.title,
            severity=most_severe.severity,
            alerts=self._alerts,
            incidents=len(self._incidents),
            since=min(entry[1] for entry in self._incidents.values()),
            lead=lead,
        )


def _order(cause: Cause) -> tuple[int, int, float, str]:
    return -rank(cause.severity), -cause.alerts, cause.since, cause.kind
