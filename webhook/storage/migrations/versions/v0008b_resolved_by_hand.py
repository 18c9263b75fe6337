"""A person's resolve is no end while alerts fire, and an incident is one team's: columns, and whose a group may be."""

import sqlalchemy as sa
from alembic import op

revision = "0008b"
down_revision = "0008a"

_NOT_RESOLVED = sa.text("status <> 'resolved'")
_FIRES_ON = sa.text("firing_at IS NOT NULL")


def upgrade() -> None:
    """Add what is remembered of incidents and alerts; a group may have an open incident for each team and policy.

    What persons have resolved before is over, as it was told: if Alertmanager tells of it again it is a new incident.
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
