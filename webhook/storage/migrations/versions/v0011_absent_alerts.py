"""Each alert has its own absence: an alert that is no longer listed ends, although others of its incident fire."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010h"


def upgrade() -> None:
    """Add the column. The webhook finds an absent alert absent again when it next asks about it."""
    op.add_column("episodes", sa.Column("absent_since", sa.Double(), nullable=True))
