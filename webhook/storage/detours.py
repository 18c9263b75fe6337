"""Calls that will not be delivered in time where they were meant to be, in SQL. `fallback` looks for another way.

How long a call is waited for stands in its row (`moves_on_at`): as long as its tier's deadline leaves room for another
way. A destination holds a call up in three ways: it has failed the call until then; it has failed what stands before
the call in its line until then; it has asked to be left alone for longer than that. Of the last a call may know before
it was ever tried, or never be told itself. So nothing is decided at one moment: every call that waits is looked at,
once. So is what waits on a channel that no longer has a sender (`channels` are those that have): nobody will ever try.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, func, or_, select, update

from webhook.incidents.messages import CALLS
from webhook.storage.leases import is_free
from webhook.storage.outbox import Message, message_of
from webhook.storage.tables import WAITING, pauses
from webhook.storage.tables import notifications as rows

USUAL_PATIENCE = 60.0
"""Seconds: how long a call is waited for that an earlier version has written."""
MISSING_SENDER = 60.0
"""Seconds: a sender that is not there is not waited for any longer.

Where replicas are restarted one by one with a new channel, one that has it takes the call within that time.
"""


@dataclass(frozen=True, kw_only=True)
class HeldUp:
    """A call that will not be delivered in time, and what its destination has done: failed, or asked for patience."""

    message: Message
    reason: str
    """Why the destination has not taken this call, or the one before it in the line."""
    paused_until: float | None
    """Until when the destination has asked to be left alone, in epoch seconds, if it has."""


def first(connection: Connection, now: float, channels: Collection[str]) -> Message | None:
    """Return the most urgent call that is held up, or None when there is none."""
    row = connection.execute(first_statement(now, channels)).one_or_none()
    return None if row is None else message_of(row)


def first_statement(now: float, channels: Collection[str]) -> Select[Any]:
    """Return the query for the most urgent call that is held up."""
    return select(rows).where(_held_up(now, channels)).order_by(rows.c.urgency, rows.c.id).limit(1)


def take(connection: Connection, number: int, now: float, channels: Collection[str]) -> HeldUp | None:
    """Return the call if it is still held up, and see to it that it is looked at once; or None."""
    wanted = select(rows).where(rows.c.id == number, _held_up(now, channels))
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        return None
    connection.execute(update(rows).where(rows.c.id == number).values(detour_at=now))
    failing = and_(rows.c.lane == row.lane, rows.c.id <= number, _has_failed(rows))
    worst = connection.execute(select(rows).where(failing).order_by(rows.c.id.desc()).limit(1)).one_or_none()
    pause = select(pauses.c.until).where(
        pauses.c.channel == row.channel, pauses.c.destination == row.destination, pauses.c.until > now
    )
    message = message_of(row)
    is_waited_for = now < (message.moves_on_at or message.meant_for + USUAL_PATIENCE)
    return HeldUp(
        message=message,
        reason=((worst.last_error if worst else row.last_error) or "no answer"),
        # What could still be waited for moves on because the pause is longer than that.
        paused_until=connection.execute(pause).scalar_one_or_none() if is_waited_for or worst is None else None,
    )


def without_sender(connection: Connection, channels: Collection[str]) -> tuple[str, ...]:
    """Return the channels that messages wait on and that are not among `channels`, sorted."""
    query = select(rows.c.channel).where(rows.c.state == WAITING, rows.c.channel.not_in(sorted(channels))).distinct()
    return tuple(sorted(connection.execute(query).scalars()))


def oldest_without_sender(
    connection: Connection, channels: Collection[str], before: float, now: float
) -> Message | None:
    """Return the oldest message on one of `channels` that could have been sent `before`, or None."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    waits = and_(rows.c.state == WAITING, rows.c.channel.in_(sorted(channels)), meant_for < before, is_free(rows, now))
    row = connection.execute(select(rows).where(waits).order_by(rows.c.id).limit(1)).one_or_none()
    return None if row is None else message_of(row)


def _held_up(now: float, channels: Collection[str]) -> ColumnElement[bool]:
    """Match calls that nobody is sending, that could have been sent by now, and that have not been looked at."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    moves_on_at = func.coalesce(rows.c.moves_on_at, meant_for + USUAL_PATIENCE)
    ahead = rows.alias("ahead")
    paused = and_(pauses.c.channel == rows.c.channel, pauses.c.destination == rows.c.destination, pauses.c.until > now)
    fails = or_(
        _has_failed(rows),
        exists().where(ahead.c.lane == rows.c.lane, ahead.c.id < rows.c.id, _has_failed(ahead)),
    )
    return and_(
        rows.c.state == WAITING,
        rows.c.action.in_(CALLS),
        rows.c.detour_at.is_(None),
        is_free(rows, now),
        meant_for <= now,
        or_(
            and_(moves_on_at <= now, fails),
            exists().where(paused, pauses.c.until > moves_on_at),
            and_(rows.c.channel.not_in(sorted(channels)), meant_for + MISSING_SENDER <= now),
        ),
    )


def _has_failed(which: FromClause) -> ColumnElement[bool]:
    """Match what was tried and was not taken; a try that a killed worker has not told of is none."""
    return and_(which.c.state == WAITING, which.c.attempts > 0, which.c.last_error.is_not(None))
