"""Backtests: what another rule would have said of what was stored, and that nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from watchkeeper.catalog.schema import CATALOG, INBOX
from watchkeeper.cli.backtest import command
from watchkeeper.domain.feedback import Feedback, Worth
from watchkeeper.domain.model import AlarmBudget, Column, ColumnType, MonitorSpec
from watchkeeper.domain.route import AlertRoute, Match, SinkSpec
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidInput
from watchkeeper.server.alerting.backtest import Backtest, check_replayable
from watchkeeper.server.alerting.hindsight import hindsight, known_incidents
from watchkeeper.server.views.asked import Range

pytestmark = pytest.mark.slow  # each lives six days anew

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 150
EVERYTHING = Range()


@pytest.fixture
def lived_stage(stage):
    """A stage with five judged days, on the fourth of which a third of the incomes is missing; of
    the second and third more labels come later, so that they were judged more than once.
    """
    for number in range(5):
        day = START + number * DAY
        missing = {"income": [None] * 50 + [1.0] * (ROWS - 50)} if number == 3 else {}
        table = stage.send(day, labels=number not in (1, 2), **missing)
        if number in (1, 2):
            stage.label(table, day + 2 * DAY)
        stage.advance(day + DAY + timedelta(hours=1))
        stage.parts.worker().step()
    stage.advance(START + 6 * DAY)
    stage.parts.worker().step()
    return stage


def replay(stage, wanted=None, asked=EVERYTHING):
    parts = stage.parts
    present = parts.models.get("loans").model
    backtest = Backtest(parts.catalog, parts.lake, parts.references)
    return backtest.run(present, present if wanted is None else wanted, asked)


def rows_in(stage):
    """How many rows each table of the installation has."""
    found = {}
    for database in stage.parts.catalog.databases:
        for table in (*CATALOG.tables.values(), *INBOX.tables.values()):
            with database.read() as connection:
                if sa.inspect(connection).has_table(table.name):
                    count = sa.select(sa.func.count()).select_from(table)
                    found[database.url.database, table.name] = connection.execute(count).scalar()
    return found


def test_the_rule_in_force_says_again_what_it_said(lived_stage):
    """Replayed with what was known then, the same alerts open in the same windows."""
    parts = lived_stage.parts
    known = known_incidents(parts.catalog, "loans", EVERYTHING)
    assert known
    replayed = replay(lived_stage)
    assert {(a.key, a.opened_at) for a in replayed.alerts} == {
        (a.key, a.opened_at) for each in known for a in each.alerts
    }
    assert {(i.id, i.title) for i in replayed.incidents} == {
        (each.incident.id, each.incident.title) for each in known
    }
    assert replayed.looks > replayed.windows >= 5
    assert replayed.skipped == 0


def test_nothing_is_written(lived_stage):
    """No row of any table comes or goes, and the lake is what it was."""
    before, version = rows_in(lived_stage), list(_files(lived_stage))
    replay(lived_stage)
    assert rows_in(lived_stage) == before
    assert list(_files(lived_stage)) == version


def _files(stage):
    return sorted(
        path for path in (stage.parts.settings.home / "lake").rglob("*") if path.is_file()
    )


def test_another_rule_misses_spares_and_finds(lived_stage):
    """Without quality and drift the useful incident is missed; a limit of one's own finds more."""
    parts = lived_stage.parts
    known = known_incidents(parts.catalog, "loans", EVERYTHING)
    about = next(each for each in known if any(a.column == "income" for a in each.alerts))
    parts.catalog.feedback.record(Feedback(about.incident.id, "ann", Worth.USEFUL, START))
    known = known_incidents(parts.catalog, "loans", EVERYTHING)
    present = parts.models.get("loans").model
    off = tuple(
        MonitorSpec(n, n, enabled=False) for n in ("quality", "drift", "performance", "service")
    )
    limit = MonitorSpec("few", "static", options={"figure": "rows", "below": ROWS + 1})

    deaf = hindsight(
        replay(lived_stage, replace(present, monitors=off)), known, [], window_length=DAY
    )
    assert [outcome.told_by for outcome in deaf.of(Worth.USEFUL)] == [None]
    assert deaf.replayed.incidents == ()

    shy = replay(lived_stage, replace(present, monitors=(*off, limit)))
    found = hindsight(shy, known, [], window_length=DAY)
    assert {alert.monitor for alert in shy.alerts} == {"few"}
    assert found.of(Worth.USEFUL)[0].told_by is None
    assert found.new == shy.incidents

    same = hindsight(replay(lived_stage), known, [], window_length=DAY)
    (caught,) = same.of(Worth.USEFUL)
    assert caught.told_by.id == about.incident.id
    assert caught.later == timedelta(0)
    assert same.new == ()


