"""What each route was told of which group; silences; what decides whom an alert is told to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0012"
down_revision = "catalog_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "alerts", sa.Column("labels", sa.Text, nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column(
        "alerts", sa.Column("fault", sa.String(400), nullable=False, server_default=sa.text("''"))
    )
    op.add_column(
        "incidents",
        sa.Column("certainty", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.create_index(
        "alerts_firing",
        "alerts",
        ["incident"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "alert_groups",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
    )
