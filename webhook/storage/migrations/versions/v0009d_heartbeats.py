"""Heartbeats by labels and Alertmanager, counters that processes share, and the callbacks that were acted on."""

import sqlalchemy as sa
from alembic import op

revision = "0009d"
down_revision = "0008b"


def upgrade() -> None:
    """Add columns and tables. A Watchdog that was heard before gets its Alertmanager when it is heard again."""
    op.add_column("watchdogs", sa.Column("alike", sa.Text(), nullable=False, server_default=""))
    op.add_column("watchdogs", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("watchdogs", sa.Column("gaps", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("watchdogs", sa.Column("is_apart", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE watchdogs SET alike = key")
    op.create_index("ix_watchdogs_alike", "watchdogs", ["alike"], unique=False)
    op.add_column("told_watchdogs", sa.Column("alike", sa.Text(), nullable=True))
    op.add_column("told_watchdogs", sa.Column("source", sa.Text(), nullable=True))
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", name=op.f("pk_counters")),
    )
    op.create_table(
        "taken_callbacks",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_taken_callbacks")),
    )
    op.create_index("ix_taken_callbacks_taken_at", "taken_callbacks", ["taken_at"], unique=False)
