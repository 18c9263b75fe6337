"""Remembers the callbacks that were acted on, so that a replayed callback has no effect on any replica.

It also records what their times show about the provider's clock. Only requests that a provider signed come here. Rows
that are older than any provider's last attempt are deleted.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, select

from webhook.storage.tables import provider_clocks, taken_callbacks
from webhook.storage.upserts import upsert
from webhook.timestamps import DAY

KEPT_SECONDS = 2 * DAY
"""PagerDuty repeats a request for a day; a Slack signature is valid for five minutes."""

MEASURED_SECONDS = DAY
"""Seconds for which the fastest event counts, because a provider's clock may be set."""


def is_taken(connection: Connection, provider: str, identity: str) -> bool:
    """Return whether this request was already acted on."""
    query = select(taken_callbacks.c.key).where(taken_callbacks.c.key == _key(provider, identity))
    return connection.execute(query).scalar_one_or_none() is not None


def take(connection: Connection, provider: str, identity: str, now: float) -> None:
    """Record that this request was acted on, and delete old rows."""
    connection.execute(delete(taken_callbacks).where(taken_callbacks.c.taken_at < now - KEPT_SECONDS))
    insert = upsert(connection, taken_callbacks).values(key=_key(provider, identity), taken_at=now)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


def behind(connection: Connection, provider: str) -> float | None:
    """Return the most seconds by which the provider's clock is behind ours, or None if no event was measured.

    A negative value means that the clock is ahead by at least that much.
    """
    query = select(provider_clocks.c.behind).where(provider_clocks.c.provider == provider)
    return connection.execute(query).scalar_one_or_none()


def measure(connection: Connection, provider: str, made_at: float, now: float) -> None:
    """Measure the provider's clock by an event that it dates at `made_at` and that arrived at `now`.

    Every event takes some time to arrive, so the fastest one gives the closest bound.
    """
    values = {"behind": now - made_at, "measured_at": now}
    insert = upsert(connection, provider_clocks).values(provider=provider, **values)
    is_closer_or_old = (provider_clocks.c.behind >= now - made_at) | (
        provider_clocks.c.measured_at < now - MEASURED_SECONDS
    )
    connection.execute(insert.on_conflict_do_update(index_elements=["provider"], set_=values, where=is_closer_or_old))


def _key(provider: str, identity: str) -> str:
    return hashlib.sha256(f"{provider} {identity}".encode()).hexdigest()
