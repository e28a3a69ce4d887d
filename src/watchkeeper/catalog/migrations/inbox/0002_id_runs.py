"""Ids are remembered in sorted runs instead of a row each; rows lie apart from their batch.

What was remembered before is forgotten: a row that is sent again across this step is stored twice
and still counted once, because the reader of the lake takes the first row of every id.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "inbox_0002"
down_revision = "inbox_0001"
branch_labels = None
depends_on = None

_AUTO_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.drop_table("ids")
    op.create_table(
        "id_runs",
        sa.Column("run", _AUTO_KEY, primary_key=True),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("timed", sa.Boolean, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("low", sa.BigInteger, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "id_pages",
        sa.Column("run", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("page", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "inbox_rows",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("predictions", sa.LargeBinary),
        sa.Column("labels", sa.LargeBinary),
        sa.Column("quarantine", sa.LargeBinary),
    )
    op.execute(
        "INSERT INTO inbox_rows (position, predictions, labels, quarantine) "
        "SELECT position, predictions, labels, quarantine FROM inbox"
    )
    for column in ("predictions", "labels", "quarantine"):
        op.drop_column("inbox", column)
