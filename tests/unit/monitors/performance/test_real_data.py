"""The performance monitor on real data with published figures."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from watchkeeper.domain.model import Task
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.performance import performance

ALPHA = 7.0 / 90.0  # weekly windows and one false alert-day in 90


def _read(path, *columns):
    table = pq.read_table(path, columns=list(columns))
    return [table[name].to_numpy(zero_copy_only=False) for name in columns]


def _joined(folder, rows, target, key, label):
    """The labels of a target file in the order of the rows' file."""
    ids, labels = _read(folder / target, key, label)
    found = dict(zip(ids.tolist(), labels.tolist(), strict=True))
    return np.array([found[each] for each in _read(folder / rows, key)[0].tolist()])


def _alarms(build, current, reference, model, *, timed=True, alpha=ALPHA):
    """The (figure, window number, direction) of every alarm of the budget."""
    found = list(performance(build.spec, model, current, History(tuple(reference), timed)))
    order = {profile.window: number for number, profile in enumerate(current)}
    alarms = []
    for window in dict.fromkeys(each.window for each in found):
        for each, status in decide([e for e in found if e.window == window], alpha=alpha):
            if status is Status.ALERT:
                alarms.append((each.series.what, order[window], each.effect["direction"]))
    return found, alarms


def _figures(found, what):
    return [each for each in found if each.series.what == what]


@pytest.fixture
def car_loan(build, shared_data):
    """Reference and analysis windows of 5,000 rows."""
    folder = shared_data / "nannyml_car_loan"

    def windows(label, predicted, score):
        label, predicted = label.astype(int), predicted.astype(int)
        return [
            build.window(
                build.binary(label[a:b], predicted[a:b], score[a:b]),
                a // 5000,
                length=7 * build.day,
            )
            for a, b in ((k, k + 5000) for k in range(0, len(label), 5000))
        ]

    reference = folder / "synthetic_car_loan_reference.parquet"
    analysis = folder / "synthetic_car_loan_analysis.parquet"
    label = _joined(
        folder, analysis.name, "synthetic_car_loan_analysis_target.parquet", "id", "repaid"
    )
    return (
        windows(*_read(reference, "repaid", "y_pred", "y_pred_proba")),
        windows(label, *_read(analysis, "y_pred", "y_pred_proba")),
    )


def test_the_published_realised_areas_are_reproduced(build, car_loan):
    """The realised ROC AUC of ten chunks equals the published figures within the bin error."""
    reference, current = car_loan
    published = [
        0.970962, 0.970248, 0.976282, 0.967721, 0.969886, 0.96005, 0.95853, 0.959041, 0.963094,
        0.957556,
    ]  # fmt: skip

    found, _ = _alarms(build, current, reference, build.model())

    for each, expected in zip(_figures(found, "roc_auc"), published, strict=True):
        assert abs(each.value - expected) <= min(2e-4, each.effect["bin_error"] + 5e-7)
        assert each.effect["bin_error"] < 3e-3


def test_the_fall_of_the_second_half_of_car_loan_alarms_and_the_first_half_is_silent(
    build, car_loan
):
    """Chunks 0 to 4 raise nothing; each of the chunks 5 to 9 raises an alarm called worse."""
    reference, current = car_loan

    _, alarms = _alarms(build, current, reference, build.model())

    assert {number for _, number, _ in alarms} == {5, 6, 7, 8, 9}
    assert {way for _, _, way in alarms} == {"worse"}


def test_the_gain_of_car_price_alarms_as_better_and_its_first_half_is_silent(build, shared_data):
    """The RMSE of the ten chunks is the published one; its fall from 1,062 to 907 is flagged as
    better.
    """
    folder = shared_data / "nannyml_car_price_regression"

    def windows(label, predicted):
        return [
            build.window(
                build.regressor(label[a : a + 6000], predicted[a : a + 6000]),
                a // 6000,
                length=7 * build.day,
            )
            for a in range(0, len(label), 6000)
        ]

    reference = windows(
        *_read(folder / "regression_synthetic_reference.parquet", "y_true", "y_pred")
    )
    label = _joined(
        folder, "regression_synthetic_analysis.parquet",
        "regression_synthetic_analysis_targets.parquet", "id", "y_true",
    )  # fmt: skip
    current = windows(label, *_read(folder / "regression_synthetic_analysis.parquet", "y_pred"))
    expected = [
        1069.17, 1067.65, 1062.41, 1076.24, 1060.32, 910.82, 910.88, 890.10, 914.28, 908.81,
    ]  # fmt: skip

    found, alarms = _alarms(build, current, reference, build.model(Task.REGRESSION))

    assert [e.value for e in _figures(found, "rmse")] == pytest.approx(expected, abs=0.006)
    assert {number for _, number, _ in alarms} == {5, 6, 7, 8, 9}
    assert {way for what, _, way in alarms if what == "rmse"} == {"better"}


