"""A key may be limited in how many rows and bytes it sends a second."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "catalog_0006"
down_revision = "catalog_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("rows_per_second", "bytes_per_second"):
        op.add_column("keys", sa.Column(column, sa.Float))
