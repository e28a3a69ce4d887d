"""Applying stores what differs, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchkeeper.definitions.apply import apply_documents, plan_documents
from watchkeeper.definitions.document import Monitor, document_to_dict
from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.route import AlertRoute, SinkSpec
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidDefinition

MODEL = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),))
ROUTE = AlertRoute("r", (SinkSpec("log"),))
SOURCE = Source("s", "m", SourceType.DIRECTORY, {"path": "/data"})
LIMIT = Monitor("m", MonitorSpec("limit", "static", ("x",)))


class Memory:
    """Definitions in a dictionary, with every put noted."""

    def __init__(self, *documents):
        self.held = {("Model", each.name): document_to_dict(each) for each in documents}
        self.puts = []

    def get(self, kind, name):
        return self.held.get((kind, name))

    def put(self, kind, name, document):
        self.held[kind, name] = document
        self.puts.append((kind, name))


def test_applying_twice_does_it_once():
    """The second time nothing is stored."""
    store = Memory()

    first = apply_documents([MODEL, ROUTE], store)
    second = apply_documents([MODEL, ROUTE], store)

    assert store.puts == [("Model", "m"), ("AlertRoute", "r")]
    assert [found.needed for found in first + second] == [True, True, False, False]


def test_a_plan_stores_nothing():
    """Planning only looks."""
    store = Memory()

    plans = plan_documents([MODEL], store)

    assert ([found.creates for found in plans], store.puts) == ([True], [])


@pytest.mark.parametrize("documents", [[MODEL, LIMIT], [LIMIT]], ids=["beside", "stored"])
def test_a_monitor_joins_its_model(documents):
    """Whether its model is among the documents or is stored already."""
    store = Memory(MODEL)

    (found,) = apply_documents(documents, store)

    assert [change.path for change in found.changes] == ["monitors.limit"]
    assert store.held["Model", "m"]["monitors"] == [
        {"name": "limit", "type": "static", "columns": ["x"]}
    ]


def test_a_monitor_takes_the_place_of_its_namesake():
    """The same name again is the same monitor, where it stood."""
    other = MonitorSpec("other", "drift")
    store = Memory(replace(MODEL, monitors=(LIMIT.spec, other)))

    apply_documents([Monitor("m", replace(LIMIT.spec, severity="critical"))], store)

    specs = store.held["Model", "m"]["monitors"]
    assert [(spec["name"], spec.get("severity")) for spec in specs] == [
        ("limit", "critical"),
        ("other", None),
    ]


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (replace(LIMIT, model="nobody"), "must name a model that is defined, got 'nobody'"),
        (
            Monitor("m", MonitorSpec("limit", "static", ("z",))),
            r"columns of model 'm', got \['z'\]",
        ),
    ],
)
def test_a_stray_monitor_stores_nothing(monitor, message):
    """What cannot be joined is refused before anything is stored."""
    store = Memory(MODEL)

    with pytest.raises(InvalidDefinition, match=message):
        apply_documents([replace(MODEL, owner="ops"), ROUTE, monitor], store)

    assert store.puts == []


def test_a_source_is_stored_where_its_model_is_known():
    """And what changed of it is said with what that brings."""
    store = Memory(MODEL)
    apply_documents([SOURCE], store)

    (found,) = plan_documents([replace(SOURCE, options={"path": "/new"})], store)

    assert store.puts == [("Source", "s")]
    assert [(change.path, change.new, change.effect) for change in found.changes] == [
        ("path", "/new", "holds for what is taken from now on")
    ]
    with pytest.raises(InvalidDefinition, match="a source must name a model"):
        apply_documents([SOURCE], Memory())
