"""Profiles that clients sent in the place of rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0007"
down_revision = "catalog_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_profiles",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
        ),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("sent_profiles_by_window", "sent_profiles", ["model", "start"])
    op.create_table(
        "sent_batches",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("batch", sa.String(200), primary_key=True),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
    )
    for name in ("sent_accepted", "sent_rejected"):
        op.add_column("windows", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
