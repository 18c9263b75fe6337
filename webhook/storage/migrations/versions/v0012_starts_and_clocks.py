"""Keeps each start of a Watchdog, because two that fire at once come from two Prometheus servers; providers' clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the Watchdogs' table anew, because its key has one more column; it has 200 rows at most."""
    connection = op.get_bind()
    rows = [dict(row) for row in connection.execute(sa.text("SELECT * FROM told_watchdogs")).mappings()]
    op.drop_table("told_watchdogs")
    table = op.create_table(
        "told_watchdogs",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Double(), nullable=False),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.Column("alike", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url", "fingerprint", "starts_at", name=op.f("pk_told_watchdogs")),
    )
    if rows:
        op.bulk_insert(table, rows)
    op.create_table(
        "provider_clocks",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("behind", sa.Double(), nullable=False),
        sa.Column("measured_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_clocks")),
    )
