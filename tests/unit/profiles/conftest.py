"""A small table that has everything, the model that reads it, and when two profiles are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task

ROWS = 2_000


@pytest.fixture(scope="session")
def rows() -> pa.Table:
    """Four days of a binary model's rows, with missing values, text that should be numbers."""
    rng = np.random.default_rng(1)
    seconds = np.sort(rng.integers(0, 4 * 86_400, ROWS))
    hit = rng.random(ROWS) < 0.1
    texts = [f"{value:.3f}" for value in rng.normal(0, 1, ROWS)]
    texts[::50] = ["oops"] * len(texts[::50])
    return pa.table(
        {
            "ts": np.datetime64("2026-01-01", "us") + seconds.astype("timedelta64[s]"),
            "x": pa.array(rng.normal(5, 2, ROWS), mask=hit),
            "count": rng.poisson(3, ROWS),
            "place": rng.choice(["a", "b", "ü"], ROWS),
            "flag": rng.random(ROWS) < 0.3,
            "text": texts,
            "score": rng.random(ROWS),
            "answer": rng.integers(0, 2, ROWS),
            "truth": rng.integers(0, 2, ROWS),
        }
    )


@pytest.fixture(scope="session")
def model() -> Model:
    """The definition of those rows."""
    return Model(
        "m",
        Task.BINARY,
        (
            Column("ts", ColumnType.TIMESTAMP, Role.TIME),
            Column("x", ColumnType.NUMERIC, minimum=0.0, maximum=9.0),
            Column("count", ColumnType.NUMERIC),
            Column("place", ColumnType.CATEGORICAL, Role.SEGMENT),
            Column("flag", ColumnType.BOOLEAN),
            Column("text", ColumnType.NUMERIC),
            Column("score", ColumnType.NUMERIC, Role.SCORE),
            Column("answer", ColumnType.CATEGORICAL, Role.PREDICTION),
            Column("truth", ColumnType.CATEGORICAL, Role.LABEL),
        ),
        positive_class="1",
    )


@pytest.fixture(scope="session")
def features() -> Callable[..., Model]:
    """Makes a model without outputs, of columns given as ``name=type``."""

    def made(**columns: ColumnType) -> Model:
        return Model("m", Task.NONE, tuple(Column(name, kind) for name, kind in columns.items()))

    return made


@pytest.fixture(scope="session")
def differences() -> Callable[[object, object], list[str]]:
    """Lists where two values differ: counts in anything, sums beyond rounding."""

    def found(one: object, other: object, path: str = "") -> list[str]:
        if is_dataclass(one) and type(one) is type(other):
            return [
                difference
                for field in fields(one)
                if field.name not in {"id", "schema"}
                for difference in found(
                    getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}"
                )
            ]
        if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
            return [d for key in one for d in found(one[key], other[key], f"{path}[{key}]")]
        if isinstance(one, tuple | list) and isinstance(other, tuple | list):
            pairs = list(zip(one, other, strict=False))
            short = [f"{path}: lengths"] if len(one) != len(other) else []
            return short + [
                d for i, (a, b) in enumerate(pairs) for d in found(a, b, f"{path}[{i}]")
            ]
        if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
            alike = one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-9)
        elif isinstance(one, float) and isinstance(other, float):
            alike = bool(np.isclose(one, other, rtol=1e-9, atol=1e-9))
        else:
            alike = bool(one == other)
        return [] if alike else [f"{path}: {one!r} != {other!r}"]

    return found
