"""The performance monitor: what it alarms on, what it leaves alone, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import MonitorSpec, Task
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.performance import performance

CLASSES = ("a", "b", "c")


def _binary(build, random, day, *, rows=1000, skill=1.0):
    score = random.beta(1, 2, rows)
    truth = np.clip(skill * (score - 0.33) + 0.33, 0, 1)
    label = (random.random(rows) < truth).astype(int)
    return build.window(build.binary(label, (score > 0.4).astype(int), score), day)


def _run(build, current, reference, *, spec=None, model=None, timed=True, recent=()):
    history = History(tuple(reference), timed, tuple(recent))
    found = performance(spec or build.spec, model or build.model(), current, history)
    return {(each.series.what, each.window): each for each in found}


def _days(build, days, *, seed=1, **options):
    random = np.random.default_rng(seed)
    return [_binary(build, random, day, **options) for day in days]


def test_quiet_windows_alarm_as_often_as_stated(build):
    """Without any change 5 % of the p-values of key figures lie below 5 %."""
    reference = _days(build, range(42))
    found = _run(build, _days(build, range(42, 342), seed=2), reference)

    p_values = np.array([each.p_value for each in found.values() if each.p_value is not None])

    assert len(p_values) == 4 * 300
    assert 0.03 < np.mean(p_values < 0.05) < 0.075


def test_a_fall_of_every_key_figure_is_found_and_called_worse(build):
    """A model whose scores lost half of their meaning is worse in every key figure but the gap."""
    found = _run(build, _days(build, [50], skill=0.5, rows=5000), _days(build, range(42)))
    by_name = {what: each for (what, _), each in found.items()}

    for name in ("roc_auc", "accuracy", "log_loss"):
        assert by_name[name].p_value < 1e-6, name
        assert by_name[name].material
        assert by_name[name].effect["direction"] == "worse"
        assert "worse than the usual" in by_name[name].message


def test_an_improvement_is_found_and_called_better(build):
    """A sudden gain is evidence too, of severity info."""
    found = _run(build, _days(build, [50], skill=1.8, rows=5000), _days(build, range(42)))
    area = next(each for (what, _), each in found.items() if what == "roc_auc")

    assert area.p_value < 1e-6
    assert area.effect["direction"] == "better"
    assert area.severity is Severity.INFO


def test_days_that_differ_by_nature_are_no_evidence(build):
    """Where skill varies from day to day, a day as bad as others before is no news, though its
    sampling noise alone would make it significant.
    """
    random = np.random.default_rng(3)
    skills = random.normal(1.0, 0.15, 43)
    windows = [_binary(build, random, d, rows=8000, skill=s) for d, s in enumerate(skills)]
    bad = _binary(build, random, 60, rows=8000, skill=0.75)

    found = _run(build, [bad], windows)
    blind = _run(build, [bad], [replace(w, window=None) for w in windows], timed=False)

    assert next(e for (what, _), e in found.items() if what == "roc_auc").p_value > 0.01
    assert next(e for (what, _), e in blind.items() if what == "roc_auc").p_value < 1e-4


def test_a_weekend_is_judged_against_weekends(build):
    """With eight weeks of days a weekend's lower accuracy is normal on a weekend alone."""
    random = np.random.default_rng(4)
    skill = [0.7 if d % 7 > 4 else 1.2 for d in range(70)]
    windows = [_binary(build, random, d, rows=3000, skill=s) for d, s in enumerate(skill)]
    odd = _binary(build, random, 58, rows=3000, skill=0.7)  # a Wednesday

    found = _run(build, [windows[61], odd], windows[:56])
    area = {w.start.weekday(): e for (what, w), e in found.items() if what == "roc_auc"}

    assert area[5].p_value > 0.01
    assert area[2].p_value < 1e-6


def test_only_few_figures_may_alarm_and_the_others_are_shown(build):
    """Four figures spend the budget; the others carry a value, an interval and no p-value."""
    found = _run(build, _days(build, [50]), _days(build, range(10)))
    judged = {what for (what, _), each in found.items() if each.p_value is not None}
    shown = {what for (what, _), each in found.items() if each.p_value is None}

    assert judged == {"roc_auc", "accuracy", "log_loss", "calibration_gap"}
    assert {"precision", "recall", "f1", "average_precision", "brier"} <= shown
    assert all(e.low <= e.value <= e.high for e in found.values())
    assert all(e.status is Status.OK for e in found.values())


def test_a_classifier_without_scores_is_judged_by_its_answers(build):
    """Figures that need scores are not missed where there are none; a fall is found all the same."""
    random = np.random.default_rng(3)

    def day(at, wrong):
        label = random.integers(0, 2, 2000)
        predicted = np.where(random.random(2000) < wrong, 1 - label, label)
        profile = build.binary(label, predicted, np.full(2000, 0.5))
        none = np.zeros((0, 1000, 2))
        profile = replace(profile, score_histogram=none, score_sums=none, scored=0)
        return build.window(replace(profile, log_loss=(0.0, 0.0), brier=(0.0, 0.0)), at)

    found = _run(build, [day(30, 0.2)], [day(at, 0.1) for at in range(30)])
    by_name = {what: each for (what, _), each in found.items()}

    assert {what for what, each in by_name.items() if each.p_value is not None} == {
        "accuracy",
        "precision",
        "recall",
    }
    assert max(by_name[what].p_value for what in ("accuracy", "precision", "recall")) < 1e-6
    assert all(each.status is Status.OK for each in found.values())


