"""Watchdogs: Tocsin listens for the Watchdog of each Prometheus separately."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table. Earlier releases kept no labels, so each Watchdog becomes known when it is heard again."""
    op.create_table(
        "watchdogs",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.Column("stopped_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_watchdogs")),
    )
