"""Detours: when another channel was looked for, because a call could not be delivered in time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Calls that moved on before are checked once more; another message already stands in for each."""
    op.add_column("notifications", sa.Column("detour_at", sa.Double(), nullable=True))
