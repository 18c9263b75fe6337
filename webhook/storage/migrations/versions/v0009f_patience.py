"""When a call that fails for now moves on to another channel, by the deadline of its tier."""

import sqlalchemy as sa
from alembic import op

revision = "0009f"
down_revision = "0009d"


def upgrade() -> None:
    """Add the column; calls that wait already move on a minute after they could have been sent."""
    op.add_column("notifications", sa.Column("moves_on_at", sa.Double(), nullable=True))
