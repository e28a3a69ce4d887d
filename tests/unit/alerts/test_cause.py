"""Likely why, in words: faults, then what contributes, then what drifted, else that it is unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watchkeeper.alerts.cause import UNKNOWN, certainty_of, likely_cause
from watchkeeper.domain.alert import Alert, AlertState
from watchkeeper.domain.verdict import Severity

NOW = datetime(2024, 5, 3, tzinfo=UTC)
FIRST = {
    "column": "wind_speed", "cells": "wind_speed of 20 or more", "more": True, "value": 0.03,
    "share": 0.62, "share_low": 0.4, "share_high": 0.84, "sure": True,
}  # fmt: skip
SECOND = {
    "column": "visib", "cells": "visib below 3", "more": False, "value": 0.02,
    "share": 0.45, "share_low": 0.2, "share_high": 0.7, "sure": True,
}  # fmt: skip
WHERE = {"column": "origin", "cells": "origin LGA", "value": 0.63, "usual": 0.153, "extra": 0.1}
RELATION = "the relation between data and outcome has changed"
NO_REST = {"value": 0.0, "low": -1.0, "high": 1.0, "sure": False, "where": None}


def alert(monitor, what, column=None, *, message="it moved", segment=None, **effect):
    return Alert(
        id="a", key="k", model="m", monitor=monitor, state=AlertState.OPEN,
        severity=Severity.WARNING, what=what, message=message, opened_at=NOW, updated_at=NOW,
        column=column, segment=segment, facts={"value": 0.2, "p_value": 1e-9, "effect": effect},
    )  # fmt: skip


def traced(*contributions, within=NO_REST, figure="squared", **kwargs):
    """An alarm of performance with what its change comes from."""
    cause = {"figure": figure, "contributions": list(contributions), "within": within}
    return alert("performance", "log_loss", cause=cause, **kwargs)


FAULT = alert("quality", "missing_rate", "wind", message="wind: 30 % of rows missing")
DRIFT = alert("drift", "drift", "temp", message="temp: location +2 sd")


def test_a_fault_comes_first():
    """A broken input is the cause, whatever contributes or drifts beside it."""
    assert likely_cause([traced(FIRST), DRIFT, FAULT]) == (
        "a data fault: wind: 30 % of rows missing"
    )


def test_the_largest_contribution_with_its_share():
    """What the change comes from outranks what merely drifted."""
    assert likely_cause([DRIFT, traced(FIRST)]) == (
        "another mix of the data: more rows with wind_speed of 20 or more explain 62 % "
        "(40 to 84 %) of the change of the squared error"
    )


def test_features_that_may_be_meant_as_well():
    """A second one whose interval reaches the first's is named too: nobody can tell them apart."""
    apart = {**SECOND, "share_high": 0.3}

    assert ", or fewer rows with visib below 3 45 %" in likely_cause([traced(FIRST, SECOND)])
    assert "visib" not in likely_cause([traced(FIRST, apart)])
    assert "visib" not in likely_cause([traced(FIRST, {**SECOND, "sure": False})])


def test_what_the_mix_leaves():
    """The rest is told where it surely is one."""
    found = likely_cause([traced(FIRST, within={**NO_REST, "sure": True})])

    assert found.endswith("; the rest: the relation between data and outcome has changed")


@pytest.mark.parametrize(
    ("figure", "where", "expected"),
    [
        ("signed", None, RELATION),
        (
            "signed",
            WHERE,
            f"{RELATION}, most with origin LGA (0.63, usually 0.153)",
        ),
        ("answer", None, "rows alike are answered otherwise"),
    ],
)
def test_a_relation_that_changed(figure, where, expected):
    """Where no mix explains the change the relation is another, and it is said where most."""
    within = {**NO_REST, "sure": True, "where": where}
    unsure = {**FIRST, "sure": False}

    found = likely_cause([traced(unsure, within=within, figure=figure)])

    assert found == f"no other mix of the data explains it: {expected}"


def test_in_a_segment():
    """What was found in a segment is said to be of it."""
    assert likely_cause([traced(FIRST, segment="origin=LGA")]).endswith(" (at origin=LGA)")


def test_a_feature_that_drifts_beside_it():
    """A drift that comes with a changed relation is the better guess than the relation alone."""
    changed = traced(within={**NO_REST, "sure": True})

    assert likely_cause([changed, DRIFT]) == "a change of temp: temp: location +2 sd"


def test_an_output_is_no_cause():
    """That the scores drift says what happened, not why."""
    assert likely_cause([alert("drift", "drift", "score", role="output")]) == UNKNOWN


@pytest.mark.parametrize("found", [traced(), traced({**FIRST, "sure": False})])
def test_nothing_sure_is_unknown(found):
    """No guess is made up."""
    assert likely_cause([found]) == UNKNOWN


def test_certainty_grows():
    """A fault is surer than a mix, a mix than a drift or a relation, and those than nothing."""
    causes = [
        UNKNOWN,
        likely_cause([DRIFT]),
        likely_cause([traced(FIRST)]),
        likely_cause([FAULT]),
    ]

    assert [certainty_of(cause) for cause in causes] == [0, 1, 2, 3]
    assert certainty_of(likely_cause([traced(within={**NO_REST, "sure": True})])) == 1


def test_a_resource_that_runs_out_outranks_statistics():
    """Of one host rather than of all together; what is merely used otherwise is no cause."""
    limit = alert("resources", "limit", "disk_used_share", message="disk full")
    of_host = alert("resources", "limit", "disk_used_share", message="b full", segment="host=b")
    level = alert("resources", "level", "disk_used_share", message="more than before")

    assert likely_cause([DRIFT, limit, of_host]) == "a resource runs out: b full"
    assert certainty_of(likely_cause([limit])) == 3
    assert likely_cause([level]) == UNKNOWN
