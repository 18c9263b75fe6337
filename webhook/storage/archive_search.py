"""Lists and searches archived incidents in SQL, by system, alert name, severity and time. `archive` adds the rows.

Besides its record, each archived incident has one narrow row, and one row for each of its systems and alert names, so
that no search reads the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, select

from webhook.severity import Severity
from webhook.storage.tables import archive, archive_list, archive_names

_LABELS = ("system", "alertname")
LONGEST_NAME = 200
"""Characters of a label value that are compared: a PostgreSQL index entry holds some thousand bytes."""


@dataclass(frozen=True, kw_only=True)
class ArchiveFilter:
    """The search criteria; times are epoch seconds, and None matches anything."""

    system: str | None = None
    alert: str | None = None
    severity: Severity | None = None
    since: float | None = None
    """Matches incidents that were resolved at this time or later."""
    until: float | None = None
    """Matches incidents that were opened before this time."""


@dataclass(frozen=True, kw_only=True)
class ArchivedLine:
    """An archived incident in a list; times are epoch seconds."""

    incident_id: int
    severity: Severity
    title: str
    team: str
    opened_at: float
    resolved_at: float
    resolved_by: str | None
    alerts: int
    archived_at: float


def add(connection: Connection, records: Iterable[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]) -> None:
    """Index archived incidents for the search; each comes as its row and the rows of all its firings."""
    columns = ("severity", "title", "team", "opened_at", "resolved_at", "resolved_by")
    incidents = [(incident, tuple(firings)) for incident, firings in records]
    rows = [
        {"incident_id": incident["id"], **{name: incident[name] for name in columns}, "alerts": len(firings)}
        for incident, firings in incidents
    ]
    names = [
        {"label": label, "value": value, "incident_id": incident["id"]}
        for incident, firings in incidents
        for label, value in sorted(_names(firings))
    ]
    connection.execute(insert(archive_list), rows)
    if names:
        connection.execute(insert(archive_names), names)


def listing(
    connection: Connection, filters: ArchiveFilter, *, limit: int, before: int | None = None
) -> tuple[ArchivedLine, ...]:
    """Return up to `limit` archived incidents that match `filters`, with an id below `before`, newest first."""
    return tuple(ArchivedLine(**row) for row in connection.execute(statement(filters, limit, before)).mappings())


def statement(filters: ArchiveFilter, limit: int, before: int | None) -> Select[Any]:
    """Return the query of `listing`."""
    rows = archive_list.c
    columns = (
        archive.c[field.name] if field.name == "archived_at" else rows[field.name] for field in fields(ArchivedLine)
    )
    # An operator may have deleted the record by hand; then there is nothing to show.
    query = select(*columns).join(archive, archive.c.incident_id == rows.incident_id)
    for label, value in zip(_LABELS, (filters.system, filters.alert), strict=True):
        if value is not None:
            name = archive_names.alias(label)
            is_about = and_(name.c.label == label, name.c.value == _compared(value))
            query = query.join(name, and_(name.c.incident_id == rows.incident_id, is_about))
    if filters.severity is not None:
        query = query.where(rows.severity == filters.severity)
    if filters.since is not None:
        query = query.where(rows.resolved_at >= filters.since)
    if filters.until is not None:
        query = query.where(rows.opened_at < filters.until)
    if before is not None:
        query = query.where(rows.incident_id < before)
    return query.order_by(rows.incident_id.desc()).limit(limit)


def _names(firings: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    pairs = ((label, firing["labels"].get(label)) for firing in firings for label in _LABELS)
    return {(label, _compared(value)) for label, value in pairs if value}


def _compared(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST_NAME]
