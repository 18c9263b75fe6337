"""Each alert has its own absence: one that is no longer listed ends while others of its incident fire."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010h"


def upgrade() -> None:
    """Add the column. What was found absent before is found so again when it is asked about."""
    op.add_column("episodes", sa.Column("absent_since", sa.Double(), nullable=True))
