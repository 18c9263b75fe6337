"""Who is told, by when somebody has to answer, who is next, and when that is due. Pure.

Reads the catalogue's policies; `outcomes` asks for `recipients` and for what is `due`, `steps` for the `next_level`,
`render` for the `Standing`. The due times themselves are rows of `timers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from webhook.catalog import Catalog, Tier
from webhook.flapping import CALM_SECONDS
from webhook.incident import Incident
from webhook.severity import Severity
from webhook.timestamps import HOUR

REVIEW_SECONDS = HOUR
"""How often Alertmanager is asked about an incident that nothing else is due for: a silenced end is told nowhere."""

LEAST_SECONDS = 60.0
"""No level is told sooner after the one before: an interval of nothing would call people without end."""

TimerKind = Literal["escalate", "respond", "calm", "review"]
"""Nobody has acknowledged; an acknowledgement has run out; a flapping incident may be over; is it still there."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """A destination of a tier: `who` in words; `missing` says why there is no destination, where there is none."""

    channel: str
    destination: str
    who: str
    missing: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an incident stands in its policy. Times are epoch seconds, spans seconds, None is never."""

    level: int
    """1 for the first."""
    title: str
    respond_seconds: float | None
    respond_by: float | None
    next_title: str | None
    next_at: float | None
    next_seconds: float | None
    levels: int
    """How many the policy has."""
    again_at: float | None
    """When the last level is told again, where there is none after it."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is next for an incident, in epoch seconds."""

    kind: TimerKind
    at: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """The level to tell next (0 is the first), and why levels before it are passed over."""

    level: int
    unreachable: tuple[str, ...] = ()


def recipients(
    catalog: Catalog, *, policy: str, team: str, severity: Severity, level: int = 0
) -> tuple[Recipient, ...]:
    """Return whom the tier reaches: the team as a whole, then the people of the levels up to `level` (0 is the first).

    Each destination once. A way that the tier asks for and nobody has an address for is there with `missing` set:
    nobody is skipped in silence.
    """
    tier = catalog.policy(policy).severities[severity]
    found = [_announced(catalog, channel, team) for channel in tier.announce]
    for number in range(level + 1):
        found += people(catalog, policy=policy, severity=severity, level=number)
    return _once(found)


def people(catalog: Catalog, *, policy: str, severity: Severity, level: int) -> tuple[Recipient, ...]:
    """Return the ways to the people of one level (0 is the first; beyond the last is the last), as `recipients`."""
    chosen = catalog.policy(policy)
    ways = chosen.severities[severity].notify
    return _once(one for channel in ways for one in contacts(catalog, policy=policy, level=level, channel=channel))


def contacts(catalog: Catalog, *, policy: str, level: int, channel: str) -> tuple[Recipient, ...]:
    """Return the ways to the people of one level by one channel; one with `missing` set where there is none."""
    if channel == "log":
        return (Recipient(channel="log", destination="log", who="the log"),)
    names = catalog.policy(policy).levels
    told = catalog.levels[names[min(level, len(names) - 1)]]
    addresses = told.contacts.get(channel, ())
    if not addresses:
        missing = f"{told.title} has no {channel} contact"
        return (Recipient(channel=channel, destination="", who=told.title, missing=missing),)
    return tuple(Recipient(channel=channel, destination=to, who=told.title) for to in addresses)


def ways(catalog: Catalog, *, policy: str, team: str, level: int, channel: str) -> tuple[Recipient, ...]:
    """Return the ways by one channel of any kind: to the team as a whole, or to the people of `level`."""
    if channel in {"slack", "pagerduty"}:
        return (_announced(catalog, channel, team),)
    return contacts(catalog, policy=policy, level=level, channel=channel)


