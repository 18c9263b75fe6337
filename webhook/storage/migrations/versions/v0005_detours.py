"""Detours: whether another way was looked for where a call cannot be delivered in time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add when that was. What had moved on before is looked at once more, and has a message in its place already."""
    op.add_column("notifications", sa.Column("detour_at", sa.Double(), nullable=True))
