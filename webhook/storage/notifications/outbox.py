"""The outbox in SQL: adds, claims and finishes notifications.

`outcomes` and `fallback` add rows, `worker` claims them, `endings` and `batching` finish them. A row is `waiting` until
it is sent, fails for good, is superseded by a later notification with its ordering key, or turns out to have no sender
(`unconfigured`). A row is never deleted unsent. A claim is a lease (`leases`). Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, insert, or_, select, update

from webhook.incidents.notifications import CALLS, Claim, NewNotification, Notification, NotifiedDestination, State
from webhook.storage.leases import FREED, is_free, is_held, leased
from webhook.storage.tables import WAITING, pauses
from webhook.storage.tables import notifications as rows
from webhook.storage.upserts import upsert

SUPERSEDED = "a later message to the same destination says it"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a claimed notification ended, and when."""

    state: State
    at: float
    provider_id: str | None = None
    error: str | None = None


def enqueue(
    connection: Connection, incident_id: int, messages: Iterable[NewNotification], *, cause: int, now: float
) -> None:
    """Add the notifications that the timeline line with the id `cause` led to.

    A new `update` or `resolve` supersedes a waiting `update` with the same ordering key: texts are rendered when they
    are sent, so the older one would add nothing. A new call cannot overtake earlier calls with its ordering key.
    Therefore an earlier call that is due later or less urgent gets the due time and urgency of the new one. A call
    that would join a batch is dropped if a call with its ordering key already waits for that batch.
    """
    added = list(messages)
    if any(message.joins_batch for message in added):
        batched_keys = _keys_waiting_for_a_batch(connection, incident_id, now)
        added = [message for message in added if not (message.joins_batch and message.ordering_key in batched_keys)]
    superseding_keys = [message.ordering_key for message in added if message.action in {"update", "resolve"}]
    if superseding_keys:
        _supersede(
            connection, and_(rows.c.ordering_key.in_(superseding_keys), rows.c.action == "update", _unclaimed(now)), now
        )
    for message in added:
        if message.action in CALLS and message.state == "waiting":
            _pull_forward(connection, message, now)
    if added:
        connection.execute(insert(rows), [_row(incident_id, message, cause, now) for message in added])


def stood_in_for(connection: Connection, number: int) -> bool:
    """Return whether another notification stands in for the notification `number`."""
    return bool(connection.execute(select(exists().where(rows.c.instead_of == number))).scalar_one())


def told(connection: Connection, incident_id: int) -> tuple[NotifiedDestination, ...]:
    """Return every destination that has a notification about the incident."""
    query = select(rows.c.channel, rows.c.destination, rows.c.who, rows.c.ordering_key, rows.c.state).where(
        rows.c.incident_id == incident_id
    )
    by_ordering_key: dict[str, NotifiedDestination] = {}
    for row in connection.execute(query.order_by(rows.c.id)):
        earlier = by_ordering_key.get(row.ordering_key)
        by_ordering_key[row.ordering_key] = NotifiedDestination(
            channel=row.channel,
            destination=row.destination,
            who=earlier.who if earlier else row.who,
            ordering_key=row.ordering_key,
            configured=row.state != "unconfigured" or (earlier is not None and earlier.configured),
        )
    return tuple(by_ordering_key.values())


def claim(connection: Connection, channel: str, *, token: str, now: float, until: float) -> Claim | None:
    """Lease the most urgent due notification of `channel` until `until`; return it, or None if none is due."""
    row = connection.execute(due_statement(channel, now)).one_or_none()
    if row is None:
        return None
    values = {**leased(token, until), "leased_at": now, "attempts": row.attempts + 1}
    connection.execute(update(rows).where(rows.c.id == row.id).values(**values))
    return claim_of(row, token)


def claim_of(row: Row[Any], token: str) -> Claim:
    """Return the claim on a row leased under `token`; `row` is the row as it was before the lease."""
    return Claim(**(asdict(notification_of(row)) | {"attempts": row.attempts + 1}), token=token)


def notification_of(row: Row[Any]) -> Notification:
    """Return the notification stored in a row."""
    return Notification(**{name: getattr(row, name) for name in Notification.__dataclass_fields__})


def due_statement(channel: str, now: float) -> Select[Any]:
    """Return the query for the most urgent notification that may be claimed; on PostgreSQL it skips locked rows."""
    query = select(rows).where(due(channel, now)).order_by(rows.c.urgency, rows.c.due_at, rows.c.id).limit(1)
    return query.with_for_update(skip_locked=True)


def any_due(connection: Connection, channel: str, now: float) -> bool:
    """Return whether a notification of `channel` can be claimed now."""
    return bool(connection.execute(select(exists().where(due(channel, now)))).scalar_one())


def finish(connection: Connection, claimed: Claim, ending: Ending, *, batch_size: int | None = None) -> bool:
    """End a claimed notification; return False if the lease was lost to another worker.

    `batch_size` is the number of incidents that the message covered, if it spoke for a batch.
    """
    values = {
        "state": ending.state,
        "finished_at": ending.at,
        "provider_id": ending.provider_id,
        "last_error": ending.error,
        "batch_size": batch_size,
        **FREED,
    }
    return connection.execute(update(rows).where(_held(claimed)).values(**values)).rowcount == 1


