"""The archive can be listed and searched: a narrow row for each incident, and which systems and alerts it was about."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010h"
down_revision = "0009f"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 100
"""Records that are read at once."""
LONGEST = 200
"""Characters of a name that are compared."""

_ARCHIVE = sa.table("archive", sa.column("incident_id", Key), sa.column("record", sa.JSON()))
_PARTS = sa.table(
    "archived_parts", sa.column("incident_id", Key), sa.column("alerts", sa.Integer()), sa.column("record", sa.JSON())
)


def upgrade() -> None:
    """Add the two tables, and fill them from what is archived."""
    listed = op.create_table(
        "archive_list",
        sa.Column("incident_id", Key, autoincrement=False, nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("resolved_at", sa.Double(), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_archive_list")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["archive.incident_id"], name=op.f("fk_archive_list_incident_id"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_archive_list_severity", "archive_list", ["severity", "incident_id"], unique=False)
    op.create_index("ix_archive_list_resolved", "archive_list", ["resolved_at"], unique=False)
    names = op.create_table(
        "archive_names",
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("incident_id", Key, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("label", "value", "incident_id", name=op.f("pk_archive_names")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["archive.incident_id"], name=op.f("fk_archive_names_incident_id"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_archive_names_incident", "archive_names", ["incident_id"], unique=False)
    for records in _batches(op.get_bind()):
        op.bulk_insert(listed, [_row(number, record, parts) for number, record, parts in records])
        op.bulk_insert(
            names,
            [
                {"label": label, "value": value, "incident_id": number}
                for number, record, parts in records
                for label, value in sorted(_names([*record["episodes"], *parts]))
            ],
        )


def _batches(connection: sa.Connection) -> Iterator[list[tuple[int, dict[str, Any], list[dict[str, Any]]]]]:
    """Yield archived incidents in batches: id, record, and the alerts that were archived while it was open."""
    last = -1
    while True:
        query = sa.select(_ARCHIVE).where(_ARCHIVE.c.incident_id > last).order_by(_ARCHIVE.c.incident_id).limit(BATCH)
        incident_rows = connection.execute(query).all()
        if not incident_rows:
            return
        last = incident_rows[-1].incident_id
        parts: dict[int, list[dict[str, Any]]] = {}
        is_of_batch = _PARTS.c.incident_id.in_([row.incident_id for row in incident_rows])
        for row in connection.execute(sa.select(_PARTS).where(is_of_batch, _PARTS.c.alerts > 0)):
            parts.setdefault(row.incident_id, []).extend(row.record.get("episodes", ()))
        yield [(row.incident_id, row.record, parts.get(row.incident_id, [])) for row in incident_rows]


def _row(number: int, record: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    incident = record["incident"]
    columns = ("severity", "title", "team", "opened_at", "resolved_at", "resolved_by")
    row = {name: incident.get(name) for name in columns}
    return {"incident_id": number, **row, "alerts": len(record["episodes"]) + len(parts)}


def _names(episodes: list[dict[str, Any]]) -> set[tuple[str, str]]:
    pairs = ((label, episode["labels"].get(label)) for episode in episodes for label in ("system", "alertname"))
    return {(label, _compared(value)) for label, value in pairs if value}


def _compared(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST]
