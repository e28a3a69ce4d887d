"""What metrics are computed from: sufficient statistics that add up.

`Classified` and `Regressed` hold plain arrays of one window, or of many added together. Counts
are floats, because late labels are weighted: weighted counts are scaled to their *effective*
sample size ``n = (Σw)²/Σw²``, under which every interval here stays right, while ``labels`` keeps
the number of labels that were really seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["Classified", "Regressed", "Sums", "total_classified", "total_regressed"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """``n`` numbers by their sum and sum of squares."""

    n: float
    first: float
    second: float

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.first + other.first, self.second + other.second)

    def scaled(self, factor: float) -> Sums:
        """The same mean and spread from ``factor`` times as many numbers."""
        return Sums(self.n * factor, self.first * factor, self.second * factor)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Classified:
    """A classifier's sufficient statistics.

    ``confusion[i, j]``: label i predicted j, shape (K, K); binary is (negative, positive).
    ``histogram[k, b, y]`` and ``score_sums[k, b, y]``: scores of class k in equal bins of [0, 1],
    y = 1 where the label is class k; one row (the positive class) for binary, none without
    scores. ``log_loss``, ``brier``: over the rows with valid scores. ``agree`` = (labels equal to
    the label before, labels compared): the no-change control.
    """

    confusion: Floats
    histogram: Floats
    score_sums: Floats
    log_loss: Sums
    brier: Sums
    agree: tuple[float, float] = (0.0, 0.0)
    labels: int = 0

    def __post_init__(self) -> None:
        classes = self.confusion.shape[0]
        if self.confusion.shape != (classes, classes) or classes < 1:
            raise InvalidInput(f"confusion must be square, got {self.confusion.shape}")
        if self.histogram.ndim != 3 or self.histogram.shape != self.score_sums.shape:
            raise InvalidInput(
                "histogram and score_sums must be of one shape (scores, bins, 2), got "
                f"{self.histogram.shape} and {self.score_sums.shape}"
            )

    @property
    def n(self) -> float:
        """Labelled rows, or their effective number."""
        return float(self.confusion.sum())

    def __add__(self, other: Classified) -> Classified:
        return Classified(
            self.confusion + other.confusion,
            self.histogram + other.histogram,
            self.score_sums + other.score_sums,
            self.log_loss + other.log_loss,
            self.brier + other.brier,
            (self.agree[0] + other.agree[0], self.agree[1] + other.agree[1]),
            self.labels + other.labels,
        )

    def scaled(self, factor: float) -> Classified:
        """The same shares from ``factor`` times as many rows; ``labels`` stays."""
        return replace(
            self,
            confusion=self.confusion * factor,
            histogram=self.histogram * factor,
            score_sums=self.score_sums * factor,
            log_loss=self.log_loss.scaled(factor),
            brier=self.brier.scaled(factor),
        )


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Regressed:
    """A regressor's sufficient statistics, with ``e = prediction − label``.

    ``error``: Σe, Σe²; ``absolute``: Σ|e|; ``fourth``: Σe⁴; ``relative``: |e/y| over labels that
    are not 0; ``label``: Σ(y−c), Σ(y−c)² around any centre c. ``lows``, ``highs``, ``counts``:
    the grid of errors. ``previous`` = (Σ|y−y_prev|, Σ(y−y_prev)², compared): no-change control.
    """

    error: Sums
    absolute: float
    fourth: float
    relative: Sums
    label: Sums
    lows: Floats
    highs: Floats
    counts: Floats
    previous: tuple[float, float, float] = (0.0, 0.0, 0.0)
    labels: int = 0

    def __post_init__(self) -> None:
        if not self.lows.shape == self.highs.shape == self.counts.shape:
            raise InvalidInput(
                "lows, highs and counts must be of one shape (cells,), got "
                f"{self.lows.shape}, {self.highs.shape}, {self.counts.shape}"
            )

    @property
    def n(self) -> float:
        """Labelled rows, or their effective number."""
        return self.error.n

    def __add__(self, other: Regressed) -> Regressed:
        a, b = self.previous, other.previous
        # Cells are keyed by their lower edge: grids of one binning share their edges exactly.
        lows, at = np.unique(np.concatenate([self.lows, other.lows]), return_inverse=True)
        highs = np.empty_like(lows)
        highs[at] = np.concatenate([self.highs, other.highs])
        weights = np.concatenate([self.counts, other.counts])
        counts = np.bincount(at, weights, len(lows)).astype(np.float64)
        return Regressed(
            self.error + other.error,
            self.absolute + other.absolute,
            self.fourth + other.fourth,
            self.relative + other.relative,
            self.label + other.label,
            lows,
            highs,
            counts,
            (a[0] + b[0], a[1] + b[1], a[2] + b[2]),
            self.labels + other.labels,
        )


def total_classified(parts: Sequence[Classified]) -> Classified:
    """All parts together; at least one."""
    if len(parts) == 1:
        return parts[0]
    return Classified(
        np.sum([part.confusion for part in parts], axis=0),
        np.sum([part.histogram for part in parts], axis=0),
        np.sum([part.score_sums for part in parts], axis=0),
        _total([part.log_loss for part in parts]),
        _total([part.brier for part in parts]),
        (sum(part.agree[0] for part in parts), sum(part.agree[1] for part in parts)),
        sum(part.labels for part in parts),
    )


def _total(parts: Sequence[Sums]) -> Sums:
    return Sums(
        sum(part.n for part in parts),
        sum(part.first for part in parts),
        sum(part.second for part in parts),
    )


def total_regressed(parts: Sequence[Regressed]) -> Regressed:
    """All parts together; at least one."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
