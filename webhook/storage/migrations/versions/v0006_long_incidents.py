"""Parts of the archive: rows that ended long ago, of incidents that are still open."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table of the parts."""
    op.create_table(
        "archived_parts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("incident_id", Key, nullable=False),
        sa.Column("archived_at", sa.Double(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived_parts")),
    )
    op.create_index("ix_archived_parts_incident", "archived_parts", ["incident_id"], unique=False)
