"""Incidents that are long over, moved into the archive in SQL: whole, in the transaction that takes them away.

`retention` says how old they are, `archived` reads one back. Whatever still waits keeps its incident where it is:
nothing unsent is ever moved.
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
    """Move up to `limit` incidents that were resolved before `before` (epoch seconds); return how many."""
    waits = exists().where(notifications.c.incident_id == incidents.c.id, notifications.c.state == WAITING)
    due = exists().where(timers.c.incident_id == incidents.c.id)
    over = and_(incidents.c.status == "resolved", incidents.c.firing_at.is_(None))
    query = select(incidents).where(over, incidents.c.resolved_at < before, ~waits, ~due)
    query = query.order_by(incidents.c.id).limit(limit).with_for_update(skip_locked=True)
    found = [dict(row) for row in connection.execute(query).mappings()]
    if not found:
        return 0
    numbers = [row["id"] for row in found]
    parts = {name: _by_incident(connection, table, numbers) for name, table in _PARTS}
    values = [
        {
            "incident_id": row["id"],
            "resolved_at": row["resolved_at"],
            "archived_at": now,
            "record": {"incident": row, **{name: parts[name].get(row["id"], []) for name, _ in _PARTS}},
        }
        for row in found
    ]
    connection.execute(insert(archive), values)
    earlier_alerts = _firings_moved_before(connection, numbers)
    archive_search.add(
        connection,
        ((row, [*parts["firings"].get(row["id"], ()), *earlier_alerts.get(row["id"], ())]) for row in found),
    )
    add_to_totals(connection, (row for found in parts["notifications"].values() for row in found))
    for _, table in _PARTS:
        connection.execute(delete(table).where(_owner(table).in_(numbers)))
    connection.execute(delete(incidents).where(incidents.c.id.in_(numbers)))
    return len(found)


@dataclass(frozen=True, kw_only=True)
class Archived:
    """An archived incident: when it was (epoch seconds), and its record as `move` has written it."""

    archived_at: float
    record: Mapping[str, Any]


def find(connection: Connection, number: int) -> Archived | None:
    """Return the archived incident of this number, or None."""
    query = select(archive.c.archived_at, archive.c.record).where(archive.c.incident_id == number)
    row = connection.execute(query).one_or_none()
    return None if row is None else Archived(archived_at=row.archived_at, record=row.record)


def firings_of(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the alerts in a record; releases before 0.2 called them episodes."""
    rows: Sequence[Mapping[str, Any]] = record["firings"] if "firings" in record else record["episodes"]
    return rows


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """How much of an incident was moved into the archive while it was open (`trimming`)."""

    alerts: int = 0
    lines: int = 0
    messages: int = 0


def earlier(connection: Connection, numbers: Sequence[int]) -> dict[int, Earlier]:
    """Return, for each of these incidents, how much of it was archived before the rest."""
    part = archived_parts.c
    query = select(part.incident_id, func.sum(part.alerts), func.sum(part.lines), func.sum(part.messages))
    found = dict.fromkeys(numbers, Earlier())
    chosen = query.where(part.incident_id.in_(numbers)).group_by(part.incident_id)
    for number, alerts, lines, messages in connection.execute(chosen):
        found[number] = Earlier(alerts=int(alerts), lines=int(lines), messages=int(messages))
    return found


def add_to_totals(connection: Connection, messages: Iterable[Mapping[str, Any]]) -> None:
    """Add the messages to those that the archive counts: a counter that fell would look like a new start."""
    ended = Counter((row["channel"], row["state"]) for row in messages)
    for (channel, state), number in sorted(ended.items()):
        row = upsert(connection, archived_totals).values(channel=channel, state=state, messages=number)
        more = {"messages": archived_totals.c.messages + row.excluded.messages}
        connection.execute(row.on_conflict_do_update(index_elements=["channel", "state"], set_=more))


def _firings_moved_before(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Return by incident the alerts that were archived while it was open."""
    part = archived_parts.c
    query = select(part.incident_id, part.record).where(part.incident_id.in_(numbers), part.alerts > 0)
    found: dict[int, list[Mapping[str, Any]]] = {}
    for number, record in connection.execute(query):
        found.setdefault(number, []).extend(firings_of(record))
    return found


def _by_incident(connection: Connection, table: Table, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    query = select(table).where(_owner(table).in_(numbers)).order_by(table.c.id)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["incident_id"], []).append(dict(row))
    return found


def _owner(table: Table) -> Column[Any]:
    return table.c.incident_id
