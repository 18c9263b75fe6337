"""Reads and writes incidents, firings, the timeline and heartbeats in SQL.

`outbox` holds the notifications, `database` the transactions. Each function takes the connection of the transaction it
is part of, so that the application layer can commit an incident and its notifications together.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy import insert as plain_insert

from webhook.incidents.firing import AlertFiring, Source
from webhook.incidents.incident import ALERTMANAGER, Entry, Incident, LeftOut, Owner, Status
from webhook.severity import SEVERITIES, rank
from webhook.storage import archive
from webhook.storage.tables import MOST_VALUES, firings, heartbeats, incidents, timeline
from webhook.storage.upserts import upsert

_FIRING_COLUMNS = tuple(field.name for field in fields(AlertFiring))
_INCIDENT_COLUMNS = tuple(field.name for field in fields(Incident) if field.name not in {"id", "firings"})

_MUTABLE = (
    "annotations",
    "generator_url",
    "part",
    "ended_at",
    "ended_by",
    "sources",
    "listed_by",
    "refired_at",
    "absent_since",
)
MOST_ROWS = 200
"""Firings written by one statement: all parameters of a statement are in memory twice."""

_NOT_OVER = or_(incidents.c.status != "resolved", incidents.c.firing_at.is_not(None))
_VOUCHED = "vouched:"

MOST_TURNS = 64
"""Most alerts of an alert batch that are locked individually.

PostgreSQL's lock table holds some thousand locks for all transactions together.
"""
# The first halves of the advisory lock keys: for all alerts, and for a single alert.
# Any constants that no other lock uses will do.
_ALL_ALERTS_LOCK, _ALERT_LOCK = 7_074_222, 7_074_223
_LOCK_ALERTS = text("SELECT pg_advisory_xact_lock(:name, turn) FROM unnest(CAST(:turns AS integer[])) AS turn")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the timeline as stored; `at` is epoch seconds."""

    at: float
    kind: str
    actor: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An incident in a list: without its firings, but with their number and the number that have not ended."""

    incident: Incident
    alerts: int
    firing: int


def lock_alerts(connection: Connection, group_hash: str, fingerprints: Sequence[str]) -> None:
    """Allow only one transaction at a time to assign any of these alerts to an incident (PostgreSQL).

    An alert without an incident has no row that two deliveries could both lock, so an advisory lock stands for the
    alert. After that, the open incidents that the delivery may change are locked in the order of their ids, so that
    deliveries cannot deadlock. A delivery of more than `MOST_TURNS` alerts locks all alerts. SQLite has only one writer
    anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    alert_keys = sorted({zlib.crc32(fingerprint.encode()) & 0x7FFF_FFFF for fingerprint in fingerprints})
    if len(alert_keys) > MOST_TURNS:
        connection.execute(select(func.pg_advisory_xact_lock(_ALL_ALERTS_LOCK, 0)))
    else:
        connection.execute(select(func.pg_advisory_xact_lock_shared(_ALL_ALERTS_LOCK, 0)))
        connection.execute(_LOCK_ALERTS, {"name": _ALERT_LOCK, "turns": alert_keys})
    numbers = sorted(
        {*open_incident_by_fingerprint(connection, fingerprints).values(), *open_numbers(connection, group_hash)}
    )
    for start in range(0, len(numbers), MOST_VALUES):
        chosen = incidents.c.id.in_(numbers[start : start + MOST_VALUES])
        connection.execute(select(incidents.c.id).where(chosen).order_by(incidents.c.id).with_for_update())


def open_incident(
    connection: Connection, group_hash: str, *, owner: Owner | None = None, lock: bool = False
) -> Incident | None:
    """Return the group's incident that is not over, of `owner` if given; `lock` locks it for this transaction.

    An incident that a person resolved while its alerts fire is not over either, but an open incident takes precedence.
    """
    query = select(incidents).where(incidents.c.group_hash == group_hash, _NOT_OVER)
    if owner is not None:
        query = query.where(incidents.c.team == owner.team, incidents.c.policy == owner.policy)
    query = query.order_by(incidents.c.status == "resolved", incidents.c.id).limit(1)
    return _one(connection, query.with_for_update() if lock else query)


