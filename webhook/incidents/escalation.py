"""By when somebody has to answer, which level is next, and when that is due. Pure.

Reads the catalogue's policies; `outcomes` asks for what is `due` and for the `next_level`, `steps` for what is `due`,
`render` for the `Standing`. The due times themselves are rows of `timers`; `recipients` says who the people are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from webhook.catalog.model import Catalog, Tier
from webhook.incidents import alertmanager_state
from webhook.incidents.flapping import CALM_SECONDS
from webhook.incidents.incident import Incident
from webhook.incidents.recipients import title_of
from webhook.severity import Severity
from webhook.timestamps import HOUR

REVIEW_SECONDS = HOUR
"""How often Alertmanager is asked about an incident that nothing else is due for: a silenced end is told nowhere."""

LEAST_SECONDS = 60.0
"""No level is told sooner after the one before: an interval of nothing would call people without end."""

LEAST_PATIENCE_SECONDS = 10.0
"""A call that fails for now is tried for so long before it moves on, however near the deadline is: most blips end."""

PATIENCE_WITHOUT_DEADLINE = HOUR
"""How long such a call is waited for where nobody has to answer by any time."""

TimerKind = Literal["escalate", "respond", "calm", "review", "verify", "still_firing"]
"""Nobody has acknowledged; an acknowledgement has run out; a flapping incident may be over; is it still there; a
delivery is in doubt; does it fire on although a person has resolved it."""


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
    following, times = planned(catalog, incident), questions(incident)
    if not times:
        return following
    question = Due(kind="verify", at=min(times))
    return question if following is None else min(question, following, key=lambda one: one.at)


def questions(incident: Incident) -> tuple[float, ...]:
    """Return when Alertmanager is to be asked about the incident beside its steps, in epoch seconds.

    Alerts that had ended and were told again are asked about alone, before the others.
    """
    doubts = () if incident.doubted_at is None else (incident.doubted_at,)
    if doubts and alertmanager_state.doubtful(incident):
        return doubts
    absent = (one.absent_since for one in incident.open_firings if one.absent_since is not None)
    return (*(since + alertmanager_state.CONFIRM_SECONDS for since in absent), *doubts)


def planned(catalog: Catalog, incident: Incident) -> Due | None:
    """Return what is next that people are told of: `due` but for the question that a doubtful delivery leads to."""
    if incident.status == "resolved":
        return _told_again(catalog, incident)
    if incident.flapping_since is not None and not incident.open_firings:
        ends = (one.ended_at for one in incident.firings if one.ended_at is not None)
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


def moves_on_at(catalog: Catalog, incident: Incident, meant_for: float) -> float:
    """Return until when a call that fails for now is waited for, in epoch seconds; `meant_for` is its own time.

    Half of what is left until somebody has to answer, or until the next level is told where that is sooner: the other
    half is for whoever is reached another way.
    """
    tier = catalog.policy(incident.policy).severities[incident.severity]
    spans = [span for span in (tier.respond_seconds, tier.escalate_seconds) if span is not None]
    if not spans:
        return meant_for + PATIENCE_WITHOUT_DEADLINE
    deadline = _passed(catalog, tier, incident.paged_at, min(spans))
    return meant_for + max(LEAST_PATIENCE_SECONDS, (deadline - meant_for) / 2)


def _told_again(catalog: Catalog, incident: Incident) -> Due | None:
    """Return when an incident that a person has resolved is told again if it fires on, None when it is over."""
    if not incident.fires_on or incident.resolved_at is None:
        return None
    tier = catalog.policy(incident.policy).severities[incident.severity]
    span = max(tier.still_firing_seconds, LEAST_SECONDS)
    return Due(kind="still_firing", at=_passed(catalog, tier, incident.resolved_at, span))


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


def _passed(catalog: Catalog, tier: Tier, start: float, seconds: float) -> float:
    """Return when `seconds` have passed since `start`, counted in the tier's hours where it has some."""
    schedule = catalog.schedules.get(tier.hours or "")
    at = schedule.after(start, seconds) if schedule and seconds else None
    # Hours that never hold again are no reason to wait for ever.
    return start + seconds if at is None else at
