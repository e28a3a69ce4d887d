"""Windows are added up from what was counted as it came: to the same profiles as a recount."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.domain.window import Window
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.rows import RowKind
from watchkeeper.profiles.binning_text import binnings_from_text
from watchkeeper.profiles.codec import decode
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table
from watchkeeper.server import looking
from watchkeeper.server.views.asked import Range
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock
from watchkeeper.testing.unlike import unlike

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAID_ANEW = (
    "id", "schema", "known_at", "revision", "lake_version", "accounting", "figures",
)  # fmt: skip


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Live:
    """A model whose rows come as they happen, on a wall's clock that the test moves."""

    parts: object
    clock: Clock
    added: list[bool] = field(default_factory=list)
    _batches: int = 0

    def send(self, kind, rows, at):
        """Receive rows at a moment."""
        self._batches += 1
        self.clock.now = at
        model = self.parts.models.get("loans").model
        receiver = Receiver(self.parts.catalog, clock=self.clock)
        name = f"b{self._batches}"
        receiver.receive(model, kind, rows, batch_id=name, key="t", known_at=at)

    def predictions(self, rows, at):
        """Receive predictions."""
        self.send(RowKind.PREDICTIONS, rows.drop_columns(["repaid"]), at)

    def labels(self, rows, at):
        """Receive the truth of rows."""
        self.send(
            RowKind.LABELS, rows.select(["loan", "repaid"]).rename_columns(["id", "label"]), at
        )

    def step(self, at):
        """Work at a moment, as a worker that has just started."""
        self.clock.now = at
        return self.parts.worker().step()

    def judged(self, day):
        """The latest profiles of a day's window, as they are kept."""
        return decode(self.parts.lake.profiles("loans", day, day + DAY))

    def recounted(self, day, as_of):
        """What the engine says of the window's rows, as they were known at a moment."""
        model = self.parts.models.get("loans").model
        rows = self.parts.lake.joined(model, Window(day, day + DAY), known_at=as_of)
        held = self.parts.catalog.baselines.current("loans")
        binnings = {} if held is None else binnings_from_text(held.binnings)
        return profile(
            open_table(rows),
            model,
            binnings,
            granularity=model.granularity,
            covers=Window(day, day + DAY),
            breakdown=True,
        )

    def rows_counted(self):
        """Rows in partials."""
        told = self.parts.catalog.partials.rows("loans").values()
        return sum(item.rows for items in told for item in items)

    def stored(self, day):
        """The window as the catalog has it."""
        return self.parts.catalog.windows.get("loans", Window(day, day + DAY))


@pytest.fixture
def loans(stage):
    """Makes a day of loans."""
    return stage.loans


@pytest.fixture
def live(homes, tmp_path, monkeypatch, start):
    """A watched model; `added` tells of each look whether it was added up."""
    shutil.copytree(homes["watched"], tmp_path / "live")
    clock = Clock(start)
    parts = open_parts(Settings(home=tmp_path / "live"), now=clock)
    found = Live(parts, clock)
    real = looking.added

    def watched(*args):
        total = real(*args)
        found.added.append(total is not None)
        return total

    monkeypatch.setattr(looking, "added", watched)
    yield found
    parts.close()


@pytest.fixture
def start():
    """The first day, after the reference."""
    return datetime(2024, 3, 4, tzinfo=UTC)


def test_a_closed_window_is_the_sum_of_its_partials(live, loans, start):
    """Rows are counted as they come, and when the window is due nothing is counted again."""
    table = loans(start)
    for place in range(3):
        live.predictions(table.slice(50 * place, 50), start + (8 * place + 8) * HOUR)
        live.step(start + (8 * place + 8) * HOUR + timedelta(seconds=5))
    assert live.rows_counted() == 150

    assert live.step(start + DAY + HOUR) == 1

    assert live.added == [True]
    as_of = live.stored(start).judged_at
    assert unlike(live.judged(start), live.recounted(start, as_of), ignoring=SAID_ANEW) == []
    assert live.rows_counted() == 0
    assert live.stored(start).profiled_rows == 150


