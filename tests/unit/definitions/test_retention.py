"""How long rows are kept: read, written, checked, and what a change of it says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from watchkeeper.definitions.document import dump_model, load_model
from watchkeeper.definitions.plan import plan
from watchkeeper.domain.model import Retention
from watchkeeper.errors import InvalidDefinition

MODEL = """
apiVersion: watchkeeper/v1
kind: Model
name: rides
task: none
label_horizon: 30d
columns: {km: numeric}
"""


def with_retention(text):
    return MODEL + f"retention: {{{text}}}\n"


def test_retention_is_read_and_written_as_it_was():
    """Lengths of time, `forever`, and what is left to the tier."""
    model = load_model(with_retention("predictions: 400d, quarantine: forever"))

    assert Retention(timedelta(days=400), None, timedelta.max) == model.retention
    assert load_model(dump_model(model)) == model
    assert "retention" not in dump_model(load_model(MODEL))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("predictions: 29d", r"retention.predictions .* must be at least 30d \(label_horizon\)"),
        ("labels: 3h", "retention.labels .* must be at least 30d"),
        ("profiles: 60d", "retention.profiles .* must be at least 10w"),
        ("labels: soon", "a length of time"),
        ("rows: 30d", "rows"),
    ],
)
def test_rows_must_outlive_what_needs_them(text, said):
    """Labels must find their predictions, and rolling baselines their profiles."""
    with pytest.raises(InvalidDefinition, match=said):
        load_model(with_retention(text))


def test_a_change_says_what_it_brings():
    """Before it is applied."""
    changes = plan(load_model(MODEL), load_model(with_retention("labels: 90d"))).changes

    assert [("retention.labels", None, "90d", "older rows are deleted within a day")] == [
        (change.path, change.old, change.new, change.effect) for change in changes
    ]
