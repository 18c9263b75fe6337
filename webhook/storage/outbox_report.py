"""The outbox as people and metrics see it: what was sent to whom, what waits, what failed. Reads only.

`outbox` is the queue itself. Times are epoch seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, func, or_, select

from webhook.incidents.messages import CALLS, Notification, State
from webhook.storage.tables import WAITING, archived_totals
from webhook.storage.tables import notifications as rows

ENDED: tuple[State, ...] = tuple(state for state in get_args(State) if state != "waiting")
"""How a message can end."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What has become of the latest call to a destination."""

    state: State
    created_at: float
    last_error: str | None
    stalled_at: float | None
    """When it was found to be stalled, if it was."""

    @property
    def is_lost(self) -> bool:
        """Whether it has not arrived and will not arrive in time: it was refused for good, or it is stalled."""
        return self.state == "failed" or (self.state == "waiting" and self.stalled_at is not None)


_CALL = tuple(Call.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How many messages of a channel wait, and since when the oldest does."""

    waiting: int
    oldest: float


def of_incident(connection: Connection, incident_id: int) -> tuple[Notification, ...]:
    """Return every message of the incident, oldest first."""
    query = select(*(rows.c[name] for name in Notification.__dataclass_fields__))
    found = connection.execute(query.where(rows.c.incident_id == incident_id).order_by(rows.c.id)).mappings()
    return tuple(Notification(**row) for row in found)


def calls(connection: Connection, incident_id: int) -> dict[tuple[str, str], Call]:
    """Return the latest call to each destination of the incident, by channel and destination.

    A message that stands in for another counts for that one too: whom it reaches has been reached.
    """
    query = select(rows.c.id, rows.c.instead_of, rows.c.channel, rows.c.destination, *(rows.c[name] for name in _CALL))
    meant: dict[int, tuple[str, str]] = {}
    found: dict[tuple[str, str], Call] = {}
    # What was told together with others has been told.
    reached = or_(rows.c.state != "superseded", rows.c.superseded_by.is_not(None))
    asked = query.where(rows.c.incident_id == incident_id, rows.c.action.in_(CALLS), reached)
    for row in connection.execute(asked.order_by(rows.c.id)):
        own = (row.channel, row.destination)
        meant[row.id] = meant.get(row.instead_of, own)
        found[own] = found[meant[row.id]] = Call(**{name: getattr(row, name) for name in _CALL})
    return found


def depths(connection: Connection, now: float) -> dict[str, Depth]:
    """Return how much waits, by channel; one where nothing waits is absent, and so is what waits for its hours."""
    since = func.coalesce(rows.c.not_before, rows.c.created_at)
    query = (
        select(rows.c.channel, func.count(), func.min(since))
        .where(rows.c.state == WAITING, since <= now)
        .group_by(rows.c.channel)
    )
    found = connection.execute(query)
    return {channel: Depth(waiting=waiting, oldest=oldest) for channel, waiting, oldest in found}


@dataclass(frozen=True, kw_only=True)
class Batched:
    """The batches that storms have led to: how many messages, about how many incidents in all."""

    messages: int
    incidents: int


def batched(connection: Connection) -> dict[str, Batched]:
    """Return the batches by channel; a channel without any is absent."""
    query = select(rows.c.channel, func.count(), func.sum(rows.c.batch_size)).where(rows.c.batch_size.is_not(None))
    found = connection.execute(query.group_by(rows.c.channel))
    return {channel: Batched(messages=messages, incidents=int(incidents)) for channel, messages, incidents in found}


def totals(connection: Connection) -> dict[tuple[str, State], int]:
    """Return how many messages have ever ended in each state, archived ones too, by channel and state."""
    query = select(rows.c.channel, rows.c.state, func.count()).where(rows.c.state.in_(ENDED))
    found: Counter[tuple[str, State]] = Counter()
    for here in (query.group_by(rows.c.channel, rows.c.state), select(archived_totals)):
        for channel, state, number in connection.execute(here):
            found[channel, state] += number
    return dict(found)
