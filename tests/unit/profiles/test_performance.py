"""Performance: the counts from which every metric is computed, checked against scikit-learn."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import ClassificationProfile, RegressionProfile
from watchkeeper.domain.window import Granularity
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

ROWS = 1_000
LABEL = Column("y", ColumnType.CATEGORICAL, Role.LABEL)
PREDICTION = Column("p", ColumnType.CATEGORICAL, Role.PREDICTION)
SCORE = Column("s", ColumnType.NUMERIC, Role.SCORE)


def classified(table: pa.Table, model: Model) -> ClassificationProfile:
    opened = open_table(table)
    (found,) = profile(opened, model, fit_binnings(opened, model), granularity=None)
    assert isinstance(found.performance, ClassificationProfile)
    return found.performance


def binary(*columns: Column, **options: object) -> Model:
    return Model("m", Task.BINARY, columns or (LABEL, PREDICTION, SCORE), **options)


@pytest.fixture(scope="module")
def outcomes() -> tuple[np.ndarray, np.ndarray]:
    """Scores and the labels that they predict well."""
    rng = np.random.default_rng(2)
    score = rng.beta(2, 3, ROWS)
    return score, (rng.random(ROWS) < score).astype(int)


def test_binary(outcomes: tuple[np.ndarray, np.ndarray]) -> None:
    """Confusion, histogram, log loss and Brier score are scikit-learn's."""
    metrics = pytest.importorskip("sklearn.metrics")
    score, label = outcomes
    predicted = (score >= 0.5).astype(int)

    found = classified(pa.table({"y": label, "p": predicted, "s": score}), binary())

    assert found.classes == ("0", "1")
    assert found.confusion.tolist() == metrics.confusion_matrix(label, predicted).tolist()
    assert found.log_loss[0] / ROWS == pytest.approx(metrics.log_loss(label, score), abs=1e-12)
    assert found.brier[0] / ROWS == pytest.approx(metrics.brier_score_loss(label, score), abs=1e-12)
    bins = np.minimum((score * 1000).astype(int), 999)
    for y in (0, 1):
        expected = np.bincount(bins[label == y], minlength=1000)
        assert found.score_histogram[0, :, y].tolist() == expected.tolist()
    assert found.score_sums.sum() == pytest.approx(score.sum())


def test_late_labels(outcomes: tuple[np.ndarray, np.ndarray]) -> None:
    """Rows without label count as predictions, and by score among the unlabelled only."""
    score, label = outcomes
    known = np.arange(ROWS) < 700
    table = pa.table({"y": pa.array(label, mask=~known), "p": label, "s": score})

    found = classified(table, binary())

    assert (found.n, found.labelled, found.scored) == (ROWS, 700, 700)
    assert (found.score_histogram.sum(), found.unlabelled_histogram.sum()) == (700, 300)
    assert found.confusion.sum() == 700


def test_invalid_scores() -> None:
    """Scores that are missing, NaN or outside [0, 1] are counted, and used for nothing."""
    score = pa.array([0.0, 1.0, -0.1, 1.1, None, float("nan"), float("inf"), 0.5])
    table = pa.table({"y": [0, 1, 0, 1, 0, 1, 0, 1], "p": [1] * 8, "s": score})

    found = classified(table, binary(positive_class="1"))

    assert (found.invalid_score, found.scored, found.labelled) == (5, 3, 8)
    assert found.log_loss[0] == pytest.approx(-np.log(0.5))
    assert found.score_histogram[0, 999, 1] == 1


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        (pa.array([True, False, None]), pa.array([1, 1, 1])),
        (pa.array([1.0, 0.0, float("nan")]), pa.array(["1", "1", "1"])),
        (pa.array(["1", "0", None]), pa.array([1.0, 1.0, 1.0])),
        (pa.array([1, 0, None], pa.int8()), pa.array([True, True, True])),
    ],
)
def test_labels_as_text(label: pa.Array, prediction: pa.Array) -> None:
    """Labels and predictions are compared as text, whatever each is stored as."""
    table = pa.table({"y": label, "p": prediction})

    found = classified(table, binary(LABEL, PREDICTION, positive_class="1", classes=("0", "1")))

    assert (found.labelled, found.confusion.tolist()) == (2, [[0, 1], [0, 1]])
    assert found.score_histogram.shape == (0, 1000, 2)