def postpone(
    connection: Connection, claimed: Claim, *, due_at: float, error: str, moves_on_at: float | None = None
) -> bool:
    """Release a claimed notification for another attempt at `due_at`; return False if the lease was lost.

    `moves_on_at`, if given, replaces the time at which `fallback` looks for another channel.
    """
    moves_on = {} if moves_on_at is None else {"moves_on_at": moves_on_at}
    values = {"due_at": due_at, "last_error": error, **moves_on, **FREED}
    return connection.execute(update(rows).where(_held(claimed)).values(**values)).rowcount == 1


def end_unsent(connection: Connection, number: int, now: float, reason: str) -> bool:
    """End a waiting, unclaimed notification that no sender will ever take; return whether there was one to end."""
    values = {"state": "unconfigured", "finished_at": now, "last_error": reason, **FREED}
    chosen = and_(rows.c.id == number, _unclaimed(now))
    return connection.execute(update(rows).where(chosen).values(**values)).rowcount == 1


def pause(connection: Connection, channel: str, destination: str, until: float) -> None:
    """Stop claims for this destination until `until`, because it asked for a pause. A longer existing pause stays."""
    row = upsert(connection, pauses).values(channel=channel, destination=destination, until=until)
    # A request sent before the pause began may be answered later and ask for a shorter pause.
    longest = case((pauses.c.until > until, pauses.c.until), else_=until)
    connection.execute(row.on_conflict_do_update(index_elements=["channel", "destination"], set_={"until": longest}))


def supersede(connection: Connection, numbers: Collection[int], now: float) -> None:
    """End waiting, unclaimed notifications because another message already said what they would say."""
    if numbers:
        _supersede(connection, and_(rows.c.id.in_(numbers), _unclaimed(now)), now)


def due(channel: str, now: float) -> ColumnElement[bool]:
    """Match notifications that may be claimed: due, unclaimed, first of the ordering key, destination not paused."""
    return and_(
        rows.c.channel == channel,
        rows.c.due_at <= now,
        free(now),
        ~exists().where(
            pauses.c.channel == rows.c.channel, pauses.c.destination == rows.c.destination, pauses.c.until > now
        ),
    )


def free(now: float) -> ColumnElement[bool]:
    """Match unclaimed notifications that are the first waiting one of their ordering key."""
    earlier = rows.alias("earlier")
    return and_(
        _unclaimed(now),
        ~exists().where(
            earlier.c.ordering_key == rows.c.ordering_key, earlier.c.id < rows.c.id, earlier.c.state == WAITING
        ),
    )


def _row(incident_id: int, message: NewNotification, cause: int, now: float) -> dict[str, object]:
    return {
        "incident_id": incident_id,
        "channel": message.channel,
        "destination": message.destination,
        "who": message.who,
        "ordering_key": message.ordering_key,
        "action": message.action,
        "trigger_fingerprint": message.trigger_fingerprint,
        "why": message.why,
        "instead_of": message.instead_of,
        "urgency": message.urgency,
        "dedup_key": f"{message.ordering_key}|{message.action}|{cause}",
        "state": message.state,
        "created_at": now,
        "due_at": now if message.not_before is None else message.not_before,
        "not_before": message.not_before,
        "moves_on_at": message.moves_on_at,
        "attempts": 0,
        "last_error": message.last_error,
        "finished_at": None if message.state == "waiting" else now,
    }


def _keys_waiting_for_a_batch(connection: Connection, incident_id: int, now: float) -> frozenset[str]:
    waits = and_(rows.c.action.in_(CALLS), rows.c.not_before > now, _unclaimed(now))
    query = select(rows.c.ordering_key).where(rows.c.incident_id == incident_id, waits)
    return frozenset(connection.execute(query).scalars())


def _pull_forward(connection: Connection, call: NewNotification, now: float) -> None:
    """Make waiting calls with this ordering key due no later than `call`, and at least as urgent.

    The due time of a call that was already attempted stays, and so does that of a call that waits for a batch of the
    same urgency. `not_before` is moved rather than cleared: without it the call would count as stalled since it was
    written.
    """
    at = now if call.not_before is None else call.not_before
    comes_later = or_(rows.c.not_before > at, rows.c.urgency > call.urgency)
    earlier_calls = and_(
        rows.c.ordering_key == call.ordering_key, rows.c.action.in_(CALLS), _unclaimed(now), comes_later
    )
    values = {
        "urgency": case((rows.c.urgency > call.urgency, call.urgency), else_=rows.c.urgency),
        "due_at": case((and_(rows.c.attempts == 0, rows.c.due_at > at), at), else_=rows.c.due_at),
        "not_before": case((rows.c.not_before > at, at), else_=rows.c.not_before),
        "moves_on_at": case((rows.c.moves_on_at > call.moves_on_at, call.moves_on_at), else_=rows.c.moves_on_at),
    }
    connection.execute(update(rows).where(earlier_calls).values(**values))


def _unclaimed(now: float) -> ColumnElement[bool]:
    return and_(rows.c.state == WAITING, is_free(rows, now))


def _held(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.id == claimed.id, is_held(rows, claimed.token), rows.c.state == WAITING)


def _supersede(connection: Connection, condition: ColumnElement[bool], now: float) -> None:
    values = {"state": "superseded", "finished_at": now, "last_error": SUPERSEDED}
    connection.execute(update(rows).where(condition).values(**values))
