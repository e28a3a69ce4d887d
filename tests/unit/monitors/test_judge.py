"""From profiles to verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors import boundary
from watchkeeper.monitors import judge as judging
from watchkeeper.monitors.defaults import monitors_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.judge import SliceKey, judge
from watchkeeper.monitors.slices import TOTAL, grouped, history_of, specs_for

_START = datetime(2024, 1, 1, tzinfo=UTC)
_MODEL = Model(
    "m",
    Task.NONE,
    (Column("a", ColumnType.CATEGORICAL), Column("b", ColumnType.CATEGORICAL)),
    monitors=(MonitorSpec("drift", "drift", enabled=False),),
)


def _column(null: int = 10) -> CategoricalProfile:
    counts = np.array([600, 400 - null], np.int64)
    return CategoricalProfile(CategoricalBinning(("x", "y")), 1000, null, 0, 0, counts, 0, 0)


def _window(day: int, rows: int = 1000, **columns: int) -> WindowProfile:
    start = _START + timedelta(days=day)
    held = {name: _column(columns.get(name, 10)) for name in ("a", "b")}
    window = Window(start, start + timedelta(days=1))
    return WindowProfile("m", window, rows, held, id=f"p{day}")


_HISTORY = History(tuple(_window(day) for day in range(28)), timed=True)


def _alarms(verdicts) -> list[tuple[str | None, str]]:
    return [(v.column, v.what) for v in verdicts if v.status is Status.ALERT]


def test_every_series_of_every_window_has_one_verdict():
    """Two windows of two columns give each series twice, in the order of time."""
    verdicts = judge(_MODEL, [_window(29), _window(28)], {TOTAL: _HISTORY})

    keys = [(v.window, v.monitor, v.what, v.column) for v in verdicts]
    assert len(keys) == len(set(keys))
    assert [v.window.start.day for v in verdicts] == sorted(v.window.start.day for v in verdicts)
    assert _alarms(verdicts) == []


def test_what_is_broken_alarms_and_nothing_else():
    """Missing values of one column are that column's verdict alone."""
    verdicts = judge(_MODEL, [_window(28, a=200)], {TOTAL: _HISTORY})

    assert _alarms(verdicts) == [("a", "missing_rate")]


def test_a_verdict_says_what_it_was_computed_from():
    """Profile, configuration and code stand in the inputs; the id is theirs."""
    current = _window(28)

    [one, *_], [again, *_] = (
        judge(_MODEL, [current], {TOTAL: _HISTORY}, code_version="1") for _ in range(2)
    )
    [other, *_] = judge(_MODEL, [current], {TOTAL: _HISTORY}, code_version="2")
    [stricter, *_] = judge(replace(_MODEL, materiality=0.5), [current], {TOTAL: _HISTORY})

    assert one == again
    assert (one.inputs.profiles, one.inputs.code) == (("p28",), "1")
    assert len({one.id, other.id, stricter.id}) == 3


def test_a_monitor_that_raises_is_an_error_of_its_own(monkeypatch):
    """The column that broke a check gets an error that names it; all else is judged."""

    def missing(spec, model, current, history):
        if not spec.columns or "b" in spec.columns:
            raise ZeroDivisionError("nothing there")
        return [
            Evidence(Series(spec.name, "missing_rate", "a"), current[0].window, Status.OK, "", 1)
        ]

    monkeypatch.setattr(boundary, "functions_of", lambda spec: (missing,))

    verdicts = judge(_MODEL, [_window(28)], {TOTAL: _HISTORY})

    said = {(v.monitor, v.column): v for v in verdicts}
    assert said["quality", "a"].status is Status.OK
    assert said["quality", "b"].status is Status.ERROR
    assert "'quality' (missing)" in said["quality", "b"].message
    assert "ZeroDivisionError: nothing there" in said["quality", "b"].message


def test_a_kind_that_does_not_exist_is_an_error_verdict():
    """A specification of an unknown kind is told where it is used, and the others run."""
    model = replace(_MODEL, monitors=(*_MODEL.monitors, MonitorSpec("mine", "magic")))

    verdicts = judge(model, [_window(28)], {TOTAL: _HISTORY})

    [failed] = [v for v in verdicts if v.status is Status.ERROR]
    assert failed.monitor == "mine"
    assert "magic" in failed.message


