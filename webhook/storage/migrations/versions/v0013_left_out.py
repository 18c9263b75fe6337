"""The groups from which Alertmanager left alerts out, for incidents that have alerts of several groups."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; a count that an earlier release stored is taken to belong to the incident's own group."""
    op.add_column("incidents", sa.Column("left_out", sa.JSON(), nullable=False, server_default="[]"))
