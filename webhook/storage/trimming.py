"""Moves the distant past of open incidents into the archive, in SQL. `retention` calls it.

An incident stays open while one alert of its group fires, however often the other alerts start and end and however
often people are called in vain. Every delivery and every notification reads the whole incident. Therefore only the
newest ended rows stay in the tables, and older ones on which a decision still depends.
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

from webhook.incidents.notifications import CALLS
from webhook.storage.archive import add_to_totals
from webhook.storage.notifications.outbox_report import ENDED
from webhook.storage.tables import WAITING, archived_parts, firings, incidents, notifications, timeline

KEPT = 5_000
"""Ended rows that stay, of each part of an incident: enough for a storm of 5,000 alerts, about 2 MB of JSON."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The rows of one table: the condition `over` matches ended ones, and `order` is the order in which they ended.

    `stays` takes the condition that matches the incident's rows, and returns queries for the ids of rows that never
    move. The archive's column `counted` holds the number of rows that moved.
    """

    table: Table
    counted: str
    over: ColumnElement[bool]
    order: Column[Any]
    stays: Callable[[ColumnElement[bool]], tuple[Select[Any], ...]]


def _of_firings(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep the first firing, and the last ended one of each kind, part and severity: those kinds are not news again."""
    alike = (firings.c.kind, firings.c.part, firings.c.severity)
    first = select(firings.c.id).where(ours).order_by(firings.c.starts_at, firings.c.id).limit(1)
    return select(func.max(firings.c.id)).where(ours, firings.c.ended_at.is_not(None)).group_by(*alike), first


def _of_messages(ours: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Keep, for each ordering key, the notifications that show who was reached and how, and what can be edited.

    These stay:
    - the first, which names the recipient;
    - the last ended one of each kind, that is by call or not, state, alone or in a batch;
    - the first posted one, which is edited;
    - of the calls meant for the ordering key, including stand-ins for them, the last ended one in each state;
    - stand-ins for a notification that still waits;
    - a notification that another one stands in for, until the stand-in has moved.
    """
    rows, original = notifications.c, notifications.alias("meant")
    alone = rows.superseded_by.is_(None)
    kind = (rows.ordering_key, rows.action.in_(CALLS), rows.state, rows.batch_size.is_(None), alone)
    posted = and_(rows.provider_id.is_not(None), rows.batch_size.is_(None))
    lines = _lines_meant(ours)
    reached = select(func.max(rows.id)).join(lines, lines.c.id == rows.id)
    stand_ins_of_waiting = select(rows.id).join(original, original.c.id == rows.instead_of)
    return (
        select(func.min(rows.id)).where(ours).group_by(rows.ordering_key),
        select(func.max(rows.id)).where(ours, _ENDED).group_by(*kind),
        select(func.min(rows.id)).where(ours, posted).group_by(rows.ordering_key),
        reached.where(ours, _ENDED).group_by(lines.c.ordering_key, rows.state, alone),
        stand_ins_of_waiting.where(ours, original.c.state == WAITING),
        select(rows.instead_of).where(ours, rows.instead_of.is_not(None)),
    )


def _lines_meant(ours: ColumnElement[bool]) -> CTE:
    """Return the id of each call and the ordering key that it was meant for, also through a chain of stand-ins.

    A call that a later notification with its ordering key superseded does not count, as in `outbox_report.calls`.
    """
    rows, meant, next_call = notifications.c, notifications.alias("meant_call"), notifications.alias("further")
    stands_in = exists().where(meant.c.id == rows.instead_of, _is_call(meant))
    first = select(rows.id, rows.ordering_key).where(ours, _is_call(notifications), ~stands_in)
    lines = first.cte("lines_meant", recursive=True)
    next_calls = select(next_call.c.id, lines.c.ordering_key).join(lines, lines.c.id == next_call.c.instead_of)
    return lines.union_all(next_calls.where(_is_call(next_call)))


def _is_call(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.action.in_(CALLS), or_(table.c.state != "superseded", table.c.superseded_by.is_not(None)))


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
    """Return the ids, sorted, of incidents that are not over and have more than `KEPT` ended rows of a part."""
    numbers: set[int] = set()
    for part in _PARTS:
        owner = part.table.c.incident_id
        query = select(owner).join(incidents, incidents.c.id == owner).group_by(owner).having(func.count() > KEPT)
        # An incident resolved by hand fires on: its status may be `resolved` at every check although it is not over.
        is_not_over = or_(incidents.c.status != "resolved", incidents.c.firing_at.is_not(None))
        numbers.update(connection.execute(query.where(is_not_over, part.over)).scalars())
    return tuple(sorted(numbers))


def trim(connection: Connection, number: int, *, limit: int, now: float) -> int | None:
    """Move up to `limit` ended rows of each part of the incident into the archive, oldest first; return their number.

    Returns None if another transaction has locked the incident.
    """
    query = select(incidents.c.id).where(incidents.c.id == number)
    if connection.execute(query.with_for_update(skip_locked=True)).one_or_none() is None:
        return None
    moved = {part.table.name: _remove_surplus(connection, part, number, limit) for part in _PARTS}
    if not any(moved.values()):
        return 0
    values = {part.counted: len(moved[part.table.name]) for part in _PARTS}
    connection.execute(insert(archived_parts).values(incident_id=number, archived_at=now, record=moved, **values))
    add_to_totals(connection, moved[notifications.name])
    return sum(values.values())


def _remove_surplus(connection: Connection, part: _Part, number: int, limit: int) -> Sequence[dict[str, Any]]:
    """Delete the rows that move, and return them."""
    table = part.table
    ours = table.c.incident_id == number
    surplus = connection.execute(select(func.count()).where(ours, part.over)).scalar_one() - KEPT
    if surplus <= 0:
        return ()
    query = select(table).where(ours, part.over, *(table.c.id.not_in(kept) for kept in part.stays(ours)))
    query = query.order_by(part.order, table.c.id).limit(min(limit, surplus))
    rows = [dict(row) for row in connection.execute(query).mappings()]
    connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
    return rows