def test_routes_are_counted_by_incident(lived_stage):
    """A route that takes only critical ones tells of fewer than one that takes all."""
    routes = [
        AlertRoute("all", (SinkSpec("log"),), Match(severity=Severity.INFO)),
        AlertRoute("none", (SinkSpec("log"),), Match(model="other")),
    ]
    replayed = replay(lived_stage)
    told = hindsight(replayed, [], routes, window_length=DAY).told
    assert told == {"all": len(replayed.incidents), "none": 0}


def test_a_metric_of_ones_own_is_measured_from_the_rows(lived_stage):
    """An expression that nobody had measured then is measured now, with what was known then."""
    present = lived_stage.parts.models.get("loans").model
    off = tuple(
        MonitorSpec(n, n, enabled=False) for n in ("quality", "drift", "performance", "service")
    )
    own = MonitorSpec("poor", "custom", options={"sql": "min(income)", "below": 1.5})
    replayed = replay(lived_stage, replace(present, monitors=(*off, own)))
    assert {alert.opened_at for alert in replayed.alerts} == {START + 3 * DAY}


def test_a_range_is_replayed_with_what_lay_before_it(lived_stage):
    """The windows before the range are compared with, and not judged."""
    replayed = replay(lived_stage, asked=Range(START + 3 * DAY, START + 4 * DAY))
    assert replayed.windows == 1
    assert any(alert.column == "income" for alert in replayed.alerts)
    with pytest.raises(InvalidInput, match="there must be windows"):
        replay(lived_stage, asked=Range(START + 300 * DAY))


def test_what_would_have_to_be_counted_anew_is_refused(stage):
    """Columns and granularity stay; the budget may change."""
    model = stage.parts.models.get("loans").model
    check_replayable(model, replace(model, alarm_budget=AlarmBudget(5), materiality=0.2))
    with pytest.raises(InvalidInput, match="granularity"):
        check_replayable(model, replace(model, granularity=type(model.granularity).parse("1h")))
    column = Column("wealth", ColumnType.NUMERIC)
    with pytest.raises(InvalidInput, match="wealth"):
        check_replayable(model, replace(model, columns=(*model.columns, column)))


def test_the_command_shows_both_rules(lived_stage, tmp_path):
    """A table for people, the same as JSON for programs; a monitor in a file of its own joins."""
    file = tmp_path / "rule.yaml"
    file.write_text(
        "kind: Monitor\napiVersion: watchkeeper/v1\nmodel: loans\nname: quality\ntype: quality\n"
        "enabled: false\n",
        encoding="utf-8",
    )
    home = ["--home", str(lived_stage.parts.settings.home)]
    shown = CliRunner().invoke(command, ["loans", str(file), *home])
    assert shown.exit_code == 0, shown.output
    assert "in force" in shown.output
    assert "wanted" in shown.output
    told = CliRunner().invoke(command, ["loans", str(file), *home, "--json"])
    found = json.loads(told.stdout)
    assert len(found["wanted"]["alerts"]) < len(found["in_force"]["alerts"])
    assert found["in_force"]["told"] == {"log": len(found["in_force"]["incidents"])}
