"""A journal of changes, and what people say of incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0010"
down_revision = "catalog_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("model", sa.String(200)),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("link", sa.Text),
    )
    op.create_index("changes_by_age", "changes", ["at", "key"])
    op.create_index("changes_by_model", "changes", ["model", "at"])
    op.create_table(
        "feedback",
        sa.Column("incident", sa.String(80), primary_key=True),
        sa.Column("by", sa.String(200), primary_key=True),
        sa.Column("worth", sa.String(10), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
