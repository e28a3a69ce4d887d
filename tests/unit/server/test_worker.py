"""The worker: what it judges, when, and that nothing stops it."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.catalog.windows import WindowState
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.domain.verdict import Status
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.looking import see

START = datetime(2024, 3, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROWS = 150


def said(verdicts):
    """What verdicts say; sums of fractions may differ in their last digits, as threads add them."""
    return Counter(
        (
            v.monitor,
            v.what,
            v.column,
            v.segment,
            v.window,
            v.status,
            digits(v.value),
            v.n,
            v.known_at,
        )
        for v in verdicts
    )


def digits(value):
    return value if value is None else f"{value:.9g}"


def test_a_closed_window_is_judged(stage):
    """Quality, drift and performance are told of a window that has closed."""
    stage.send(START)
    stage.advance(START + DAY + HOUR)

    assert stage.parts.worker().step() == 1

    verdicts = stage.verdicts()
    assert {"quality", "drift", "performance"} <= {verdict.monitor for verdict in verdicts}
    assert {verdict.window.start for verdict in verdicts} == {START}
    assert {verdict.known_at for verdict in verdicts} == {START + DAY + timedelta(minutes=5)}


def test_an_open_window_is_not_judged(stage):
    """Rows of a window that is still open wait."""
    stage.send(START, known_at=START + DAY - HOUR)

    assert stage.parts.worker().step() == 0
    assert stage.verdicts() == ()


def test_an_alarm_says_what_it_comes_from(stage):
    """Where the loans of one region are repaid no more, the alarm of the calibration names it."""
    table = stage.loans(START, rows=600)
    repaid = np.where(np.array(table["region"]) == "north", "no", np.array(table["repaid"]))
    stage.send(START, rows=600, repaid=repaid.tolist())
    stage.advance(START + 2 * DAY)

    stage.parts.worker().step()

    (found,) = stage.verdicts(what=("calibration_gap",), segment="")
    assert found.status is Status.ALERT
    assert found.effect["cause"]["within"]["where"]["cells"] == "region north"


def test_nothing_is_judged_twice(stage):
    """A second step without anything new does nothing."""
    stage.send(START)
    stage.advance(START + 2 * DAY)
    worker = stage.parts.worker()

    assert (worker.step(), worker.step()) == (1, 0)


def test_late_labels_restate_and_both_judgements_stay(stage):
    """What was known then and what is known now can both be asked for."""
    table = stage.send(START, labels=False)
    stage.label(table, START + 2 * DAY)
    stage.advance(START + 2 * DAY + timedelta(minutes=1))

    assert stage.parts.worker().step() == 2

    (now,) = stage.verdicts(what=("accuracy",), segment="")
    (then,) = stage.verdicts(what=("accuracy",), segment="", known_at=START + 1.5 * DAY)
    assert (then.n, then.status) == (0, Status.INSUFFICIENT_DATA)
    assert (now.n, now.maturity) == (ROWS, 1.0)
    assert now.revision == 2
    stored = stage.parts.catalog.windows.page("loans").items[0]
    assert (stored.accounting.joined, stored.state) == (ROWS, WindowState.JUDGED)


def test_what_reads_no_label_is_told_alike_in_a_restatement(stage):
    """Labels that come later change nothing of quality and drift."""
    table = stage.send(START, labels=False)
    stage.label(table, START + 2 * DAY)
    stage.advance(START + 2 * DAY + timedelta(minutes=1))
    stage.parts.worker().step()

    before, after = (
        {(v.what, v.column, v.segment): v.value for v in stage.verdicts(monitors=("drift",), **at)}
        for at in ({"known_at": START + 1.5 * DAY}, {})
    )
    assert before == after
    assert before


def test_a_gap_is_judged(stage):
    """A day without any row, between days with rows, is a window without rows and an alarm."""
    for back in (0, 1, 3):
        stage.send(START + back * DAY)
    stage.advance(START + 5 * DAY)

    stage.parts.worker().step()

    (gap,) = stage.verdicts(
        what=("volume",), segment="", start=START + 2 * DAY, end=START + 3 * DAY
    )
    assert (gap.n, gap.status) == (0, Status.ALERT)


def test_silence_is_told_for_a_week_and_no_longer(stage):
    """A model that is not asked any more makes no windows for ever."""
    stage.send(START)
    stage.advance(START + 100 * DAY)

    stage.parts.worker().step()

    last = stage.parts.catalog.windows.page("loans").items[0]
    assert last.window.end == START + 8 * DAY


@pytest.mark.slow
def test_days_at_once_are_judged_like_days_one_by_one(open_stage):
    """A worker that was away for days says what one that was there all the time says."""
    found = []
    for name, pause in (("each", 1), ("all", 4)):
        stage = open_stage(name)
        worker = stage.parts.worker()
        late = None
        for number in range(4):
            day = START + number * DAY
            table = stage.send(day, labels=False)
            if late is not None:
                stage.label(late, day + DAY)
            late = table
            if number % pause == pause - 1:
                worker.step()
        stage.advance(START + 5 * DAY)
        worker.step()
        found.append(said(stage.verdicts(all_revisions=True)))

    assert found[0] == found[1]
    assert sum(found[0].values()) > 100


@pytest.mark.slow
def test_what_another_process_saw_is_judged_alike(open_stage, monkeypatch):
    """Where much is due a process reads ahead: what it sees is what would have been seen here."""
    found = []
    for name, many in (("here", 100), ("aside", 2)):
        monkeypatch.setattr("watchkeeper.server.worker._MANY", many)
        stage = open_stage(name)
        for number in range(4):
            stage.send(START + number * DAY)
        stage.advance(START + 5 * DAY)
        worker = stage.parts.worker()
        worker.step()
        worker.rest()
        found.append(said(stage.verdicts()))

    assert found[0] == found[1]


@pytest.mark.slow
def test_a_process_that_dies_while_it_looks_leaves_no_window_out(stage, monkeypatch):
    """Whatever becomes of the process, its windows are looked at here instead."""
    monkeypatch.setattr("watchkeeper.server.worker._MANY", 2)
    monkeypatch.setattr("watchkeeper.server.eyes.see", _die)
    for number in range(3):
        stage.send(START + number * DAY)
    stage.advance(START + 4 * DAY)
    worker = stage.parts.worker()

    with monkeypatch.context() as here:
        here.setattr("watchkeeper.server.eyes.Eyes.alone", _look_here)
        worker.step()
    worker.rest()

    assert {v.window.start for v in stage.verdicts()} == {START + n * DAY for n in range(3)}
    assert Status.ERROR not in {verdict.status for verdict in stage.verdicts()}


def _die(*_):
    os._exit(9)


def _look_here(eyes, look):
    watcher = eyes.watcher
    (found,) = see(watcher.lake, eyes.counting, watcher.asked(eyes.counting.model, [look]))
    return found


@pytest.mark.slow
def test_a_restart_in_between_changes_nothing(open_stage):
    """What is remembered can be read again: two workers in turn say what one says."""
    found = []
    for name, restarts in (("one", False), ("many", True)):
        stage = open_stage(name)
        worker = stage.parts.worker()
        for number in range(3):
            stage.send(START + number * DAY)
            worker.step()
            worker = stage.parts.worker() if restarts else worker
        stage.advance(START + 4 * DAY)
        worker.step()
        found.append(said(stage.verdicts()))

    assert found[0] == found[1]


def test_a_crash_before_the_end_repeats_the_work(stage, monkeypatch):
    """A worker that died after recording verdicts leaves a window that the next one judges."""
    from watchkeeper.catalog.windows import Windows

    stage.send(START)
    stage.advance(START + 2 * DAY)

    def died(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(Windows, "finish", died)
        with pytest.raises(KeyboardInterrupt):
            stage.parts.worker().step()

    assert stage.parts.worker().step() == 1
    stored = stage.parts.catalog.windows.page("loans").items[0]
    assert stored.state is WindowState.JUDGED
    keys = [(v.monitor, v.what, v.column, v.segment) for v in stage.verdicts()]
    assert len(keys) == len(set(keys))


def test_a_failure_is_a_verdict_and_is_tried_again(stage, monkeypatch):
    """A window that cannot be judged says so, and is judged an hour later."""
    stage.send(START)
    stage.advance(START + 2 * DAY)
    worker = stage.parts.worker()

    with monkeypatch.context() as broken:
        broken.setattr("watchkeeper.server.watching.judge", lambda *_, **__: 1 / 0)
        worker.step()

    (failed,) = stage.verdicts()
    assert (failed.status, failed.what) == (Status.ERROR, "error")
    assert "ZeroDivisionError" in failed.message
    stage.advance(START + 3 * DAY)
    assert worker.step() >= 1
    assert Status.ERROR not in {v.status for v in stage.verdicts(end=START + DAY)}


def test_one_window_that_fails_leaves_the_others(stage, monkeypatch):
    """Windows are profiled together; one that cannot be does not take the others along."""
    from watchkeeper.lake.lake import Lake

    joined = Lake.joined_each

    def broken(self, model, asked):
        if any(window.start == START for window, _ in asked):
            raise ValueError("no such day")
        return joined(self, model, asked)

    monkeypatch.setattr(Lake, "joined_each", broken)
    for number in range(3):
        stage.send(START + number * DAY)
    stage.advance(START + 4 * DAY)

    stage.parts.worker().step()

    status = {
        row.window.start: row.status for row in stage.parts.catalog.windows.page("loans").items
    }
    assert status[START] is Status.ERROR
    assert status[START + DAY] is not Status.ERROR
    assert status[START + 2 * DAY] is not None


def test_one_model_that_fails_leaves_the_others(stage, definition, monkeypatch):
    """Whatever happens to one model, the next is watched."""
    other = load_model(definition.replace("name: loans", "name: aaa"))
    stage.parts.models.apply("aaa", model_to_dict(other), by="test", now=START)
    worker = stage.parts.worker()
    watch = type(worker)._watch

    def broken(self, defined, dirty, now):
        if defined.model.name == "aaa":
            raise RuntimeError("broken")
        return watch(self, defined, dirty, now)

    monkeypatch.setattr(type(worker), "_watch", broken)
    stage.send(START)
    stage.advance(START + 2 * DAY)

    assert worker.step() == 1


def test_a_live_model_goes_by_the_wall(stage):
    """Without a stated time of knowing, windows close as the wall's clock passes them."""
    parts, clock = stage.parts, stage.clock
    parts.clocks.driven_by_data("loans", data=False, by="test")
    today = clock.now.replace(hour=0)
    clock.now = today + HOUR
    rows = stage.loans(today, rows=20).drop_columns(["repaid"]).slice(0, 1)
    Receiver(parts.catalog, clock=clock).receive(
        parts.models.get("loans").model,
        RowKind.PREDICTIONS,
        rows,
        batch_id="b",
        key="k",
        known_at=clock.now,
    )
    worker = parts.worker()

    assert worker.step() == 0
    clock.now = today + DAY + HOUR
    assert worker.step() == 1


