"""Guessing never dies: whatever a table holds, a valid definition comes out, and says so."""
# ruff: noqa: DTZ001 - times without a zone are what is tested

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.definitions.document import load_model
from watchkeeper.definitions.infer import annotated_yaml, infer
from watchkeeper.errors import InvalidInput

NASTY = ["select", 'a"b', "'; DROP TABLE rows; --", "<script>alert(1)</script>", "../../etc/passwd"]
NASTY += ["a b", "ü€", "🛫", "x.y", "columns", "no", "12", "{a: b}", "# c", "- d", "a: b", "null"]


def types(model):
    return {column.name: str(column.type) for column in model.columns}


def why(inferred, column):
    return " ".join(guess.why for guess in inferred.guesses if guess.column == column)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": pa.array([], pa.float64()), "b": pa.array([], pa.string())}),
        pa.table({"a": [1.0], "label": ["x"]}),
        pa.table({"a": [7] * 50, "b": ["x"] * 50, "score": [0.5] * 50}),
        pa.table(
            {"a": pa.nulls(50), "b": pa.nulls(50, pa.float64()), "y": pa.nulls(50, pa.string())}
        ),
        pa.table({"prediction": [None, 1.0] * 20, "label": [float("nan"), float("inf")] * 20}),
        pa.table({"a": [[1, 2], [3]] * 20, "b": [{"x": 1}] * 40, "c": [b"\x00\xff"] * 40}),
        pa.table({"a": [1e308, -1e308] * 20, "score": [1e308, 0.1] * 20, "label": [0, 1] * 20}),
        pa.table({"time": [datetime(1, 1, 1), datetime(9999, 12, 31)] * 20, "x": range(40)}),
        pa.table(
            {"ts": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00+05:30"] * 20, "x": range(40)}
        ),
        pa.table({"ts": ["2024-13-45", "0000-00-00"] * 20, "x": range(40)}),
        pa.table({"a": pa.array(["x", "y"] * 20).dictionary_encode()}),
        pa.table({"text": ["x" * 1_000_000] * 3, "label": [0, 1, 1]}),
        pa.table(
            {
                "t": pa.array([1, 2] * 20, pa.time64("us")),
                "d": pa.array([1, 2] * 20, pa.duration("s")),
            }
        ),
        pa.table({"ts": [2**62, -(2**62)] * 20, "epoch": [10**18, 10**18 + 1] * 20}),
    ],
    ids=str.split(
        "empty one constant null nan nested huge ends zones dates dictionary long times epoch"
    ),
)
def test_a_hostile_table_gives_a_valid_definition(table):
    """The definition survives being written and read."""
    inferred = infer(table)

    assert inferred.model == load_model(annotated_yaml(inferred))
    assert table.column_names == [column.name for column in inferred.model.columns]


def test_nasty_names_stay_what_they_are():
    """Names that look like SQL, HTML, YAML or paths are names; the model's name is made legal."""
    table = pa.table({name: [1.5, 2.5] * 20 for name in NASTY})

    inferred = infer(table, name="../../<b>X</b>; DROP")

    assert [column.name for column in load_model(annotated_yaml(inferred)).columns] == NASTY
    assert inferred.model.name == "b-x-b-drop"


def test_names_that_no_definition_can_hold_are_left_out():
    """Control characters, our own prefix and endless names are left out, and said to be."""
    table = pa.table({"ok": [1.5], "a\nb": [1.5], "_wk_id": [1.5], "x" * 600: [1.5]})

    inferred = infer(table)

    assert [column.name for column in inferred.model.columns] == ["ok"]
    assert "3 left out" in annotated_yaml(inferred)


def test_repeated_names_are_numbered():
    """Columns named alike get a number, and the guess says so."""
    table = pa.Table.from_arrays(
        [pa.array([1.5]), pa.array(["a"]), pa.array([2.5])], ["x", "x", ""]
    )

    inferred = infer(table)

    assert types(inferred.model) == {"x": "numeric", "x_2": "categorical", "column_1": "numeric"}
    assert "taken by an earlier column" in why(inferred, "x_2")


