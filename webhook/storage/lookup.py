"""Which open incident a provider means by its key, and who has changed it last. Reads only.

`callbacks` asks, `store` holds the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from webhook.incidents.incident import ALERTMANAGER, TOCSIN
from webhook.storage.tables import incidents, timeline

# Spelled out rather than `<> 'resolved'`, so that the index on the state serves: few incidents are open, many are not.
_OPEN = ("open", "acknowledged")
_CHANGES = ("acknowledged", "unacknowledged", "resolved", "reopened")
_TOLD = ("opened", "joined", "reopened", "flapping", "resumed")
"""Lines of the timeline with which people were called for what they had not known, or called anew."""
_NEWS = ("opened", "joined", "reopened", "flapping")
"""Those with which Alertmanager has brought alerts that people had not been shown."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An incident that is not over; times are epoch seconds."""

    number: int
    began_at: float
    """Since when people are asked for what fires now: what was done before was done about something else."""
    asked_at: float
    """When it was last told, or news of it were."""
    told_at: float
    """When people were last called for alerts that were news, or anew for all of them; a further level is neither."""
    resolved_at: float | None
    """When a person has resolved it, where its alerts fire on."""
    changed_at: float
    """When somebody last acknowledged it, gave it back, resolved or reopened it; 0 where nobody has."""


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who last acknowledged an incident, gave it back, resolved or reopened it; `at` is epoch seconds."""

    kind: str
    actor: str
    at: float


def last_change(connection: Connection, number: int) -> LastChange | None:
    """Return the last change of this incident's state, or None when there is none, or no such incident."""
    columns = (incidents.c.acknowledged_at, incidents.c.acknowledged_by)
    row = connection.execute(select(*columns).where(incidents.c.id == number)).one_or_none()
    of_it = and_(timeline.c.incident_id == number, timeline.c.kind.in_(_CHANGES))
    lines = select(timeline.c.kind, timeline.c.actor, timeline.c.at).where(of_it)
    line = connection.execute(lines.order_by(timeline.c.at.desc(), timeline.c.id.desc()).limit(1)).one_or_none()
    if row is not None and row.acknowledged_at is not None and (line is None or line.at < row.acknowledged_at):
        # Whoever merges it at PagerDuty takes it with a line of another kind.
        return LastChange(kind="acknowledged", actor=row.acknowledged_by or "", at=row.acknowledged_at)
    return None if line is None else LastChange(kind=line.kind, actor=line.actor, at=line.at)


def told_through(connection: Connection, number: int) -> int:
    """Return the id of the line of the timeline with which alerts that are news were last told, 0 for none.

    Who acts on what was shown with this number has been shown all of them. That an acknowledgement ran out, or that
    nobody answered, is told again and brings no alert.
    """
    of_it = and_(timeline.c.incident_id == number, timeline.c.kind.in_(_NEWS), timeline.c.actor == ALERTMANAGER)
    return connection.execute(select(func.max(timeline.c.id)).where(of_it)).scalar_one() or 0


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
    # What a person does at the provider is written down when we hear of it, later than what they do next there.
    by_itself = timeline.c.actor.in_((ALERTMANAGER, TOCSIN))
    lines = select(func.max(timeline.c.at)).where(
        timeline.c.incident_id == row.id, timeline.c.kind.in_(_TOLD), by_itself
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