def test_a_specification_can_raise_or_cap_the_severity():
    """``critical`` makes every alarm of the monitor critical, ``info`` none more than that."""

    def severity(wanted: str) -> Severity:
        spec = MonitorSpec("quality", "quality", severity=wanted)
        model = replace(_MODEL, monitors=(*_MODEL.monitors, spec))
        verdicts = judge(model, [_window(28, a=100)], {TOTAL: _HISTORY})
        [alarm] = [v for v in verdicts if v.status is Status.ALERT]
        return alarm.severity

    assert [severity(w) for w in ("info", "warning", "critical")] == list(Severity)


def test_a_segment_says_where_it_is():
    """An alarm of one segment carries the segment, in the message too."""
    key = SliceKey(segment="a=x")
    history = {TOTAL: _HISTORY, key: replace(_HISTORY)}
    part = replace(_window(28, a=300, rows=900), segment="a=x")

    verdicts = judge(_MODEL, [_window(28), part], history)

    [alarm] = [v for v in verdicts if v.status is Status.ALERT and v.what == "missing_rate"]
    assert alarm.segment == "a=x"
    assert alarm.message.endswith("(in segment a=x)")


def test_slices_share_half_of_the_budget(monkeypatch):
    """Where there are slices, all rows and the slices get half of alpha each."""
    spent = []
    decide = judging.decide
    monkeypatch.setattr(
        judging, "decide", lambda group, *, alpha: spent.append(alpha) or decide(group, alpha=alpha)
    )
    part = replace(_window(28, rows=900), segment="a=x")

    judge(_MODEL, [_window(28)], {TOTAL: _HISTORY})
    judge(_MODEL, [_window(28), part], {TOTAL: _HISTORY, SliceKey(segment="a=x"): _HISTORY})

    assert spent == pytest.approx([1 / 90, 1 / 180, 1 / 180])


def test_without_time_the_report_is_one_test(monkeypatch):
    """A table without windows is decided at 5 % over everything."""
    spent = []
    decide = judging.decide
    monkeypatch.setattr(
        judging, "decide", lambda group, *, alpha: spent.append(alpha) or decide(group, alpha=alpha)
    )
    blocks = tuple(replace(part, window=None) for part in _HISTORY.reference)

    judge(_MODEL, [replace(_window(28), window=None)], {TOTAL: History(blocks, timed=False)})

    assert spent == [0.05]


def test_a_slice_of_all_rows_is_left_out():
    """The only version of a model says nothing that all rows do not."""
    whole, version = _window(28), replace(_window(28), version="1")

    assert list(grouped([whole, version])) == [TOTAL]
    assert list(grouped([whole, replace(version, rows=10)])) == [TOTAL, SliceKey(version="1")]


def test_what_a_slice_is_judged_against():
    """A new version against all of the reference, a new segment value against nothing."""
    references = {TOTAL: _HISTORY}

    assert history_of(SliceKey(version="9"), references) is _HISTORY
    assert history_of(SliceKey(segment="a=new"), references) is None


def test_a_segment_gets_what_it_can_break_on_its_own():
    """No feature drift, no duplicates, no service in a segment; drift of the score stays."""
    scored = Column("s", ColumnType.NUMERIC, Role.SCORE)
    model = replace(_MODEL, columns=(*_MODEL.columns, scored), monitors=())

    specs = {
        spec.name: spec for spec in specs_for(SliceKey(segment="a=x"), monitors_of(model), model)
    }

    assert set(specs) == {"quality", "drift"}
    assert specs["drift"].columns == ("s",)
    assert specs["quality"].options["checks"] == ["volume", "missing", "unseen"]


def test_the_checks_of_quality_are_named():
    """A name that is no check is refused with the list of those that are."""
    spec = MonitorSpec("quality", "quality", options={"checks": ["mising"]})

    with pytest.raises(InvalidDefinition, match="must list some of"):
        boundary.functions_of(spec)


def test_monitors_are_merged_by_name():
    """A model's own monitor replaces the default of its name; the others stay."""
    own = MonitorSpec("quality", "quality", options={"checks": ["missing"]})
    model = replace(_MODEL, task=Task.BINARY, monitors=(own, MonitorSpec("limit", "static")))

    assert [s.name for s in monitors_of(model)] == [
        "quality",
        "drift",
        "service",
        "performance",
        "limit",
    ]
    assert monitors_of(model)[0] is own
