"""Indexes for what is uncertain and for what may be forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UNCERTAIN = sa.text("state = 'uncertain'")


def upgrade() -> None:
    op.create_index("ix_outbox_ended", "outbox", ["ended_at"])
    op.create_index(
        "ix_outbox_uncertain", "outbox", ["check_in_id"], sqlite_where=_UNCERTAIN, postgresql_where=_UNCERTAIN
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_uncertain", table_name="outbox")
    op.drop_index("ix_outbox_ended", table_name="outbox")