def test_rows_that_repeat_another_are_counted(live, loans, start):
    """The same row under two ids is seen, though the two came apart."""
    table = loans(start)
    again = table.set_column(0, "loan", pa.array([f"again{i}" for i in range(150)]))
    live.predictions(table, start + HOUR)
    live.step(start + 2 * HOUR)
    live.predictions(again, start + 3 * HOUR)

    live.step(start + DAY + HOUR)

    assert live.added == [True]
    as_of = live.stored(start).judged_at
    assert unlike(live.judged(start), live.recounted(start, as_of), ignoring=SAID_ANEW) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_sums_are_recounts_whatever_happens(live, loans, start, seed):
    """Batches sent twice, late rows, labels before their predictions, corrected ones, restarts:
    every judgement of the window is that of a recount, as known then.
    """
    rng = np.random.default_rng(seed)
    table = loans(start, rows=240, seed=seed)
    corrected = table.set_column(
        table.column_names.index("repaid"), "repaid", pa.array(["yes"] * 240)
    )
    late = set(rng.choice(240, 40, replace=False).tolist())
    on_time = [i for i in range(240) if i not in late]
    live.labels(table.slice(0, 30), start + HOUR)
    for part in np.array_split(on_time, 5):
        live.predictions(table.take(part), start + rng.integers(2, 20) * HOUR)
        live.predictions(table.take(part[:3]), live.clock.now + timedelta(minutes=1))
        if rng.random() < 0.7:
            live.step(live.clock.now + timedelta(seconds=9))
    looks = 0
    for hours in range(1, 6):
        at = start + DAY + hours * HOUR
        looks += live.step(at + timedelta(minutes=3))
        as_of = live.stored(start).judged_at
        told = live.recounted(start, as_of)
        assert unlike(live.judged(start), told, ignoring=SAID_ANEW) == []
        some = rng.choice(240, 50, replace=False)
        live.labels((corrected if hours > 2 else table).take(some), at + 5 * timedelta(minutes=1))
        few = sorted(late)[10 * (hours - 1) : 10 * hours]
        if few:
            live.predictions(table.take(few), at + timedelta(minutes=20))

    assert looks == 5
    assert live.stored(start).profiled_rows == 240
    assert live.added.count(True) >= 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_after_the_move_loses_no_row(live, loans, start, monkeypatch, when):
    """The process dies beside the commit of the partials: the next one counts every row once."""
    table = loans(start)
    live.predictions(table.slice(0, 100), start + HOUR)
    live.step(start + 2 * HOUR)
    live.predictions(table.slice(100, 50), start + 3 * HOUR)
    live.clock.now = start + 4 * HOUR
    store = type(live.parts.catalog.partials)
    real = store.add

    def dying(self, *args):
        if when == "after":
            real(self, *args)
        raise Crash

    monkeypatch.setattr(store, "add", dying)
    with pytest.raises(Crash):
        live.parts.worker().step()
    monkeypatch.setattr(store, "add", real)

    live.step(start + 5 * HOUR)

    assert live.rows_counted() == 150
    live.step(start + DAY + HOUR)
    assert live.added == [True]
    assert live.judged(start)[0].rows == 150


KILLED = """
import os, signal, sys
from pathlib import Path
from datetime import datetime, timedelta
from watchkeeper.catalog.partials import Partials
from watchkeeper.server.views.asked import Range
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings
from watchkeeper.testing.clock import Clock

real = Partials.add
def killed(self, *args):
    if sys.argv[2] == "after":
        real(self, *args)
    os.kill(os.getpid(), signal.SIGKILL)
Partials.add = killed
now = Clock(datetime.fromisoformat(sys.argv[3]))
open_parts(Settings(home=Path(sys.argv[1])), now=now).moving().step()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_between_lake_and_partials_counts_rows_once(live, loans, start, when):
    """The same with a real process and a real SIGKILL."""
    table = loans(start)
    live.predictions(table.slice(0, 100), start + HOUR)
    live.step(start + 2 * HOUR)
    live.predictions(table.slice(100, 50), start + 3 * HOUR)
    home = str(live.parts.settings.home)

    done = subprocess.run(
        [sys.executable, "-c", KILLED, home, when, (start + 4 * HOUR).isoformat()], check=False
    )

    assert done.returncode == -signal.SIGKILL
    assert (
        live.parts.lake.joined(
            live.parts.models.get("loans").model, Window(start, start + DAY)
        ).num_rows
        == 150
    )
    live.step(start + 5 * HOUR)
    assert live.rows_counted() == 150
    live.step(start + DAY + HOUR)
    assert live.added == [True]


@pytest.mark.parametrize("step", ["append", "record", "finish"])
def test_a_crash_while_moving_counts_rows_once(live, loans, start, monkeypatch, step):
    """The process dies after the lake's commit, the catalog's, or the inbox's: rows count once."""
    live.predictions(loans(start), start + HOUR)
    live.clock.now = start + 2 * HOUR
    catalog = live.parts.catalog
    owner = {"append": live.parts.lake, "record": catalog.windows, "finish": catalog.inbox}[step]
    real = getattr(type(owner), step)

    def dying(self, *args, **options):
        real(self, *args, **options)
        raise Crash

    monkeypatch.setattr(type(owner), step, dying)
    with pytest.raises(Crash):
        live.parts.worker().step()
    monkeypatch.setattr(type(owner), step, real)

    live.step(start + 3 * HOUR)

    assert live.rows_counted() == 150


