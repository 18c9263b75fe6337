"""Moves whole incidents that ended long ago into the archive, in SQL and in one transaction.

`retention` decides how old they are, `archived` reads one back. An incident with a waiting notification or a timer
stays: no unsent notification is ever moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, delete, exists, func, insert, select

from webhook.storage import archive_search
from webhook.storage.tables import (
    WAITING,
    archive,
    archived_parts,
    archived_totals,
    firings,
    incidents,
    notifications,
    timeline,
    timers,
)
from webhook.storage.upserts import upsert

_PARTS: tuple[tuple[str, Table], ...] = (
    ("firings", firings),
    ("timeline", timeline),
    ("notifications", notifications),
)


def move(connection: Connection, *, before: float, limit: int, now: float) -> int:
    """Move up to `limit` incidents that were resolved before `before` (epoch seconds); return their number."""
    has_waiting = exists().where(notifications.c.incident_id == incidents.c.id, notifications.c.state == WAITING)
    has_timer = exists().where(timers.c.incident_id == incidents.c.id)
    is_over = and_(incidents.c.status == "resolved", incidents.c.firing_at.is_(None))
    query = select(incidents).where(is_over, incidents.c.resolved_at < before, ~has_waiting, ~has_timer)
    query = query.order_by(incidents.c.id).limit(limit).with_for_update(skip_locked=True)
    resolved_incidents = [dict(row) for row in connection.execute(query).mappings()]
    if not resolved_incidents:
        return 0
    numbers = [row["id"] for row in resolved_incidents]
    parts = {name: _by_incident(connection, table, numbers) for name, table in _PARTS}
    values = [
        {
            "incident_id": row["id"],
            "resolved_at": row["resolved_at"],
            "archived_at": now,
            "record": {"incident": row, **{name: parts[name].get(row["id"], []) for name, _ in _PARTS}},
        }
        for row in resolved_incidents
    ]
    connection.execute(insert(archive), values)
    earlier_alerts = _firings_moved_before(connection, numbers)
    archive_search.add(
        connection,
        (
            (row, [*parts["firings"].get(row["id"], ()), *earlier_alerts.get(row["id"], ())])
            for row in resolved_incidents
        ),
    )
    add_to_totals(connection, (row for part in parts["notifications"].values() for row in part))
    for _, table in _PARTS:
        connection.execute(delete(table).where(_owner(table).in_(numbers)))
    connection.execute(delete(incidents).where(incidents.c.id.in_(numbers)))
    return len(resolved_incidents)


@dataclass(frozen=True, kw_only=True)
class Archived:
    """An archived incident: when it was archived (epoch seconds), and the record that `move` wrote."""

    archived_at: float
    record: Mapping[str, Any]


def find(connection: Connection, number: int) -> Archived | None:
    """Return the archived incident with this id, or None."""
    query = select(archive.c.archived_at, archive.c.record).where(archive.c.incident_id == number)
    row = connection.execute(query).one_or_none()
    return None if row is None else Archived(archived_at=row.archived_at, record=row.record)


def firings_of(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the firings in a record; releases before 0.2 called them episodes."""
    rows: Sequence[Mapping[str, Any]] = record["firings"] if "firings" in record else record["episodes"]
    return rows


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The number of rows of an incident that `trimming` archived while the incident was open."""

    alerts: int = 0
    lines: int = 0
    messages: int = 0


def earlier(connection: Connection, numbers: Sequence[int]) -> dict[int, Earlier]:
    """Return, by incident id, the number of rows that were archived while the incident was open."""
    part = archived_parts.c
    query = select(part.incident_id, func.sum(part.alerts), func.sum(part.lines), func.sum(part.messages))
    by_incident = dict.fromkeys(numbers, Earlier())
    chosen = query.where(part.incident_id.in_(numbers)).group_by(part.incident_id)
    for number, alerts, lines, messages in connection.execute(chosen):
        by_incident[number] = Earlier(alerts=int(alerts), lines=int(lines), messages=int(messages))
    return by_incident


def add_to_totals(connection: Connection, messages: Iterable[Mapping[str, Any]]) -> None:
    """Add the notifications to the totals of the archive: a counter that falls would look like a restart."""
    ended = Counter((row["channel"], row["state"]) for row in messages)
    for (channel, state), number in sorted(ended.items()):
        row = upsert(connection, archived_totals).values(channel=channel, state=state, messages=number)
        increment = {"messages": archived_totals.c.messages + row.excluded.messages}
        connection.execute(row.on_conflict_do_update(index_elements=["channel", "state"], set_=increment))


def _firings_moved_before(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Return, by incident id, the firings that were archived while the incident was open."""
    part = archived_parts.c
    query = select(part.incident_id, part.record).where(part.incident_id.in_(numbers), part.alerts > 0)
    by_incident: dict[int, list[Mapping[str, Any]]] = {}
    for number, record in connection.execute(query):
        by_incident.setdefault(number, []).extend(firings_of(record))
    return by_incident


def _by_incident(connection: Connection, table: Table, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    query = select(table).where(_owner(table).in_(numbers)).order_by(table.c.id)
    by_incident: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        by_incident.setdefault(row["incident_id"], []).append(dict(row))
    return by_incident


def _owner(table: Table) -> Column[Any]:
    return table.c.incident_id
