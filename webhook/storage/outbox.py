"""The outbox in SQL: messages to be sent, claimed, finished. `outcomes` and `fallback` fill it.

`worker` claims from it, `endings` and `batching` end what was claimed.

A row waits until it is sent, failed for good, superseded by a later message of its ordering key, or was never sendable
(`unconfigured`); it is never deleted unsent. A claim is a lease (`leases`). Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, insert, or_, select, update

from webhook.incidents.messages import CALLS, Action, NewNotification, NotifiedDestination, State
from webhook.storage.leases import FREED, is_free, is_held, leased
from webhook.storage.tables import WAITING, pauses
from webhook.storage.tables import notifications as rows
from webhook.storage.upserts import upsert

SUPERSEDED = "a later message to the same destination says it"


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stands in the outbox."""

    id: int
    incident_id: int
    channel: str
    destination: str
    who: str
    ordering_key: str
    action: Action
    trigger_fingerprint: str | None
    why: str
    urgency: int
    attempts: int
    """How many times it has been tried; of a claim, this time included."""
    created_at: float
    moves_on_at: float | None
    """From when on another way is looked for."""
    meant_for: float
    """Since when it could have been sent: when it was written, or when it was to be sent at the earliest."""


@dataclass(frozen=True, kw_only=True)
class Claim(Message):
    """A message that this worker has leased."""

    token: str


_PLAIN = tuple(field.name for field in fields(Message) if field.name != "meant_for")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a claimed message ended, and when."""

    state: State
    at: float
    provider_id: str | None = None
    error: str | None = None


def enqueue(
    connection: Connection, incident_id: int, messages: Iterable[NewNotification], *, cause: int, now: float
) -> None:
    """Add the messages that the timeline's line `cause` has led to.

    A newer edit or resolve supersedes an edit of the same ordering key that still waits: each is written from the state
    at the time it is sent, so the older one would say nothing more. A call that may be made now, or is more severe,
    pulls the calls of its ordering key that wait before it forward: it cannot overtake them. A call that would join a
    batch is left out where a call of its ordering key waits for that batch already.
    """
    found = list(messages)
    if any(message.joins_batch for message in found):
        already = _keys_waiting_for_a_batch(connection, incident_id, now)
        found = [message for message in found if not (message.joins_batch and message.ordering_key in already)]
    newer = [message.ordering_key for message in found if message.action in {"update", "resolve"}]
    if newer:
        _supersede(connection, and_(rows.c.ordering_key.in_(newer), rows.c.action == "update", _unclaimed(now)), now)
    for message in found:
        if message.action in CALLS and message.state == "waiting":
            _pull_forward(connection, message, now)
    if found:
        connection.execute(insert(rows), [_row(incident_id, message, cause, now) for message in found])


def stood_in_for(connection: Connection, number: int) -> bool:
    """Return whether another message was sent on its way instead of message `number`."""
    return bool(connection.execute(select(exists().where(rows.c.instead_of == number))).scalar_one())


def told(connection: Connection, incident_id: int) -> tuple[NotifiedDestination, ...]:
    """Return every destination that has a message of the incident."""
    query = select(rows.c.channel, rows.c.destination, rows.c.who, rows.c.ordering_key, rows.c.state).where(
        rows.c.incident_id == incident_id
    )
    found: dict[str, NotifiedDestination] = {}
    for row in connection.execute(query.order_by(rows.c.id)):
        earlier = found.get(row.ordering_key)
        found[row.ordering_key] = NotifiedDestination(
            channel=row.channel,
            destination=row.destination,
            who=earlier.who if earlier else row.who,
            ordering_key=row.ordering_key,
            configured=row.state != "unconfigured" or (earlier is not None and earlier.configured),
        )
    return tuple(found.values())


def claim(connection: Connection, channel: str, *, token: str, now: float, until: float) -> Claim | None:
    """Lease the most urgent message of `channel` that is due until `until`; return it, or None when there is none."""
    row = connection.execute(due_statement(channel, now)).one_or_none()
    if row is None:
        return None
    values = {**leased(token, until), "leased_at": now, "attempts": row.attempts + 1}
    connection.execute(update(rows).where(rows.c.id == row.id).values(**values))
    return claim_of(row, token)


def claim_of(row: Row[Any], token: str) -> Claim:
    """Return the message of a row that is leased now under `token`; `row` as it was before."""
    return Claim(**(asdict(message_of(row)) | {"attempts": row.attempts + 1}), token=token)


def message_of(row: Row[Any]) -> Message:
    """Return the message of a row."""
    meant_for = row.created_at if row.not_before is None else row.not_before
    return Message(**{name: getattr(row, name) for name in _PLAIN}, meant_for=meant_for)


def due_statement(channel: str, now: float) -> Select[Any]:
    """Return the query for the most urgent message that may be claimed; on PostgreSQL it passes over locked rows."""
    query = select(rows).where(due(channel, now)).order_by(rows.c.urgency, rows.c.due_at, rows.c.id).limit(1)
    return query.with_for_update(skip_locked=True)


def any_due(connection: Connection, channel: str, now: float) -> bool:
    """Return whether a message of `channel` can be claimed now."""
    return bool(connection.execute(select(exists().where(due(channel, now)))).scalar_one())


def finish(connection: Connection, claimed: Claim, ending: Ending, *, batch_size: int | None = None) -> bool:
    """End a claimed message; return False when the lease was lost and somebody else has it.

    `batch_size` is how many incidents it was about, where it was about many.
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
    """Give a claimed message back to be tried again at `due_at`; return False when the lease was lost.

    `moves_on_at` is when another way is looked for, where that is not to wait for the message's own time.
    """
    moves_on = {} if moves_on_at is None else {"moves_on_at": moves_on_at}
    values = {"due_at": due_at, "last_error": error, **moves_on, **FREED}
    return connection.execute(update(rows).where(_held(claimed)).values(**values)).rowcount == 1


