"""Finds calls that their destination will not take in time, in SQL. `fallback` moves them to another channel.

The row says until when the destination may still take the call (`moves_on_at`): for as long as the tier's deadline
leaves time for another channel. A call is stalled in three cases: at that time, an attempt to send it has failed; at
that time, an earlier call with the same ordering key has failed; or the destination has asked for a pause that lasts
longer. A pause may begin before a call's first attempt, and a call behind a failing one is never attempted. Therefore
every waiting call is checked, and moved on once. A call on a channel without a sender (`channels` are those with one)
is stalled too: nobody will attempt it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, func, or_, select, update

from webhook.incidents.notifications import CALLS, Notification
from webhook.storage.leases import is_free
from webhook.storage.notifications.outbox import notification_of
from webhook.storage.tables import WAITING, pauses
from webhook.storage.tables import notifications as rows

USUAL_PATIENCE = 60.0
"""Seconds until a call without `moves_on_at`, which an earlier version wrote, moves on."""
MISSING_SENDER = 60.0
"""Seconds until a call on a channel without a sender moves on.

If replicas are restarted one by one with a new channel, a replica that has its sender claims the call within this time.
"""


@dataclass(frozen=True, kw_only=True)
class StalledNotification:
    """A call that will not be delivered in time, and why: its destination failed, or asked for a pause."""

    message: Notification
    reason: str
    """Why the destination did not take this call, or an earlier one with its ordering key."""
    paused_until: float | None
    """Until when the destination asked for a pause, in epoch seconds, if it did."""


def first(connection: Connection, now: float, channels: Collection[str]) -> Notification | None:
    """Return the most urgent stalled call, or None."""
    row = connection.execute(first_statement(now, channels)).one_or_none()
    return None if row is None else notification_of(row)


def first_statement(now: float, channels: Collection[str]) -> Select[Any]:
    """Return the query for the most urgent stalled call."""
    return select(rows).where(_is_stalled(now, channels)).order_by(rows.c.urgency, rows.c.id).limit(1)


def take(connection: Connection, number: int, now: float, channels: Collection[str]) -> StalledNotification | None:
    """Return the call, or None if it is no longer stalled; mark it, so that it is returned only once."""
    query = select(rows).where(rows.c.id == number, _is_stalled(now, channels))
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        return None
    connection.execute(update(rows).where(rows.c.id == number).values(stalled_at=now))
    failing = and_(rows.c.ordering_key == row.ordering_key, rows.c.id <= number, _has_failed(rows))
    failed_call = connection.execute(select(rows).where(failing).order_by(rows.c.id.desc()).limit(1)).one_or_none()
    pause = select(pauses.c.until).where(
        pauses.c.channel == row.channel, pauses.c.destination == row.destination, pauses.c.until > now
    )
    message = notification_of(row)
    is_waited_for = now < (message.moves_on_at or message.meant_for + USUAL_PATIENCE)
    return StalledNotification(
        message=message,
        reason=((failed_call.last_error if failed_call else row.last_error) or "no answer"),
        # A call with time left moves on only because the pause is longer than that time.
        paused_until=connection.execute(pause).scalar_one_or_none() if is_waited_for or failed_call is None else None,
    )


def without_sender(connection: Connection, channels: Collection[str]) -> tuple[str, ...]:
    """Return, sorted, the channels that notifications wait on and that are not among `channels`."""
    query = select(rows.c.channel).where(rows.c.state == WAITING, rows.c.channel.not_in(sorted(channels))).distinct()
    return tuple(sorted(connection.execute(query).scalars()))


def oldest_without_sender(
    connection: Connection, channels: Collection[str], before: float, now: float
) -> Notification | None:
    """Return the oldest notification on `channels` that could have been sent before `before`, or None."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    waits = and_(rows.c.state == WAITING, rows.c.channel.in_(sorted(channels)), meant_for < before, is_free(rows, now))
    row = connection.execute(select(rows).where(waits).order_by(rows.c.id).limit(1)).one_or_none()
    return None if row is None else notification_of(row)


def _is_stalled(now: float, channels: Collection[str]) -> ColumnElement[bool]:
    """Match stalled calls: unclaimed, could have been sent by now, and not yet marked as stalled."""
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


def _has_failed(table: FromClause) -> ColumnElement[bool]:
    """Match waiting notifications with a failed attempt; one that a killed worker never recorded does not count."""
    return and_(table.c.state == WAITING, table.c.attempts > 0, table.c.last_error.is_not(None))