def open_numbers(connection: Connection, group_hash: str) -> Sequence[int]:
    """Return the ids of the group's incidents that are not over, in ascending order."""
    query = select(incidents.c.id).where(incidents.c.group_hash == group_hash, _NOT_OVER).order_by(incidents.c.id)
    return connection.execute(query).scalars().all()


def open_truncated(connection: Connection) -> Sequence[int]:
    """Return the ids of the incidents that are not over and from whose groups Alertmanager left out alerts."""
    query = select(incidents.c.id).where(_NOT_OVER, incidents.c.truncated > 0).order_by(incidents.c.id)
    return connection.execute(query).scalars().all()


def in_doubt(connection: Connection, fingerprints: Sequence[str]) -> Sequence[int]:
    """Return the ids of the incidents in which one of these alerts ended and was reported again with its old start."""
    query = select(firings.c.fingerprint, firings.c.incident_id).where(
        firings.c.refired_at.is_not(None), firings.c.ended_at.is_not(None)
    )
    return sorted({row.incident_id for row in _of_fingerprints(connection, query, fingerprints)})


def is_anothers(connection: Connection, group_hash: str, dedup_key: str, owner: Owner) -> bool:
    """Return whether an incident of this group that belongs to another owner uses this dedup key."""
    others = or_(incidents.c.team != owner.team, incidents.c.policy != owner.policy)
    same = and_(incidents.c.group_hash == group_hash, incidents.c.dedup_key == dedup_key)
    return bool(connection.execute(select(exists().where(same, others))).scalar_one())


def incident_by_id(connection: Connection, number: int, *, lock: bool = False) -> Incident | None:
    """Return the incident with its firings, or None; `lock` locks it for this transaction."""
    query = select(incidents).where(incidents.c.id == number)
    return _one(connection, query.with_for_update() if lock else query)


def latest_incident(connection: Connection, group_hash: str, *, owner: Owner, since: float) -> Incident | None:
    """Return the owner's latest incident of the group, locked, if Alertmanager resolved it after `since`; else None."""
    ours = and_(
        incidents.c.group_hash == group_hash, incidents.c.team == owner.team, incidents.c.policy == owner.policy
    )
    latest = select(func.max(incidents.c.id)).where(ours).scalar_subquery()
    query = select(incidents).where(
        incidents.c.id == latest,
        incidents.c.status == "resolved",
        incidents.c.firing_at.is_(None),
        incidents.c.resolved_by == ALERTMANAGER,
        incidents.c.resolved_at > since,
    )
    return _one(connection, query.with_for_update())


def open_incident_by_fingerprint(connection: Connection, fingerprints: Sequence[str]) -> dict[str, int]:
    """Return, by fingerprint, the id of the incident that is not over and has an open firing of that alert.

    If several incidents have one, which only data of earlier versions can contain, the oldest incident counts.
    """
    query = (
        select(firings.c.fingerprint, firings.c.incident_id)
        .join(incidents, incidents.c.id == firings.c.incident_id)
        .where(firings.c.ended_at.is_(None), _NOT_OVER)
        .order_by(firings.c.incident_id.desc())
    )
    return {row.fingerprint: row.incident_id for row in _of_fingerprints(connection, query, fingerprints)}


def firing_elsewhere(
    connection: Connection, incident: Incident, fingerprints: Sequence[str]
) -> tuple[AlertFiring, ...]:
    """Return the open firings of these alerts in other incidents that are not over."""
    query = (
        select(firings)
        .join(incidents, incidents.c.id == firings.c.incident_id)
        .where(firings.c.ended_at.is_(None), firings.c.incident_id != incident.id, _NOT_OVER)
    )
    elsewhere = []
    for start in range(0, len(fingerprints), MOST_VALUES):
        chosen = firings.c.fingerprint.in_(fingerprints[start : start + MOST_VALUES])
        elsewhere += [_firing(row) for row in connection.execute(query.where(chosen)).mappings()]
    return tuple(elsewhere)


