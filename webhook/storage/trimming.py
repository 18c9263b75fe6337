"""What is long over of an incident that is not, moved into the archive in SQL. `retention` calls it.

An incident stays open while one alert of its group fires, however often the others come and go, and every delivery
and every message reads it: so only the newest of what is over stays. What anything is still decided by stays too: the
alerts that fire, one ended alert of each kind and severity, every call, the last message sent in each line, and every
line of the timeline but those of comings and goings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, func, insert, select

from webhook.storage.archive import add_to_totals
from webhook.storage.tables import archived_parts, episodes, incidents, notifications, timeline

KEPT = 5_000
"""Of each part of an incident: as many alerts as a storm is told to have, and some 2 MB of JSON."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Rows of one table: which of them are over, in which order they came to be so, and which are needed for ever."""

    table: Table
    over: ColumnElement[bool]
    order: Column[Any]
    needed: ColumnElement[bool] | None = None
    one_of_each: tuple[Column[Any], ...] = ()


_PARTS = (
    _Part(
        table=episodes,
        over=episodes.c.ended_at.is_not(None),
        order=episodes.c.ended_at,
        needed=episodes.c.ended_at.is_not(None),
        one_of_each=(episodes.c.kind, episodes.c.severity),
    ),
    _Part(table=timeline, over=timeline.c.kind == "updated", order=timeline.c.id),
    _Part(
        table=notifications,
        over=and_(notifications.c.action == "update", notifications.c.state.in_(("sent", "folded"))),
        order=notifications.c.id,
        needed=notifications.c.state == "sent",
        one_of_each=(notifications.c.lane,),
    ),
)


def crowded(connection: Connection) -> tuple[int, ...]:
    """Return the incidents, not resolved, of which more than `KEPT` rows of a part are over."""
    found: set[int] = set()
    for part in _PARTS:
        owner = part.table.c.incident_id
        query = select(owner).join(incidents, incidents.c.id == owner).group_by(owner).having(func.count() > KEPT)
        found.update(connection.execute(query.where(incidents.c.status != "resolved", part.over)).scalars())
    return tuple(sorted(found))


def trim(connection: Connection, number: int, *, limit: int, now: float) -> int:
    """Move up to `limit` rows of each part of the incident into the archive, the oldest first; return how many."""
    query = select(incidents.c.id).where(incidents.c.id == number, incidents.c.status != "resolved")
    if connection.execute(query.with_for_update(skip_locked=True)).one_or_none() is None:
        return 0
    moved = {part.table.name: _taken(connection, part, number, limit) for part in _PARTS}
    if not any(moved.values()):
        return 0
    numbers = {"alerts": episodes, "lines": timeline, "messages": notifications}
    values = {name: len(moved[table.name]) for name, table in numbers.items()}
    connection.execute(insert(archived_parts).values(incident_id=number, archived_at=now, record=moved, **values))
    add_to_totals(connection, moved[notifications.name])
    return sum(values.values())


def _taken(connection: Connection, part: _Part, number: int, limit: int) -> Sequence[dict[str, Any]]:
    """Return the rows that go, deleted."""
    table = part.table
    ours = and_(table.c.incident_id == number, part.over)
    more = connection.execute(select(func.count()).where(ours)).scalar_one() - KEPT
    if more <= 0:
        return ()
    query = select(table).where(ours)
    if part.needed is not None:
        newest = select(func.max(table.c.id)).where(table.c.incident_id == number, part.needed)
        query = query.where(table.c.id.not_in(newest.group_by(*part.one_of_each)))
    query = query.order_by(part.order, table.c.id).limit(min(limit, more))
    found = [dict(row) for row in connection.execute(query).mappings()]
    connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in found])))
    return found