def test_repeated_names_in_files(tmp_path):
    """What the engine refuses to open is read all the same."""
    table = pa.Table.from_arrays([pa.array([1.5]), pa.array(["a"])], ["x", "x"])
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("x,x\n1.5,a\n")

    assert types(infer(tmp_path / "t.parquet").model) == {"x": "numeric", "x_2": "categorical"}
    assert types(infer(str(tmp_path / "t.csv")).model) == {"x": "numeric", "x_2": "categorical"}


def test_text_that_is_not_utf8(tmp_path):
    """A column of broken text is said to be so; the others are unharmed."""
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 2], "i4")), pa.py_buffer(b"\xff\xfe")]
    )
    table = pa.table({"x": [1.5, 2.5], "bad": broken})
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_bytes(b"x,name\n1.5,caf\xe9\n2.5,th\xe9\n")

    assert types(infer(table).model) == {"x": "numeric", "bad": "unsupported"}
    assert types(infer(tmp_path / "t.parquet").model)["x"] == "numeric"
    assert types(infer(tmp_path / "t.csv").model) == {"x": "numeric", "name": "categorical"}


def test_a_column_of_mixed_types():
    """Pandas columns that mix types, repeat names or have numbers as names are read."""
    frame = pd.DataFrame([[1, "a", 1.5], ["b", None, 2.5], [2.5, [1], 3.5]], columns=["m", 7, "m"])

    assert types(infer(frame).model) == {"m": "categorical", "7": "categorical", "m_2": "numeric"}


def test_the_same_from_every_kind_of_frame(make, tmp_path):
    """pandas, Polars, Arrow, Parquet and CSV give one definition."""
    table = make.binary({"id": "id", "time": "ts", "score": "score", "label": "label"})
    pq.write_table(table, tmp_path / "t.parquet")
    table.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    frames = [table.to_pandas(), pl.from_arrow(table), tmp_path / "t.parquet", tmp_path / "t.csv"]

    assert all(infer(frame).model == infer(table).model for frame in frames)


def test_five_thousand_columns():
    """Width costs time in proportion, whatever the columns are."""
    rng = np.random.default_rng(0)
    makers = [
        lambda: rng.normal(size=300),
        lambda: rng.random(300),
        lambda: rng.integers(0, 2, 300),
        lambda: rng.choice(["a", "b", "c"], 300),
        lambda: [f"value {k}" for k in rng.integers(0, 99, 300)],
    ]
    columns = {f"f{place}": makers[place % 5]() for place in range(4_998)}
    table = pa.table(columns | {"score": rng.random(300), "label": rng.integers(0, 2, 300)})

    inferred = infer(table)

    assert len(inferred.model.columns) == 5_000
    assert inferred.model.task == "binary"
    assert annotated_yaml(inferred).count("\n") > 5_000


def test_no_table_at_all():
    """What is no table is refused with what would be one."""
    with pytest.raises(InvalidInput, match="must be a path, a pandas or Polars"):
        infer(42)


def test_guesses_say_how_sure_they_are(make):
    """Every guess has a confidence in [0, 1] and a reason."""
    guesses = infer(make.binary({"score": "s", "prediction": "p_hat", "label": "y"})).guesses

    assert all(0 <= guess.confidence <= 1 and guess.why for guess in guesses)


def test_windows_fit_how_often_rows_come(make):
    """Three rows a minute over 17 hours are judged by the hour? No: 3,000 rows fill hours of 180."""
    columns = {"id": "id", "time": "ts", "score": "score", "label": "label"}

    assert str(infer(make.binary(columns)).model.granularity) == "1d"
    assert str(infer(make.binary(columns, rows=100_000)).model.granularity) == "1d"
