"""Timers in SQL: the next step of each incident, and when it is due. `outcomes` sets them, `steps` works them off.

An incident has at most one row, because it has only one next step. A claim is a lease (`leases`); resetting a timer
takes the lease from the worker that holds it. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, or_, select, update

from webhook.incidents.escalation import Due, TimerKind
from webhook.storage.leases import FREED, is_free, is_held, leased
from webhook.storage.tables import timers as rows
from webhook.storage.upserts import upsert


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A timer that this worker has leased."""

    incident_id: int
    kind: TimerKind
    token: str
    due_at: float
    absent_since: float | None
    """When Alertmanager first listed none of the incident's alerts, if it did."""


def put(connection: Connection, number: int, due: Due | None) -> None:
    """Set the next step of the incident `number`, and end any lease on its timer; None deletes the timer."""
    if due is None:
        connection.execute(delete(rows).where(rows.c.incident_id == number))
        return
    values = {"kind": due.kind, "due_at": due.at, "absent_since": None, **FREED}
    row = upsert(connection, rows).values(incident_id=number, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["incident_id"], set_=values))


def hasten(connection: Connection, number: int, now: float) -> None:
    """Make the incident's timer due now, unless a worker has leased it."""
    is_unclaimed = and_(rows.c.incident_id == number, rows.c.due_at > now, is_free(rows, now))
    connection.execute(update(rows).where(is_unclaimed).values(due_at=now))


def ask_anew(connection: Connection, number: int) -> None:
    """Forget that Alertmanager listed none of the incident's alerts, and end the lease of a worker that is asking."""
    needs_reset = or_(rows.c.absent_since.is_not(None), rows.c.lease_token.is_not(None))
    connection.execute(update(rows).where(rows.c.incident_id == number, needs_reset).values(absent_since=None, **FREED))


def claim(connection: Connection, *, token: str, now: float, until: float) -> Claim | None:
    """Lease the timer that has been due for longest until `until`; return it, or None if none is due."""
    row = connection.execute(due_statement(now)).one_or_none()
    if row is None:
        return None
    connection.execute(update(rows).where(rows.c.incident_id == row.incident_id).values(**leased(token, until)))
    return Claim(
        incident_id=row.incident_id,
        kind=row.kind,
        token=token,
        due_at=row.due_at,
        absent_since=row.absent_since,
    )


def due_statement(now: float) -> Select[Any]:
    """Return the query for the timer to claim next; on PostgreSQL it skips locked rows."""
    query = select(rows).where(_due(now)).order_by(rows.c.due_at, rows.c.incident_id).limit(1)
    return query.with_for_update(skip_locked=True)


def any_due(connection: Connection, now: float) -> bool:
    """Return whether a timer can be claimed now."""
    return bool(connection.execute(select(exists().where(_due(now)))).scalar_one())


def oldest_due(connection: Connection, now: float) -> float | None:
    """Return the due time of the timer that has been due for longest, or None if none is due."""
    oldest: float | None = connection.execute(select(func.min(rows.c.due_at)).where(rows.c.due_at <= now)).scalar_one()
    # A timer that a migration created to be checked at once has the due time 0.
    return oldest or None


def overdue(connection: Connection, now: float) -> int:
    """Return the number of timers that are due and not yet worked off."""
    return int(connection.execute(select(func.count()).where(rows.c.due_at <= now)).scalar_one())


def held(connection: Connection, claimed: Claim) -> bool:
    """Return whether the lease still holds; the row is then locked for this transaction."""
    query = select(rows.c.incident_id).where(_held(claimed)).with_for_update()
    return connection.execute(query).one_or_none() is not None


def postpone(
    connection: Connection, claimed: Claim, *, kind: TimerKind, due_at: float, absent_since: float | None = None
) -> bool:
    """Release a claimed timer, due at `due_at`; return False if the lease was lost."""
    values = {"kind": kind, "due_at": due_at, "absent_since": absent_since, **FREED}
    return connection.execute(update(rows).where(_held(claimed)).values(**values)).rowcount == 1


def _due(now: float) -> ColumnElement[bool]:
    return and_(rows.c.due_at <= now, is_free(rows, now))


def _held(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.incident_id == claimed.incident_id, is_held(rows, claimed.token))
