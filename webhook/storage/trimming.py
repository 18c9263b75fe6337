"""What is long over of an incident that is not, moved into the archive in SQL. `retention` calls it.

An incident stays open while one alert of its group fires, however often the others come and go, and every delivery
and every message reads it: so only the newest of what is over stays, and what anything is still decided by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, delete, func, insert, select

from webhook.storage.archive import add_to_totals
from webhook.storage.tables import archived_parts, episodes, incidents, notifications, timeline

KEPT = 5_000
"""Of each part of an incident: as many alerts as a storm is told to have, and some 2 MB of JSON."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Rows of one table: which of them are over, and in which order they came to be so.

    `stays` gives, for the condition that rows are of the incident, queries for the ids of those that never go. What
    goes is counted in the archive's column `counted`.
    """

    table: Table
    counted: str
    over: ColumnElement[bool]
    order: Column[Any]
    stays: Callable[[ColumnElement[bool]], tuple[Select[Any], ...]]


def _of_episodes(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep one of each kind, part and severity, for what was told is no news, and the first, since when it lasts."""
    alike = (episodes.c.kind, episodes.c.part, episodes.c.severity)
    first = select(episodes.c.id).where(ours).order_by(episodes.c.starts_at, episodes.c.id).limit(1)
    return select(func.max(episodes.c.id)).where(ours, episodes.c.ended_at.is_not(None)).group_by(*alike), first


def _of_messages(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep the last of each state in each line, which tell who was reached, and the first posted, which is edited."""
    rows = notifications.c
    last = select(func.max(rows.id)).where(ours, _EDITED).group_by(rows.lane, rows.state)
    posted = and_(rows.provider_id.is_not(None), rows.gathered.is_(None))
    return last, select(func.min(rows.id)).where(ours, posted).group_by(rows.lane)


_EDITED = and_(notifications.c.action == "update", notifications.c.state.in_(("sent", "folded", "failed")))

_PARTS = (
    _Part(
        table=episodes,
        counted="alerts",
        over=episodes.c.ended_at.is_not(None),
        order=episodes.c.ended_at,
        stays=_of_episodes,
    ),
    _Part(table=timeline, counted="lines", over=timeline.c.kind != "opened", order=timeline.c.id, stays=lambda _: ()),
    _Part(table=notifications, counted="messages", over=_EDITED, order=notifications.c.id, stays=_of_messages),
)


def crowded(connection: Connection) -> tuple[int, ...]:
    """Return the incidents, not resolved, of which more than `KEPT` rows of a part are over."""
    found: set[int] = set()
    for part in _PARTS:
        owner = part.table.c.incident_id
        query = select(owner).join(incidents, incidents.c.id == owner).group_by(owner).having(func.count() > KEPT)
        found.update(connection.execute(query.where(incidents.c.status != "resolved", part.over)).scalars())
    return tuple(sorted(found))


def trim(connection: Connection, number: int, *, limit: int, now: float) -> int | None:
    """Move up to `limit` rows of each part of the incident into the archive, the oldest first; return how many.

    Returns None when somebody else is at work on the incident.
    """
    query = select(incidents.c.id).where(incidents.c.id == number)
    if connection.execute(query.with_for_update(skip_locked=True)).one_or_none() is None:
        return None
    moved = {part.table.name: _taken(connection, part, number, limit) for part in _PARTS}
    if not any(moved.values()):
        return 0
    values = {part.counted: len(moved[part.table.name]) for part in _PARTS}
    connection.execute(insert(archived_parts).values(incident_id=number, archived_at=now, record=moved, **values))
    add_to_totals(connection, moved[notifications.name])
    return sum(values.values())


def _taken(connection: Connection, part: _Part, number: int, limit: int) -> Sequence[dict[str, Any]]:
    """Return the rows that go, deleted."""
    table = part.table
    ours = table.c.incident_id == number
    more = connection.execute(select(func.count()).where(ours, part.over)).scalar_one() - KEPT
    if more <= 0:
        return ()
    query = select(table).where(ours, part.over, *(table.c.id.not_in(kept) for kept in part.stays(ours)))
    query = query.order_by(part.order, table.c.id).limit(min(limit, more))
    found = [dict(row) for row in connection.execute(query).mappings()]
    connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in found])))
    return found
