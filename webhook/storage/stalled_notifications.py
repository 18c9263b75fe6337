"""Calls that their destination will not take in time, in SQL. `fallback` finds another channel for them.

The row says until when the destination may still take the call (`moves_on_at`): for as long as the tier's deadline
leaves time for another channel. A call is stalled when, until then, the destination has failed it; has failed a call
before it with the same ordering key; or has asked for a longer pause. A pause may already exist before a call's first
attempt, and a call behind a failing one is never attempted. Therefore every waiting call is checked, and moved on
once. A call on a channel without a sender (`channels` are those with one) is stalled too: nobody will attempt it.
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
class StalledNotification:
    """A call that will not be delivered in time, and what its destination has done: failed, or asked for patience."""

    message: Message
    reason: str
    """Why the destination has not taken this call, or the one before it."""
    paused_until: float | None
    """Until when the destination has asked to be left alone, in epoch seconds, if it has."""


def first(connection: Connection, now: float, channels: Collection[str]) -> Message | None:
    """Return the most urgent stalled call, or None when there is none."""
    row = connection.execute(first_statement(now, channels)).one_or_none()
    return None if row is None else message_of(row)


def first_statement(now: float, channels: Collection[str]) -> Select[Any]:
    """Return the query for the most urgent stalled call."""
    return select(rows).where(_is_stalled(now, channels)).order_by(rows.c.urgency, rows.c.id).limit(1)


def take(connection: Connection, number: int, now: float, channels: Collection[str]) -> StalledNotification | None:
    """Return the call if it is still stalled, and see to it that it is looked at once; or None."""
    wanted = select(rows).where(rows.c.id == number, _is_stalled(now, channels))
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        return None
    connection.execute(update(rows).where(rows.c.id == number).values(stalled_at=now))
    failing = and_(rows.c.ordering_key == row.ordering_key, rows.c.id <= number, _has_failed(rows))
    worst = connection.execute(select(rows).where(failing).order_by(rows.c.id.desc()).limit(1)).one_or_none()
    pause = select(pauses.c.until).where(
        pauses.c.channel == row.channel, pauses.c.destination == row.destination, pauses.c.until > now
    )
    message = message_of(row)
    is_waited_for = now < (message.moves_on_at or message.meant_for + USUAL_PATIENCE)
    return StalledNotification(
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


def _is_stalled(now: float, channels: Collection[str]) -> ColumnElement[bool]:
    """Match calls that nobody is sending, that could have been sent by now, and that have not been looked at."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    moves_on_at = func.coalesce(rows.c.moves_on_at, meant_for + USUAL_PATIENCE)
    ahead = rows.alias("ahead")
    paused = and_(pauses.c.channel == rows.c.channel, pauses.c.destination == rows.c.destination, pauses.c.until > now)
    fails = or_(
        _has_failed(rows),
        exists().where(ahead.c.ordering_key == rows.c.ordering_key, ahead.c.id < rows.c.id, _has_failed(ahead)),
    )
    return and_(
        rows.c.state == WAITING,
        rows.c.action.in_(CALLS),
        rows.c.stalled_at.is_(None),
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
