"""Which rejected rows were sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "inbox_0005"
down_revision = "inbox_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replays",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
