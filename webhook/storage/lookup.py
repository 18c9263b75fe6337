"""Which open incident a provider means by its key. Reads only; `callbacks` asks, `store` holds the rest."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from webhook.storage.tables import incidents

# Spelled out rather than `<> 'resolved'`, so that the index on the state serves: few incidents are open, many are not.
_OPEN = ("open", "acknowledged")


@dataclass(frozen=True, kw_only=True)
class Found:
    """An incident that is not resolved; times are epoch seconds."""

    number: int
    opened_at: float
    paged_at: float


def by_dedup_key(connection: Connection, key: str) -> Found | None:
    """Return the newest incident that is not resolved and that PagerDuty knows by `key`, or None."""
    query = (
        select(incidents.c.id, incidents.c.opened_at, incidents.c.paged_at)
        .where(incidents.c.status.in_(_OPEN), incidents.c.dedup_key == key)
        .order_by(incidents.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Found(number=row.id, opened_at=row.opened_at, paged_at=row.paged_at)
