"""The archive: a table for incidents that ended long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the archive and its totals."""
    op.create_table(
        "archive",
        sa.Column("incident_id", Key, autoincrement=False, nullable=False),
        sa.Column("resolved_at", sa.Double(), nullable=False),
        sa.Column("archived_at", sa.Double(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_archive")),
    )
    op.create_table(
        "archived_totals",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("messages", Key, nullable=False),
        sa.PrimaryKeyConstraint("channel", "state", name=op.f("pk_archived_totals")),
    )
