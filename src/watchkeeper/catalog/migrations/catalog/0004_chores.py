"""When each chore of upkeep was done last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0004"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chores",
        sa.Column("task", sa.String(20), primary_key=True),
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("mark", sa.BigInteger),
        sa.Column("before", sa.BigInteger),
    )
