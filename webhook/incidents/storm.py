"""A storm: when calls to one destination are too many to be read one by one, and what they have in common. Pure.

`batching` counts and leases in the store, `dispatch` sends, `render.digest` puts into words what stands here. Gathered
are calls, the critical ones first: they wait for nothing less severe, and as long as they are few each is a message of
its own. PagerDuty, the outgoing webhook and the log are for machines that keep order by themselves: there every
incident stays an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webhook.channels import CHANNELS
from webhook.incidents.incident import Incident
from webhook.severity import Severity, rank

BATCHING = frozenset(name for name, channel in CHANNELS.items() if channel.batches)
"""The channels that people read, or listen to."""
WINDOW_SECONDS = 60.0
MOST_SINGLE = 10
"""So many calls to a destination within the window are messages of their own; more are a storm."""
SERIOUS_WAIT_SECONDS = 10.0
"""How far apart the messages of a storm are at least, while something critical or more severe waits."""
MILD_WAIT_SECONDS = WINDOW_SECONDS
MOST_BATCHED = 1_000
"""So many incidents are told by one message; what is over that follows in the next."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The calls to a destination, as serious as the one that is to be sent or, for a mild one, as mild."""

    told: int
    """How many were sent within the window or are being sent."""
    waiting: int
    """How many others could be sent now."""
    last: float | None
    """When the last of them was sent, in epoch seconds."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What one runbook section explains: the alerts of all incidents that lead there."""

    kind: str
    title: str
    severity: Severity
    alerts: int
    incidents: int
    since: float
    lead: Incident
    """The incident to begin with: of the most severe ones the oldest."""


def is_storm(traffic: Traffic) -> bool:
    """Return whether the calls are too many to be told one by one."""
    return traffic.told + traffic.waiting + 1 > MOST_SINGLE


def waits_until(traffic: Traffic, *, serious: bool, now: float) -> float | None:
    """Return until when calls are gathered before the next message, or None when it may be sent now."""
    if not is_storm(traffic) or traffic.last is None:
        return None
    until = traffic.last + (SERIOUS_WAIT_SECONDS if serious else MILD_WAIT_SECONDS)
    return until if until > now else None


def causes(incidents: Iterable[Incident]) -> tuple[Cause, ...]:
    """Return what the incidents have in common, the most severe first, then what explains most alerts, then the oldest.

    Counted are the alerts that fire; where none does any more, all that there were.
    """
    found = list(incidents)
    fires = any(one.open_firings for one in found)
    made: dict[str, _Tally] = {}
    for incident in found:
        for firing in incident.open_firings if fires else incident.firings:
            made.setdefault(firing.kind, _Tally(kind=firing.kind)).add(incident, firing.severity, firing.starts_at)
    return tuple(sorted((one.cause() for one in made.values()), key=_order))


def numbers(found: Iterable[int], *, most: int = 12) -> str:
    """Return incident numbers as people write them, `3, 5-9 and 12`; of more than `most` parts the rest is counted."""
    runs: list[list[int]] = []
    for number in sorted(set(found)):
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
        self._incidents[incident.id] = entry if known is None else min(known, entry, key=lambda one: one[:2])

    def cause(self) -> Cause:
        _, since, lead = min(self._incidents.values(), key=lambda one: (*one[:2], one[2].id))
        most_severe = next(
            one for one in (*lead.open_firings, *lead.firings) if one.kind == self._kind and one.starts_at == since
        )
        return Cause(
            kind=self._kind,
            title=most_severe.title,
            severity=most_severe.severity,
            alerts=self._alerts,
            incidents=len(self._incidents),
            since=min(one[1] for one in self._incidents.values()),
            lead=lead,
        )


def _order(cause: Cause) -> tuple[int, int, float, str]:
    return -rank(cause.severity), -cause.alerts, cause.since, cause.kind
