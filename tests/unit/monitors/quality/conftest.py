"""Profiles built by hand, for the data-quality checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    CategoricalProfile,
    ColumnProfile,
    CountProfile,
    NumericBinning,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.evidence import Evidence, History, Monitor
from watchkeeper.stats.grid import cell_of

_START = datetime(2024, 1, 1, tzinfo=UTC)
_BINNING = NumericBinning(0.0, 1.0)


def numeric(
    values: Sequence[float], *, null: int = 0, nan: int = 0, invalid: int = 0, outside: int = 0
):
    """The profile of a numeric column with these finite values."""
    x = np.asarray(values, np.float64)
    cells, place = np.unique(cell_of(x, 0.0, 1.0), return_inverse=True)
    return NumericProfile(
        binning=_BINNING,
        n=len(x) + null + nan + invalid,
        null=null,
        nan=nan,
        pos_inf=0,
        neg_inf=0,
        invalid=invalid,
        outside=outside,
        cells=cells,
        counts=np.bincount(place, minlength=len(cells)).astype(np.int64),
        sums=np.bincount(place, x, minlength=len(cells)),
        sum_z=float(x.sum()),
        sum_z2=float((x**2).sum()),
        minimum=float(x.min()) if len(x) else None,
        maximum=float(x.max()) if len(x) else None,
    )


def categorical(counts: Sequence[int], *, null: int = 0, unseen: int = 0):
    """The profile of a categorical column with the values a, b, c and so on."""
    names = tuple(chr(ord("a") + at) for at in range(len(counts)))
    return CategoricalProfile(
        binning=CategoricalBinning(names),
        n=sum(counts) + null + unseen,
        null=null,
        invalid=0,
        outside=0,
        counts=np.asarray(counts, np.int64),
        other=0,
        unseen=unseen,
        unseen_values=(("new", unseen),) if unseen else (),
    )


class Bench:
    """A model of one column of each kind, and windows of a day each."""

    numeric = staticmethod(numeric)
    categorical = staticmethod(categorical)
    model = Model(
        "bench",
        Task.NONE,
        (
            Column("x", ColumnType.NUMERIC, minimum=-50.0, maximum=50.0),
            Column("c", ColumnType.CATEGORICAL),
            Column("t", ColumnType.TIMESTAMP, Role.TIME),
            Column("id", ColumnType.CATEGORICAL, Role.PREDICTION_ID),
            Column("y", ColumnType.CATEGORICAL, Role.LABEL),
            Column("answer", ColumnType.CATEGORICAL, Role.PREDICTION),
        ),
    )

    def window(
        self, day: int, columns: dict[str, ColumnProfile], rows: int = 1000, **more: object
    ) -> WindowProfile:
        start = _START + timedelta(days=day)
        window = Window(start, start + timedelta(days=1))
        return WindowProfile("bench", window, rows, columns, **more)

    def days(self, make: Callable[[int], ColumnProfile], name: str = "x", n: int = 28) -> History:
        """A reference of ``n`` days whose column ``name`` is ``make(day)``."""
        windows = tuple(self.window(day, {name: make(day)}) for day in range(n))
        return History(windows, timed=True)

    def judge(
        self, check: Monitor, current: WindowProfile, history: History, *, alpha: float = 0.01
    ) -> list[tuple[Evidence, str]]:
        spec = MonitorSpec("quality", "quality")
        evidence = list(check(spec, self.model, [current], history))
        return [(found, str(status)) for found, status in decide(evidence, alpha=alpha)]

    def one(self, check: Monitor, column: ColumnProfile, history: History, name: str = "x"):
        """The only verdict of a check about a day after the reference with that column."""
        found = self.judge(check, self.window(28, {name: column}), history)
        assert len(found) == 1
        return found[0]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def counted() -> type[CountProfile]:
    return CountProfile