def test_a_specification_chooses_what_is_judged(build):
    """The option metrics replaces the figures, and all that it names are judged."""
    spec = MonitorSpec("mine", "performance", options={"metrics": ["recall", "brier"]})

    found = _run(build, _days(build, [50]), _days(build, range(10)), spec=spec)

    assert {what for what, _ in found} == {"recall", "brier"}
    assert all(e.p_value is not None and e.series.monitor == "mine" for e in found.values())


@pytest.mark.parametrize(
    "options",
    [
        {"metrics": ["rmse"]},
        {"metrics": []},
        {"metrics": "accuracy"},
        {"min_labels": -1},
        {"materiality": "big"},
    ],
)
def test_an_option_that_cannot_be_is_refused(build, options):
    """A wrong option is an invalid definition, told in words."""
    spec = MonitorSpec("mine", "performance", options=options)

    with pytest.raises(InvalidDefinition):
        _run(build, _days(build, [50]), _days(build, range(10)), spec=spec)


def test_a_small_change_of_many_rows_is_not_material(build):
    """With 200,000 rows a change of half a point in skill is sure, and not worth an alarm."""
    reference = [replace(w, window=None) for w in _days(build, range(4), rows=200_000)]
    current = [replace(w, window=None) for w in _days(build, [9], rows=200_000, skill=0.985)]

    found = _run(build, current, reference, timed=False)
    area = next(e for (what, _), e in found.items() if what == "roc_auc")

    assert not area.material


def test_too_few_labels_are_insufficient(build):
    """Under 50 labels nothing is judged, and the message says how many there are."""
    found = _run(build, _days(build, [50], rows=30), _days(build, range(10)))
    accuracy = next(e for (what, _), e in found.items() if what == "accuracy")

    assert accuracy.status is Status.INSUFFICIENT_DATA
    assert "30 labels, 50 are needed" in accuracy.message
    assert accuracy.p_value is None


def test_a_window_without_labels_says_so(build):
    """Before the first label there is no figure, and that is a verdict of its own."""
    empty = build.binary(np.empty(0, int), np.empty(0, int), np.empty(0), n=700)

    found = _run(build, [build.window(empty, 50)], _days(build, range(10)))

    assert {what for what, _ in found} == {"roc_auc", "accuracy", "log_loss", "calibration_gap"}
    assert {e.status for e in found.values()} == {Status.INSUFFICIENT_DATA}
    assert all(e.value is None and e.maturity == 0.0 for e in found.values())
    assert all("no label has come yet" in e.message for e in found.values())


def _deciles(build, day):
    """Scores from 1 to 10, of which only the 1 looks like a probability."""
    profile = build.binary(np.ones(100, int), np.ones(100, int), np.ones(100))
    profile = replace(profile, n=1000, labelled=1000, invalid_score=900)
    return build.window(profile, day)


def test_scores_that_are_no_probabilities_say_nothing(build):
    """A score from 1 to 10 gives no figure of the rows that happen to have a 1, and that is told."""
    windows = [_deciles(build, day) for day in range(10)]

    found = _run(build, windows[9:], windows[:9])

    assert {each.status for each in found.values()} == {Status.INSUFFICIENT_DATA}
    assert all("no probabilities (from 0 to 1)" in each.message for each in found.values())
    assert all(each.value is None for each in found.values())


def test_a_model_that_was_never_labelled_has_no_performance(build):
    """Without a profile of performance anywhere the monitor is silent."""
    window = replace(_days(build, [1])[0], performance=None)

    assert _run(build, [window], [window]) == {}


def test_half_of_the_labels_are_not_enough(build):
    """Where half of the labels have come and nothing tells how late they are, figures are shown
    with their maturity and not judged.
    """
    window = _days(build, [50])[0]
    window = replace(window, performance=replace(window.performance, n=2000))

    found = _run(build, [window], _days(build, range(10)))
    accuracy = next(e for (what, _), e in found.items() if what == "accuracy")

    assert accuracy.status is Status.INSUFFICIENT_DATA
    assert accuracy.maturity == pytest.approx(0.5)
    assert accuracy.value is not None
    assert "50.0 % of the expected labels" in accuracy.message


def test_labels_that_never_come_are_not_waited_for(build):
    """Where the reference has labels for 60 % of its rows, 60 % are all of them."""
    partly = [
        replace(w, performance=replace(w.performance, n=1667)) for w in _days(build, range(10))
    ]
    current = replace(_days(build, [50])[0])
    current = replace(current, performance=replace(current.performance, n=1650))

    found = _run(build, [current], partly)

    assert next(e for (what, _), e in found.items() if what == "accuracy").maturity == 1.0


