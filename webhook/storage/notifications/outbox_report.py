"""Reports on the outbox for people and metrics: what was sent to whom, what waits, what failed. Reads only.

`outbox` is the queue itself. Times are epoch seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, func, or_, select

from webhook.incidents.notifications import CALLS, Notification, State
from webhook.storage.tables import WAITING, archived_totals
from webhook.storage.tables import notifications as rows

ENDED: tuple[State, ...] = tuple(state for state in get_args(State) if state != "waiting")
"""The final states of a notification."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """The state of the latest call to a destination."""

    state: State
    created_at: float
    last_error: str | None
    stalled_at: float | None
    """When `fallback` found it stalled, if it did."""

    @property
    def is_lost(self) -> bool:
        """Whether it has not arrived and will not arrive in time: it failed for good, or it is stalled."""
        return self.state == "failed" or (self.state == "waiting" and self.stalled_at is not None)


_CALL = tuple(Call.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """The number of notifications that wait on a channel, and since when the oldest waits."""

    waiting: int
    oldest: float


def of_incident(connection: Connection, incident_id: int) -> tuple[Notification, ...]:
    """Return every notification about the incident, oldest first."""
    query = select(*(rows.c[name] for name in Notification.__dataclass_fields__))
    stored = connection.execute(query.where(rows.c.incident_id == incident_id).order_by(rows.c.id)).mappings()
    return tuple(Notification(**row) for row in stored)


def calls(connection: Connection, incident_id: int) -> dict[tuple[str, str], Call]:
    """Return the latest call to each destination of the incident, by channel and destination.

    A call that stands in for another one also counts as a call to the destination of the original.
    """
    query = select(rows.c.id, rows.c.instead_of, rows.c.channel, rows.c.destination, *(rows.c[name] for name in _CALL))
    original_destination: dict[int, tuple[str, str]] = {}
    latest: dict[tuple[str, str], Call] = {}
    # A call that a batch told counts; a call that a later notification superseded does not.
    is_counted = or_(rows.c.state != "superseded", rows.c.superseded_by.is_not(None))
    asked = query.where(rows.c.incident_id == incident_id, rows.c.action.in_(CALLS), is_counted)
    for row in connection.execute(asked.order_by(rows.c.id)):
        own_destination = (row.channel, row.destination)
        original_destination[row.id] = original_destination.get(row.instead_of, own_destination)
        latest[own_destination] = latest[original_destination[row.id]] = Call(
            **{name: getattr(row, name) for name in _CALL}
        )
    return latest


def depths(connection: Connection, now: float) -> dict[str, Depth]:
    """Return what waits, by channel; channels on which nothing waits are absent.

    Notifications that wait for working hours do not count.
    """
    since = func.coalesce(rows.c.not_before, rows.c.created_at)
    query = (
        select(rows.c.channel, func.count(), func.min(since))
        .where(rows.c.state == WAITING, since <= now)
        .group_by(rows.c.channel)
    )
    depth_rows = connection.execute(query)
    return {channel: Depth(waiting=waiting, oldest=oldest) for channel, waiting, oldest in depth_rows}


@dataclass(frozen=True, kw_only=True)
class Batched:
    """The batches of storms: the number of messages sent, and the number of incidents they covered in all."""

    messages: int
    incidents: int


def batched(connection: Connection) -> dict[str, Batched]:
    """Return the batches by channel; a channel without any is absent."""
    query = select(rows.c.channel, func.count(), func.sum(rows.c.batch_size)).where(rows.c.batch_size.is_not(None))
    batch_rows = connection.execute(query.group_by(rows.c.channel))
    return {
        channel: Batched(messages=messages, incidents=int(incidents)) for channel, messages, incidents in batch_rows
    }


def totals(connection: Connection) -> dict[tuple[str, State], int]:
    """Return the number of notifications that ended in each state, with archived ones, by channel and state."""
    query = select(rows.c.channel, rows.c.state, func.count()).where(rows.c.state.in_(ENDED))
    numbers: Counter[tuple[str, State]] = Counter()
    for part in (query.group_by(rows.c.channel, rows.c.state), select(archived_totals)):
        for channel, state, number in connection.execute(part):
            numbers[channel, state] += number
    return dict(numbers)
