"""How models answered, as their own servers count it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0015"
down_revision = "catalog_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_windows",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True),
        sa.Column("end", sa.BigInteger, primary_key=True),
        sa.Column("source", sa.String(80), primary_key=True),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
