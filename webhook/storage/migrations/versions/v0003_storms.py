"""Storms: one message that tells of many incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add which messages one message covers, and an index that counts the recent messages of a destination."""
    for column in (
        sa.Column("leased_at", sa.Double(), nullable=True),
        sa.Column("gathered", sa.Integer(), nullable=True),
        sa.Column("folded_into", Key, nullable=True),
    ):
        op.add_column("notifications", column)
    op.create_index("ix_notifications_recent", "notifications", ["channel", "destination", "finished_at"], unique=False)
    many = sa.text("gathered IS NOT NULL")
    op.create_index(
        "ix_notifications_gathered",
        "notifications",
        ["channel"],
        unique=False,
        sqlite_where=many,
        postgresql_where=many,
    )
