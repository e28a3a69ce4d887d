"""Numeric columns: counts and sums by cell of the asinh grid, as one expression for any engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column
from watchkeeper.domain.profile import NumericBinning, NumericProfile
from watchkeeper.profiles.arrays import integers, reals
from watchkeeper.profiles.columns import (
    INVALID,
    NAN,
    NEG_INF,
    POS_INF,
    as_number,
    grid_cell,
    is_nan,
)
from watchkeeper.profiles.engine import Item
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.ongrid import SUMMED

__all__ = ["at_least_distinct", "empty_numeric", "numeric_item", "numeric_profiles"]

_NULL = int(np.iinfo(np.int64).max)
_LARGEST = 1.7976931348623157e308


def numeric_item(frame: Frame, axis: Axis | None, column: Column, binning: NumericBinning) -> Item:
    """What to ask the engine of one column."""
    bounded = column.minimum is not None or column.maximum is not None

    def branch(
        table: ibis.Table, names: Sequence[str], numbers: Sequence[ibis.Value]
    ) -> ibis.Table:
        reading = as_number(table, names[0], column.type)
        x = reading.value
        values = frame.keys(table, axis) | {"x": x, "z": (x - numbers[0]) / numbers[1]}
        if reading.invalid is not None:
            values["invalid"] = reading.invalid
        if bounded:
            values["outside"] = (x < numbers[2]) | ((x > numbers[3]) & ~is_nan(x))
        return _aggregate(frame, table.select(**values))

    low = -_LARGEST if column.minimum is None else column.minimum
    high = _LARGEST if column.maximum is None else column.maximum
    numbers = (binning.center, binning.scale, *((low, high) if bounded else ()))
    return Item(
        (column.name,), branch, ("numeric", column.type, bounded), frame.beside(axis), numbers
    )


def _aggregate(frame: Frame, rows: ibis.Table) -> ibis.Table:
    invalid = rows.invalid if "invalid" in rows.columns else None
    celled = rows.mutate(cell=grid_cell(rows.x, rows.z, invalid=invalid))
    keys = [name for name in ("slice", "window") if name in rows.columns]
    grouped = celled.group_by([*keys, "cell"]).agg(
        n=celled.count(),
        sum_z=celled.z.sum(),
        sum_z2=(celled.z * celled.z).sum(),
        low=celled.x.min(),
        high=celled.x.max(),
        **({"outside": celled.outside.cast(dt.int64).sum()} if "outside" in rows.columns else {}),
    )
    outside = grouped.outside if "outside" in rows.columns else ibis.literal(0, dt.int64)
    figures = {n: grouped[n] for n in ("cell", "n", "sum_z", "sum_z2", "low", "high")}
    return grouped.select(**frame.labels(grouped), **figures, outside=outside.cast(dt.int64))


def numeric_profiles(
    answer: pa.Table, binnings: Sequence[NumericBinning]
) -> Iterator[tuple[int, Cell, NumericProfile]]:
    """The profiles in the answer to `numeric_item` queries; ``binnings`` by item."""
    groups = Groups.of(answer, then="cell")
    table = groups.table
    cells = integers(table["cell"], missing=_NULL)
    counts = integers(table["n"])
    outside = integers(table["outside"])
    columns = [reals(table[name]) for name in ("sum_z", "sum_z2", "low", "high")]
    for item, where, rows in groups:
        parts = [column[rows] for column in columns]
        yield item, where, _profile(binnings[item], cells[rows], counts[rows], outside[rows], parts)


def _profile(
    binning: NumericBinning,
    cells: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    outside: npt.NDArray[np.int64],
    parts: Sequence[npt.NDArray[np.float64]],
) -> NumericProfile:
    real = int(np.searchsorted(cells, NAN))
    apart = dict(zip(cells[real:].tolist(), counts[real:].tolist(), strict=True))
    held = counts[:real].copy()
    minimum = float(parts[2][0]) if real else None
    maximum = float(parts[3][real - 1]) if real else None
    sums, squares = _summed(held, parts[0][:real], parts[1][:real])
    return NumericProfile(
        binning=binning,
        n=int(counts.sum()),
        null=apart.get(_NULL, 0),
        nan=apart.get(NAN, 0),
        pos_inf=apart.get(POS_INF, 0),
        neg_inf=apart.get(NEG_INF, 0),
        invalid=apart.get(INVALID, 0),
        outside=int(outside[:real].sum()),
        cells=cells[:real].copy(),
        counts=held,
        sums=sums,
        sum_z=float(sums.sum()),
        sum_z2=float(squares.sum()),
        minimum=minimum,
        maximum=maximum,
        distinct=at_least_distinct(real, minimum or 0.0, maximum or 0.0),
    )


def _summed(
    counts: npt.NDArray[np.int64], sums: npt.NDArray[np.float64], squares: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Per-cell Σz and Σz², with z cut at ± 1e150 in the (far) cells that reach beyond."""
    with np.errstate(over="ignore", invalid="ignore"):
        far = ~(np.abs(sums) <= SUMMED * counts)
    return (
        np.where(far, np.sign(sums) * SUMMED * counts, sums),
        np.where(far, SUMMED * SUMMED * counts, squares),
    )


def empty_numeric(binning: NumericBinning) -> NumericProfile:
    """The profile of no rows."""
    none = np.zeros(0, np.int64)
    counts = dict.fromkeys(("n", "null", "nan", "pos_inf", "neg_inf", "invalid", "outside"), 0)
    return NumericProfile(
        binning=binning,
        **counts,
        cells=none,
        counts=none.copy(),
        sums=np.zeros(0),
        sum_z=0.0,
        sum_z2=0.0,
        minimum=None,
        maximum=None,
        distinct=0,
    )


def at_least_distinct(cells: int, minimum: float, maximum: float) -> int:
    """A lower bound of the distinct values: exact for none and one, else one for each cell."""
    return max(cells, int(minimum < maximum) + 1) if cells else 0
