"""Who runs where, and the figures that each process keeps of itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0011"
down_revision = "catalog_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("place", sa.String(600), primary_key=True),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
    )
