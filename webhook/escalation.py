"""Who is told, by when somebody has to answer, and who would be next. Pure.

Reads the catalogue's policies; `ingest` asks for `recipients`, `render` for the `Standing`. The timers that act on it
are rows in the store.
"""

from __future__ import annotations

from dataclasses import dataclass

from webhook.catalog import Catalog
from webhook.severity import Severity


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


def recipients(
    catalog: Catalog, *, policy: str, team: str, severity: Severity, level: int = 0
) -> tuple[Recipient, ...]:
    """Return whom the tier reaches: the team as a whole, then the people of `level` (0 is the first).

    Each destination once. A way that the tier asks for and nobody has an address for is there with `missing` set:
    nobody is skipped in silence.
    """
    chosen = catalog.policy(policy)
    tier = chosen.severities[severity]
    found = [_announced(catalog, channel, team) for channel in tier.announce]
    people = catalog.levels[chosen.levels[level]]
    for channel in tier.notify:
        if channel == "log":
            found.append(Recipient(channel="log", destination="log", who="the log"))
            continue
        addresses = people.contacts.get(channel, ())
        found += [Recipient(channel=channel, destination=to, who=people.title) for to in addresses]
        if not addresses:
            missing = f"{people.title} has no {channel} contact"
            found.append(Recipient(channel=channel, destination="", who=people.title, missing=missing))
    return tuple({(one.channel, one.destination): one for one in reversed(found)}.values())[::-1]


def standing(catalog: Catalog, *, policy: str, severity: Severity, paged_at: float, level: int = 0) -> Standing:
    """Return where an incident stands that asked for attention at `paged_at` and is with `level` (0 is the first)."""
    chosen = catalog.policy(policy)
    tier = chosen.severities[severity]
    further = chosen.levels[level + 1 :] if tier.escalate_seconds is not None else ()
    return Standing(
        level=level + 1,
        title=catalog.levels[chosen.levels[level]].title,
        respond_seconds=tier.respond_seconds,
        respond_by=None if tier.respond_seconds is None else paged_at + tier.respond_seconds,
        next_title=catalog.levels[further[0]].title if further else None,
        next_at=paged_at + tier.escalate_seconds if further and tier.escalate_seconds is not None else None,
        next_seconds=tier.escalate_seconds if further else None,
    )


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
