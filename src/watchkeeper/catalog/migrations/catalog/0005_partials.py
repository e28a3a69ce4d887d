"""Partials of windows, and how many rows a window's profile counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0005"
down_revision = "catalog_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partials",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
        ),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("known_until", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("partials_by_window", "partials", ["model", "start"])
    op.create_table(
        "partial_marks",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("inbox", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("basis", sa.String(80), nullable=False),
        sa.Column("lateness", sa.Text, nullable=False),
        sa.Column("latest", sa.BigInteger),
    )
    op.add_column(
        "windows",
        sa.Column("profiled_rows", sa.BigInteger, nullable=False, server_default="0"),
    )
