"""The seeded set that speed and power are measured on: 22 columns, known shifts, known truth.

14 numeric columns of many shapes (3 % null), 5 categorical ones (3 to 2,000 values), a time, and a
model's probability, prediction and label. Shifted: n1 (mean +0.25 sd), n6 (log-mean +0.15), n10
(sd x 1.3) and c2 (a tenth of the mass moved); proba, pred and label follow as a real consequence.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CARDINALITIES = (3, 12, 50, 300, 2000)
SHIFTED = frozenset({"n1", "n6", "n10", "c2"})
FOLLOWING = frozenset({"proba", "pred", "label"})
SPAN_SECONDS = 30 * 86400


def make(seed: int, rows: int, *, shifted: bool = False, start: str = "2026-01-01") -> pa.Table:
    """The set as an Arrow table, in the order of its time column ``ts``."""
    draw = np.random.default_rng(seed)
    numeric = _numeric(draw, rows, shifted)
    codes = {f"c{i}": _codes(draw, rows, i, shifted) for i in range(len(CARDINALITIES))}
    odds = _log_odds(numeric, codes)
    label = (draw.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    score = 1 / (1 + np.exp(-(odds + draw.normal(0, 0.25, rows))))
    for values in numeric.values():
        values[draw.random(rows) < 0.03] = np.nan
    micros = np.sort((draw.random(rows) * SPAN_SECONDS * 1e6).astype("int64"))
    columns = {name: pa.array(values, from_pandas=True) for name, values in numeric.items()}
    columns |= {name: _named(code, name) for name, code in codes.items()}
    columns["ts"] = pa.array(np.datetime64(start, "us") + micros.astype("timedelta64[us]"))
    columns |= {
        "proba": pa.array(score),
        "pred": pa.array((score >= 0.5).astype(np.int64)),
        "label": pa.array(label),
    }
    return pa.table(columns)


def _numeric(draw: np.random.Generator, n: int, shifted: bool) -> dict[str, np.ndarray]:
    by = 1.0 if shifted else 0.0
    return {
        "n0": draw.normal(0, 1, n),
        "n1": draw.normal(50 + 2.5 * by, 10, n),
        "n2": draw.lognormal(3, 1, n),
        "n3": draw.exponential(5, n),
        "n4": draw.standard_t(3, n),
        "n5": (draw.pareto(1.5, n) + 1) * 100,  # infinite variance
        "n6": draw.lognormal(10 + 0.15 * by, 0.6, n),
        "n7": draw.random(n),
        "n8": draw.beta(2, 5, n),
        "n9": draw.gamma(2, 3, n),
        "n10": draw.normal(0, 2 * (1 + 0.3 * by), n),
        "n11": draw.poisson(4, n).astype(float),
        "n12": np.where(draw.random(n) < 0.7, 0.0, draw.exponential(20, n)),
        "n13": np.clip(np.rint(draw.normal(40, 12, n)), 18, 90),
    }


def _codes(draw: np.random.Generator, n: int, column: int, shifted: bool) -> np.ndarray:
    size = CARDINALITIES[column]
    share = 1 / np.arange(1, size + 1) ** (0.7 if size < 1000 else 1.0)
    share /= share.sum()
    if shifted and column == 2:
        head = share[:5].sum()
        share[:5] *= (head - 0.10) / head
        share[30:40] += 0.01
    return draw.choice(size, n, p=share).astype(np.int32)


def _named(codes: np.ndarray, name: str) -> pa.Array:
    size = CARDINALITIES[int(name[1:])]
    values = pa.array([f"cat{name[1:]}_{i:04d}" for i in range(size)])
    return pa.DictionaryArray.from_arrays(pa.array(codes), values).cast(pa.string())


def _log_odds(numeric: dict[str, np.ndarray], codes: dict[str, np.ndarray]) -> np.ndarray:
    return (
        0.8 * numeric["n0"]
        + 0.04 * (numeric["n1"] - 50)
        + 0.5 * (np.log(numeric["n6"]) - 10)
        + 1.5 * (numeric["n7"] - 0.5)
        + 0.3 * (codes["c0"] == 1)
        - 0.125 * numeric["n10"]
        - 1.0
    )


def write_all(folder: Path) -> None:
    """The reference, the shifted sets and the unshifted ones, where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "ref": (1, 100_000, False, "2026-01-01"),
        "cur_100k": (2, 100_000, True, "2026-02-01"),
        "cur_5M": (4, 5_000_000, True, "2026-02-01"),
        "null_100k": (12, 100_000, False, "2026-02-01"),
        "null_1M": (13, 1_000_000, False, "2026-02-01"),
    }
    for name, (seed, rows, shifted, start) in wanted.items():
        path = folder / f"{name}.parquet"
        if not path.exists():
            pq.write_table(make(seed, rows, shifted=shifted, start=start), path)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
