"""The callbacks that were acted on, by what identifies them: so that one that is played again acts once, anywhere.

Only requests that a provider has signed come here. Rows older than any provider's last try are dropped.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, select

from webhook.storage.tables import taken_callbacks
from webhook.storage.upserts import upsert
from webhook.timestamps import DAY

KEPT_SECONDS = 2 * DAY
"""PagerDuty tries for a day; a signature of Slack's is good for five minutes."""


def is_taken(connection: Connection, provider: str, identity: str) -> bool:
    """Return whether this request was acted on."""
    query = select(taken_callbacks.c.key).where(taken_callbacks.c.key == _key(provider, identity))
    return connection.execute(query).scalar_one_or_none() is not None


def take(connection: Connection, provider: str, identity: str, now: float) -> None:
    """Remember that this request was acted on, and forget those of long ago."""
    connection.execute(delete(taken_callbacks).where(taken_callbacks.c.taken_at < now - KEPT_SECONDS))
    insert = upsert(connection, taken_callbacks).values(key=_key(provider, identity), taken_at=now)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


def _key(provider: str, identity: str) -> str:
    return hashlib.sha256(f"{provider} {identity}".encode()).hexdigest()
