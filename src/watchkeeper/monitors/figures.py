"""Any figure of a window by its name: what static thresholds and deviations are set on.

Of a column: ``missing_rate``, ``invalid_rate``, ``out_of_range_rate``; of a numeric one ``mean``,
``std``, ``min``, ``max``, ``nan_rate``, ``infinite_rate`` and quantiles ``p1`` … ``p99`` (``p99.9``);
of a categorical one ``unseen_rate`` and ``share:VALUE``; of a counted one ``duplicate_rate``,
``stale_rate``, ``future_rate``. Of the window: ``rows``, ``duplicate_row_rate``, ``requests``,
``error_rate``, ``latency_mean``, ``latency_p95`` (any quantile), ``label_rate``, every metric of
performance (``roc_auc``, ``recall:late``), and the model's own metrics as ``custom:NAME``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import (
    CategoricalProfile,
    ClassificationProfile,
    ColumnProfile,
    CountProfile,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.figure_list import figure_of
from watchkeeper.monitors.realised import Lateness, realised
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.normal import normal, quantile
from watchkeeper.stats.performance.rates import rate

__all__ = ["Reading", "read", "reading_of"]

_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_SHARE = "share:"
_CUSTOM = "custom:"


@dataclass(frozen=True, slots=True)
class Reading:
    """Which figure is read: its name, of which column; None for the window itself."""

    name: str
    column: str | None = None


def reading_of(name: str, column: str | None, model: Model) -> Reading:
    """A reading that can exist; InvalidDefinition says what can."""
    if column is not None:
        model.column(column)
        if name in _RATES or name in _MOMENTS or name.startswith(_SHARE) or _share_of(name):
            return Reading(name, column)
        raise InvalidDefinition(
            f"a figure of column {column!r} must be one of {sorted({*_RATES, *_MOMENTS})}, a "
            f"quantile such as p95, or share:VALUE, got {name!r}"
        )
    latency = name.startswith("latency_") and (name[8:] == "mean" or _share_of(name[8:]))
    if name in _WINDOW or latency or name.startswith(_CUSTOM):
        return Reading(name)
    classes = (name.partition(":")[2],) if ":" in name else ("", "")
    try:
        figure_of(name, model, classes)
    except InvalidDefinition as error:
        raise InvalidDefinition(
            f"a figure of the window must be one of {sorted(_WINDOW)}, latency_mean, a quantile "
            f"such as latency_p95, or a metric; a figure of a column needs columns. {error}"
        ) from error
    return Reading(name)


def read(
    reading: Reading, profile: WindowProfile, model: Model, lateness: Lateness | None = None
) -> Estimate:
    """The figure of one window, with its interval; insufficient where it does not exist there.

    Counts, minima and maxima are facts of the window: their interval is the figure itself.
    ``lateness`` weights late labels; without it they are taken as they came.
    """
    if reading.column is not None:
        found = profile.columns.get(reading.column)
        return Estimate.insufficient(0) if found is None else _of_column(reading.name, found)
    if reading.name in _WINDOW:
        return _WINDOW[reading.name](profile)
    if reading.name.startswith(_CUSTOM):
        value = profile.figures.get(reading.name.removeprefix(_CUSTOM))
        return _fact(None if isinstance(value, str) else value, profile.rows)
    if reading.name.startswith("latency_"):
        latency = profile.service.latency if profile.service is not None else None
        return (
            Estimate.insufficient(0) if latency is None else _of_column(reading.name[8:], latency)
        )
    return _of_labels(reading.name, profile, model, lateness)


def _of_column(name: str, column: ColumnProfile) -> Estimate:
    if name in _RATES:
        counted = _RATES[name](column)
        return Estimate.insufficient(column.n) if counted is None else _rate(*counted)
    if name.startswith(_SHARE) and isinstance(column, CategoricalProfile):
        value = name.removeprefix(_SHARE)
        known = column.binning.values
        count = int(column.counts[known.index(value)]) if value in known else 0
        return _rate(count, column.n - column.null)
    if not isinstance(column, NumericProfile) or not column.counts.any():
        return Estimate.insufficient(column.n)
    share = _share_of(name)
    if share is not None:
        return _quantile(column, share)
    return _MOMENTS[name](column) if name in _MOMENTS else Estimate.insufficient(column.n)


def _of_labels(
    name: str, profile: WindowProfile, model: Model, lateness: Lateness | None
) -> Estimate:
    found = realised(profile, lateness or Lateness(model.label_horizon, None, 1.0))
    performance = profile.performance
    if found is None or performance is None or (lateness is not None and not found.enough):
        return Estimate.insufficient(performance.labelled if performance is not None else 0)
    classes = performance.classes if isinstance(performance, ClassificationProfile) else ()
    return figure_of(name, model, classes).estimate(found.state)


def _share_of(name: str) -> float | None:
    match = _QUANTILE.fullmatch(name)
    return float(match[1]) / 100.0 if match and float(match[1]) > 0.0 else None


def _rate(count: int, total: int) -> Estimate:
    return rate(float(count), float(total), total)


def _fact(value: float | None, n: int) -> Estimate:
    return Estimate(value, value, value, n)


def _mean(column: NumericProfile) -> Estimate:
    n = int(column.counts.sum())
    mean = column.sum_z / n
    spread = math.sqrt(max(0.0, column.sum_z2 / n - mean**2) / max(1, n - 1))
    value = column.binning.center + column.binning.scale * mean
    se = column.binning.scale * spread
    return Estimate(value, *normal(value, se), n, se)


def _std(column: NumericProfile) -> Estimate:
    """The sample standard deviation; its error from the fourth moment of the cells."""
    n = int(column.counts.sum())
    if n < 2:
        return Estimate.insufficient(n)
    mean = column.sum_z / n
    variance = max(0.0, column.sum_z2 / n - mean**2) * n / (n - 1)
    fourth = float(column.counts @ (column.sums / column.counts - mean) ** 4) / n
    value = column.binning.scale * math.sqrt(variance)
    spread = math.sqrt(max(0.0, fourth - variance**2) / n)
    se = column.binning.scale * spread / (2.0 * math.sqrt(variance)) if variance > 0.0 else 0.0
    low, high = normal(value, se)
    return Estimate(value, max(0.0, low), high, n, se)


def _quantile(column: NumericProfile, share: float) -> Estimate:
    """The mean of the cell that holds the quantile; the interval is that of order statistics."""
    n = int(column.counts.sum())
    half = quantile(0.95) * math.sqrt(share * (1.0 - share) / n)
    wanted = np.clip([share, share - half, share + half], 0.0, 1.0) * n
    cells = np.searchsorted(np.cumsum(column.counts), np.maximum(wanted, 0.5))
    cells = np.minimum(cells, len(column.counts) - 1)
    z = column.sums[cells] / column.counts[cells]
    value, low, high = (column.binning.center + column.binning.scale * z).tolist()
    return Estimate(value, low, high, n, (high - low) / (2.0 * quantile(0.95)))


def _numeric(
    count: Callable[[NumericProfile], int],
) -> Callable[[ColumnProfile], tuple[int, int] | None]:
    return lambda c: (count(c), c.n - c.null) if isinstance(c, NumericProfile) else None


def _counted(
    count: Callable[[CountProfile], int],
) -> Callable[[ColumnProfile], tuple[int, int] | None]:
    return lambda c: (count(c), c.n - c.null) if isinstance(c, CountProfile) else None


def _outside(column: ColumnProfile) -> tuple[int, int] | None:
    return None if isinstance(column, CountProfile) else (column.outside, column.n - column.null)


def _unseen(column: ColumnProfile) -> tuple[int, int] | None:
    if not isinstance(column, CategoricalProfile):
        return None
    return column.unseen, column.n - column.null


_RATES: Mapping[str, Callable[[ColumnProfile], tuple[int, int] | None]] = {
    "missing_rate": lambda c: (c.null + (c.nan if isinstance(c, NumericProfile) else 0), c.n),
    "invalid_rate": lambda c: (c.invalid, c.n),
    "out_of_range_rate": _outside,
    "unseen_rate": _unseen,
    "nan_rate": _numeric(lambda c: c.nan),
    "infinite_rate": _numeric(lambda c: c.pos_inf + c.neg_inf),
    "duplicate_rate": _counted(lambda c: c.duplicate),
    "stale_rate": _counted(lambda c: c.stale),
    "future_rate": _counted(lambda c: c.future),
}
_MOMENTS: Mapping[str, Callable[[NumericProfile], Estimate]] = {
    "mean": _mean,
    "std": _std,
    "min": lambda c: _fact(c.minimum, int(c.counts.sum())),
    "max": lambda c: _fact(c.maximum, int(c.counts.sum())),
}


def _requests(profile: WindowProfile) -> Estimate:
    found = profile.service
    return Estimate.insufficient(0) if found is None else _fact(found.requests, found.requests)


def _errors(profile: WindowProfile) -> Estimate:
    found = profile.service
    return Estimate.insufficient(0) if found is None else _rate(found.errors, found.requests)


def _labels(profile: WindowProfile) -> Estimate:
    found = profile.performance
    return Estimate.insufficient(0) if found is None else _rate(found.labelled, found.n)


_WINDOW: Mapping[str, Callable[[WindowProfile], Estimate]] = {
    "rows": lambda p: _fact(p.rows, p.rows),
    "duplicate_row_rate": lambda p: _rate(p.duplicate_rows, p.rows),
    "requests": _requests,
    "error_rate": _errors,
    "label_rate": _labels,
}