def test_a_model_without_a_reference_is_watched_for_what_can_be_told(open_stage, definition):
    """No reference: nothing is compared, and no window fails."""
    stage = open_stage("home", source="empty")
    parts = stage.parts
    parts.models.apply("loans", model_to_dict(load_model(definition)), by="test", now=START)
    stage.send(START)
    stage.advance(START + 2 * DAY)

    parts.worker().step()

    stored = parts.catalog.windows.page("loans").items[0]
    assert stored.state is WindowState.JUDGED
    assert stored.status is not Status.ERROR


def test_a_fault_becomes_an_incident(stage):
    """Incomes in another unit are an alarm on the column, and an incident in the first window."""
    stage.send(START)
    stage.send(START + DAY, income=[1.0] * ROWS)
    stage.advance(START + 2 * DAY + HOUR)

    stage.parts.worker().step()

    alarms = stage.verdicts(statuses=(Status.ALERT,), start=START + DAY)
    assert "income" in {verdict.column for verdict in alarms}
    incidents = stage.parts.catalog.alerts.page().items
    assert any(i.cause.startswith("a data fault: income") for i in incidents)


def test_columns_that_stop_coming_are_told(stage):
    """A column that no row brings any more is a change of the schema, though it is stored as null."""
    stage.send(START)
    rows = stage.loans(START + DAY).drop_columns(["repaid", "income"])
    stage.receive(RowKind.PREDICTIONS, rows, "without", START + 2 * DAY)
    stage.advance(START + 4 * DAY)

    stage.parts.worker().step()

    gone = stage.verdicts(what=("schema",), start=START + DAY, end=START + 2 * DAY)
    assert [(v.column, v.status) for v in gone if v.column] == [("income", Status.ALERT)]


