"""A disk that is all but full is told before it is full."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from watchkeeper.catalog.database import Database
from watchkeeper.errors import Unavailable


class Usage(NamedTuple):
    """As the system tells it."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize("free", [0, 16 * 2**20 - 1])
def test_a_disk_without_room_is_told(tmp_path, monkeypatch, free):
    """With the folder, and with what to do."""
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.require_space()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))

    with pytest.raises(Unavailable, match=f"{tmp_path} must have 16777216 bytes free"):
        database.require_space()


def test_a_server_of_databases_looks_after_its_own_disk(monkeypatch):
    """Nothing is asked of this machine's disk for PostgreSQL."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))

    Database("postgresql+psycopg://keeper@127.0.0.1:9/none").require_space()
