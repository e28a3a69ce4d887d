"""The catalog on each database that it supports: the same tests run on both."""

from __future__ import annotations

import itertools
import shutil

import pytest
import sqlalchemy as sa

from watchkeeper.catalog import Catalog

_NAMES = itertools.count()


def _create(server_url, template="template1"):
    name = f"wk{next(_NAMES)}"
    server = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    server.dispose()
    return server_url.replace("/postgres?", f"/{name}?")


def _sqlite(folder):
    return f"sqlite:///{folder}/catalog.db", f"sqlite:///{folder}/inbox.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request, tmp_path):
    """The URLs of empty databases: for records, and for the inbox."""
    if request.param == "sqlite":
        return _sqlite(tmp_path)
    url = _create(request.getfixturevalue("postgresql"))
    return url, url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    """A folder of migrated databases, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    Catalog.open(*_sqlite(folder)).close()
    return folder


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql):
    """The name of a migrated database, to be copied."""
    url = _create(postgresql)
    Catalog.open(url).close()
    return sa.make_url(url).database


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_urls(request, tmp_path):
    """The URLs of databases at the newest schema."""
    if request.param == "sqlite":
        found = request.getfixturevalue("migrated_sqlite")
        shutil.copytree(found, tmp_path, dirs_exist_ok=True)
        return _sqlite(tmp_path)
    template = request.getfixturevalue("migrated_postgresql")
    url = _create(request.getfixturevalue("postgresql"), template)
    return url, url


@pytest.fixture
def catalog(migrated_urls):
    """A catalog of its own."""
    opened = Catalog.open(*migrated_urls)
    yield opened
    opened.close()