LIMITS = """
monitors:
- {name: top, type: static, columns: [income], options: {figure: max, above: 10}}
- {name: middle, type: static, columns: [income], options: {figure: p50, above: 10}}
- {name: mean, type: static, columns: [income], options: {figure: mean, above: 10}}
"""


@pytest.fixture
def unreferenced(open_stage, definition):
    """A model with limits and without a reference."""
    stage = open_stage("bare", source="empty")
    document = model_to_dict(load_model(definition + LIMITS))
    stage.parts.models.apply("loans", document, by="test", now=START)
    return stage


def test_limits_hold_without_a_reference(unreferenced):
    """What lies in a window is known without anything to compare it with."""
    stage = unreferenced
    table = stage.send(START)
    stage.advance(START + DAY + HOUR)

    stage.parts.worker().step()

    said = {v.what: v for v in stage.verdicts(monitors=("top", "middle", "mean"), segment="")}
    incomes = np.sort(table["income"].to_numpy())
    assert {v.status for v in said.values()} == {Status.ALERT}
    assert said["max"].value == incomes[-1]
    assert said["mean"].value == pytest.approx(incomes.mean())
    assert said["p50"].value == pytest.approx(np.median(incomes), rel=0.01)


def test_without_a_reference_days_are_compared_with_those_before(unreferenced):
    """A fault is told, provisionally, once there are days to compare with; nothing before it."""
    stage = unreferenced
    for number in range(8):
        stage.send(START + number * DAY)
        stage.advance(START + (number + 1) * DAY + HOUR)
        stage.parts.worker().step()  # each by a new worker: what it remembers it has read again
    stage.send(START + 8 * DAY, income=[1.0] * ROWS)
    stage.advance(START + 9 * DAY + HOUR)
    stage.parts.worker().step()

    drift = stage.verdicts(what=("drift",), segment="")
    alarms = [v for v in drift if v.status is Status.ALERT]
    assert [(v.column, v.window.start, v.provisional) for v in alarms] == [
        ("income", START + 8 * DAY, True)
    ]
