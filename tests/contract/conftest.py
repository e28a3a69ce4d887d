"""The catalog on each database that it supports; what every report must hold, whatever the data."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa

from watchkeeper.catalog import Catalog

_NAMES = itertools.count()
_SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "schemas" / "report.json"
_LOOKED_AT = 300  # verdicts of a report that are held against the schema one by one


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


def _refuse(constant):
    raise AssertionError(f"strict JSON has no {constant}")


def _check_verdict(verdict):
    value, low, high = verdict["value"], verdict["low"], verdict["high"]
    assert verdict["message"].strip()
    if None not in (value, low, high):
        slack = 1e-9 * max(abs(value), 1e-300)
        assert low - slack <= value <= high + slack, verdict
        assert math.isfinite(value)
    if verdict["status"] == "alert" and verdict["what"] != "schema":
        assert None not in (value, low, high), verdict
        assert verdict["n"] > 0 or verdict["what"] == "volume", verdict


@pytest.fixture(scope="session")
def told():
    """Read a report's JSON, and hold it to what every report must be: strict, as the schema says,
    without a failed check, every alarm with its figure, interval and sample size.
    """
    validator = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))

    def read(text):
        report = json.loads(text, parse_constant=_refuse)
        verdicts = report["verdicts"]
        assert [v["message"] for v in verdicts if v["status"] == "error"] == []
        for verdict in verdicts:
            _check_verdict(verdict)
        shown = verdicts[:: 1 + len(verdicts) // _LOOKED_AT]
        shown += [v for v in verdicts if v["status"] == "alert"][:_LOOKED_AT]
        validator.validate({**report, "verdicts": shown})
        return report

    return read