def standing(catalog: Catalog, *, policy: str, severity: Severity, paged_at: float, level: int = 0) -> Standing:
    """Return where an incident stands that asked for attention at `paged_at` and is with `level` (0 is the first)."""
    chosen = catalog.policy(policy)
    tier = chosen.severities[severity]
    level = min(level, len(chosen.levels) - 1)
    further = chosen.levels[level + 1 :] if tier.escalate_seconds is not None else ()
    at = None if tier.escalate_seconds is None else paged_at + tier.escalate_seconds
    return Standing(
        level=level + 1,
        title=catalog.levels[chosen.levels[level]].title,
        respond_seconds=tier.respond_seconds,
        respond_by=None if tier.respond_seconds is None else paged_at + tier.respond_seconds,
        next_title=catalog.levels[further[0]].title if further else None,
        next_at=at if further else None,
        next_seconds=tier.escalate_seconds if further else None,
        levels=len(chosen.levels),
        again_at=None if further else at,
    )


def standing_of(catalog: Catalog, incident: Incident) -> Standing:
    """Return where `incident` stands in its policy."""
    return standing(
        catalog,
        policy=incident.policy,
        severity=incident.severity,
        paged_at=incident.paged_at,
        level=incident.level,
    )


def due(catalog: Catalog, incident: Incident) -> Due | None:
    """Return what is next for the incident if nothing happens, or None when nothing is."""
    if incident.status == "resolved":
        return None
    if incident.flapping_since is not None and not incident.open_episodes:
        ends = (one.ended_at for one in incident.episodes if one.ended_at is not None)
        return Due(kind="calm", at=max(ends, default=incident.flapping_since) + CALM_SECONDS)
    tier = catalog.policy(incident.policy).severities[incident.severity]
    span = holds(tier)
    if span is None or tier.escalate_seconds is None:
        return Due(kind="review", at=incident.paged_at + REVIEW_SECONDS)
    if incident.status == "acknowledged":
        return Due(kind="respond", at=max(incident.paged_at, incident.acknowledged_at or 0.0) + span)
    return Due(kind="escalate", at=incident.paged_at + max(tier.escalate_seconds, LEAST_SECONDS))


def holds(tier: Tier) -> float | None:
    """Return for how many seconds an acknowledgement holds without an end of the trouble; None is for ever.

    The longer of the tier's two spans: `respond` may be `now`, and nobody is asked again sooner than the next level
    would have been.
    """
    if tier.escalate_seconds is None:
        return None
    return max(tier.escalate_seconds, tier.respond_seconds or 0.0, LEAST_SECONDS)


def next_level(catalog: Catalog, incident: Incident, reachable: Callable[[int], str | None]) -> Step:
    """Return the level to tell after the one reached; the last one is told again, for it is never silent.

    `reachable` gives None for a level that can be reached and a reason for one that cannot; that one is passed over.
    Where none of those further up can be reached the highest below that can is asked again.
    """
    last = len(catalog.policy(incident.policy).levels) - 1
    reasons: list[str] = []
    for level in range(min(incident.level + 1, last), last + 1):
        reason = reachable(level)
        if reason is None:
            return Step(level=level, unreachable=tuple(reasons))
        reasons.append(reason)
    below = next((level for level in range(min(incident.level, last - 1), -1, -1) if reachable(level) is None), None)
    return Step(level=min(incident.level + 1, last) if below is None else below, unreachable=tuple(reasons))


def unreachable(ways: Iterable[Recipient], refused: Callable[[Recipient], str | None]) -> str | None:
    """Return why none of the `ways` to a level leads anywhere, or None when one does.

    `refused` gives the reason why a way with an address cannot be used: not configured, or failed for good.
    """
    found = [(way, way.missing or refused(way)) for way in ways]
    if not found or any(reason is None for _, reason in found):
        return None
    return "; ".join(dict.fromkeys(reason for _, reason in found if reason))


def _once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    ways = list(found)
    # Where there is no address the people tell one way from another: neither may hide the other.
    return tuple({(one.channel, one.destination or one.who): one for one in reversed(ways)}.values())[::-1]


def _announced(catalog: Catalog, channel: str, team: str) -> Recipient:
    if channel == "slack":
        owner = catalog.team(team)
        missing = None if owner.slack else f"{owner.title} has no Slack channel"
        return Recipient(channel=channel, destination=owner.slack or "", who=owner.title, missing=missing)
    if channel == "pagerduty":
        return Recipient(channel=channel, destination="events", who="the PagerDuty service")
    return Recipient(channel=channel, destination="log", who="the log")
