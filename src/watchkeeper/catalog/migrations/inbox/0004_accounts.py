"""What became of a batch, and what its client said, waits with its rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "inbox_0004"
down_revision = "inbox_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("account", sa.Text))
