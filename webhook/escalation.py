"""Who is told, by when somebody has to answer, who is next, and when that is due. Pure.

Reads the catalogue's policies; `outcomes` asks for `recipients` and for what is `due`, `steps` for the `next_level`,
`render` for the `Standing`. The due times themselves are rows of `timers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from webhook.catalog import Announce, Catalog, Level, Tier
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
    not_before: float | None = None
    """When it may be used at the earliest, in epoch seconds: outside of working hours it waits for them."""


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


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """A level that nobody can reach: why, and what is done instead."""

    step: Step
    reason: str


def recipients(  # noqa: PLR0913  this is what a tier depends on
    catalog: Catalog, *, policy: str, team: str, severity: Severity, level: int = 0, now: float
) -> tuple[Recipient, ...]:
    """Return whom the tier reaches: the team as a whole, then the people of the levels up to `level` (0 is the first).

    Each destination once. A way that the tier asks for and nobody has an address for is there with `missing` set:
    nobody is skipped in silence.
    """
    tier = catalog.policy(policy).severities[severity]
    found = [_announced(catalog, channel, team) for channel in tier.announce]
    for number in range(level + 1):
        found += people(catalog, policy=policy, severity=severity, level=number, now=now)
    return _once(found)


def people(catalog: Catalog, *, policy: str, severity: Severity, level: int, now: float) -> tuple[Recipient, ...]:
    """Return the ways to the people of one level (0 is the first; beyond the last is the last), as `recipients`.

    By turns they are those of whoever is on call at `now`. Outside of the tier's hours they wait for the next ones.
    """
    tier = catalog.policy(policy).severities[severity]
    found = (
        one
        for channel in tier.notify
        for one in _contacts(catalog, policy=policy, level=level, channel=channel, now=now)
    )
    return _once(_waiting(found, opens(catalog, tier, now)))


def ways(catalog: Catalog, incident: Incident, channel: str, *, now: float) -> tuple[Recipient, ...]:
    """Return the ways by one channel of any kind: to the team as a whole, or to the people of the level reached."""
    if channel in get_args(Announce):
        return (_announced(catalog, channel, incident.team),)
    tier = catalog.policy(incident.policy).severities[incident.severity]
    found = _contacts(catalog, policy=incident.policy, level=incident.level, channel=channel, now=now)
    return tuple(_waiting(found, opens(catalog, tier, now)))


def opens(catalog: Catalog, tier: Tier, now: float) -> float | None:
    """Return when the tier's hours begin next, or None when it has none, or they hold at `now`, or never will again."""
    schedule = catalog.schedules.get(tier.hours or "")
    window = schedule.following(now) if schedule else None
    return window[0] if window and window[0] > now else None


def on_call(level: Level, catalog: Catalog, now: float) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """Return who is asked of a level at `now`, in words, and their addresses.

    A rotation that has a gap leaves nobody out: then it is the level as a whole, and the words say so.
    """
    if not level.rotation:
        return level.title, level.contacts
    turn = next((turn for turn in level.rotation if catalog.schedules[turn.schedule].holds(now)), None)
    if turn is None:
        return f"{level.title} (nobody is on call)", level.contacts
    return f"{level.title} ({turn.title})", turn.contacts


def title_of(catalog: Catalog, policy: str, level: int, now: float) -> str:
    """Return a level of a policy in words: `DevOps team`, or by turns `DevOps team (Week A)`."""
    names = catalog.policy(policy).levels
    return on_call(catalog.levels[names[min(level, len(names) - 1)]], catalog, now)[0]


def standing(catalog: Catalog, *, policy: str, severity: Severity, paged_at: float, level: int = 0) -> Standing:
    """Return where an incident stands that asked for attention at `paged_at` and is with `level` (0 is the first)."""
    chosen = catalog.policy(policy)
    tier = chosen.severities[severity]
    level = min(level, len(chosen.levels) - 1)
    at = None if tier.escalate_seconds is None else _passed(catalog, tier, paged_at, tier.escalate_seconds)
    further = at is not None and level + 1 < len(chosen.levels)
    respond = tier.respond_seconds
    return Standing(
        level=level + 1,
        title=title_of(catalog, policy, level, paged_at),
        respond_seconds=respond,
        respond_by=None if respond is None else _passed(catalog, tier, paged_at, respond),
        next_title=title_of(catalog, policy, level + 1, at) if at is not None and further else None,
        next_at=at if further else None,
        next_seconds=tier.escalate_seconds if further else None,
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
    if tier.escalate_seconds is None:
        return Due(kind="review", at=incident.paged_at + REVIEW_SECONDS)
    if incident.status == "open":
        span = max(tier.escalate_seconds, LEAST_SECONDS)
        return Due(kind="escalate", at=_passed(catalog, tier, incident.paged_at, span))
    hold = holds(tier)
    since = max(incident.paged_at, incident.acknowledged_at or 0.0)
    if hold is None:
        return Due(kind="review", at=since + REVIEW_SECONDS)
    return Due(kind="respond", at=_passed(catalog, tier, since, hold))


def holds(tier: Tier) -> float | None:
    """Return for how many seconds an acknowledgement holds without an end of the trouble; None is for ever.

    Where the policy does not say it is the longer of the tier's two spans: `respond` may be `now`, and nobody is asked
    again sooner than the next level would have been.
    """
    if tier.holds:
        return None if tier.acknowledged_seconds is None else max(tier.acknowledged_seconds, LEAST_SECONDS)
    return max(tier.escalate_seconds or 0.0, tier.respond_seconds or 0.0, LEAST_SECONDS)


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
    if channel == "webhook":
        return Recipient(channel=channel, destination="events", who="the outgoing webhook")
    return Recipient(channel=channel, destination="log", who="the log")


def _contacts(catalog: Catalog, *, policy: str, level: int, channel: str, now: float) -> tuple[Recipient, ...]:
    if channel == "log":
        return (Recipient(channel="log", destination="log", who="the log"),)
    names = catalog.policy(policy).levels
    who, contacts = on_call(catalog.levels[names[min(level, len(names) - 1)]], catalog, now)
    addresses = contacts.get(channel, ())
    if not addresses:
        missing = f"{who} has no {channel} contact"
        return (Recipient(channel=channel, destination="", who=who, missing=missing),)
    return tuple(Recipient(channel=channel, destination=to, who=who) for to in addresses)


def _waiting(found: Iterable[Recipient], until: float | None) -> Iterable[Recipient]:
    """Return the ways to people, not to be used before `until`; a log is not somebody's rest."""
    return (one if until is None or one.channel == "log" else replace(one, not_before=until) for one in found)


def _passed(catalog: Catalog, tier: Tier, start: float, seconds: float) -> float:
    """Return when `seconds` have passed since `start`, counted in the tier's hours where it has some."""
    schedule = catalog.schedules.get(tier.hours or "")
    at = schedule.after(start, seconds) if schedule and seconds else None
    # Hours that never hold again are no reason to wait for ever.
    return start + seconds if at is None else at
