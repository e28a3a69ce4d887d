"""The resources monitor, on samples of hosts that are profiled as the worker does it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
import yaml

from watchkeeper.definitions.document import load_model
from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.kinds import check_monitors
from watchkeeper.monitors.resources.levels import levels
from watchkeeper.monitors.resources.limits import RULES, shown
from watchkeeper.monitors.slices import SliceKey
from watchkeeper.profiles.binning import binnings_without_reference
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table
from watchkeeper.sdk.host.columns import COLUMNS, host_definition

START = datetime(2024, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SAMPLES = 30  # a window


@pytest.fixture(scope="module")
def model():
    """The model of hosts as the server reads it."""
    return load_model(yaml.safe_dump(host_definition()))


def profiles(model, windows, **columns):
    """The windows' profiles; each column is a function from (window, noise) to its samples."""
    noise = np.random.default_rng(7).normal(size=(windows, SAMPLES))
    times = [
        START + QUARTER * window + QUARTER / SAMPLES * at
        for window in range(windows)
        for at in range(SAMPLES)
    ]
    held = {
        name: np.concatenate([np.broadcast_to(of(w, noise[w]), SAMPLES) for w in range(windows)])
        for name, of in columns.items()
    }
    missing = {
        column.name: pa.nulls(len(times), pa.float64())
        for column in model.columns
        if column.name in COLUMNS and column.name not in held
    }
    table = pa.table({"time": pa.array(times, pa.timestamp("us", "UTC")), "host": ["a"] * len(times), **held, **missing})  # fmt: skip
    found = profile(
        open_table(table), model, binnings_without_reference(model), granularity=model.granularity
    )
    whole = [part for part in found if part.segment is None]
    return sorted(whole, key=lambda part: part.window)


def verdicts(model, windows, *, recent=0, **columns):
    """What is said of the last window, judged against the others."""
    parts = profiles(model, windows, **columns)
    *before, last = parts
    history = History(
        (), timed=True, recent=tuple(before[-recent:] if recent else ()), week=tuple(before)
    )
    found = judge(model, [last], {SliceKey(): history})
    return {(v.what, v.column): v for v in found if v.monitor == "resources"}


def test_the_model_of_hosts_is_a_definition(model):
    """It is what any model is, and its monitors are found right."""
    check_monitors(model)

    assert model.granularity.length == QUARTER
    assert set(RULES) <= {column.name for column in model.columns}


@pytest.mark.parametrize(
    ("used", "status", "severity"),
    [(0.85, "ok", "info"), (0.93, "alert", "warning"), (0.98, "alert", "critical")],
)
def test_memory_near_its_limit_alarms(model, used, status, severity):
    """One sample near the limit is enough: the next allocation may be the last."""

    def usage(window, noise):
        samples = np.full(SAMPLES, 0.5)
        samples[3] = used
        return samples

    found = verdicts(model, 1, cgroup_memory_used_share=usage)["limit", "cgroup_memory_used_share"]

    assert (str(found.status), str(found.severity)) == (status, severity)
    assert found.value == pytest.approx(used)


def test_the_message_says_what_it_means(model):
    """What was measured, what the limit is, and what is to be feared."""
    found = verdicts(model, 1, disk_used_share=lambda *_: 0.95)["limit", "disk_used_share"]

    assert found.message == (
        "disk used reached 95.0 %, above the limit 90.0 %: the fullest file system is nearly full"
    )


def test_throttling_is_judged_on_average(model):
    """A short wait is nothing; a quarter of the time is."""

    def short(window, noise):
        return np.where(np.arange(SAMPLES) < 3, 1.0, 0.0)

    name = "cgroup_cpu_throttled_share"
    assert verdicts(model, 1, **{name: short})["limit", name].status is Status.OK
    assert verdicts(model, 1, **{name: lambda *_: 0.4})["limit", name].status is Status.ALERT


def test_a_kill_is_critical(model):
    """One process killed for want of memory is one too many."""
    kills = lambda window, noise: (np.arange(SAMPLES) == 5).astype(float)  # noqa: E731

    found = verdicts(model, 1, cgroup_out_of_memory_kills=kills)
    assert found["limit", "cgroup_out_of_memory_kills"].severity is Severity.CRITICAL


def test_what_a_host_has_not_is_not_missing(model):
    """Without a card nothing is said of cards; a card that is gone is."""
    assert not any(
        "gpu" in str(column) for _, column in verdicts(model, 2, cpu_used_share=lambda *_: 0.5)
    )

    def gone(window, noise):
        return np.nan if window == 1 else 0.5

    found = verdicts(model, 2, gpu_memory_used_share=gone)["limit", "gpu_memory_used_share"]
    assert found.status is Status.INSUFFICIENT_DATA


