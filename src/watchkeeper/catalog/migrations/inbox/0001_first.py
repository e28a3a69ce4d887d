"""The first tables of the inbox."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "inbox_0001"
down_revision = None
branch_labels = None
depends_on = None

_AUTO_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("sender", sa.String(80), primary_key=True),
        sa.Column("batch", sa.String(200), primary_key=True),
        sa.Column("content", sa.BigInteger, nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("duplicate", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_batches_expires_at", "batches", ["expires_at"])
    op.create_table(
        "claims",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ids",
        sa.Column("hash", _AUTO_KEY, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("content", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("position", _AUTO_KEY, primary_key=True),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("batch", sa.String(200), nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("predictions", sa.LargeBinary),
        sa.Column("labels", sa.LargeBinary),
        sa.Column("quarantine", sa.LargeBinary),
        sa.Column("tallies", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("claim", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_by_model", "inbox", ["model", "claim"])
    op.create_table(
        "inbox_identity",
        sa.Column("id", sa.String(40), primary_key=True),
    )
    op.execute(
        sa.text("INSERT INTO inbox_identity (id) VALUES (:id)").bindparams(id=uuid.uuid4().hex)
    )