def test_what_cannot_be_added_up_is_recounted(live, loans, start):
    """A partial that was lost is no loss: the sum does not fit the lake, and the window is profiled
    from it.
    """
    table = loans(start)
    live.predictions(table.slice(0, 100), start + HOUR)
    live.step(start + 2 * HOUR)
    live.predictions(table.slice(100, 50), start + 3 * HOUR)
    live.step(start + 4 * HOUR)
    store = live.parts.catalog.partials
    first, second = store.of("loans", Window(start, start + DAY))
    store.merge("loans", [first, second], replace(first, rows=first.rows))

    live.step(start + DAY + HOUR)

    assert live.added == [False]
    assert live.judged(start)[0].rows == 150


def test_another_reference_counts_anew(live, loans, start):
    """Partials that were counted on other grids are not added up with new ones."""
    table = loans(start)
    live.predictions(table.slice(0, 100), start + HOUR)
    live.step(start + 2 * HOUR)
    live.parts.references.store(live.parts.models.get("loans"), loans(start - DAY), by="test")
    live.predictions(table.slice(100, 50), start + 3 * HOUR)

    live.step(start + 4 * HOUR)

    assert live.rows_counted() == 150
    live.step(start + DAY + HOUR)
    assert live.added == [True]
    as_of = live.stored(start).judged_at
    assert unlike(live.judged(start), live.recounted(start, as_of), ignoring=SAID_ANEW) == []


def test_rows_that_wait_hold_judging_back(live, loans, start):
    """A window is not judged as of a moment before which rows still wait to be moved."""
    live.predictions(loans(start), start + 20 * HOUR)
    live.clock.now = start + DAY + HOUR

    assert live.parts.worker().watch() == 0
    assert live.step(live.clock.now) == 1


def test_history_is_not_counted_as_it_comes(live, loans, start):
    """A backfill's rows are profiled from the lake, when their windows are judged."""
    live.parts.clocks.driven_by_data("loans", data=True, by="test")
    live.predictions(loans(start), start + DAY)
    live.predictions(loans(start + DAY), start + DAY + HOUR)
    live.clock.now = start + 100 * DAY

    assert live.parts.worker().step() == 1

    assert live.rows_counted() == 0
    assert live.added == []


def test_an_open_window_is_shown_as_it_fills(live, loans, start):
    """What was counted stands in the list of windows, and in distributions, before any judgement."""
    live.predictions(loans(start).slice(0, 60), start + 8 * HOUR)
    live.step(start + 9 * HOUR)
    hub = live.parts.hub()

    (row,) = hub.series.windows("loans", Range(None, None))
    assert (row.accepted, row.profiled, row.closing, row.status) == (60, 60, "open", None)
    shown = hub.distributions.of("loans", "income", start=start, segment="region=north")
    assert 0 < shown.current_rows < 60

    live.step(start + DAY + HOUR)
    (row,) = hub.series.windows("loans", Range(None, None))
    assert (row.profiled, row.closing) == (60, "complete")


def test_verdicts_before_the_watermark_are_provisional(live, loans, start):
    """Where rows are known to come late, a window is judged provisionally when it is due."""
    table = loans(start)
    live.predictions(table.slice(100, 50), start + 23 * HOUR)
    live.predictions(table.slice(0, 100), start + 23 * HOUR + timedelta(minutes=30))

    live.step(start + DAY + HOUR)

    found = live.parts.catalog.verdicts.series(VerdictFilter("loans"))
    assert found
    assert all(verdict.provisional for verdict in found)
    (row,) = live.parts.hub().series.windows("loans", Range(None, None))
    assert row.closing == "provisional"


def test_judging_rests_where_rows_wait(live, loans, start, monkeypatch):
    """Rows that wait too long are moved before the next model is judged."""
    live.predictions(loans(start), start + HOUR)
    live.step(start + 2 * HOUR)
    live.clock.now = start + DAY + HOUR
    rests = []
    worker = live.parts.worker()
    monkeypatch.setattr(type(worker.mover), "is_behind", lambda self, now: True)

    assert worker.watch(rest=rests.append) == 1

    assert len(rests) == 1


def test_a_column_that_was_not_known_before_counts(live, loans, start, definition):
    """The definition learns of a column in the middle of a window: what its rows had brought of it
    before counts too, as in a recount.
    """
    table = loans(start)
    aged = table.append_column("age", pa.array(np.arange(150.0)))
    live.predictions(aged.slice(0, 100), start + HOUR)
    live.step(start + 2 * HOUR)
    document = model_to_dict(load_model(definition))
    document["columns"]["age"] = "numeric"
    live.parts.models.apply("loans", document, by="test", now=start + 2 * HOUR)
    live.predictions(aged.slice(100, 50), start + 3 * HOUR)
    live.step(start + 4 * HOUR)
    live.labels(table, start + 5 * HOUR)

    live.step(start + DAY + HOUR)

    assert live.added == [True]
    found, told = live.judged(start), live.recounted(start, live.stored(start).judged_at)
    assert unlike(found, told, ignoring=SAID_ANEW) == []
    assert found[0].columns["age"].null == 0
