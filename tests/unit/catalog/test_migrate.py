"""Starting over a database that is up to date."""

from __future__ import annotations

import subprocess
import sys

import pytest

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.migrate import GROUPS, migrate, revisions

AGAIN = """
import sys
from watchkeeper.catalog.database import Database
from watchkeeper.catalog.migrate import migrate
migrate(Database(sys.argv[1]), sys.argv[2])
print("alembic" in sys.modules)
"""


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_database_that_is_up_to_date_is_known_without_alembic(tmp_path, group):
    """The newest schema is told by its file's name, so nothing heavy is loaded at a restart."""
    url = f"sqlite:///{tmp_path}/db"
    database = Database(url)
    migrate(database, group)
    held, newest = revisions(database, group)
    assert held == newest

    told = subprocess.run(
        [sys.executable, "-c", AGAIN, url, group], check=True, capture_output=True, text=True
    )

    assert told.stdout.split() == ["False"]
    database.close()
