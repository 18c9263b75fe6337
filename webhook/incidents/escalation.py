"""Decide by when somebody has to answer, which level is next, and when its turn comes. Pure.

This module reads the catalogue's policies. `outcomes` asks for what is `due` and for the `next_level`, `steps` for what
is `due`, `render` for the `Standing`. `timers` stores the due times; `recipients` says who the people of a level are.
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
"""How often Alertmanager is asked about an incident without another step: it never reports a silenced alert's end."""

LEAST_SECONDS = 60.0
"""The least time between two levels: an interval of zero would call people without end."""

LEAST_PATIENCE_SECONDS = 10.0
"""The least time for which a call is retried before its fallback, even near a deadline: most failures are brief."""

PATIENCE_WITHOUT_DEADLINE = HOUR
"""How long a call is retried before its fallback if the tier has no deadline."""

TimerKind = Literal["escalate", "respond", "calm", "review", "verify", "still_firing"]
"""`escalate`: nobody acknowledged. `respond`: an acknowledgement ran out. `calm`: a flapping incident may be over.
`review`: Alertmanager is asked whether the incident still fires. `verify`: it is asked about what is in doubt.
`still_firing`: it is asked whether an incident that a person resolved fires on."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an incident stands in its policy. Times are epoch seconds, spans are seconds, None means never."""

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
    """The next step of an incident; `at` is in epoch seconds."""

    kind: TimerKind
    at: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """The level to call next (0 is the first), and why each level before it is skipped."""

    level: int
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """The reason why a level cannot be reached, and the step that is taken instead."""

    step: Step
    reason: str


def standing(catalog: Catalog, *, policy: str, severity: Severity, paged_at: float, level: int = 0) -> Standing:
    """Return where an incident stands if the people of `level` (0 is the first) were last called at `paged_at`."""
    chosen_policy = catalog.policy(policy)
    tier = chosen_policy.severities[severity]
    level = min(level, len(chosen_policy.levels) - 1)
    at = None if tier.escalate_seconds is None else _time_after(catalog, tier, paged_at, tier.escalate_seconds)
    has_next = at is not None and level + 1 < len(chosen_policy.levels)
    respond_seconds = tier.respond_seconds
    return Standing(
        level=level + 1,
        title=title_of(catalog, policy, level, paged_at),
        respond_seconds=respond_seconds,
        respond_by=None if respond_seconds is None else _time_after(catalog, tier, paged_at, respond_seconds),
        next_title=title_of(catalog, policy, level + 1, at) if at is not None and has_next else None,
        next_at=at if has_next else None,
        next_seconds=tier.escalate_seconds if has_next else None,
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
    """Return the incident's next step if nothing happens until then, or None if there is none."""
    following, times = planned(catalog, incident), questions(incident)
    if not times:
        return following
    question = Due(kind="verify", at=min(times))
    return question if following is None else min(question, following, key=lambda step: step.at)


def questions(incident: Incident) -> tuple[float, ...]:
    """Return when Alertmanager is to be asked about the incident apart from its steps, in epoch seconds.

    If alerts are in doubt, Alertmanager is asked about them alone, before the others.
    """
    doubts = () if incident.doubted_at is None else (incident.doubted_at,)
    if doubts and alertmanager_state.doubtful(incident):
        return doubts
    absent = (firing.absent_since for firing in incident.open_firings if firing.absent_since is not None)
    return (*(since + alertmanager_state.CONFIRM_SECONDS for since in absent), *doubts)


def planned(catalog: Catalog, incident: Incident) -> Due | None:
    """Return the incident's next step that people are told about: `due` without the `questions`."""
    if incident.status == "resolved":
        return _due_if_it_fires_on(catalog, incident)
    if incident.flapping_since is not None and not incident.open_firings:
        ends = (firing.ended_at for firing in incident.firings if firing.ended_at is not None)
        return Due(kind="calm", at=max(ends, default=incident.flapping_since) + CALM_SECONDS)
    tier = catalog.policy(incident.policy).severities[incident.severity]
    if tier.escalate_seconds is None:
        return Due(kind="review", at=incident.paged_at + REVIEW_SECONDS)
    if incident.status == "open":
        span = max(tier.escalate_seconds, LEAST_SECONDS)
        return Due(kind="escalate", at=_time_after(catalog, tier, incident.paged_at, span))
    hold = holds(tier)
    since = max(incident.paged_at, incident.acknowledged_at or 0.0)
    if hold is None:
        return Due(kind="review", at=since + REVIEW_SECONDS)
    return Due(kind="respond", at=_time_after(catalog, tier, since, hold))


def holds(tier: Tier) -> float | None:
    """Return for how many seconds an acknowledgement holds while the incident lasts; None means for ever.

    If the policy does not set it, it is the longer of the tier's two spans. `respond` may be `now`, but people are not
    called again sooner than the next level would have been called.
    """
    if tier.holds:
        return None if tier.acknowledged_seconds is None else max(tier.acknowledged_seconds, LEAST_SECONDS)
    return max(tier.escalate_seconds or 0.0, tier.respond_seconds or 0.0, LEAST_SECONDS)


def moves_on_at(catalog: Catalog, incident: Incident, meant_for: float) -> float:
    """Return when a call that keeps failing moves on to its fallback, in epoch seconds.

    `meant_for` is the time at which the call was due. The call gets half of the time that is left until somebody has to
    answer, or until the next level is called if that is sooner. The other half is for the people whom the fallback
    reaches.
    """
    tier = catalog.policy(incident.policy).severities[incident.severity]
    spans = [span for span in (tier.respond_seconds, tier.escalate_seconds) if span is not None]
    if not spans:
        return meant_for + PATIENCE_WITHOUT_DEADLINE
    deadline = _time_after(catalog, tier, incident.paged_at, min(spans))
    return meant_for + max(LEAST_PATIENCE_SECONDS, (deadline - meant_for) / 2)


def _due_if_it_fires_on(catalog: Catalog, incident: Incident) -> Due | None:
    """Return when people are called again about an incident that fires on after a person resolved it, else None."""
    if not incident.fires_on or incident.resolved_at is None:
        return None
    tier = catalog.policy(incident.policy).severities[incident.severity]
    span = max(tier.still_firing_seconds, LEAST_SECONDS)
    return Due(kind="still_firing", at=_time_after(catalog, tier, incident.resolved_at, span))


def next_level(catalog: Catalog, incident: Incident, unreachable: Callable[[int], str | None]) -> Step:
    """Return the level to call after the one reached; after the last level, the last level is called again.

    `unreachable` returns None for a level that can be reached, or the reason why it cannot; that level is skipped. If
    no further level can be reached, the highest earlier level that can be reached is called again.
    """
    last = len(catalog.policy(incident.policy).levels) - 1
    reasons: list[str] = []
    for level in range(min(incident.level + 1, last), last + 1):
        reason = unreachable(level)
        if reason is None:
            return Step(level=level, unreachable=tuple(reasons))
        reasons.append(reason)
    earlier_level = next(
        (level for level in range(min(incident.level, last - 1), -1, -1) if unreachable(level) is None), None
    )
    return Step(
        level=min(incident.level + 1, last) if earlier_level is None else earlier_level, unreachable=tuple(reasons)
    )


def _time_after(catalog: Catalog, tier: Tier, start: float, seconds: float) -> float:
    """Return when `seconds` have passed since `start`, counting only the tier's hours if it has some."""
    schedule = catalog.schedules.get(tier.hours or "")
    at = schedule.after(start, seconds) if schedule and seconds else None
    # If the hours never hold again, do not wait for ever.
    return start + seconds if at is None else at
