"""A report and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from watchkeeper.domain.verdict import Severity

_SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "schemas" / "report.json"


def test_the_json_holds_to_the_published_schema(desk):
    """With and without time, findings and figures, the JSON is valid and strict."""
    report = desk.report(
        desk.verdict("x", desk.ALERT, value=0.5, low=0.4, high=0.6, n=10),
        desk.verdict("c", desk.FEW, day=None),
        desk.verdict(None, desk.ERROR, what="volume"),
    )

    found = json.loads(report.to_json(), parse_constant=pytest.fail)

    jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(found)
    assert found["summary"]["findings"][0]["since"] == "2024-05-01T00:00:00+00:00"


def test_a_figure_that_does_not_exist_is_null(desk):
    """NaN, infinities and numpy's scalars in an effect become null and numbers."""
    effect = {"a": float("nan"), "b": np.float64("inf"), "c": np.int64(3), "d": np.array([1.5])}
    report = desk.report(desk.verdict("x", effect=effect))

    found = json.loads(report.to_json(), parse_constant=pytest.fail)

    assert found["verdicts"][0]["effect"] == {"a": None, "b": None, "c": 3, "d": [1.5]}


@pytest.mark.parametrize(
    ("severity", "codes"),
    [
        (Severity.INFO, (1, 0, 0)),
        (Severity.WARNING, (1, 1, 0)),
        (Severity.CRITICAL, (1, 1, 1)),
    ],
)
def test_the_exit_code_follows_the_level(desk, severity, codes):
    """1 where a finding is at least as severe as what one fails on, else 0."""
    report = desk.report(desk.verdict("x", desk.ALERT, severity=severity))

    assert tuple(report.exit_code(level) for level in Severity) == codes


def test_a_check_that_failed_is_no_success(desk):
    """Nothing found, and something not looked at, is 2: the work was not done."""
    report = desk.report(desk.verdict("x"), desk.verdict("c", desk.ERROR))

    assert report.exit_code() == 2
