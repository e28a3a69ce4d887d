"""Profiles of one model's windows, made from plain arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    CategoricalProfile,
    NumericBinning,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.monitors.drift import drift
from watchkeeper.monitors.evidence import History
from watchkeeper.stats.grid import cell_of

_GRID = NumericBinning(0.0, 1.0)
_START = datetime(2024, 1, 1, tzinfo=UTC)


def numeric(values, missing=0):
    """A numeric column's profile."""
    x = np.asarray(values, float)
    cells, where, counts = np.unique(cell_of(x, 0.0, 1.0), return_inverse=True, return_counts=True)
    sums = np.bincount(where, x, len(cells))
    low, high = (x.min(), x.max()) if len(x) else (None, None)
    rows = len(x) + missing
    return NumericProfile(
        _GRID, rows, missing, 0, 0, 0, 0, 0, cells, counts, sums, x.sum(), x @ x, low, high
    )


def categorical(counts, names="abcdefgh", unseen=0, missing=0):
    """A categorical column's profile."""
    counts = np.asarray(counts)
    binning = CategoricalBinning(tuple(names[: len(counts)]))
    rows = int(counts.sum()) + unseen + missing
    return CategoricalProfile(binning, rows, missing, 0, 0, counts, 0, unseen)


class Bench:
    """Judges one column ``x``."""

    def __init__(self, *, materiality=0.02):
        self.materiality = materiality

    def window(self, day, column):
        """The profile of a day; None: without time."""
        start = None if day is None else _START + timedelta(days=day)
        window = None if start is None else Window(start, start + timedelta(days=1))
        columns = column if isinstance(column, dict) else {"x": column}
        return WindowProfile("m", window, 1000, columns, id=f"p{day}")

    def days(self, columns, first=0):
        """Profiles of consecutive days."""
        return tuple(self.window(first + at, column) for at, column in enumerate(columns))

    def judge(self, reference, current, *, recent=(), names=("x",)):
        """All evidence; the reference is timed where its first window has a time."""
        kind = {
            name: ColumnType.NUMERIC if isinstance(p, NumericProfile) else ColumnType.CATEGORICAL
            for name in names
            for p in [current[0].columns.get(name)]
        }
        model = Model(
            "m",
            Task.NONE,
            tuple(Column(name, kind[name]) for name in names),
            materiality=self.materiality,
        )
        timed = bool(reference) and reference[0].window is not None
        history = History(tuple(reference), timed, tuple(recent))
        return list(drift(MonitorSpec("drift", "drift"), model, current, history))


@pytest.fixture
def bench():
    """The bench at the default materiality."""
    return Bench()


@pytest.fixture
def rng():
    """A generator of its own for every test."""
    return np.random.default_rng(5)


@pytest.fixture
def make():
    """The makers of profiles: ``make.numeric``, ``make.categorical``."""

    class Make:
        pass

    Make.numeric, Make.categorical = staticmethod(numeric), staticmethod(categorical)
    return Make