def test_the_fall_of_credit_card_multiclass_alarms_and_its_first_half_is_silent(build, shared_data):
    """The macro ROC AUC of the ten chunks is the published one, and falls from .9075 to .7486."""
    folder = shared_data / "nannyml_credit_card_multiclass"
    analysis, names = (
        folder / "mc_analysis.parquet",
        ["highstreet_card", "prepaid_card", "upmarket_card"],
    )
    scores = [f"y_pred_proba_{name}" for name in names]

    def windows(label, predicted, *score):
        label, predicted = (np.searchsorted(names, each.astype(str)) for each in (label, predicted))
        score = np.stack(score, axis=1)
        return [
            build.window(
                build.classifier(label[a : a + 6000], predicted[a : a + 6000], score[a : a + 6000], classes=names),
                a // 6000, length=7 * build.day,
            )
            for a in range(0, len(label), 6000)
        ]  # fmt: skip

    reference = windows(*_read(folder / "mc_reference.parquet", "y_true", "y_pred", *scores))
    key = next(n for n in pq.read_schema(folder / "mc_analysis_gt.parquet").names if n != "y_true")
    label = _joined(folder, analysis.name, "mc_analysis_gt.parquet", key, "y_true")
    current = windows(label, *_read(analysis, "y_pred", *scores))
    expected = [0.9076, 0.9105, 0.9094, 0.9116, 0.9075, 0.7486, 0.7511, 0.7564, 0.7586, 0.7539]

    found, alarms = _alarms(build, current, reference, build.model(Task.MULTICLASS))

    assert [e.value for e in _figures(found, "macro_roc_auc")] == pytest.approx(expected, abs=2e-4)
    assert {number for _, number, _ in alarms} == {5, 6, 7, 8, 9}
    assert {way for _, _, way in alarms} == {"worse"}


def test_three_years_of_employment_raise_no_alarm(build, shared_data):
    """2016, 2017 and 2018 against blocks of 2015: the model is as good as it was."""
    folder = shared_data / "acs_employment_ma"
    year, label, predicted, score = _read(
        folder / "employment_MA_reference.parquet",
        "year",
        "employed",
        "prediction",
        "predicted_probability",
    )
    block = np.random.default_rng(0).integers(0, 8, len(year))
    reference = [
        build.window(build.binary(label[at].astype(int), predicted[at].astype(int), score[at]))
        for at in (block == k for k in range(8))
    ]
    analysis = "employment_MA_analysis.parquet"
    label = _joined(folder, analysis, "employment_MA_analysis_target.parquet", "id", "employed")
    year, predicted, score = _read(folder / analysis, "year", "prediction", "predicted_probability")

    for each in np.unique(year):
        at = year == each
        now = build.window(
            build.binary(label[at].astype(int), predicted[at].astype(int), score[at])
        )
        found, alarms = _alarms(build, [now], reference, build.model(), timed=False, alpha=0.05)
        assert not alarms
        assert _figures(found, "roc_auc")[0].value == pytest.approx(0.904, abs=0.003)


def test_no_change_reaches_853_on_electricity(build, shared_data):
    """The control of "as the half hour before" is .853 on Elec2, above many a published model."""
    (name,) = _read(shared_data / "elec2" / "electricity.parquet", "class")
    label = (name.astype(str) == "UP").astype(int)
    answer = np.zeros(len(label), int)
    window = build.window(build.binary(label, answer, np.full(len(label), 0.4)))

    found, _ = _alarms(build, [window], [window] * 4, build.model(), timed=False)
    effect = _figures(found, "accuracy")[0].effect

    assert effect["no_change"] == pytest.approx(0.8533, abs=5e-5)
    assert effect["best_constant"] == pytest.approx(0.5755, abs=5e-5)
