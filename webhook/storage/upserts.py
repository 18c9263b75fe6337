"""An insert that can update an existing row instead, for both databases. The modules of `storage` share it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table) -> Any:  # noqa: ANN401  the dialects share `on_conflict_do_update`
    """Return the insert into `table` of the database's own dialect, which has `on_conflict_do_update`."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return build(table)
