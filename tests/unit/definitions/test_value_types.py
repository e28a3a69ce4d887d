"""What the values of a column are."""
# ruff: noqa: DTZ001 - times without a zone are what is tested

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.definitions.infer import infer

N = 2_000
RNG = np.random.default_rng(5)
START = datetime(2024, 1, 1)
SENTENCE = "the quick brown fox jumps over the lazy dog number"


def column(name, values):
    """Type and role of one column beside two plain ones."""
    table = pa.table({"x": RNG.normal(size=N), name: values, "z": RNG.normal(size=N)})
    found = infer(table).model.column(name)
    return str(found.type), str(found.role)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("amount", RNG.gamma(2, 10, N), ("numeric", "feature")),
        ("door_count", RNG.integers(2, 6, N), ("numeric", "feature")),
        ("rooms", RNG.integers(1, 7, N), ("numeric", "feature")),
        ("sex", RNG.integers(1, 3, N), ("categorical", "feature")),
        ("store_type", RNG.integers(0, 9, N), ("categorical", "feature")),
        ("zip_code", RNG.integers(10_000, 10_400, N), ("categorical", "feature")),
        ("postcode", [f"{x:05d}" for x in RNG.integers(500, 9_000, N)], ("categorical", "feature")),
        ("store_id", RNG.integers(0, 40, N), ("categorical", "feature")),
        ("customer_id", RNG.integers(0, 900, N), ("categorical", "entity")),
        ("user", [f"u{x}" for x in RNG.integers(0, 900, N)], ("categorical", "entity")),
        ("smoker", RNG.choice(["Y", "N"], N), ("boolean", "feature")),
        ("smoker", RNG.choice(["true", "false"], N), ("boolean", "feature")),
        ("smoker", RNG.integers(0, 2, N), ("boolean", "feature")),
        ("smoker", RNG.integers(0, 2, N) == 1, ("boolean", "feature")),
        ("grade", RNG.choice(["a", "b", "c"], N), ("categorical", "feature")),
        ("city", [f"city {x}" for x in RNG.integers(0, 300, N)], ("categorical", "feature")),
        ("measure", [f"{x:.4f}" for x in RNG.normal(size=N)], ("numeric", "feature")),
        ("comment", [f"{SENTENCE} {x}" for x in range(N)], ("text", "feature")),
        ("weight", RNG.normal(70, 10, N).clip(30), ("numeric", "feature")),
        ("weight", RNG.gamma(50, 0.02, N), ("numeric", "weight")),
        ("sample_weight", RNG.gamma(2, 9, N), ("numeric", "weight")),
        ("latency_ms", RNG.gamma(2, 9, N), ("numeric", "latency")),
        ("duration", RNG.gamma(2, 9, N), ("numeric", "feature")),
        ("price", RNG.gamma(2, 9, N), ("numeric", "feature")),
        ("revenue", RNG.gamma(2, 9, N), ("numeric", "feature")),
        ("business_value", RNG.gamma(2, 9, N), ("numeric", "business_value")),
        ("model_version", RNG.choice(["1.0", "1.1"], N), ("categorical", "version")),
        ("variant", RNG.choice(["control", "blue"], N), ("categorical", "arm")),
        ("cohort", RNG.choice(["2023", "2024"], N), ("categorical", "segment")),
        ("split", RNG.choice(["train", "test"], N), ("categorical", "context")),
        ("embedding", list(RNG.normal(size=(N, 8))), ("embedding", "feature")),
        ("ragged", [[1.0] * (k % 3) for k in range(N)], ("unsupported", "context")),
        ("nested", [{"a": k} for k in range(N)], ("unsupported", "context")),
        ("error", [None] * (N - 5) + ["timeout"] * 5, ("categorical", "error")),
        ("uuid", [f"{k:032x}" for k in range(N)], ("categorical", "prediction_id")),
        ("year", np.arange(N) // 500 + 2_020, ("timestamp", "time")),
        ("model_year", RNG.integers(1_990, 2_020, N), ("numeric", "feature")),
    ],
)
def test_a_column_is_what_its_values_and_its_name_say(name, values, expected):
    """Types and roles of columns of every kind, one at a time."""
    assert expected == column(name, values)


