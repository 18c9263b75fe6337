"""A lease in SQL: a row that a worker holds under a token until a time.

`outbox`, `gathering` and `timers` give and take them, `detours` looks for what nobody holds. A crashed worker's row
comes back when its time has run out, and a worker that wakes up after somebody else has taken the row holds nothing
any more. Times are epoch seconds.
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
