"""Finds the open incident that a provider means by its key, and who changed it last. Reads only.

`callbacks` uses it; `store` has all other queries for incidents.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from webhook.incidents.incident import ALERTMANAGER, TOCSIN
from webhook.storage.tables import incidents, timeline

# Listed rather than `<> 'resolved'`, so that the database uses the index on the status: few incidents are open.
_OPEN = ("open", "acknowledged")
_CHANGES = ("acknowledged", "unacknowledged", "resolved", "reopened")
_TOLD = ("opened", "joined", "reopened", "flapping", "resumed")
"""Kinds of timeline lines with which people were called for news, or called again."""
_NEWS = ("opened", "joined", "reopened", "flapping")
"""Kinds of timeline lines with which Alertmanager delivered alerts that people had not been shown."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An incident that is not over; times are epoch seconds."""

    number: int
    began_at: float
    """Since when people have been called for what fires now; earlier actions were about something else."""
    asked_at: float
    """When people were last called for the incident or for news about it."""
    told_at: float
    """When people were last called for new alerts, or again for all alerts; an escalation does not count."""
    resolved_at: float | None
    """When a person resolved it, if its alerts fire on."""
    changed_at: float
    """When somebody last acknowledged it, gave it back, resolved or reopened it; 0 if nobody did."""


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who last acknowledged an incident, gave it back, resolved or reopened it; `at` is epoch seconds."""

    kind: str
    actor: str
    at: float


def last_change(connection: Connection, number: int) -> LastChange | None:
    """Return the last change of this incident's state, or None if there is no change or no such incident."""
    columns = (incidents.c.acknowledged_at, incidents.c.acknowledged_by)
    row = connection.execute(select(*columns).where(incidents.c.id == number)).one_or_none()
    is_change = and_(timeline.c.incident_id == number, timeline.c.kind.in_(_CHANGES))
    lines = select(timeline.c.kind, timeline.c.actor, timeline.c.at).where(is_change)
    line = connection.execute(lines.order_by(timeline.c.at.desc(), timeline.c.id.desc()).limit(1)).one_or_none()
    if row is not None and row.acknowledged_at is not None and (line is None or line.at < row.acknowledged_at):
        # A merge at PagerDuty acknowledges the incident with a timeline line of another kind.
        return LastChange(kind="acknowledged", actor=row.acknowledged_by or "", at=row.acknowledged_at)
    return None if line is None else LastChange(kind=line.kind, actor=line.actor, at=line.at)


def told_through(connection: Connection, number: int) -> int:
    """Return the id of the timeline line with which new alerts were last told, or 0 if there is none.

    A person who acts on a message with this id has been shown all alerts. An acknowledgement that ran out and an
    escalation call people again but bring no new alert, so they do not count.
    """
    is_news = and_(timeline.c.incident_id == number, timeline.c.kind.in_(_NEWS), timeline.c.actor == ALERTMANAGER)
    return connection.execute(select(func.max(timeline.c.id)).where(is_news)).scalar_one() or 0


def by_dedup_key(connection: Connection, key: str) -> Found | None:
    """Return the newest incident that is not over and has the PagerDuty dedup key `key`, or None."""
    not_over = or_(incidents.c.status.in_(_OPEN), incidents.c.firing_at.is_not(None))
    query = select(incidents).where(not_over, incidents.c.dedup_key == key).order_by(incidents.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    asked_at = max((row.paged_at, *row.news_at))
    # After an escalation, the time of the first call is no longer known; the incident's opening stands for it.
    began_at = row.opened_at if row.level else asked_at
    # A person's action at the provider is recorded when its callback arrives, perhaps after their next action there.
    is_automatic = timeline.c.actor.in_((ALERTMANAGER, TOCSIN))
    lines = select(func.max(timeline.c.at)).where(
        timeline.c.incident_id == row.id, timeline.c.kind.in_(_TOLD), is_automatic
    )
    change = last_change(connection, row.id)
    return Found(
        number=row.id,
        began_at=began_at,
        asked_at=asked_at,
        told_at=connection.execute(lines).scalar_one_or_none() or row.opened_at,
        resolved_at=row.resolved_at,
        changed_at=0.0 if change is None else change.at,
    )
