"""What is long over of an incident that is not, moved into the archive in SQL. `retention` calls it.

An incident stays open while one alert of its group fires, however often the others come and go and however often
people are called in vain, and every delivery and every message reads it: so only the newest of what is over stays, and
what anything is still decided by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from webhook.incidents.messages import CALLS
from webhook.storage.archive import add_to_totals
from webhook.storage.outbox_report import ENDED
from webhook.storage.tables import WAITING, archived_parts, firings, incidents, notifications, timeline

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


def _of_firings(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep one of each kind, part and severity, for what was told is no news, and the first, since when it lasts."""
    alike = (firings.c.kind, firings.c.part, firings.c.severity)
    first = select(firings.c.id).where(ours).order_by(firings.c.starts_at, firings.c.id).limit(1)
    return select(func.max(firings.c.id)).where(ours, firings.c.ended_at.is_not(None)).group_by(*alike), first


def _of_messages(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep what tells who was reached, how, and what can still be edited, of each line of messages.

    The first, which names whom it is to. The last of each kind: calls apart from others, in each state, told alone or
    together with others. The first that was posted, which is edited. Of the calls that were meant for the line, also of
    those that stood in for one, the last in each state. What stands in for a message that still waits; and what
    anything stands in for, until that has gone.
    """
    rows, meant = notifications.c, notifications.alias("meant")
    alone = rows.superseded_by.is_(None)
    kind = (rows.ordering_key, rows.action.in_(CALLS), rows.state, rows.batch_size.is_(None), alone)
    posted = and_(rows.provider_id.is_not(None), rows.batch_size.is_(None))
    lines = _lines_meant(ours)
    reached = select(func.max(rows.id)).join(lines, lines.c.id == rows.id)
    waited_for = select(rows.id).join(meant, meant.c.id == rows.instead_of)
    return (
        select(func.min(rows.id)).where(ours).group_by(rows.ordering_key),
        select(func.max(rows.id)).where(ours, _ENDED).group_by(*kind),
        select(func.min(rows.id)).where(ours, posted).group_by(rows.ordering_key),
        reached.where(ours, _ENDED).group_by(lines.c.ordering_key, rows.state, alone),
        waited_for.where(ours, meant.c.state == WAITING),
        select(rows.instead_of).where(ours, rows.instead_of.is_not(None)),
    )


def _lines_meant(ours: ColumnElement[bool]) -> CTE:
    """Return the id of each call and the line that it was meant for, also through several that stood in.

    What was folded into a later message of its line is none, as for `outbox_report.calls`.
    """
    rows, meant, further = notifications.c, notifications.alias("meant_call"), notifications.alias("further")
    stands_in = exists().where(meant.c.id == rows.instead_of, _is_call(meant))
    first = select(rows.id, rows.ordering_key).where(ours, _is_call(notifications), ~stands_in)
    lines = first.cte("lines_meant", recursive=True)
    onward = select(further.c.id, lines.c.ordering_key).join(lines, lines.c.id == further.c.instead_of)
    return lines.union_all(onward.where(_is_call(further)))


def _is_call(which: FromClause) -> ColumnElement[bool]:
    return and_(which.c.action.in_(CALLS), or_(which.c.state != "superseded", which.c.superseded_by.is_not(None)))


_ENDED = notifications.c.state.in_(ENDED)

_PARTS = (
    _Part(
        table=firings,
        counted="alerts",
        over=firings.c.ended_at.is_not(None),
        order=firings.c.ended_at,
        stays=_of_firings,
    ),
    _Part(table=timeline, counted="lines", over=timeline.c.kind != "opened", order=timeline.c.id, stays=lambda _: ()),
    _Part(table=notifications, counted="messages", over=_ENDED, order=notifications.c.id, stays=_of_messages),
)


def crowded(connection: Connection) -> tuple[int, ...]:
    """Return the incidents that are not over of which more than `KEPT` rows of a part are."""
    found: set[int] = set()
    for part in _PARTS:
        owner = part.table.c.incident_id
        query = select(owner).join(incidents, incidents.c.id == owner).group_by(owner).having(func.count() > KEPT)
        # Resolved by hand an hour ago and told again an hour later, it is resolved whenever somebody looks.
        lasts = or_(incidents.c.status != "resolved", incidents.c.firing_at.is_not(None))
        found.update(connection.execute(query.where(lasts, part.over)).scalars())
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
