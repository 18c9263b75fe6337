"""Leases in SQL: a worker holds a row under a token until a time.

`outbox`, `batching` and `timers` grant and release leases, `stalled_notifications` looks for rows without one. The row
of a crashed worker is free again when its lease expires. A worker loses an expired lease when another worker claims the
row. Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, or_

FREED: Mapping[str, None] = {"lease_until": None, "lease_token": None}
"""The column values of a row without a lease."""


def leased(token: str, until: float) -> dict[str, object]:
    """Return the column values of a row that is leased under `token` until `until`."""
    return {"lease_until": until, "lease_token": token}


def is_free(rows: Table, now: float) -> ColumnElement[bool]:
    """Match rows without a lease, or with an expired one, at `now`."""
    return or_(rows.c.lease_until.is_(None), rows.c.lease_until <= now)


def is_held(rows: Table, token: str) -> ColumnElement[bool]:
    """Match rows leased under this token, even if the lease expired, unless another worker reclaimed them."""
    return rows.c.lease_token == token
