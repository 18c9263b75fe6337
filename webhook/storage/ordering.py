"""What was sent before a claimed message under its ordering key, and what waits behind it. Reads only.

`dispatch` asks when a message is written, `batching` when a batch is made. Of incidents that a destination
knows of only from a message on many there is nothing that could be edited or answered.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, or_, select

from webhook.incidents.messages import Action
from webhook.storage.outbox import Claim
from webhook.storage.tables import WAITING
from webhook.storage.tables import notifications as rows


def first_provider_id(connection: Connection, claimed: Claim) -> str | None:
    """Return the provider's id of the first message sent of this ordering key about this incident alone, or None."""
    known = and_(_same(claimed), rows.c.provider_id.is_not(None), rows.c.batch_size.is_(None))
    query = select(rows.c.provider_id).where(known).order_by(rows.c.id).limit(1)
    return connection.execute(query).scalar_one_or_none()


def any_sent(connection: Connection, claimed: Claim) -> bool:
    """Return whether an earlier message of the ordering key about this incident alone has been sent."""
    earlier = and_(_same(claimed), _single(rows), rows.c.id < claimed.id)
    return bool(connection.execute(select(exists().where(earlier))).scalar_one())


def later(connection: Connection, claimed: Claim) -> tuple[tuple[int, Action], ...]:
    """Return the waiting messages behind this one, of the same ordering key and incident: id and action."""
    behind = and_(_same(claimed), rows.c.id > claimed.id, rows.c.state == WAITING)
    query = select(rows.c.id, rows.c.action).where(behind).order_by(rows.c.id)
    return tuple((number, action) for number, action in connection.execute(query))


def is_called_again(connection: Connection, claimed: Claim, now: float) -> bool:
    """Return whether a later call of the same kind waits behind this one and may be made by `now` too."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    again = and_(_same(claimed), rows.c.id > claimed.id, rows.c.state == WAITING, rows.c.action == claimed.action)
    return bool(connection.execute(select(exists().where(again, meant_for <= now))).scalar_one())


def is_told_by_another(connection: Connection, claimed: Claim) -> bool:
    """Return whether the destination knows of the incident only from a message on many."""
    query = select(exists().where(rows.c.id == claimed.id, only_batched()))
    return bool(connection.execute(query).scalar_one())


def only_batched() -> ColumnElement[bool]:
    """Match messages of incidents that their destination knows of only from a message on many."""
    other = rows.alias("other")
    own = and_(other.c.ordering_key == rows.c.ordering_key, other.c.incident_id == rows.c.incident_id)
    batched = or_(other.c.superseded_by.is_not(None), other.c.batch_size.is_not(None))
    return and_(exists().where(own, batched), ~exists().where(own, _single(other)))


def _same(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.ordering_key == claimed.ordering_key, rows.c.incident_id == claimed.incident_id)


def _single(which: FromClause) -> ColumnElement[bool]:
    return and_(which.c.state == "sent", which.c.batch_size.is_(None))
