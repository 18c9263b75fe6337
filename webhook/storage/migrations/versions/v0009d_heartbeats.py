"""Heartbeats: a Watchdog by its labels and by the Alertmanager that delivers it, each with its own interval."""

import sqlalchemy as sa
from alembic import op

revision = "0009d"
down_revision = "0008b"


def upgrade() -> None:
    """Add the columns. Which Alertmanager has delivered what was heard before is learned when it is heard again."""
    op.add_column("watchdogs", sa.Column("alike", sa.Text(), nullable=False, server_default=""))
    op.add_column("watchdogs", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("watchdogs", sa.Column("gaps", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("watchdogs", sa.Column("is_apart", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE watchdogs SET alike = key")
    op.create_index("ix_watchdogs_alike", "watchdogs", ["alike"], unique=False)
    op.add_column("told_watchdogs", sa.Column("alike", sa.Text(), nullable=True))
    op.add_column("told_watchdogs", sa.Column("source", sa.Text(), nullable=True))
