"""How often people whom Telegram refused to reach have come back"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for people in ("patients", "staff"):
        op.add_column(people, sa.Column("returns", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    for people in ("patients", "staff"):
        op.drop_column(people, "returns")
