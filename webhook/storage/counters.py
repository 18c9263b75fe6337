"""What several processes count together: one row for each counter and its labels. Read by `metrics`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select

from webhook.storage.tables import counters
from webhook.storage.upserts import upsert


def count(connection: Connection, name: str, **labels: str) -> None:
    """Count one more; last in a transaction, because others wait for the row."""
    insert = upsert(connection, counters).values(name=name, labels=json.dumps(labels, sort_keys=True), number=1)
    more = {"number": counters.c.number + 1}
    connection.execute(insert.on_conflict_do_update(index_elements=["name", "labels"], set_=more))


def read(connection: Connection, name: str) -> Iterator[tuple[Mapping[str, str], int]]:
    """Yield the labels and the number of each counter of this name, sorted by labels."""
    query = select(counters.c.labels, counters.c.number).where(counters.c.name == name).order_by(counters.c.labels)
    for row in connection.execute(query):
        yield json.loads(row.labels), row.number
