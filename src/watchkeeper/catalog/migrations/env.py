"""What Alembic runs: the caller gives the open transaction and which group of tables to migrate."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
group = context.config.attributes["group"]

context.configure(connection=connection, version_table=f"{group}_migration")
with context.begin_transaction():
    context.run_migrations()
