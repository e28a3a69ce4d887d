"""The definitions in force, as a process knows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.errors import NotFound
from watchkeeper.server.models import Models

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def catalog(tmp_path):
    """A catalog without documents."""
    opened = Catalog.open(f"sqlite:///{tmp_path}/catalog.db")
    yield opened
    opened.close()


def document(*columns):
    """A definition with these features."""
    return {
        "apiVersion": "watchkeeper/v1",
        "kind": "Model",
        "name": "m",
        "task": "regression",
        "columns": dict.fromkeys(columns, "numeric"),
    }


def names(models):
    """The columns of the definition in force."""
    return [column.name for column in models.get("m").model.columns]


def test_a_definition_of_ones_own_is_in_force_at_once(catalog):
    """Who applied it reads it back, and so does whoever found none before."""
    models = Models(catalog.models)
    with pytest.raises(NotFound):
        models.get("m")

    models.apply("m", document("a"), by="me", now=NOW)
    assert names(models) == ["a"]
    models.apply("m", document("a", "b"), by="me", now=NOW)
    assert names(models) == ["a", "b"]


def test_a_definition_of_another_process_is_seen_within_half_a_second(catalog):
    """Nothing is asked while a look is young; then one count tells whether anything changed."""
    moment = [0.0]
    here, there = Models(catalog.models, seconds=lambda: moment[0]), Models(catalog.models)
    there.apply("m", document("a"), by="them", now=NOW)
    assert names(here) == ["a"]

    there.apply("m", document("a", "b"), by="them", now=NOW)

    assert names(here) == ["a"]
    moment[0] += 0.5
    assert names(here) == ["a", "b"]


def test_who_applies_has_read_the_newest(catalog):
    """A definition is compared with what is in force, not with what was a moment ago."""
    here, there = Models(catalog.models), Models(catalog.models)
    there.apply("m", document("a"), by="them", now=NOW)
    assert names(here) == ["a"]
    there.apply("m", document("a", "b"), by="them", now=NOW)

    here.apply("m", document("a", "b", "c"), by="me", now=NOW)

    assert names(here) == ["a", "b", "c"]
