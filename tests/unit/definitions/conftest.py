"""Tables of models of known make, under any names: what `infer` must see through."""
# ruff: noqa: DTZ001 - times without a zone are what is tested

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

ROWS = 3_000


def features(rows: int = ROWS, seed: int = 1) -> dict[str, object]:
    """Features of every common kind."""
    rng = np.random.default_rng(seed)
    return {
        "age": rng.integers(18, 90, rows),
        "income": rng.lognormal(10, 1, rows),
        "utilisation": rng.beta(2, 5, rows),  # in [0, 1], and no score
        "num_products": rng.integers(1, 5, rows),
        "region": rng.choice(["north", "south", "east"], rows),
        "has_card": rng.integers(0, 2, rows),
        "price": np.round(rng.gamma(2, 30, rows), 2),
        "credit_score": rng.integers(300, 850, rows),
    }


def binary(names: dict[str, str], *, rows: int = ROWS, seed: int = 2) -> pa.Table:
    """A calibrated classifier. ``names`` maps score, prediction, label, id, time to column names."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.6, 1.4, rows)
    columns = features(rows)
    outputs = {
        "id": np.arange(rows) + 5_000,
        "time": moments(rows),
        "score": score,
        "prediction": (score >= 0.5).astype(np.int64),
        "label": (rng.random(rows) < score).astype(np.int64),
    }
    return pa.table({names[key]: outputs[key] for key in names} | columns)


def multiclass(names: dict[str, str], *, rows: int = ROWS, seed: int = 3) -> pa.Table:
    """Three classes with a probability each (``names["score"]`` holds ``{}`` for the class)."""
    rng = np.random.default_rng(seed)
    classes = np.array(["cat", "dog", "fox"])
    shares = rng.dirichlet([0.6, 0.6, 0.6], rows)
    truth = np.array([rng.choice(3, p=share) for share in shares])
    columns: dict[str, object] = features(rows)
    if "score" in names:
        for place, name in enumerate(classes):
            columns[names["score"].format(name)] = shares[:, place]
    if "prediction" in names:
        columns[names["prediction"]] = classes[shares.argmax(axis=1)]
    if "label" in names:
        columns[names["label"]] = classes[truth]
    return pa.table(columns)


def regression(names: dict[str, str], *, rows: int = ROWS, seed: int = 4) -> pa.Table:
    """A forecast of a quantity, with a lagged feature that follows it as closely."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(3, 1_000, rows)
    columns: dict[str, object] = features(rows)
    columns["sales_lag_7"] = truth * rng.normal(1, 0.1, rows)
    columns[names["prediction"]] = truth * rng.normal(1, 0.1, rows)
    if "label" in names:
        columns[names["label"]] = truth
    return pa.table(columns)


def moments(rows: int) -> list[datetime]:
    """Times that rise, three a minute."""
    return [datetime(2024, 1, 1) + timedelta(seconds=20 * row) for row in range(rows)]


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The makers of tables."""
    return SimpleNamespace(
        binary=binary,
        multiclass=multiclass,
        regression=regression,
        features=features,
        moments=moments,
    )
