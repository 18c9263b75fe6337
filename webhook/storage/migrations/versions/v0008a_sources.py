"""Sources: which Alertmanagers say that an alert fires, which listed it, and what a delivery put in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0008a"
down_revision = "0007"

FIRING = """
SELECT episodes.id, incidents.external_url AS url, incidents.receiver, episodes.started
FROM episodes JOIN incidents ON incidents.id = episodes.incident_id
WHERE episodes.ended_at IS NULL AND incidents.status <> 'resolved'
"""


def upgrade() -> None:
    """Add the columns and the table. The source of a firing alert is the Alertmanager that its incident names."""
    op.add_column("incidents", sa.Column("doubted_at", sa.Double(), nullable=True))
    op.add_column("episodes", sa.Column("sources", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("episodes", sa.Column("listed_by", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("episodes", sa.Column("refired_at", sa.Double(), nullable=True))
    op.create_table(
        "told_watchdogs",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Double(), nullable=False),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("url", "fingerprint", name=op.f("pk_told_watchdogs")),
    )
    connection = op.get_bind()
    episodes = sa.table("episodes", sa.column("id", sa.BigInteger()), sa.column("sources", sa.JSON()))
    for row in connection.execute(sa.text(FIRING)).all():
        source = {"url": row.url.rstrip("/"), "receiver": row.receiver, "started": row.started}
        connection.execute(episodes.update().where(episodes.c.id == row.id).values(sources=[source]))