def owned(connection: Connection, numbers: Iterable[int], owner: Owner) -> frozenset[int]:
    """Return the ids, out of `numbers`, of the incidents that belong to this owner."""
    candidates = sorted(set(numbers))
    owned_numbers: set[int] = set()
    for start in range(0, len(candidates), MOST_VALUES):
        among = incidents.c.id.in_(candidates[start : start + MOST_VALUES])
        is_owned = and_(incidents.c.team == owner.team, incidents.c.policy == owner.policy)
        owned_numbers |= set(connection.execute(select(incidents.c.id).where(among, is_owned)).scalars())
    return frozenset(owned_numbers)


def ended(connection: Connection, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the identities of firings that Alertmanager ended, each with the id of the latest incident that had it."""
    query = (
        select(firings.c.fingerprint, firings.c.started, firings.c.incident_id)
        .where(firings.c.ended_by == "alertmanager")
        .order_by(firings.c.incident_id)
    )
    incident_by_identity: dict[tuple[str, str], int] = {}
    for start in range(0, len(identities), MOST_VALUES):
        chosen = tuple_(firings.c.fingerprint, firings.c.started).in_(identities[start : start + MOST_VALUES])
        incident_by_identity.update(
            {(row.fingerprint, row.started): row.incident_id for row in connection.execute(query.where(chosen))}
        )
    return incident_by_identity


def vouched(connection: Connection, server: str, started: float, now: float) -> None:
    """Record that this Alertmanager, started at `started`, listed an alert that had been delivered to us."""
    heard(connection, f"{_VOUCHED}{started!r} {server}", now)


def have_vouched(connection: Connection) -> frozenset[tuple[str, float]]:
    """Return every Alertmanager that ever listed a delivered alert, with its start time (epoch seconds)."""
    query = select(heartbeats.c.name).where(heartbeats.c.name.startswith(_VOUCHED, autoescape=True))
    entries = (name.removeprefix(_VOUCHED).partition(" ") for name in connection.execute(query).scalars())
    return frozenset((server, float(started)) for started, _, server in entries)


def seen(connection: Connection, identities: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the identities for which some incident, open or not, has a firing."""
    query = select(firings.c.fingerprint, firings.c.started)
    known: set[tuple[str, str]] = set()
    for start in range(0, len(identities), MOST_VALUES):
        chosen = tuple_(firings.c.fingerprint, firings.c.started).in_(identities[start : start + MOST_VALUES])
        known.update((row.fingerprint, row.started) for row in connection.execute(query.where(chosen)))
    return frozenset(known)


def save(connection: Connection, incident: Incident, changed: Iterable[AlertFiring]) -> Incident:
    """Write the incident and its changed firings; return the incident with its id."""
    json_lists = {
        "reopened_at": list(incident.reopened_at),
        "news_at": list(incident.news_at),
        "left_out": [asdict(left_out) for left_out in incident.left_out],
    }
    values = {name: getattr(incident, name) for name in _INCIDENT_COLUMNS} | json_lists
    if incident.id:
        connection.execute(update(incidents).where(incidents.c.id == incident.id), values)
    else:
        number = connection.execute(plain_insert(incidents).returning(incidents.c.id), values).scalar_one()
        incident = replace(incident, id=number)
    insert = upsert(connection, firings)
    statement = insert.on_conflict_do_update(
        index_elements=["incident_id", "fingerprint", "started"],
        set_={name: insert.excluded[name] for name in _MUTABLE},
    )
    remaining = iter(changed)
    while chunk := list(islice(remaining, MOST_ROWS)):
        connection.execute(statement, [{**asdict(firing), "incident_id": incident.id} for firing in chunk])
    return incident


def note(connection: Connection, number: int, entry: Entry, now: float) -> int:
    """Add a line to the incident's timeline; return the line's id."""
    values = {"incident_id": number, "at": now, "kind": entry.kind, "actor": entry.actor, "detail": entry.detail}
    return int(connection.execute(plain_insert(timeline).returning(timeline.c.id), values).scalar_one())


def lines(connection: Connection, number: int) -> tuple[Line, ...]:
    """Return the incident's timeline, oldest first."""
    query = select(timeline).where(timeline.c.incident_id == number).order_by(timeline.c.id)
    return tuple(
        Line(at=row.at, kind=row.kind, actor=row.actor, detail=row.detail) for row in connection.execute(query)
    )


def listing(  # noqa: PLR0913  what to list, from where, and in which order
    connection: Connection,
    *,
    statuses: Sequence[Status],
    limit: int,
    before: int | None = None,
    fires_on: bool | None = None,
    worst_first: bool = False,
) -> tuple[Listed, ...]:
    """Return up to `limit` incidents in one of `statuses` with an id below `before`, newest first.

    With `worst_first`, the most severe come first, and of one severity the newest.
    If `fires_on` is True, incidents that a person resolved while their alerts fire are included whatever their status;
    if it is False, they are excluded; if it is None, only the status counts.
    """
    chosen: ColumnElement[bool] = incidents.c.status.in_(statuses)
    if fires_on is not None:
        is_firing_on = incidents.c.firing_at.is_not(None)
        chosen = or_(chosen, is_firing_on) if fires_on else and_(chosen, ~is_firing_on)
    severities = {severity: rank(severity) for severity in SEVERITIES}
    worst = [case(severities, value=incidents.c.severity, else_=-1).desc()] if worst_first else []
    query = select(incidents).where(chosen).order_by(*worst, incidents.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(incidents.c.id < before)
    page = [_incident(row, ()) for row in connection.execute(query).mappings()]
    counts = _numbers_of_alerts(connection, [incident.id for incident in page])
    return tuple(
        Listed(incident=incident, alerts=counts[incident.id][0], firing=counts[incident.id][1]) for incident in page
    )


def open_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the number of incidents that are not over, by severity and status; those `resolved` fire on."""
    query = (
        select(incidents.c.severity, incidents.c.status, func.count())
        .where(_NOT_OVER)
        .group_by(incidents.c.severity, incidents.c.status)
    )
    return {(severity, status): number for severity, status, number in connection.execute(query)}


def heard(connection: Connection, name: str, now: float) -> None:
    """Record that the heartbeat `name` was heard at `now`."""
    insert = upsert(connection, heartbeats).values(name=name, heard_at=now)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"heard_at": now}))


def last_heard(connection: Connection, name: str) -> float | None:
    """Return when the heartbeat `name` was last heard, in epoch seconds, or None for never."""
    return connection.execute(select(heartbeats.c.heard_at).where(heartbeats.c.name == name)).scalar_one_or_none()


def _one(connection: Connection, query: Select[Any]) -> Incident | None:
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    query = select(firings).where(firings.c.incident_id == row["id"]).order_by(firings.c.id)
    return _incident(row, tuple(_firing(firing) for firing in connection.execute(query).mappings()))


def _of_fingerprints(connection: Connection, query: Select[Any], fingerprints: Sequence[str]) -> Iterator[Row[Any]]:
    for start in range(0, len(fingerprints), MOST_VALUES):
        chosen = firings.c.fingerprint.in_(fingerprints[start : start + MOST_VALUES])
        yield from connection.execute(query.where(chosen))


def _incident(row: RowMapping, incident_firings: tuple[AlertFiring, ...]) -> Incident:
    json_lists = {name: tuple(row[name]) for name in ("reopened_at", "news_at")}
    json_lists["left_out"] = tuple(LeftOut(**left_out) for left_out in row["left_out"])
    values = {name: row[name] for name in _INCIDENT_COLUMNS} | json_lists
    return Incident(id=row["id"], firings=incident_firings, **values)


def _firing(row: RowMapping) -> AlertFiring:
    values = {name: row[name] for name in _FIRING_COLUMNS}
    return AlertFiring(**{**values, "sources": tuple(Source(**source) for source in row["sources"])})


def _numbers_of_alerts(connection: Connection, numbers: list[int]) -> Mapping[int, tuple[int, int]]:
    """Return, by incident id, the number of its firings and the number of those that have not ended."""
    query = (
        select(firings.c.incident_id, func.count(), func.count() - func.count(firings.c.ended_at))
        .where(firings.c.incident_id.in_(numbers))
        .group_by(firings.c.incident_id)
    )
    earlier = archive.earlier(connection, numbers)
    counts = {number: (earlier[number].alerts, 0) for number in numbers}
    for number, alerts, firing in connection.execute(query):
        counts[number] = (earlier[number].alerts + alerts, firing)
    return counts
