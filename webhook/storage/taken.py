"""The callbacks that were acted on, by what identifies them: so that one that is played again acts once, anywhere.

And what their times have told of the provider's clock. Only requests that a provider has signed come here. Rows older
than any provider's last try are dropped.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, select

from webhook.storage.tables import provider_clocks, taken_callbacks
from webhook.storage.upserts import upsert
from webhook.timestamps import DAY

KEPT_SECONDS = 2 * DAY
"""PagerDuty tries for a day; a signature of Slack's is good for five minutes."""

MEASURED_SECONDS = DAY
"""A clock may be set: for so long the quickest event counts."""


def is_taken(connection: Connection, provider: str, identity: str) -> bool:
    """Return whether this request was acted on."""
    query = select(taken_callbacks.c.key).where(taken_callbacks.c.key == _key(provider, identity))
    return connection.execute(query).scalar_one_or_none() is not None


def take(connection: Connection, provider: str, identity: str, now: float) -> None:
    """Remember that this request was acted on, and forget those of long ago."""
    connection.execute(delete(taken_callbacks).where(taken_callbacks.c.taken_at < now - KEPT_SECONDS))
    insert = upsert(connection, taken_callbacks).values(key=_key(provider, identity), taken_at=now)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


def behind(connection: Connection, provider: str) -> float | None:
    """Return by how many seconds the provider's clock is behind ours at most, None where no event has told.

    Below 0 it is ahead by at least so much.
    """
    query = select(provider_clocks.c.behind).where(provider_clocks.c.provider == provider)
    return connection.execute(query).scalar_one_or_none()


def measure(connection: Connection, provider: str, made_at: float, now: float) -> None:
    """Learn from an event that the provider says was made at `made_at`, and that came at `now`.

    An event takes some time to come, so the quickest says most.
    """
    values = {"behind": now - made_at, "measured_at": now}
    insert = upsert(connection, provider_clocks).values(provider=provider, **values)
    quicker = (provider_clocks.c.behind >= now - made_at) | (provider_clocks.c.measured_at < now - MEASURED_SECONDS)
    connection.execute(insert.on_conflict_do_update(index_elements=["provider"], set_=values, where=quicker))


def _key(provider: str, identity: str) -> str:
    return hashlib.sha256(f"{provider} {identity}".encode()).hexdigest()
