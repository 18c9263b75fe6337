"""Tables and columns get the names of the glossary. Archived records keep the old names: `archived` reads both."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Rename the tables, the columns, and the constraints and indexes that are named after them."""
    op.drop_index("ix_episodes_identity", "episodes")
    op.rename_table("episodes", "firings")
    with op.batch_alter_table("firings") as firings:
        firings.drop_constraint(op.f("uq_episodes_incident_id_fingerprint_started"), type_="unique")
        firings.create_unique_constraint(
            op.f("uq_firings_incident_id_fingerprint_started"), ["incident_id", "fingerprint", "started"]
        )
    op.create_index("ix_firings_identity", "firings", ["fingerprint", "started"], unique=False)
    _rename("incidents", {"held_since": "suppressed_since", "held_by": "suppressed_by"})
    op.drop_index("ix_notifications_lane", "notifications")
    op.drop_index("ix_notifications_gathered", "notifications")
    _rename(
        "notifications",
        {
            "lane": "ordering_key",
            "focus": "trigger_fingerprint",
            "gathered": "batch_size",
            "folded_into": "superseded_by",
            "detour_at": "stalled_at",
        },
    )
    waiting, batched = sa.text("state = 'waiting'"), sa.text("batch_size IS NOT NULL")
    op.create_index(
        "ix_notifications_ordering_key",
        "notifications",
        ["ordering_key", "id"],
        unique=False,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "ix_notifications_batched",
        "notifications",
        ["channel"],
        unique=False,
        sqlite_where=batched,
        postgresql_where=batched,
    )
    for table in ("notifications", "archived_totals"):
        state = sa.table(table, sa.column("state", sa.Text()))
        op.execute(state.update().where(state.c.state == "folded").values(state="superseded"))


def _rename(table: str, columns: dict[str, str]) -> None:
    for old, new in columns.items():
        op.alter_column(table, old, new_column_name=new)
