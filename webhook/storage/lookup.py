"""Which open incident a provider means by its key. Reads only; `callbacks` asks, `store` holds the rest."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from webhook.storage.tables import incidents, timeline

# Spelled out rather than `<> 'resolved'`, so that the index on the state serves: few incidents are open, many are not.
_OPEN = ("open", "acknowledged")
_CHANGES = ("acknowledged", "unacknowledged", "resolved", "reopened")


@dataclass(frozen=True, kw_only=True)
class Found:
    """An incident that is not over; times are epoch seconds."""

    number: int
    began_at: float
    """Since when people are asked for what fires now: what was done before was done about something else."""
    asked_at: float
    """When it was last told, or news of it were."""
    resolved_at: float | None
    """When a person has resolved it, where its alerts fire on."""
    changed_at: float
    """When somebody last acknowledged it, gave it back, resolved or reopened it; 0 where nobody has."""


def by_dedup_key(connection: Connection, key: str) -> Found | None:
    """Return the newest incident that is not over and that PagerDuty knows by `key`, or None."""
    not_over = or_(incidents.c.status.in_(_OPEN), incidents.c.firing_at.is_not(None))
    query = select(incidents).where(not_over, incidents.c.dedup_key == key).order_by(incidents.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    asked_at = max((row.paged_at, *row.news_at))
    # Where a higher level has been told the first time is not known any more; then it is the incident's own.
    began_at = row.opened_at if row.level else asked_at
    changes = select(func.max(timeline.c.at)).where(timeline.c.incident_id == row.id, timeline.c.kind.in_(_CHANGES))
    changed_at = connection.execute(changes).scalar_one() or 0.0
    return Found(
        number=row.id, began_at=began_at, asked_at=asked_at, resolved_at=row.resolved_at, changed_at=changed_at
    )
