"""Columns for incidents that a person resolved while alerts fire; each incident belongs to one team and policy."""

import sqlalchemy as sa
from alembic import op

revision = "0008b"
down_revision = "0008a"

_NOT_RESOLVED = sa.text("status <> 'resolved'")
_FIRES_ON = sa.text("firing_at IS NOT NULL")


def upgrade() -> None:
    """Add the columns, and let a group have one open incident for each team and policy.

    An incident that a person resolved before is over, as people were told. If Alertmanager reports its alerts again,
    that is a new incident.
    """
    op.add_column("incidents", sa.Column("firing_at", sa.Double(), nullable=True))
    op.add_column("incidents", sa.Column("news_at", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("episodes", sa.Column("part", sa.Text(), nullable=False, server_default=""))
    op.drop_index("uq_incidents_open_group", table_name="incidents")
    op.create_index(
        "uq_incidents_open_group",
        "incidents",
        ["group_hash", "team", "policy"],
        unique=True,
        sqlite_where=_NOT_RESOLVED,
        postgresql_where=_NOT_RESOLVED,
    )
    op.create_index(
        "ix_incidents_fires_on",
        "incidents",
        ["group_hash"],
        unique=False,
        sqlite_where=_FIRES_ON,
        postgresql_where=_FIRES_ON,
    )