def test_limits_can_be_set_otherwise():
    """A limit of one's own replaces the default, null takes it away, others are added."""
    column = Column("queue_length", ColumnType.NUMERIC)
    shares = Column("disk_used_share", ColumnType.NUMERIC)
    cards = Column("cpu_stolen_share", ColumnType.NUMERIC)
    options = {"limits": {"queue_length": 100, "disk_used_share": 0.5, "cpu_stolen_share": None}}
    spec = MonitorSpec("resources", "resources", options=options)
    model = Model("m", Task.NONE, (column, shares, cards), monitors=(spec,))
    table = pa.table({"queue_length": [7.0, 101.0], "disk_used_share": [0.6, 0.6], "cpu_stolen_share": [1.0, 1.0]})  # fmt: skip
    parts = profile(open_table(table), model, binnings_without_reference(model), granularity=None)

    found = {v.column: v for v in judge(model, parts, {SliceKey(): History((), timed=False)}) if v.what == "limit"}  # fmt: skip

    assert {column: v.status for column, v in found.items()} == {
        "queue_length": Status.ALERT,
        "disk_used_share": Status.ALERT,
    }


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (7, "must map columns to numbers"),
        ({"disk_used_share": "all"}, "must be a number or null"),
        ({"disk": 0.5}, "has no column 'disk'"),
        ({"name": 1}, "numeric column"),
    ],
)
def test_wrong_limits_are_refused(limits, said):
    """A definition with a limit that cannot be is refused when it is applied."""
    columns = (
        Column("disk_used_share", ColumnType.NUMERIC),
        Column("name", ColumnType.CATEGORICAL),
    )
    spec = MonitorSpec("resources", "resources", options={"limits": limits})

    with pytest.raises(InvalidDefinition, match=said):
        check_monitors(Model("m", Task.NONE, columns, monitors=(spec,)))


def free(rate, start=500e9, jump=0.0):
    """Free bytes that shrink at ``rate`` an hour, with jumps that a log rotation makes."""
    return lambda window, noise: start - rate * window / 4 + jump * (window % 7 == 0) + 1e6 * noise


@pytest.mark.parametrize(
    ("rate", "windows", "status"),
    [
        (20e9, 12, "alert"),  # full in 22 hours
        (6e9, 96, "alert"),  # in 60
        (1e9, 96, "ok"),
        (0.0, 96, "ok"),
        (-5e9, 96, "ok"),
    ],
)
def test_a_disk_that_fills_alarms_in_time(model, rate, windows, status):
    """The alarm comes while there is time, and not of what is far or falls."""
    found = verdicts(model, windows, disk_free_bytes=free(rate))
    expected = {"alert": Status.ALERT, "ok": Status.OK}[status]

    assert found["hours_until_full", "disk_free_bytes"].status is expected


def test_a_rotation_is_no_release(model):
    """Single jumps up do not hide that the disk fills."""
    found = verdicts(model, 96, disk_free_bytes=free(6e9, jump=30e9))

    assert found["hours_until_full", "disk_free_bytes"].status is Status.ALERT


def test_few_windows_say_nothing_of_the_rate(model):
    """Before there are six windows, how fast it fills is not known."""
    found = verdicts(model, 4, disk_free_bytes=free(20e9))["hours_until_full", "disk_free_bytes"]

    assert found.status is Status.INSUFFICIENT_DATA


def test_a_disk_that_fills_is_said_in_hours(model):
    """The verdict says when, with its interval."""
    found = verdicts(model, 96, disk_free_bytes=free(5e9))["hours_until_full", "disk_free_bytes"]

    assert found.value == pytest.approx((500e9 - 5e9 * 95 / 4) / 5e9, rel=0.02)
    assert found.low < found.value < found.high < 77
    assert "full in about 76 hours" in found.message


def week(level):
    """Usage with the shape of a day."""
    return lambda window, noise: (
        0.3 + 0.1 * math.sin(2 * math.pi * window / 96) + level * (window == 14 * 96) + 0.02 * noise
    )


def test_a_level_that_is_usual_is_fine_and_another_alarms(model):
    """Memory that stands higher than at this time of day before is an alarm of the budget."""
    usual = verdicts(model, 14 * 96 + 1, recent=13 * 96, memory_used_share=week(0.0))
    grown = verdicts(model, 14 * 96 + 1, recent=13 * 96, memory_used_share=week(0.3))

    assert usual["level", "memory_used_share"].status is Status.OK
    alarm = grown["level", "memory_used_share"]
    assert alarm.status is Status.ALERT
    assert alarm.effect["reference"] == pytest.approx(0.3, abs=0.02)
    assert "memory used 60" in alarm.message


def test_levels_know_what_is_normal_only_after_a_while(model):
    """Without earlier windows the level is shown, and not judged."""
    found = verdicts(model, 2, process_memory_bytes=lambda *_: 3e9)["level", "process_memory_bytes"]

    assert found.status is Status.INSUFFICIENT_DATA
    assert found.message.startswith("process memory bytes 3 GB on average")


def test_levels_raise_no_false_alarm_where_nothing_changes(model):
    """The p-values of windows like all others are uniform enough: one in a hundred below 1 %."""
    parts = profiles(model, 8 * 96, cpu_used_share=lambda w, noise: 0.4 + 0.05 * noise)
    spec = model.monitors[0]
    history = History((), timed=True, recent=tuple(parts[: 6 * 96]))

    found = [
        e.p_value
        for e in levels(spec, model, parts[6 * 96 :], history)
        if e.series.column == "cpu_used_share"
    ]

    assert len(found) == 2 * 96
    assert np.mean(np.array(found) < 0.01) <= 0.04


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("disk_free_bytes", 12.3e12, "12.3 TB"),
        ("disk_read_bytes_per_second", 1500.0, "1.5 kB/s"),
        ("process_memory_bytes", 12.0, "12 B"),
        ("gpu_temperature_celsius", 91.25, "91.25 °C"),
        ("process_cpu_used_cores", 2.0, "2 cores"),
        ("process_threads", 12.0, "12"),
    ],
)
def test_values_are_shown_in_their_unit(column, value, text):
    """The unit is the end of the name."""
    assert shown(column, value) == text
