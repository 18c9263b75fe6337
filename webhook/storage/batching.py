"""Calls to one destination, sent in a storm as one batch, in SQL: counted, leased together, superseded by the primary.

Part of the outbox: `worker` makes the batch in the transaction of its claim, `dispatch` renews its lease until it is
sent, `endings` finishes it. The most urgent call is the primary: its row is the message that is sent, the other rows
name it in `superseded_by`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text, update

from webhook.incidents.messages import CALLS
from webhook.incidents.new_notifications import LEAST_URGENT_CRITICAL
from webhook.incidents.storm import BATCHING, MOST_BATCHED, WINDOW_SECONDS, Traffic, is_storm, waits_until
from webhook.storage import ordering, outbox
from webhook.storage.leases import FREED, is_free, is_held, leased
from webhook.storage.outbox import Claim, Ending
from webhook.storage.tables import MOST_VALUES, WAITING
from webhook.storage.tables import notifications as rows


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A claimed message, and others that it speaks for."""

    primary: Claim
    others: tuple[Claim, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All of them, the primary first."""
        return (self.primary, *self.others)


def batch(connection: Connection, claimed: Claim, *, now: float, until: float) -> Batch | None:
    """Return the message with those that it is to speak for, leased until `until` as well.

    None when it waits for more of a storm: then it has been given back, and so have those beside it.
    """
    alike = _alike(connection, claimed)
    if alike is None:
        return Batch(primary=claimed)
    _lock_destination(connection, claimed)
    traffic = _traffic(connection, claimed, alike, now)
    if not is_storm(traffic):
        return Batch(primary=claimed)
    serious = _is_serious(claimed)
    later = waits_until(traffic, serious=serious, now=now)
    if later is not None:
        _give_back(connection, claimed, alike, now=now, due_at=later)
        return None
    wanted = _calls(claimed) if serious else alike
    return Batch(primary=claimed, others=_lease(connection, claimed, wanted, now=now, until=until))


def renew(connection: Connection, found: Batch, until: float) -> Batch | None:
    """Renew the lease of what is still leased of the batch until `until`; return that, or None when nothing is."""
    numbers, held = [one.id for one in found.claims], set[int]()
    ours = and_(is_held(rows, found.primary.token), rows.c.state == WAITING)
    for start in range(0, len(numbers), MOST_VALUES):
        chosen = and_(rows.c.id.in_(numbers[start : start + MOST_VALUES]), ours)
        renewed = update(rows).where(chosen).values(lease_until=until).returning(rows.c.id)
        held.update(connection.execute(renewed).scalars())
    left = tuple(one for one in found.claims if one.id in held)
    return Batch(primary=left[0], others=left[1:]) if left else None


def finish(connection: Connection, found: Batch, ending: Ending, said: Iterable[int]) -> bool:
    """End the primary as sent; it supersedes the others and the waiting messages `said`. False: the lease was lost.

    Every superseded row names the primary, which shows that nobody was left out.
    """
    if not outbox.finish(connection, found.primary, ending, batch_size=len({one.incident_id for one in found.claims})):
        return False
    values = {
        "state": "superseded",
        "finished_at": ending.at,
        "last_error": f"told together with others, by message {found.primary.id}",
        "superseded_by": found.primary.id,
        **FREED,
    }
    ours, unclaimed = is_held(rows, found.primary.token), is_free(rows, ending.at)
    for numbers, free in (([one.id for one in found.others], ours), (list(said), unclaimed)):
        for start in range(0, len(numbers), MOST_VALUES):
            chosen = and_(rows.c.id.in_(numbers[start : start + MOST_VALUES]), rows.c.state == WAITING, free)
            connection.execute(update(rows).where(chosen).values(**values))
    return True


def _alike(connection: Connection, claimed: Claim) -> ColumnElement[bool] | None:
    """Match what may be in a batch with the message: the same destination and as serious; None for nothing."""
    if claimed.channel not in BATCHING:
        return None
    if claimed.action in CALLS:
        serious = rows.c.urgency <= LEAST_URGENT_CRITICAL
        return and_(_calls(claimed), serious if _is_serious(claimed) else ~serious)
    if claimed.action == "resolve" and ordering.is_told_by_another(connection, claimed):
        return and_(_to(claimed), rows.c.action == "resolve", ordering.only_batched())
    return None


def _calls(claimed: Claim) -> ColumnElement[bool]:
    return and_(_to(claimed), rows.c.action.in_(CALLS))


def _to(claimed: Claim) -> ColumnElement[bool]:
    return and_(rows.c.channel == claimed.channel, rows.c.destination == claimed.destination, rows.c.id != claimed.id)


def _is_serious(claimed: Claim) -> bool:
    return claimed.urgency <= LEAST_URGENT_CRITICAL


def _lock_destination(connection: Connection, claimed: Claim) -> None:
    """Let only one transaction at a time make a batch for a destination; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        key = f"{claimed.channel}|{claimed.destination}"
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _traffic(connection: Connection, claimed: Claim, alike: ColumnElement[bool], now: float) -> Traffic:
    """Count; a message that is being sent counts as sent since its lease began."""
    sent = and_(
        or_(rows.c.state == "sent", rows.c.superseded_by.is_not(None)), rows.c.finished_at > now - WINDOW_SECONDS
    )
    under_way = and_(rows.c.state == WAITING, rows.c.lease_until > now)
    told = connection.execute(select(func.count(), func.max(rows.c.finished_at)).where(alike, sent)).one()
    leased = connection.execute(select(func.count(), func.max(rows.c.leased_at)).where(alike, under_way)).one()
    waiting = connection.execute(select(func.count()).where(alike, outbox.due(claimed.channel, now))).scalar_one()
    return Traffic(
        told=told[0] + leased[0],
        waiting=waiting,
        last=max((at for at in (told[1], leased[1]) if at is not None), default=None),
    )


def _give_back(
    connection: Connection, claimed: Claim, alike: ColumnElement[bool], *, now: float, due_at: float
) -> None:
    """Let the message and those beside it wait; that is no try."""
    connection.execute(
        update(rows)
        .where(rows.c.id == claimed.id)
        .values(due_at=due_at, attempts=claimed.attempts - 1, leased_at=None, **FREED)
    )
    beside = select(rows.c.id).where(alike, outbox.due(claimed.channel, now)).with_for_update(skip_locked=True)
    numbers = list(connection.execute(beside).scalars())
    for start in range(0, len(numbers), MOST_VALUES):
        chosen = rows.c.id.in_(numbers[start : start + MOST_VALUES])
        connection.execute(update(rows).where(chosen).values(due_at=due_at))


def _lease(
    connection: Connection, claimed: Claim, wanted: ColumnElement[bool], *, now: float, until: float
) -> tuple[Claim, ...]:
    """Lease the rest of the batch under the token of its primary."""
    # What waits for more of the storm may go now; what has failed waits for its own time.
    ready = or_(rows.c.due_at <= now, and_(rows.c.attempts == 0, func.coalesce(rows.c.not_before, now) <= now))
    query = select(rows).where(wanted, outbox.free(now), ready).order_by(rows.c.urgency, rows.c.id)
    found = connection.execute(query.limit(MOST_BATCHED).with_for_update(skip_locked=True)).all()
    numbers = [row.id for row in found]
    values = {**leased(claimed.token, until), "leased_at": now, "attempts": rows.c.attempts + 1}
    for start in range(0, len(numbers), MOST_VALUES):
        connection.execute(update(rows).where(rows.c.id.in_(numbers[start : start + MOST_VALUES])).values(**values))
    return tuple(outbox.claim_of(row, claimed.token) for row in found)
