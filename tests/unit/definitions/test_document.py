"""Documents: what is good is read and written back, what is bad is refused with its place."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.definitions.document import (
    Monitor,
    document_from_dict,
    document_to_dict,
    dump_document,
    dump_model,
    load_documents,
    load_model,
    load_text,
    model_from_dict,
)
from watchkeeper.domain.model import (
    AlarmBudget,
    Baseline,
    Column,
    ColumnType,
    Model,
    MonitorSpec,
    Policy,
    Role,
    Task,
    Tier,
)
from watchkeeper.domain.route import AlertRoute, Match, Secret, SinkSpec
from watchkeeper.domain.verdict import Severity
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidDefinition, NotFound

HERE = Path(__file__).parent
GOOD = sorted([*(HERE / "good").glob("*.yaml"), *(HERE / "expected").glob("*.yaml")])
BAD = sorted((HERE / "bad").glob("*.yaml"))

names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
words = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
prose = st.text(
    st.characters(
        exclude_categories=("Cs",),
        exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), *range(127, 160)])),
    ),
    max_size=60,
)
column_names = words.filter(lambda name: not name.startswith("_wk_"))
numbers = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.integers(-(2**63) + 1, 2**63 - 1) | prose,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def columns(draw, name):
    kind = draw(st.sampled_from([ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.TEXT]))
    low, high = sorted(draw(st.tuples(numbers, numbers)))
    numeric, classed = kind is ColumnType.NUMERIC, kind is ColumnType.CATEGORICAL
    return Column(
        name,
        kind,
        draw(st.sampled_from([Role.FEATURE, Role.SEGMENT, Role.CONTEXT, Role.ENTITY])),
        description=draw(prose),
        minimum=low if numeric and draw(st.booleans()) else None,
        maximum=high if numeric and draw(st.booleans()) else None,
        categories=tuple(draw(st.lists(words, unique=True, max_size=3))) if classed else None,
        policy=draw(st.sampled_from(Policy)),
    )


@st.composite
def models(draw):
    held = draw(st.lists(column_names, min_size=1, max_size=4, unique=True))
    specs = st.builds(
        MonitorSpec,
        name=names,
        kind=names,
        columns=st.lists(st.sampled_from(held), max_size=2).map(tuple),
        options=st.dictionaries(words, plain, max_size=3),
        severity=st.sampled_from([str(severity) for severity in Severity]),
        enabled=st.booleans(),
    )
    return Model(
        name=draw(names),
        task=Task.NONE,
        columns=tuple(draw(columns(name)) for name in held),
        granularity=Granularity.parse(draw(st.sampled_from(["5m", "1h", "6h", "1d", "1w"]))),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
        holidays=draw(st.sampled_from([None, "US", "US-NY", "NO"])),
        label_horizon=timedelta(seconds=draw(st.integers(1, 10**8))),
        classes=tuple(draw(st.lists(words, unique=True, max_size=3))),
        baseline=Baseline(draw(st.none() | words), draw(st.integers(1, 3_660))),
        alarm_budget=AlarmBudget(draw(st.floats(0.001, 5)), draw(st.floats(5, 400))),
        monitors=tuple(draw(st.lists(specs, max_size=2, unique_by=lambda spec: spec.name))),
        materiality=draw(st.floats(0, 1)),
        owner=draw(st.just("") | words),
        tier=draw(st.sampled_from(Tier)),
        description=draw(prose),
    )


@settings(deadline=None)  # the first place loads the calendars of all countries
@given(models())
def test_a_model_survives_its_yaml(model):
    """What is written is read as the same model, whatever its names and numbers."""
    assert load_model(dump_model(model)) == model


@settings(deadline=None)  # the first place loads the calendars of all countries
@given(models())
def test_a_model_survives_its_json(model):
    """The same by way of plain values."""
    assert document_from_dict(document_to_dict(model)) == model


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_documents_survive(path):
    """Every good document is read, and written so that it is read as the same."""
    for document in load_documents(path):
        assert load_text(dump_document(document)) == (document,)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_documents_are_refused(path):
    """The message says where, what must hold and what was meant."""
    text = path.read_text(encoding="utf-8")
    expected = [line[10:] for line in text.split("\n") if line.startswith("# expect: ")]
    # comments stand above the document: its lines are counted without them
    body = "\n".join(line for line in text.split("\n") if not line.startswith("# "))

    with pytest.raises(InvalidDefinition) as caught:
        load_text(body)

    assert expected
    for part in expected:
        assert part in str(caught.value)


def test_everything_is_read():
    """Every field of a model's document reaches the model."""
    model = load_model((HERE / "good" / "everything.yaml").read_text(encoding="utf-8"))

    defaults = Model(name="default", task=Task.NONE, columns=())
    for field in dataclasses.fields(Model):
        assert getattr(model, field.name) != getattr(defaults, field.name), field.name
    assert (model.positive_class, model.classes) == ("1", ("0", "1"))
    assert [column.name for column in model.columns][:2] == ["no", "distance"]
    assert model.column("passenger").policy is Policy.HASH


