"""An insert that changes the row where there is one, for both databases. The rooms of the store share it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table) -> Any:  # noqa: ANN401  the dialects share `on_conflict_do_update`
    """Return the database's own insert into `table`."""
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return build(table)
