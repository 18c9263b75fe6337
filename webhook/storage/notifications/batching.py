"""Batches in SQL: in a storm, calls to one destination are leased together and told by one message.

Part of the outbox. `worker` makes the batch in the transaction of its claim, `dispatch` renews the leases until the
message is sent, and `endings` finishes the batch. The most urgent call is the primary: its row is sent, and the other
rows refer to it in `superseded_by`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text, update

from webhook.incidents.new_notifications import LEAST_URGENT_CRITICAL
from webhook.incidents.notifications import CALLS, Claim
from webhook.incidents.storm import BATCHING, MOST_BATCHED, WINDOW_SECONDS, Traffic, is_storm, waits_until
from webhook.storage.leases import FREED, is_free, is_held, leased
from webhook.storage.notifications import ordering, outbox
from webhook.storage.notifications.outbox import Ending
from webhook.storage.tables import MOST_VALUES, WAITING
from webhook.storage.tables import notifications as rows


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A claimed notification, the primary, and the others that its message covers."""

    primary: Claim
    others: tuple[Claim, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims of the batch, the primary first."""
        return (self.primary, *self.others)


def batch(connection: Connection, claimed: Claim, *, now: float, until: float) -> Batch | None:
    """Return the claim with the others that its message is to cover; those are then leased until `until`, too.

    Return None if the claim is to wait for more calls of a storm: it is released, and similar due ones wait too.
    """
    alike = _alike(connection, claimed)
    if alike is None:
        return Batch(primary=claimed)
    _lock_destination(connection, claimed)
    traffic = _traffic(connection, claimed, alike, now)
    if not is_storm(traffic):
        return Batch(primary=claimed)
    serious = _is_serious(claimed)
    postponed_until = waits_until(traffic, serious=serious, now=now)
    if postponed_until is not None:
        _postpone(connection, claimed, alike, now=now, due_at=postponed_until)
        return None
    is_covered = _calls_to_same_destination(claimed) if serious else alike
    return Batch(primary=claimed, others=_lease(connection, claimed, is_covered, now=now, until=until))


def renew(connection: Connection, claimed_batch: Batch, until: float) -> Batch | None:
    """Extend to `until` those leases of the batch that still hold; return their claims, or None if none holds."""
    ids, held_ids = [claim.id for claim in claimed_batch.claims], set[int]()
    ours = and_(is_held(rows, claimed_batch.primary.token), rows.c.state == WAITING)
    for start in range(0, len(ids), MOST_VALUES):
        chosen = and_(rows.c.id.in_(ids[start : start + MOST_VALUES]), ours)
        renewed = update(rows).where(chosen).values(lease_until=until).returning(rows.c.id)
        held_ids.update(connection.execute(renewed).scalars())
    kept = tuple(claim for claim in claimed_batch.claims if claim.id in held_ids)
    return Batch(primary=kept[0], others=kept[1:]) if kept else None


def finish(connection: Connection, claimed_batch: Batch, ending: Ending, included: Iterable[int]) -> bool:
    """End the primary as sent; it supersedes the others and the waiting notifications with the ids `included`.

    Return False if the lease was lost. Every superseded row refers to the primary, as proof that people were told.
    """
    if not outbox.finish(
        connection, claimed_batch.primary, ending, batch_size=len({claim.incident_id for claim in claimed_batch.claims})
    ):
        return False
    values = {
        "state": "superseded",
        "finished_at": ending.at,
        "last_error": f"told together with others, by message {claimed_batch.primary.id}",
        "superseded_by": claimed_batch.primary.id,
        **FREED,
    }
    is_ours, is_unclaimed = is_held(rows, claimed_batch.primary.token), is_free(rows, ending.at)
    for ids, may_end in (([claim.id for claim in claimed_batch.others], is_ours), (list(included), is_unclaimed)):
        for start in range(0, len(ids), MOST_VALUES):
            chosen = and_(rows.c.id.in_(ids[start : start + MOST_VALUES]), rows.c.state == WAITING, may_end)
            connection.execute(update(rows).where(chosen).values(**values))
    return True


def _alike(connection: Connection, claimed: Claim) -> ColumnElement[bool] | None:
    """Match the others that may be in its batch: same destination, equally serious. None if there can be no others."""
    if claimed.channel not in BATCHING:
        return None
    if claimed.action in CALLS:
        serious = rows.c.urgency <= LEAST_URGENT_CRITICAL
        return and_(_calls_to_same_destination(claimed), serious if _is_serious(claimed) else ~serious)
    if claimed.action == "resolve" and ordering.is_told_by_another(connection, claimed):
        return and_(_to_same_destination(claimed), rows.c.action == "resolve", ordering.only_batched())
    return None


def _calls_to_same_destination(claimed: Claim) -> ColumnElement[bool]:
    return and_(_to_same_destination(claimed), rows.c.action.in_(CALLS))


def _to_same_destination(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.channel == claimed.channel, rows.c.destination == claimed.destination, rows.c.id != claimed.id)


def _is_serious(claimed: Claim) -> bool:
    return claimed.urgency <= LEAST_URGENT_CRITICAL


def _lock_destination(connection: Connection, claimed: Claim) -> None:
    """Allow only one transaction at a time to make a batch for a destination; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        key = f"{claimed.channel}|{claimed.destination}"
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _traffic(connection: Connection, claimed: Claim, alike: ColumnElement[bool], now: float) -> Traffic:
    """Count recent and waiting messages; one that is being sent counts as sent at the time its lease began."""
    was_sent = and_(
        or_(rows.c.state == "sent", rows.c.superseded_by.is_not(None)), rows.c.finished_at > now - WINDOW_SECONDS
    )
    is_under_way = and_(rows.c.state == WAITING, rows.c.lease_until > now)
    sent = connection.execute(select(func.count(), func.max(rows.c.finished_at)).where(alike, was_sent)).one()
    under_way = connection.execute(select(func.count(), func.max(rows.c.leased_at)).where(alike, is_under_way)).one()
    waiting = connection.execute(select(func.count()).where(alike, outbox.due(claimed.channel, now))).scalar_one()
    return Traffic(
        told=sent[0] + under_way[0],
        waiting=waiting,
        last=max((at for at in (sent[1], under_way[1]) if at is not None), default=None),
    )


def _postpone(connection: Connection, claimed: Claim, alike: ColumnElement[bool], *, now: float, due_at: float) -> None:
    """Release the claim and postpone similar due notifications; this does not count as an attempt."""
    connection.execute(
        update(rows)
        .where(rows.c.id == claimed.id)
        .values(due_at=due_at, attempts=claimed.attempts - 1, leased_at=None, **FREED)
    )
    similar = select(rows.c.id).where(alike, outbox.due(claimed.channel, now)).with_for_update(skip_locked=True)
    ids = list(connection.execute(similar).scalars())
    for start in range(0, len(ids), MOST_VALUES):
        chosen = rows.c.id.in_(ids[start : start + MOST_VALUES])
        connection.execute(update(rows).where(chosen).values(due_at=due_at))


def _lease(
    connection: Connection, claimed: Claim, is_covered: ColumnElement[bool], *, now: float, until: float
) -> tuple[Claim, ...]:
    """Lease the rest of the batch under the token of its primary."""
    # Calls that wait for more of the storm may be sent now; a call that failed waits until its next attempt.
    ready = or_(rows.c.due_at <= now, and_(rows.c.attempts == 0, func.coalesce(rows.c.not_before, now) <= now))
    query = select(rows).where(is_covered, outbox.free(now), ready).order_by(rows.c.urgency, rows.c.id)
    others = connection.execute(query.limit(MOST_BATCHED).with_for_update(skip_locked=True)).all()
    ids = [row.id for row in others]
    values = {**leased(claimed.token, until), "leased_at": now, "attempts": rows.c.attempts + 1}
    for start in range(0, len(ids), MOST_VALUES):
        connection.execute(update(rows).where(rows.c.id.in_(ids[start : start + MOST_VALUES])).values(**values))
    return tuple(outbox.claim_of(row, claimed.token) for row in others)