MOMENTS = [START + timedelta(minutes=9 * k) for k in range(N)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ts", MOMENTS),
        ("event_time", [moment.isoformat() for moment in MOMENTS]),
        ("created_at", [f"{moment.isoformat(sep=' ')}+00:00" for moment in MOMENTS]),
        ("date", [date(2024, 1, 1) + timedelta(days=k // 50) for k in range(N)]),
        ("timestamp", [int(moment.timestamp()) for moment in MOMENTS]),
        ("time", [int(moment.timestamp() * 1_000) for moment in MOMENTS]),
        ("order_date", [f"{moment:%Y-%m-%d}" for moment in MOMENTS]),
        ("when", list(RNG.permutation(np.array(MOMENTS, "datetime64[us]")))),
    ],
)
def test_event_time_in_many_forms(name, values):
    """Timestamps, dates, text of them, seconds and milliseconds since 1970, in order or not."""
    assert column(name, values) == ("timestamp", "time")


def test_the_event_time_is_told_from_other_moments():
    """A birthday, the arrival of the label and the last update are no event time."""
    shuffled = list(RNG.permutation(np.array(MOMENTS, "datetime64[us]")))
    table = pa.table(
        {
            "date_of_birth": shuffled,
            "updated_at": shuffled[::-1],
            "seen": MOMENTS,
            "label_time": MOMENTS[::-1],
        }
    )

    model = infer(table).model

    assert [c.name for c in model.columns if c.role == "time"] == ["seen"]


def test_revenue_beside_a_prediction_is_what_the_business_gains(make):
    """Revenue of a prediction is business value; yearly revenue of a company is a feature."""
    table = make.binary({"score": "score", "label": "label"})
    table = table.append_column("revenue", pa.array(RNG.gamma(2, 9, len(table))))
    table = table.append_column("annual_revenue", pa.array(RNG.gamma(2, 9, len(table))))

    model = infer(table).model

    assert model.column("revenue").role == "business_value"
    assert model.column("annual_revenue").role == "feature"


def test_the_confidence_of_the_answer_is_no_score(make):
    """The probability of whichever class was answered cannot be measured against the label."""
    table = make.binary({"score": "p", "prediction": "prediction", "label": "label"})
    score = table["p"].to_numpy()
    table = table.drop(["p"]).append_column(
        "confidence_score", pa.array(np.maximum(score, 1 - score))
    )

    model = infer(table).model

    assert model.column("confidence_score").role == "context"
    assert model.task == "binary"


def test_the_positive_class_is_the_one_that_the_score_means(make):
    """Where a high score means `ham`, the positive class is `ham`, whatever the words."""
    table = make.binary({"score": "score", "label": "y"})
    words = ["ham" if flag else "spam" for flag in table["y"].to_pylist()]

    model = infer(table.set_column(1, "y", pa.array(words))).model

    assert (model.positive_class, model.classes) == ("ham", ("ham", "spam"))


def test_two_probabilities_of_a_binary_answer(make):
    """Of `proba_0` and `proba_1`, the one of the positive class is the score."""
    table = make.binary({"score": "proba_1", "label": "label"})
    table = table.append_column("proba_0", pa.array(1 - table["proba_1"].to_numpy()))

    model = infer(table).model

    assert model.column("proba_1").role == "score"
    assert model.column("proba_0").role == "context"
    assert model.positive_class == "1"


def test_a_prediction_that_is_a_probability(make):
    """A `prediction` in [0, 1] beside a truth of two classes is a score, not a regression."""
    model = infer(make.binary({"score": "prediction", "label": "target"})).model

    assert (model.task, str(model.column("prediction").role)) == ("binary", "score")