def test_routes_and_monitors_are_read():
    """Routes hold references to secrets; a monitor names its model."""
    on_call, everything, monitor = load_documents(HERE / "good" / "routes.yaml")

    assert on_call.match == Match(
        "flights*", "*", (Tier.CRITICAL, Tier.STANDARD), Severity.CRITICAL
    )
    assert on_call.sinks[0].options["password"] == Secret(env="SMTP_PASSWORD")
    assert on_call.sinks[1].options["headers"] == {
        "Authorization": Secret(env="HOOK"),
        "X-Team": "ops",
    }
    assert everything == AlertRoute("all", (SinkSpec("log"),), Match(tiers=(Tier.EXPERIMENTAL,)))
    assert monitor == Monitor(
        "flights", MonitorSpec("spend-limit", "static", ("spend",), {"above": 5.5})
    )


def test_yaml_is_short():
    """Defaults are left out, and a feature is its name and type."""
    model = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),))

    expected = (
        "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\ncolumns:\n  x: numeric\n"
    )
    assert expected == dump_model(model)


def test_a_folder_is_read_in_order(tmp_path):
    """Every definition below a folder, hidden files and others left out; two of one name refused."""
    head = "kind: Model\napiVersion: watchkeeper/v1\ntask: none\ncolumns: {x: numeric}\nname: "
    (tmp_path / "b.yaml").write_text(head + "second")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.yml").write_text(head + "first")
    (tmp_path / "c.json").write_text(
        '{"kind": "Model", "apiVersion": "watchkeeper/v1", "name": "third", "task": "none", "columns": {}}'
    )
    (tmp_path / ".hidden.yaml").write_text("not a definition")
    (tmp_path / "README.md").write_text("not a definition")

    assert [model.name for model in load_documents(tmp_path)] == ["first", "second", "third"]

    (tmp_path / "d.yaml").write_text(head + "first")
    with pytest.raises(
        InvalidDefinition, match=r"'first' must be defined once.*x\.yml and .*d\.yaml"
    ):
        load_documents(tmp_path)


def test_what_is_not_there_is_not_found(tmp_path):
    """A missing path and an empty folder are said so."""
    with pytest.raises(NotFound, match="must exist"):
        load_documents(tmp_path / "nothing")
    with pytest.raises(NotFound, match="must hold definitions"):
        load_documents(tmp_path)


def test_a_message_names_the_file(tmp_path):
    """File, path and line lead to the mistake."""
    (tmp_path / "m.yaml").write_text(
        "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\ncolumns:\n  x: numerc\n"
    )

    with pytest.raises(InvalidDefinition, match=r"m\.yaml: columns\.x \(line 6\) must be one of"):
        load_documents(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "x" * 10_000_000},
        {"name": "\ud800"},
        {"name": 5},
        {"name": ["m"]},
        {"columns": {"x" * 10_000_000: "numeric"}},
        {"columns": {3: "numeric"}},
        {"columns": {"x\x00": "numeric"}},
        {"columns": {"x": {"type": "numeric", "minimum": 10**400}}},
        {"columns": {"x": {"type": "numeric", "minimum": True}}},
        {"description": "\x1b[31m"},
        {"monitors": [{"name": "m", "type": "t", "options": {"x": float("nan")}}]},
        {"monitors": [{"name": "m", "type": "t", "options": {"x": object()}}]},
        {"monitors": [{"name": "m", "type": "t", "options": {"x": [[[[[[[1]]]]]]]}}]},
        {"task": "x" * 10_000_000},
        {"x" * 10_000_000: 1},
    ],
)
def test_poisoned_values_are_refused(data):
    """Endless text, broken text, numbers that are none: refused, in a message of one line."""
    good = {
        "kind": "Model",
        "apiVersion": "watchkeeper/v1",
        "name": "m",
        "task": "none",
        "columns": {},
    }

    with pytest.raises(InvalidDefinition) as caught:
        model_from_dict(good | data)

    assert len(str(caught.value)) < 1_000


def test_only_a_model_is_a_model():
    """A route where a model is asked for is refused."""
    with pytest.raises(InvalidDefinition, match="one document of kind Model, got AlertRoute"):
        load_model(dump_document(AlertRoute("r", (SinkSpec("log"),))))
    with pytest.raises(InvalidDefinition, match="kind must be 'Model', got 'AlertRoute'"):
        model_from_dict(document_to_dict(AlertRoute("r", (SinkSpec("log"),))))
