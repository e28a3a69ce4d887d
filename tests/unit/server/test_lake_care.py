"""Care of the lake: days that are over are put in order, rows that are too old go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.chores import ChoreKey
from watchkeeper.catalog.windows import WindowState
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.governance.retention import DEFAULT_DAYS, check_overrides, kept_for
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.layout import LakeTable

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
P = LakeTable.PREDICTIONS


def care_for(stage, clock, *, days=1):
    """Let days pass, on the wall and for the model, with a step of upkeep each."""
    for _ in range(days):
        clock.advance(DAY)
        stage.parts.upkeep().step()


def keep_for(stage, definition, text):
    """Put a definition with another retention in force."""
    model = load_model(f"{definition}retention: {{{text}}}\n")
    stage.parts.models.apply("loans", model_to_dict(model), by="test", now=START)


def stored(stage, table=P):
    ever = {"start": START - 99 * DAY, "end": START + 99 * DAY}
    return stage.parts.lake.rows("loans", table, **ever)


def live_in(stage, day):
    """Say that the model's time has come to a day."""
    stage.receive(RowKind.PREDICTIONS, [], f"until-{day}", day)
    stage.parts.worker().step()


def test_a_day_that_is_over_is_put_in_order_once(stage, clock):
    """Its rows then lie by time in one file; a day that goes on is left alone."""
    day = stage.loans(START, rows=6)
    for place in (2, 0, 1):
        row = day.take([place, place + 3]).drop_columns(["repaid"])
        stage.receive(RowKind.PREDICTIONS, row, f"b{place}", START + HOUR)
        stage.parts.worker().mover.move()
    care_for(stage, clock)
    assert stored(stage).column("_wk_time").to_pylist() != sorted(
        stored(stage).column("_wk_time").to_pylist()
    )

    live_in(stage, START + 3 * DAY)
    care_for(stage, clock)
    version = stage.parts.lake.version("loans", P)

    times = stored(stage).column("_wk_time").to_pylist()
    assert times == sorted(times)
    care_for(stage, clock, days=2)
    assert stage.parts.lake.version("loans", P) == version


def test_rows_go_when_they_are_too_old_and_verdicts_stay(stage, clock, definition):
    """Predictions and labels are deleted; their window keeps its verdicts, and is never judged
    again, though a label comes.
    """
    keep_for(stage, definition, "predictions: 30d, labels: 30d")
    table = stage.send(START)
    stage.send(START + 40 * DAY)
    live_in(stage, START + 45 * DAY)
    said = [verdict.id for verdict in stage.verdicts(start=START, end=START + DAY)]
    care_for(stage, clock, days=2)

    assert set(stored(stage).column("_wk_day").to_pylist()) == {(START + 40 * DAY).date()}
    assert stored(stage, LakeTable.LABELS).num_rows == 150
    stage.label(table.slice(0, 9), START + 44 * DAY)
    live_in(stage, START + 46 * DAY)
    assert [verdict.id for verdict in stage.verdicts(start=START, end=START + DAY)] == said
    assert said


def test_rows_go_a_day_after_their_windows_were_judged_last(stage, clock, definition):
    """Whoever judges them at this moment finds them; windows that came late are judged still."""
    keep_for(stage, definition, "predictions: 30d")
    stage.send(START)
    live_in(stage, START + 45 * DAY)
    windows = stage.parts.catalog.windows
    care_for(stage, clock)
    windows.touch("loans", start=START, end=START + DAY)

    assert stored(stage).num_rows == 150
    assert windows.pending(WindowState.DIRTY, model="loans") == ()
    stage.send(START - DAY, known_at=START + 46 * DAY, labels=False)
    stage.parts.worker().mover.move()
    pending = windows.pending(WindowState.DIRTY, model="loans")
    assert [Window(START - DAY, START)] == [found.window for found in pending]
    care_for(stage, clock)
    assert set(stored(stage).column("_wk_day").to_pylist()) == {(START - DAY).date()}


def test_nothing_is_too_old_for_ever(stage, clock, definition):
    """A table that is kept for ever is never looked into."""
    keep_for(stage, definition, "predictions: forever, labels: forever")
    stage.send(START)
    live_in(stage, START + 200 * DAY)
    care_for(stage, clock, days=3)

    assert stored(stage).num_rows == 150
    assert ChoreKey("retain", "loans", P) not in stage.parts.catalog.chores.all()


def test_profiles_that_a_verdict_cites_stay(stage, clock, definition):
    """All of them are cited here: the oldest window can be told again from what is stored."""
    keep_for(stage, definition, "profiles: 70d")
    stage.send(START)
    live_in(stage, START + 200 * DAY)
    care_for(stage, clock, days=3)

    cited = stage.parts.catalog.verdicts.cited("loans")
    held = stage.parts.lake.profiles("loans", START, START + DAY).column("id").to_pylist()
    assert cited
    assert cited & set(held)


def test_a_chore_that_was_cut_short_is_done_again(stage, clock, monkeypatch):
    """A crash between a piece and its record changes nothing that a second run would."""
    stage.send(START)
    live_in(stage, START + 3 * DAY)
    chores = type(stage.parts.catalog.chores)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(chores, "record", die)
        with pytest.raises(KeyboardInterrupt):
            stage.parts.upkeep().step()
    before = stored(stage).num_rows
    assert stage.parts.upkeep().step() > 0
    assert stored(stage).num_rows == before


class TestKept:
    """How long rows are kept."""

    def test_the_tier_says_so_the_installation_and_the_model(self, definition):
        """The model's own word wins, then the installation's, then the tier's."""
        model = load_model(f"{definition}retention: {{labels: 700d}}\ntier: critical\n")
        kept = kept_for(model, {"critical": {"quarantine": 7}})

        assert kept[LakeTable.LABELS] == 700 * DAY
        assert kept[LakeTable.QUARANTINE] == 7 * DAY
        assert kept[P] == DEFAULT_DAYS[model.tier][P] * DAY

    def test_labels_find_their_predictions(self, definition):
        """No default is shorter than the time in which labels are expected."""
        late = load_model(definition.replace("label_horizon: 7d", "label_horizon: 500d"))

        assert kept_for(late)[P] == 507 * DAY

    @pytest.mark.parametrize("wrong", [{"gold": {"labels": 1}}, {"standard": {"rows": 1}}])
    def test_a_misspelt_override_is_refused(self, wrong):
        """Or it would keep what should go."""
        with pytest.raises(InvalidInput, match=r"gold|rows"):
            check_overrides(wrong)
