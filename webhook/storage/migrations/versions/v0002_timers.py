"""Escalation: the next step of an incident, the level that it has reached, and why a message is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the timers, and give every unresolved incident one that is due at once.

    Only the catalogue knows when the timer is really due: the worker that claims it computes the time anew.
    """
    for column in (
        sa.Column("level", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("held_since", sa.Double(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("reopened_at", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("flapping_since", sa.Double(), nullable=True),
    ):
        op.add_column("incidents", column)
    op.add_column("notifications", sa.Column("why", sa.Text(), nullable=False, server_default=""))
    op.add_column("notifications", sa.Column("not_before", sa.Double(), nullable=True))
    op.add_column("notifications", sa.Column("instead_of", Key, nullable=True))
    op.create_index("ix_notifications_instead_of", "notifications", ["instead_of"], unique=False)
    op.create_table(
        "timers",
        sa.Column("incident_id", Key, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("absent_since", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_timers_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_timers")),
    )
    op.create_index("ix_timers_due", "timers", ["due_at"], unique=False)
    op.execute(
        "INSERT INTO timers (incident_id, kind, due_at) SELECT id, 'review', 0 FROM incidents"
        " WHERE status <> 'resolved'"
    )
