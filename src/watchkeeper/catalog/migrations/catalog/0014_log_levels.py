"""At which level is logged otherwise than configured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0014"
down_revision = "catalog_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_levels",
        sa.Column("logger", sa.String(200), primary_key=True),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger),
    )
