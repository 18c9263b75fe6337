"""A lease in SQL: a row that a worker holds under a token until a time.

`outbox`, `batching` and `timers` give and take leases, `stalled_notifications` looks for rows without one. The row of a
crashed worker is free again when its lease has expired; a worker that wakes up after another one has claimed its row
has lost the lease. Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, or_

FREED: Mapping[str, None] = {"lease_until": None, "lease_token": None}
"""The values of a row that nobody holds."""


def leased(token: str, until: float) -> dict[str, object]:
    """Return the values of a row that is held under `token` until `until`."""
    return {"lease_until": until, "lease_token": token}


def is_free(rows: Table, now: float) -> ColumnElement[bool]:
    """Match the rows that nobody holds at `now`."""
    return or_(rows.c.lease_until.is_(None), rows.c.lease_until <= now)


def is_held(rows: Table, token: str) -> ColumnElement[bool]:
    """Match the rows that whoever has the token holds, be it over its time, as long as nobody else has taken them."""
    return rows.c.lease_token == token