def end_unsent(connection: Connection, number: int, now: float, reason: str) -> bool:
    """End a waiting message that nobody has claimed, because no sender will ever take it; return whether it was."""
    values = {"state": "unconfigured", "finished_at": now, "last_error": reason, **FREED}
    chosen = and_(rows.c.id == number, _unclaimed(now))
    return connection.execute(update(rows).where(chosen).values(**values)).rowcount == 1


def pause(connection: Connection, channel: str, destination: str, until: float) -> None:
    """Claim nothing for this destination before `until`: it has asked for patience. A longer pause stays."""
    row = upsert(connection, pauses).values(channel=channel, destination=destination, until=until)
    # What was under way when the pause began may be answered after it, and ask for less.
    longest = case((pauses.c.until > until, pauses.c.until), else_=until)
    connection.execute(row.on_conflict_do_update(index_elements=["channel", "destination"], set_={"until": longest}))


def supersede(connection: Connection, numbers: Collection[int], now: float) -> None:
    """End waiting messages that nobody has claimed, because another one has said what they would."""
    if numbers:
        _supersede(connection, and_(rows.c.id.in_(numbers), _unclaimed(now)), now)


def due(channel: str, now: float) -> ColumnElement[bool]:
    """Match what may be claimed: due, unclaimed, first of its ordering key, its destination not paused."""
    return and_(
        rows.c.channel == channel,
        rows.c.due_at <= now,
        free(now),
        ~exists().where(
            pauses.c.channel == rows.c.channel, pauses.c.destination == rows.c.destination, pauses.c.until > now
        ),
    )


def free(now: float) -> ColumnElement[bool]:
    """Match messages that nobody has claimed and that are the first of their ordering key."""
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
        "last_error": message.reason,
        "finished_at": None if message.state == "waiting" else now,
    }


def _keys_waiting_for_a_batch(connection: Connection, incident_id: int, now: float) -> frozenset[str]:
    waits = and_(rows.c.action.in_(CALLS), rows.c.not_before > now, _unclaimed(now))
    query = select(rows.c.ordering_key).where(rows.c.incident_id == incident_id, waits)
    return frozenset(connection.execute(query).scalars())


def _pull_forward(connection: Connection, call: NewNotification, now: float) -> None:
    """Make the calls of this ordering key that wait for a time of their own due with this one, and as urgent.

    A call that waits for a batch of the same urgency goes on waiting, and so does one that waits for its next attempt.
    `not_before` is moved and not cleared: without it the call would count as stalled since it was written.
    """
    at = now if call.not_before is None else call.not_before
    less = or_(rows.c.not_before > at, rows.c.urgency > call.urgency)
    ahead = and_(rows.c.ordering_key == call.ordering_key, rows.c.action.in_(CALLS), _unclaimed(now), less)
    values = {
        "urgency": case((rows.c.urgency > call.urgency, call.urgency), else_=rows.c.urgency),
        "due_at": case((and_(rows.c.attempts == 0, rows.c.due_at > at), at), else_=rows.c.due_at),
        "not_before": case((rows.c.not_before > at, at), else_=rows.c.not_before),
        "moves_on_at": case((rows.c.moves_on_at > call.moves_on_at, call.moves_on_at), else_=rows.c.moves_on_at),
    }
    connection.execute(update(rows).where(ahead).values(**values))


def _unclaimed(now: float) -> ColumnElement[bool]:
    return and_(rows.c.state == WAITING, is_free(rows, now))


def _held(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.id == claimed.id, is_held(rows, claimed.token), rows.c.state == WAITING)


def _supersede(connection: Connection, which: ColumnElement[bool], now: float) -> None:
    values = {"state": "superseded", "finished_at": now, "last_error": SUPERSEDED}
    connection.execute(update(rows).where(which).values(**values))
