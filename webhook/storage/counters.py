"""Counters that several processes share: one row for each name and set of labels. `metrics` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select

from webhook.storage.tables import counters
from webhook.storage.upserts import upsert


def count(connection: Connection, name: str, **labels: str) -> None:
    """Add one to the counter; call it last in a transaction, because other transactions wait for the row."""
    insert = upsert(connection, counters).values(name=name, labels=json.dumps(labels, sort_keys=True), number=1)
    increment = {"number": counters.c.number + 1}
    connection.execute(insert.on_conflict_do_update(index_elements=["name", "labels"], set_=increment))


def read(connection: Connection, name: str) -> Iterator[tuple[Mapping[str, str], int]]:
    """Yield the labels and the value of each counter with this name, sorted by labels."""
    query = select(counters.c.labels, counters.c.number).where(counters.c.name == name).order_by(counters.c.labels)
    for row in connection.execute(query):
        yield json.loads(row.labels), row.number
