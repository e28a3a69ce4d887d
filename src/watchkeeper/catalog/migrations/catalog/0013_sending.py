"""Notices are claimed by who sends them, sent in order, and what was answered is kept."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "catalog_0013"
down_revision = "catalog_0012"
branch_labels = None
depends_on = None

_notices = sa.table(
    "notices",
    sa.column("key"),
    sa.column("incident"),
    sa.column("body"),
    sa.column("route"),
    sa.column("sink"),
    sa.column("thread"),
)


def upgrade() -> None:
    for column in (
        sa.Column("route", sa.String(400), nullable=False, server_default=""),
        sa.Column("sink", sa.Integer, nullable=False, server_default="0"),
        sa.Column("thread", sa.String(200), nullable=False, server_default=""),
        sa.Column("claim", sa.String(40)),
        sa.Column("answer", sa.Text),
        sa.Column("remember", sa.Text),
        sa.Column("refresh_at", sa.BigInteger),
    ):
        op.add_column("notices", column)
    op.create_index("ix_notices_refresh_at", "notices", ["refresh_at"])
    op.create_index("notices_by_thread", "notices", ["thread", "position"])
    _fill()


def _fill() -> None:
    connection = op.get_bind()
    kept = connection.execute(sa.select(_notices.c.key, _notices.c.incident, _notices.c.body))
    for key, incident, body in kept.all():
        told = json.loads(body)
        route, sink = str(told.get("route", "")), int(told.get("sink", 0))
        thread = str(told.get("thread") or f"{incident}|{route}|{sink}")[:200]
        connection.execute(
            sa.update(_notices)
            .where(_notices.c.key == key)
            .values(route=route, sink=sink, thread=thread)
        )
