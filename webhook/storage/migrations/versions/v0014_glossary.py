"""Tables and columns have the names of the glossary. Records in the archive keep theirs: `archived` reads both."""

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
