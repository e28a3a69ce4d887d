"""Simulated streams of a model's features in which nothing is wrong, or one thing is.

For judging monitors: how often do they alarm where nothing changed, and how soon where something
did. Features are normal, lognormal, heavy-tailed, discrete and categorical in turn; their location
(and, by season, spread) varies from window to window as the stream says. Everything follows from
the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    CategoricalProfile,
    ColumnProfile,
    NumericBinning,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import InvalidInput
from watchkeeper.stats.grid import cell_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["STREAMS", "Shift", "Stream"]

STREAMS = ("iid", "weekly", "hourly", "ar1", "bursty")
_KINDS = ("normal", "lognormal", "heavy", "discrete", "categorical")
_LETTERS = "abcdefgh"
_EDGES = np.array([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
_START = datetime(2024, 1, 1, tzinfo=UTC)
_GRID = NumericBinning(0.0, 1.0)
_CATEGORIES = CategoricalBinning(tuple(_LETTERS))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """The first ``features`` features move by ``size`` standard deviations from ``window`` on."""

    features: int
    size: float
    window: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of windows.

    Parameters
    ----------
    kind
        ``iid``: nothing differs. ``weekly``: a cycle of 0.15 sd (spread 5 %) and days that differ
        by 0.05 sd, correlated 0.5. ``ar1``: such days without the cycle. ``hourly``: windows of an
        hour whose level follows the hour and the day (0.15 sd each), with days that differ.
        ``bursty``: as iid, with ten times the rows in one window of seven.
    rows
        Rows per window.
    seed
        What everything follows from.
    windows, features
        How many.
    shift
        What changes, if anything.
    """

    kind: str
    rows: int
    seed: int
    windows: int = 146
    features: int = 50
    shift: Shift | None = None

    def __post_init__(self) -> None:
        if self.kind not in STREAMS:
            raise InvalidInput(f"the kind of a stream must be one of {STREAMS}, got {self.kind!r}")

    @property
    def granularity(self) -> Granularity:
        """The length of its windows."""
        return Granularity.parse("1h" if self.kind == "hourly" else "1d")

    def model(self, *, materiality: float) -> Model:
        """The definition of its columns."""
        columns = (Column("time", ColumnType.TIMESTAMP, Role.TIME), *self._columns())
        return Model(
            self.kind, Task.NONE, columns, granularity=self.granularity, materiality=materiality
        )

    def profiles(self) -> list[WindowProfile]:
        """Its windows as profiles, without the way through a table: the same counts, sooner."""
        found: list[dict[str, ColumnProfile]] = [{} for _ in range(self.windows)]
        for name, values in self._features():
            for at, column in enumerate(values):
                found[at][name] = _profile(column)
        rows = self._rows()
        return [
            WindowProfile(self.kind, self._window(at), int(rows[at]), columns)
            for at, columns in enumerate(found)
        ]

    def table(self, first: int = 0, last: int | None = None) -> pa.Table:
        """The rows of windows ``first`` to ``last`` (exclusive), times spread evenly in each."""
        import pyarrow as pa

        wanted = slice(first, last)
        length = self.granularity.length / timedelta(microseconds=1)
        origin = int(_START.timestamp()) * 1_000_000
        times = [
            origin + (at * length + np.arange(n) * length / max(n, 1)).astype(np.int64)
            for at, n in enumerate(self._rows())
        ][wanted]
        columns: dict[str, pa.Array] = {
            "time": pa.array(np.concatenate(times), pa.timestamp("us", tz="UTC"))
        }
        for name, values in self._features():
            column = np.concatenate(values[wanted])
            if column.dtype == np.int64:
                columns[name] = pa.array(np.array(list(_LETTERS))[column])
            else:
                columns[name] = pa.array(column)
        return pa.table(columns)

    def _columns(self) -> Iterator[Column]:
        for at in range(self.features):
            kind = _KINDS[at % len(_KINDS)]
            yield Column(
                f"x{at}", ColumnType.CATEGORICAL if kind == "categorical" else ColumnType.NUMERIC
            )

    def _window(self, at: int) -> Window:
        length = self.granularity.length
        return Window(_START + at * length, _START + (at + 1) * length)

    def _rows(self) -> npt.NDArray[np.int64]:
        rows = np.full(self.windows, self.rows)
        if self.kind == "bursty":
            burst = np.random.default_rng([self.seed, 0]).random(self.windows) < 1 / 7
            rows = np.where(burst, 10 * rows, rows)
        return rows

    def _features(self) -> Iterator[tuple[str, list[npt.NDArray[np.float64 | np.int64]]]]:
        rows = self._rows()
        for at in range(self.features):
            rng = np.random.default_rng([self.seed, 1 + at])
            level, spread = _levels(self.kind, self.windows, rng)
            if self.shift is not None and at < self.shift.features:
                level[self.shift.window :] += self.shift.size
            kind = _KINDS[at % len(_KINDS)]
            yield (
                f"x{at}",
                [_draw(kind, *figures, rng) for figures in zip(rows, level, spread, strict=True)],
            )


def _levels(kind: str, windows: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Location and spread of each window."""
    level, spread = np.zeros(windows), np.ones(windows)
    if kind in ("iid", "bursty"):
        return level, spread
    per_day = 24 if kind == "hourly" else 1
    day = np.arange(windows) // per_day
    noise = rng.normal(0.0, 0.05 * np.sqrt(0.75), day.max() + 1)
    days = np.zeros(day.max() + 1)
    for at in range(1, len(days)):
        days[at] = 0.5 * days[at - 1] + noise[at]
    level = level + days[day]
    if kind != "ar1":
        level = level + _cycle(7, rng)[day % 7]
        spread = 1.0 + 0.05 * rng.normal(size=7)[day % 7]
    if kind == "hourly":
        level = level + _cycle(24, rng)[np.arange(windows) % 24]
    return level, spread


def _cycle(length: int, rng: np.random.Generator) -> Floats:
    cycle = rng.normal(size=length)
    return np.asarray(0.15 * (cycle - cycle.mean()) / cycle.std(), np.float64)


def _draw(
    kind: str, rows: int, level: float, spread: float, rng: np.random.Generator
) -> npt.NDArray[np.float64 | np.int64]:
    z = rng.standard_t(3, rows) if kind == "heavy" else rng.standard_normal(rows)
    x = z * spread + level
    if kind == "lognormal":
        return np.exp(x)
    if kind == "discrete":
        return np.clip(np.round(1.5 * x), -4.0, 6.0)
    if kind == "categorical":
        return np.digitize(x, _EDGES).astype(np.int64)
    return np.asarray(x, np.float64)


def _profile(values: npt.NDArray[np.float64 | np.int64]) -> ColumnProfile:
    if values.dtype == np.int64:
        counts = np.bincount(values.astype(np.int64), minlength=len(_LETTERS)).astype(np.int64)
        return CategoricalProfile(_CATEGORIES, len(values), 0, 0, 0, counts, 0, 0)
    z = values.astype(np.float64)
    cells, where, counts = np.unique(
        cell_of(z, _GRID.center, _GRID.scale), return_inverse=True, return_counts=True
    )
    sums = np.asarray(np.bincount(where, z), np.float64)
    low, high = float(z.min()), float(z.max())
    total, square = float(z.sum()), float(z @ z)
    return NumericProfile(
        _GRID,
        len(z),
        0,
        0,
        0,
        0,
        0,
        0,
        cells,
        counts.astype(np.int64),
        sums,
        total,
        square,
        low,
        high,
    )
