"""Metrics that a performance monitor asks for: known for the model's task, or told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watchkeeper.definitions.document import load_model
from watchkeeper.errors import InvalidDefinition

ROOT = Path(__file__).parents[3]
OUTPUTS = {
    "binary": "\npositive_class: late\nclasses: [early, late]",
    "multiclass": "\nclasses: [a, b, c]",
    "regression": "",
    "none": "",
}


def loaded(task, metrics):
    """A model with a performance monitor of those metrics, read from its document."""
    return load_model(
        f"kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: {task}{OUTPUTS[task]}\n"
        f"columns: {{x: numeric}}\n"
        f"monitors:\n- {{name: mine, type: performance, options: {{metrics: {metrics}}}}}\n"
    )


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("binary", "[roc_auc, recall, 'recall:early']"),
        ("multiclass", "[macro_f1, 'recall:c']"),
        ("regression", "[mae, absolute_error_p95]"),
    ],
)
def test_metrics_of_the_task_are_taken(task, metrics):
    """As they are named in the reference."""
    assert loaded(task, metrics).monitors[0].options["metrics"]


@pytest.mark.parametrize(
    ("task", "metrics", "said"),
    [
        (
            "binary",
            "[roc_aux]",
            r"accuracy, average_precision, .*'roc_aux': did you mean 'roc_auc'",
        ),
        ("binary", "[accuracy, mae]", r"\[1\] .*must be a metric of a binary model"),
        ("regression", "[roc_auc]", "bias, mae, mape"),
        ("binary", "['recall:soon']", r"one of the classes \['early', 'late'\], got 'soon'"),
        ("multiclass", "[recall]", "must name a class, as in recall:a"),
        ("multiclass", "['accuracy:a']", "must be accuracy alone"),
        ("binary", "roc_auc", "must be a list"),
        ("binary", "[]", "at least one metric"),
        ("binary", "[1]", "must be text"),
        ("none", "[accuracy]", "must only stand where the model has a task"),
    ],
)
def test_others_are_refused_with_the_place_and_what_there_is(task, metrics, said):
    """A wrong name is told when the definition is read, not when a window is judged."""
    with pytest.raises(InvalidDefinition, match=rf"monitors\[0\]\.options\.metrics.*{said}"):
        loaded(task, metrics)


def test_other_monitors_may_have_an_option_of_that_name():
    """Their options are theirs to check."""
    text = (
        "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\ncolumns: {x: numeric}\n"
        "monitors: [{name: mine, type: static, options: {metrics: 1}}]\n"
    )

    assert load_model(text).monitors[0].options == {"metrics": 1}


def test_every_metric_of_the_reference_can_be_asked_for():
    """What the manual lists for a task is what is taken."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    for task, section in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL):
        names = re.findall(r"^\| `(\w+)(:CLASS)?", section, re.MULTILINE)
        assert names
        assert loaded(task, [name + (":b" if of else "") for name, of in names])
