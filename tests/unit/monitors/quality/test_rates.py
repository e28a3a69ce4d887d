"""Faults that are a share of rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from watchkeeper.domain.verdict import Severity
from watchkeeper.monitors.quality.bounds import bounds
from watchkeeper.monitors.quality.duplicates import duplicates
from watchkeeper.monitors.quality.invalid import invalid
from watchkeeper.monitors.quality.missing import missing
from watchkeeper.monitors.quality.non_finite import non_finite
from watchkeeper.monitors.quality.timestamps import timestamps
from watchkeeper.monitors.quality.unseen import unseen


def _values(n: int) -> np.ndarray:
    return np.linspace(-3.0, 3.0, n)


def test_a_rise_of_missing_values_alarms_and_says_then_and_now(bench):
    """Five percent missing where one percent was is an alarm that tells both figures."""
    history = bench.days(lambda day: bench.numeric(_values(990), null=10))

    found, status = bench.one(missing, bench.numeric(_values(950), null=50), history)

    assert status == "alert"
    assert found.message == "x: 5.0 % of 1,000 rows missing, 1.0 % of 28,000 before"
    assert (found.value, found.n) == (0.05, 1000)


def test_missing_as_before_is_no_alarm(bench):
    """A share within its sampling noise is fine."""
    history = bench.days(lambda day: bench.numeric(_values(990 - day % 5), null=10 + day % 5))

    found, status = bench.one(missing, bench.numeric(_values(985), null=15), history)

    assert (status, found.material) == ("ok", False)


@pytest.mark.parametrize(("count", "expected"), [(1, "ok"), (3, "ok"), (20, "alert")])
def test_what_was_never_missing_may_be_once(bench, count, expected):
    """Against none of 28,000 a single missing value is no alarm, nor three; twenty are."""
    history = bench.days(lambda day: bench.numeric(_values(1000)))

    _, status = bench.one(missing, bench.numeric(_values(1000 - count), null=count), history)

    assert status == expected


def test_a_change_that_is_certain_and_tiny_is_not_material(bench):
    """With very many rows a change below half a percent is no alarm."""
    history = bench.days(lambda day: bench.categorical([990_000], null=10_000), "c")

    found, status = bench.one(missing, bench.categorical([988_000], null=12_000), history, "c")

    assert found.p_value < 1e-6
    assert status == "ok"


def test_a_column_that_is_missing_altogether_is_critical_and_outside_the_budget(bench):
    """Every value missing, where one percent was, alarms whatever the budget."""
    history = bench.days(lambda day: bench.numeric(_values(990), null=10))
    current = bench.window(28, {"x": bench.numeric([], null=1000)})

    [(found, status)] = bench.judge(missing, current, history, alpha=1e-300)

    assert (status, found.severity, found.p_value) == ("alert", Severity.CRITICAL, None)


def test_fewer_unseen_values_than_rare_ones_promise_are_no_fault(bench):
    """Where a tenth of the rows were of values that come once, none of them now is good news."""
    rare = [900, *[1] * 100]
    history = bench.days(lambda day: bench.categorical(rare))

    found, status = bench.one(unseen, bench.categorical([100_000, *[0] * 100]), history)

    assert (status, found.value, found.material) == ("ok", 0.0, False)


def test_labels_are_not_missing_but_late(bench):
    """The label column is never judged for missing values."""
    history = bench.days(lambda day: bench.categorical([1000]), "y")

    found = bench.judge(missing, bench.window(28, {"y": bench.categorical([], null=1000)}), history)

    assert found == []


def test_a_label_without_an_answer_is_a_column_like_any_other(bench):
    """Where the model has no answer to be judged by it, nothing else would watch it."""
    bench.model = replace(bench.model, columns=bench.model.columns[:-1])
    history = bench.days(lambda day: bench.categorical([1000]), "y")

    ((_, status),) = bench.judge(
        missing, bench.window(28, {"y": bench.categorical([], null=1000)}), history
    )

    assert status == "alert"


def test_the_first_value_of_the_wrong_type_is_a_fault(bench):
    """One unreadable number, where none ever was, alarms outside the budget."""
    history = bench.days(lambda day: bench.numeric(_values(1000)))

    found, status = bench.one(invalid, bench.numeric(_values(999), invalid=1), history)

    assert (status, found.p_value) == ("alert", None)
    assert "of the wrong type" in found.message


def test_values_of_the_wrong_type_that_always_came_are_no_alarm(bench):
    """Where the reference has type errors too, only a change of their share counts."""
    history = bench.days(lambda day: bench.numeric(_values(990), invalid=10))

    _, status = bench.one(invalid, bench.numeric(_values(989), invalid=11), history)

    assert status == "ok"


def test_nan_is_counted_apart_from_missing(bench):
    """NaN alarms as non-finite."""
    history = bench.days(lambda day: bench.numeric(_values(1000)))

    found, status = bench.one(non_finite, bench.numeric(_values(900), nan=100), history)

    assert (status, found.value) == ("alert", 0.1)


def test_stated_bounds_need_no_materiality(bench):
    """Ten of a hundred thousand outside what the owner stated alarm, however few they are."""
    history = bench.days(lambda day: bench.numeric(_values(10_000)))
    column = bench.numeric(_values(10_000), outside=10)

    found, status = bench.one(bounds, column, history)

    assert status == "alert"
    assert "outside the stated range [-50, 50]" in found.message


def test_an_unseen_category_is_named(bench):
    """A category that the reference never held alarms with its name and count."""
    history = bench.days(lambda day: bench.categorical([600, 400]), "c")

    found, status = bench.one(unseen, bench.categorical([500, 400], unseen=100), history, "c")

    assert status == "alert"
    assert found.message.endswith("; new: 'new' (100)")


def test_duplicated_rows_and_ids_alarm(bench, counted):
    """Rows and ids that repeat are two findings."""
    windows = bench.days(lambda day: counted(1000, 0), "id")
    current = bench.window(28, {"id": counted(1000, 0, duplicate=80)}, duplicate_rows=50)

    found = {e.series.what: status for e, status in bench.judge(duplicates, current, windows)}

    assert found == {"duplicate_rate": "alert", "duplicate_id_rate": "alert"}


def test_future_timestamps_alarm(bench, counted):
    """Times ahead of when the row was received alarm; stale ones are a series of their own."""
    history = bench.days(lambda day: counted(1000, 0), "t")
    current = bench.window(28, {"t": counted(1000, 0, future=40)})

    found = {e.series.what: status for e, status in bench.judge(timestamps, current, history)}

    assert found == {"stale_rate": "ok", "future_rate": "alert"}


def test_a_window_without_rows_has_too_few_data(bench):
    """No rows is neither zero percent nor an alarm of this check."""
    history = bench.days(lambda day: bench.numeric(_values(990), null=10))

    _, status = bench.one(missing, bench.numeric([]), history)

    assert status == "insufficient_data"


def test_new_values_of_a_column_of_rare_values_are_no_fault(bench):
    """Where every day of the reference brings values of its own, so may the next day."""
    rng = np.random.default_rng(11)
    chance = 1.0 / np.arange(1, 2001)
    days = rng.multinomial(500, chance / chance.sum(), size=40)
    known = days[:28].sum(axis=0) > 0
    history = bench.days(lambda day: bench.categorical(days[day][known]), "c")

    statuses = [
        bench.one(
            unseen,
            bench.categorical(day[known], unseen=int(day[~known].sum())),
            history,
            "c",
        )[1]
        for day in days[28:]
    ]

    assert days[28:, ~known].sum() > 50
    assert statuses == ["ok"] * 12


def test_a_loss_too_small_for_any_day_is_told_after_some(bench):
    """Values that are lost in bursts now and then: fifteen a day are one burst, but not every day."""
    burst = {5: 40, 17: 40}
    history = bench.days(lambda day: bench.numeric(_values(960), null=burst.get(day, 0)))
    lost = bench.numeric(_values(985), null=15)
    week = tuple(bench.window(day, {"x": lost}) for day in range(28, 34))

    (_, alone), *_ = bench.judge(missing, bench.window(34, {"x": lost}), history)
    (found, status), *_ = bench.judge(
        missing, bench.window(34, {"x": lost}), replace(history, week=week)
    )

    assert (alone, status) == ("ok", "alert")
    assert found.message.endswith("; in the last 7 days 1.5 % of 7,000")
