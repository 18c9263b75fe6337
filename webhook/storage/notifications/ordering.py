"""What was sent before a claimed notification with its ordering key, and what waits behind it. Reads only.

`dispatch` asks when it renders a message, `batching` when it makes a batch. If a destination was told about an incident
only by the message of a batch, there is no message of the incident to edit or reply to.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, or_, select

from webhook.incidents.notifications import Action, Claim
from webhook.storage.tables import WAITING
from webhook.storage.tables import notifications as rows


def first_provider_id(connection: Connection, claimed: Claim) -> str | None:
    """Return the provider's id of the ordering key's first message about this incident alone, or None."""
    has_provider_id = and_(_same(claimed), rows.c.provider_id.is_not(None), rows.c.batch_size.is_(None))
    query = select(rows.c.provider_id).where(has_provider_id).order_by(rows.c.id).limit(1)
    return connection.execute(query).scalar_one_or_none()


def any_sent(connection: Connection, claimed: Claim) -> bool:
    """Return whether an earlier message with this ordering key, about this incident alone, was sent."""
    earlier = and_(_same(claimed), _single(rows), rows.c.id < claimed.id)
    return bool(connection.execute(select(exists().where(earlier))).scalar_one())


def later(connection: Connection, claimed: Claim) -> tuple[tuple[int, Action], ...]:
    """Return id and action of the notifications that wait behind this one, with its ordering key and incident."""
    behind = and_(_same(claimed), rows.c.id > claimed.id, rows.c.state == WAITING)
    query = select(rows.c.id, rows.c.action).where(behind).order_by(rows.c.id)
    return tuple((number, action) for number, action in connection.execute(query))


def is_called_again(connection: Connection, claimed: Claim, now: float) -> bool:
    """Return whether a call with the same action waits behind this one and may also be sent by `now`."""
    meant_for = func.coalesce(rows.c.not_before, rows.c.created_at)
    again = and_(_same(claimed), rows.c.id > claimed.id, rows.c.state == WAITING, rows.c.action == claimed.action)
    return bool(connection.execute(select(exists().where(again, meant_for <= now))).scalar_one())


def is_told_by_another(connection: Connection, claimed: Claim) -> bool:
    """Return whether the destination was told about the incident only by the message of a batch."""
    query = select(exists().where(rows.c.id == claimed.id, only_batched()))
    return bool(connection.execute(query).scalar_one())


def only_batched() -> ColumnElement[bool]:
    """Match notifications of incidents that their destination was told about only by the message of a batch."""
    other = rows.alias("other")
    is_same_key = and_(other.c.ordering_key == rows.c.ordering_key, other.c.incident_id == rows.c.incident_id)
    batched = or_(other.c.superseded_by.is_not(None), other.c.batch_size.is_not(None))
    return and_(exists().where(is_same_key, batched), ~exists().where(is_same_key, _single(other)))


def _same(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.ordering_key == claimed.ordering_key, rows.c.incident_id == claimed.incident_id)


def _single(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.state == "sent", table.c.batch_size.is_(None))