def test_score_alone() -> None:
    """Without a prediction column the more probable class is the prediction."""
    table = pa.table({"y": ["no", "yes", "yes"], "s": [0.2, 0.7, 0.4]})

    found = classified(table, binary(LABEL, SCORE, positive_class="yes"))

    assert (found.classes, found.confusion.tolist()) == (("no", "yes"), [[1, 0], [1, 1]])


def test_score_of_the_negative() -> None:
    """A score that the definition says is of the negative class is turned round."""
    score = Column("s", ColumnType.NUMERIC, Role.SCORE, score_of="no")
    table = pa.table({"y": ["no", "yes"], "s": [0.9, 0.25]})

    found = classified(table, binary(LABEL, score, positive_class="yes"))

    assert found.score_histogram[0, 750, 1] == 1
    assert found.score_histogram[0, 99:101, 0].sum() == 1


def test_unknown_label() -> None:
    """A label that is no class is neither labelled nor waiting for its label."""
    table = pa.table({"y": ["0", "1", "2"], "p": ["0", "1", "1"], "s": [0.1, 0.9, 0.9]})

    found = classified(table, binary(classes=("0", "1"), positive_class="1"))

    assert (found.n, found.labelled, found.scored) == (3, 2, 2)
    assert found.unlabelled_histogram.sum() == 0


def test_multiclass() -> None:
    """Multiclass log loss and Brier score are scikit-learn's; each class has its histogram."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    scores = rng.dirichlet([1, 2, 3], ROWS)
    label = np.array([rng.choice(3, p=row) for row in scores])
    predicted = scores.argmax(axis=1)
    names = np.array(["a", "b", "c"])
    columns = tuple(
        Column(f"s{k}", ColumnType.NUMERIC, Role.SCORE, score_of=names[k]) for k in range(3)
    )
    values = {f"s{k}": scores[:, k] for k in range(3)}
    table = pa.table({"y": names[label], "p": names[predicted], **values})

    found = classified(table, Model("m", Task.MULTICLASS, (LABEL, PREDICTION, *columns)))

    assert found.classes == ("a", "b", "c")
    assert found.confusion.tolist() == metrics.confusion_matrix(label, predicted).tolist()
    assert found.log_loss[0] / ROWS == pytest.approx(metrics.log_loss(label, scores), abs=1e-12)
    brier = ((scores - np.eye(3)[label]) ** 2).sum(axis=1)
    assert found.brier == pytest.approx((brier.sum(), (brier**2).sum()))
    for k in range(3):
        assert found.score_histogram[k, :, 1].sum() == (label == k).sum()


def test_no_change_control() -> None:
    """Each label is compared with the one before it in time, within the window."""
    hours = np.array([3, 1, 2, 25, 26], "timedelta64[h]")
    table = pa.table({"t": np.datetime64("2026-01-01", "us") + hours, "y": [1, 0, 0, 1, 1]})
    model = binary(Column("t", ColumnType.TIMESTAMP, Role.TIME), LABEL, positive_class="1")
    opened = open_table(table)

    found = profile(opened, model, {}, granularity=Granularity.parse("1d"))

    agree = [p.performance.previous_agree for p in found if p.performance is not None]
    assert agree == [(1, 2), (1, 1)]


def test_label_delays() -> None:
    """Labels are counted by delay, class and score fifth, and by when their row was made."""
    time = np.datetime64("2026-01-01T12:00", "us")
    late = [timedelta(seconds=30), timedelta(minutes=2), timedelta(days=1000)]
    table = pa.table(
        {
            "_wk_time": [time] * 4,
            "_wk_label_known_at": [*(time + np.timedelta64(d) for d in late), None],
            "y": pa.array([1, 0, 1, None]),
            "p": [1, 1, 1, 1],
            "s": [0.95, 0.05, 0.5, 0.5],
        }
    )
    opened = open_table(table)

    (found,) = profile(opened, binary(positive_class="1"), {}, granularity=Granularity.parse("1d"))

    performance = found.performance
    assert isinstance(performance, ClassificationProfile)
    delays = performance.delays
    assert delays is not None
    assert delays.arrived is not None
    assert delays.made is not None
    assert (delays.counts[0, 1, 4], delays.counts[4, 0, 0], delays.counts[81, 1, 2]) == (1, 1, 1)
    assert delays.counts.sum() == delays.arrived.sum() == 3
    assert (delays.made[12], delays.made.sum()) == (4, 4)
    assert performance.confusion_fifths is not None
    assert performance.confusion_fifths.sum(axis=0).tolist() == performance.confusion.tolist()


@pytest.fixture(scope="module")
def regressed() -> tuple[pa.Table, RegressionProfile]:
    """A regressor's rows, a few without a usable label or prediction, and their profile."""
    rng = np.random.default_rng(6)
    label = rng.gamma(2, 10, ROWS)
    predicted = label + rng.normal(0, 3, ROWS)
    label[:5], predicted[5:10] = np.nan, np.inf
    table = pa.table({"y": pa.array(label, mask=np.arange(ROWS) >= 900), "p": predicted})
    model = Model(
        "m",
        Task.REGRESSION,
        (
            Column("y", ColumnType.NUMERIC, Role.LABEL),
            Column("p", ColumnType.NUMERIC, Role.PREDICTION),
        ),
    )
    opened = open_table(table)
    (found,) = profile(opened, model, fit_binnings(opened, model), granularity=None)
    assert isinstance(found.performance, RegressionProfile)
    return table.slice(10, 890), found.performance


