"""The windows that have something new are found without looking at all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0009"
down_revision = "catalog_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "windows_dirty",
        "windows",
        ["start"],
        sqlite_where=sa.text("profiled < changed"),
        postgresql_where=sa.text("profiled < changed"),
    )
