"""Of which groups Alertmanager has left alerts out, where an incident has alerts of several."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; what earlier releases have counted is taken for the incident's own group's."""
    op.add_column("incidents", sa.Column("left_out", sa.JSON(), nullable=False, server_default="[]"))