def test_past_the_horizon_what_is_missing_is_not_waited_for(build):
    """A window older than the label horizon is mature, whatever came."""
    window = _days(build, [50])[0]
    known = window.window.end + timedelta(days=31)
    window = replace(window, known_at=known, performance=replace(window.performance, n=4000))

    found = _run(build, [window], _days(build, range(10)))

    assert {e.maturity for e in found.values()} == {1.0}


def test_a_short_reference_is_provisional(build):
    """With three windows the natural variation is assumed, and verdicts say so."""
    found = _run(build, _days(build, [50]), _days(build, range(3)))

    assert all(e.provisional for e in found.values())
    assert all(e.p_value is not None for (w, _), e in found.items() if w == "accuracy")


def test_nothing_to_compare_to_is_insufficient_and_shows_the_figure(build):
    """Without a reference the figure is shown, and not judged."""
    found = _run(build, _days(build, [50]), [])
    accuracy = next(e for (what, _), e in found.items() if what == "accuracy")

    assert accuracy.status is Status.INSUFFICIENT_DATA
    assert accuracy.value is not None


def test_controls_stand_beside_the_figure(build):
    """Beside the accuracy stand the reference's, the best constant answer and no change."""
    label = np.tile([0, 0, 0, 1, 1], 400)
    score = np.where(label == 1, 0.8, 0.3)
    window = build.window(build.binary(label, (score > 0.5).astype(int), score))

    found = _run(build, [window], [window] * 2, timed=False)
    effect = next(e for (what, _), e in found.items() if what == "accuracy").effect

    assert effect["baseline"] == 1.0
    assert effect["best_constant"] == pytest.approx(0.6)
    assert effect["no_change"] == pytest.approx(0.6, abs=0.01)


def test_a_creep_that_the_rolling_windows_follow_is_found_against_the_reference(build):
    """Eight weeks of slow loss make the low level usual; the reference still tells it apart."""
    random = np.random.default_rng(8)
    reference = _days(build, range(28), rows=3000)
    creeping = [
        _binary(build, random, 100 + d, rows=3000, skill=1.0 - 0.6 * d / 56) for d in range(56)
    ]
    now = _binary(build, random, 156, rows=3000, skill=0.4)

    found = _run(build, [now], reference, recent=creeping)
    area = next(e for (what, _), e in found.items() if what == "roc_auc")

    assert area.effect["creep"] is True
    assert area.p_value < 1e-6
    assert "worse than the reference's" in area.message


def test_figures_of_many_classes(build):
    """A multiclass model has macro figures to judge, and figures of every class to see."""
    random = np.random.default_rng(9)

    def day(number, sharp):
        scores = random.dirichlet([1, 1, 1], 2000)
        label = (random.random((2000, 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(0, 2)
        shown = random.dirichlet([1, 1, 1], 2000) * (1 - sharp) + scores * sharp
        profile = build.classifier(label, shown.argmax(axis=1), shown, classes=CLASSES)
        return build.window(profile, number)

    reference = [day(d, 1.0) for d in range(20)]

    found = _run(build, [day(30, 0.3)], reference, model=build.model(Task.MULTICLASS))
    by_name = {what: each for (what, _), each in found.items()}

    assert by_name["macro_roc_auc"].p_value < 1e-6
    assert by_name["macro_f1"].effect["direction"] == "worse"
    assert {"precision:a", "recall:b", "f1:c"} <= set(by_name)
    assert by_name["recall:b"].p_value is None


def test_a_regressor_that_gets_better_is_told(build):
    """Errors that shrink by a tenth are evidence, called better, in percent."""
    random = np.random.default_rng(10)

    def day(number, sd):
        label = random.normal(100, 30, 2000)
        return build.window(build.regressor(label, label + random.normal(0, sd, 2000)), number)

    reference = [day(d, 10.0) for d in range(20)]
    found = _run(build, [day(30, 8.0)], reference, model=build.model(Task.REGRESSION))
    by_name = {what: each for (what, _), each in found.items()}

    assert by_name["rmse"].p_value < 1e-6
    assert by_name["rmse"].effect["direction"] == "better"
    assert "%" in by_name["rmse"].message
    assert by_name["bias"].p_value > 1e-3
    assert {"mse", "mape", "r2", "median_absolute_error", "absolute_error_p95"} <= set(by_name)


def test_a_regressor_whose_bias_jumps_is_told(build):
    """A constant offset is found in the bias, whose best value is 0."""
    random = np.random.default_rng(11)

    def day(number, offset):
        label = random.normal(100, 30, 2000)
        return build.window(
            build.regressor(label, label + offset + random.normal(0, 10, 2000)), number
        )

    found = _run(
        build, [day(30, 3.0)], [day(d, 0.0) for d in range(20)], model=build.model(Task.REGRESSION)
    )
    bias = next(e for (what, _), e in found.items() if what == "bias")

    assert bias.p_value < 1e-6
    assert bias.material
    assert bias.effect["direction"] == "worse"
