"""Gaps and spikes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.quality.volume import volume


def _weekly(bench, days: int = 56) -> History:
    """A thousand rows on weekdays, three hundred on weekends, give or take a few percent."""
    rows = [(300 if day % 7 > 4 else 1000) + 13 * (day * 5 % 7) for day in range(days)]
    return History(tuple(bench.window(d, {}, n) for d, n in enumerate(rows)), timed=True)


@pytest.mark.parametrize(
    ("day", "rows", "expected"),
    [
        (56, 1030, "ok"),
        (61, 330, "ok"),
        (56, 330, "alert"),
        (61, 1030, "alert"),
        (56, 3000, "alert"),
    ],
)
def test_volume_is_judged_against_its_season(bench, day, rows, expected):
    """A weekend's volume is fine on a Saturday and a gap on a Monday."""
    [(_, status)] = bench.judge(volume, bench.window(day, {}, rows), _weekly(bench))

    assert status == expected


def test_no_rows_at_all_is_a_gap_outside_the_budget(bench):
    """An empty window, where none ever was, alarms whatever the budget."""
    [(found, status)] = bench.judge(volume, bench.window(56, {}, 0), _weekly(bench), alpha=1e-300)

    assert status == "alert"
    assert found.message.startswith("no rows at all, where about 1,0")


def test_an_empty_night_that_is_always_empty_is_no_gap(bench):
    """Where the same season was empty before, an empty window is normal."""
    rows = [0 if day % 7 == 6 else 1000 for day in range(56)]
    history = History(tuple(bench.window(d, {}, n) for d, n in enumerate(rows)), timed=True)

    [(_, status)] = bench.judge(volume, bench.window(62, {}, 0), history)

    assert status == "ok"


def test_a_window_cut_by_the_end_of_the_data_is_not_judged(bench):
    """Half a day has half the rows, which says nothing."""
    current = replace(bench.window(56, {}, 500), complete=False)

    assert bench.judge(volume, current, _weekly(bench)) == []


def test_a_reference_that_is_a_sample_gives_no_level(bench):
    """Fifty times the reference's rows is how the reference was made; the message says so."""
    [(found, status)] = bench.judge(volume, bench.window(56, {}, 50_000), _weekly(bench))

    assert status == "ok"
    assert "the level is that of the judged windows" in found.message


def test_without_time_there_is_no_volume(bench):
    """Random blocks have no rate of rows."""
    history = replace(_weekly(bench), timed=False)

    assert bench.judge(volume, bench.window(56, {}, 10), history) == []


def test_three_windows_are_too_few(bench):
    """Fewer than four windows cannot say what is normal."""
    history = _weekly(bench, days=3)

    [(_, status)] = bench.judge(volume, bench.window(7, {}, 900), history)

    assert status == "insufficient_data"
