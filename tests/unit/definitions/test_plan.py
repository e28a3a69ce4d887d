"""What would change, and what it brings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchkeeper.definitions.plan import Change, plan, render
from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.route import AlertRoute, Match, SinkSpec
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidInput

X, Y = Column("x", ColumnType.NUMERIC), Column("y z", ColumnType.CATEGORICAL)
MODEL = Model("m", Task.NONE, (X, Y))


def test_nothing_to_change():
    """The same definition, with its columns in another order, changes nothing."""
    found = plan(MODEL, replace(MODEL, columns=(Y, X)))

    assert (found.changes, found.needed) == ((), False)
    assert render(found) == "= model m: unchanged"


def test_a_new_model():
    """Where nothing is stored, the whole is new."""
    found = plan(None, MODEL)

    assert (found.creates, found.needed, render(found)) == (True, True, "+ model m: new")


def test_every_difference_is_named():
    """Columns that come and go, fields, monitors: each with its old and new value."""
    wanted = replace(
        MODEL,
        columns=(replace(X, role=Role.CONTEXT, maximum=3.0), Column("w.type", ColumnType.TEXT)),
        granularity=Granularity.parse("1h"),
        owner="ops",
        monitors=(MonitorSpec("limit", "static"),),
    )

    found = plan(MODEL, wanted)

    assert [(change.path, change.old, change.new) for change in found.changes] == [
        ("owner", None, "ops"),
        ("granularity", "1d", "1h"),
        ("columns.x.role", "feature", "context"),
        ("columns.x.maximum", None, 3.0),
        ("columns.w.type", None, "text feature"),
        ("columns.'y z'", "categorical feature", None),
        ("monitors.limit", None, {"name": "limit", "type": "static"}),
    ]


def test_what_a_change_brings():
    """A type costs a baseline, words cost nothing."""
    wanted = replace(MODEL, columns=(replace(X, type=ColumnType.TEXT), Y), owner="ops")

    by_path = {change.path: change.effect for change in plan(MODEL, wanted).changes}

    assert by_path == {"columns.x.type": "needs a new baseline", "owner": ""}


def test_the_plan_as_text():
    """A line a change."""
    wanted = replace(MODEL, columns=(X,), owner="ops\x1b[31m", materiality=0.5)

    assert render(plan(MODEL, wanted)) == (
        "~ model m: 3 changes\n"
        "  + owner: ops [31m\n"
        "  ~ materiality: 0.02 → 0.5  (judged so from the next window on)\n"
        "  - columns.'y z': categorical feature  (needs a new baseline)"
    )


def test_a_route_changes_as_well():
    """Routes are planned like models."""
    route = AlertRoute("r", (SinkSpec("log"),))

    found = plan(route, replace(route, match=Match(model="flights")))

    effect = "holds for notices from now on"
    assert found.changes == (Change("match", None, {"model": "flights"}, effect),)


def test_a_plan_is_of_one_thing():
    """Two models of different names are no plan."""
    with pytest.raises(InvalidInput, match="one kind and name"):
        plan(MODEL, replace(MODEL, name="n"))


def test_holidays_cost_no_baseline():
    """Whose holidays count is asked anew of every window."""
    found = plan(MODEL, replace(MODEL, holidays="US"))

    assert found.changes == (Change("holidays", None, "US", "judged so from the next window on"),)