def test_regression(regressed: tuple[pa.Table, RegressionProfile]) -> None:
    """Error moments are scikit-learn's; rows without a finite pair are counted apart."""
    metrics = pytest.importorskip("sklearn.metrics")
    table, found = regressed
    label, predicted = (table[name].to_numpy() for name in ("y", "p"))

    assert (found.n, found.labelled, found.invalid) == (ROWS, 890, 10)
    assert found.moments[1] / 890 == pytest.approx(metrics.mean_absolute_error(label, predicted))
    assert found.moments[2] / 890 == pytest.approx(metrics.mean_squared_error(label, predicted))
    assert found.moments[3] == pytest.approx(((predicted - label) ** 4).sum())
    mape = metrics.mean_absolute_percentage_error(label, predicted)
    assert found.ape[0] / found.ape[2] == pytest.approx(mape)
    variance = (found.label[1] - found.label[0] ** 2 / 890) / 890
    assert 1 - found.moments[2] / 890 / variance == pytest.approx(
        metrics.r2_score(label, predicted)
    )
    assert found.error_counts.sum() == 890


def test_extreme_regression() -> None:
    """Errors near the end of the doubles leave every sum finite."""
    model = Model(
        "m",
        Task.REGRESSION,
        (
            Column("y", ColumnType.NUMERIC, Role.LABEL),
            Column("p", ColumnType.NUMERIC, Role.PREDICTION),
        ),
    )
    table = open_table(pa.table({"y": [-1.7e308, 5e-324, 0.0], "p": [1.7e308, 1e300, 1.0]}))

    (found,) = profile(table, model, fit_binnings(table, model), granularity=None)

    assert isinstance(found.performance, RegressionProfile)
    assert found.performance.labelled == 3
    assert np.isfinite([*found.performance.moments, *found.performance.ape]).all()


def test_no_label_column() -> None:
    """A table without the label's column has no performance at all."""
    table = open_table(pa.table({"p": [1], "s": [0.5]}))

    (found,) = profile(table, binary(), {}, granularity=None)

    assert found.performance is None
