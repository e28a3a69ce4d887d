"""What people read of an incident: its title, and how sure it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watchkeeper.alerts.cause import title
from watchkeeper.alerts.message import compose
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.verdict import Severity

NOW = datetime(2024, 5, 3, tzinfo=UTC)


def alert(monitor, what, column=None, **facts):
    return Alert(
        id="a", key="k", model="m", monitor=monitor, state=AlertState.OPEN,
        severity=Severity.WARNING, what=what, message="it moved", opened_at=NOW, updated_at=NOW,
        column=column, facts={"value": 0.2, "n": 900, **facts},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (alert("quality", "missing_rate", "wind"), "quality: missing rate of wind"),
        (alert("quality", "volume"), "quality: volume"),
        (alert("performance", "roc_auc"), "performance: roc auc"),
        (alert("drift", "drift", "wind"), "drift of wind"),
        (alert("drift", "creep", "wind"), "slow change: wind has moved away from the reference"),
    ],
)
def test_a_title_says_each_thing_once(found, expected):
    """A figure of the whole model is of no column, and drift is not the drift of drift."""
    assert title([found]) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"p_value": 3e-9}, "less than one window in a million would look like this by chance"),
        ({"low": 0.15, "high": 0.25}, "its 95 % interval lies beyond what is allowed"),
        ({}, "certain: a stated bound or schema is broken, no statistics involved"),
    ],
)
def test_how_sure_is_what_was_computed(facts, expected):
    """A p-value where there is one, an interval where that decided, else a plain fact."""
    found = alert("drift", "creep", "wind", **facts)
    incident = Incident(
        id="i", model="m", state=AlertState.OPEN, severity=Severity.WARNING, title="t",
        cause="unknown", opened_at=NOW, updated_at=NOW,
    )  # fmt: skip
    notice = Notice("k", NoticeKind.OPENED, "all", 0, incident, (found,), NOW)

    assert expected in dict(compose(notice).facts)["How sure"]
