"""Natural variation of one figure from window to window, beyond sampling noise.

A window's figure varies by ``σ²/n`` (sampling noise, known) and by ``τ²`` (days differ, even when
nothing is wrong). Tests that know only the first call every large window an anomaly. Here τ² and
the mean of each season (day of week, hour of week) come from the windows of the reference:

- τ² is the Paule-Mandel root of ``Σ (y_i − μ_g)²/(v_i + τ²) = W − G``; it is right for windows of
  very different size, where plain moments let the smallest window decide;
- a new window has variance ``V = v + τ² + 1/Σ_g w_i`` and ``(y − μ_g)/√V ~ t_ν`` with
  ``ν = df/f²`` (Satterthwaite), ``f = (1/w̄)(1 + 1/m_g)/V``: the share of V that was estimated
  (τ̂² has the standard error ``(1/w̄)·√(2/df)``, not ``τ²·√(2/df)``). Normal where τ̂² = 0: there
  the truncation at zero already errs on the safe side.

Assumes windows that are exchangeable within their season; serial correlation clusters false
alarms but adds none. O(W) per fit.

References
----------
Paule, R. C., and Mandel, J. (1982), Consensus values and weighting factors. J. Res. NBS 87.
Satterthwaite, F. E. (1946), An approximate distribution of estimates of variance components.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from watchkeeper.errors import InvalidInput

__all__ = ["ENOUGH_WINDOWS", "Variation", "fit"]

ENOUGH_WINDOWS = 4  # fewer windows say nothing useful of how much windows differ
_FEWEST_DF = 3  # fewer residual degrees of freedom: the seasons are dropped
_NEWTON_STEPS = 50  # converges in about five; the bound guards against a loop that never ends

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Level:
    """Season means ``season → (mean, variance of the mean)``, τ² and its degrees of freedom."""

    centres: Mapping[int, tuple[float, float]]
    tau2: float
    df: float
    typical: float  # 1/w̄: the variance of a typical window of the reference, sampling noise and τ²


@dataclass(frozen=True, slots=True)
class Variation:
    """What is normal for a figure: its mean by season and how much windows differ.

    ``reference_p_values`` holds, for every window of the reference, its p-value under a fit that
    left out the block (week) it lies in: from these the alarm budget learns how heavy the tails
    really are. Empty where the reference is too short for it.
    """

    level: _Level
    pooled: _Level  # one season: for a season that the reference never saw
    reference_p_values: Floats

    @property
    def tau(self) -> float:
        """The standard deviation between windows beyond sampling noise, in the figure's unit."""
        return float(np.sqrt(self.level.tau2))

    @property
    def df(self) -> float:
        """Degrees of freedom behind τ; infinite where τ was stated instead of estimated."""
        return self.level.df

    def expected(self, season: int = 0) -> tuple[float, float]:
        """The mean of that season and its standard error."""
        level = self._level(season)
        mean, variance = level.centres.get(season, next(iter(level.centres.values())))
        return mean, float(np.sqrt(variance))

    def z(self, value: float, variance: float, season: int = 0) -> tuple[float, float]:
        """The standardised deviation of a new window and the degrees of freedom of its t.

        ``variance`` is the window's own sampling variance. Where nothing ever varies
        (``V = 0``) an equal value gives 0 and any other ±infinity.
        """
        level = self._level(season)
        mean, error = self.expected(season)
        total = variance + level.tau2 + error**2
        difference = value - mean
        if total <= 0.0:
            return (0.0 if difference == 0.0 else float(np.copysign(np.inf, difference))), np.inf
        share = (level.typical + error**2) / total if level.tau2 > 0.0 else 0.0
        df = level.df / share**2 if share > 0.0 else np.inf
        return float(difference / np.sqrt(total)), float(df)

    def p_value(self, value: float, variance: float, season: int = 0) -> float:
        """The two-sided p-value of "this window is one like those of the reference"."""
        z, df = self.z(value, variance, season)
        return float(min(1.0, 2.0 * stdtr(min(df, 1e9), -abs(z))))

    def band(self, variance: float, season: int = 0, *, level: float = 0.95) -> tuple[float, float]:
        """The interval in which a new window with that sampling variance lies normally."""
        mean, error = self.expected(season)
        spread = np.sqrt(variance + self._level(season).tau2 + error**2)
        half = float(-ndtri((1.0 - level) / 2.0) * spread)
        return mean - half, mean + half

    def _level(self, season: int) -> _Level:
        return self.level if season in self.level.centres else self.pooled


def fit(
    values: npt.ArrayLike,
    variances: npt.ArrayLike,
    seasons: npt.ArrayLike | None = None,
    *,
    blocks: npt.ArrayLike | None = None,
    tau: float | None = None,
) -> Variation:
    """Learn what is normal from the windows of a reference.

    Parameters
    ----------
    values, variances
        The figure and its sampling variance (≥ 0) per window, shape (W,), finite, W ≥ 1.
    seasons
        Season number per window; None: one season. Dropped where they leave fewer than three
        degrees of freedom.
    blocks
        Block (week) number per window, for the leave-one-block-out p-values; None: up to eight
        contiguous blocks.
    tau
        Stated natural variation in place of the estimated one: 0 where the windows are random
        blocks of one table. Needed with fewer than ``ENOUGH_WINDOWS`` windows.

    Examples
    --------
    >>> normal = fit([0.90, 0.91, 0.89, 0.90, 0.92, 0.88], [1e-4] * 6)
    >>> normal.p_value(0.70, 1e-4) < 0.001 < 0.5 < normal.p_value(0.905, 1e-4)
    True
    """
    y, v = np.asarray(values, np.float64), np.asarray(variances, np.float64)
    season = _labels(seasons, len(y), "seasons")
    _check(y, v, tau)
    season = season if len(y) - len(np.unique(season)) >= _FEWEST_DF else np.zeros(len(y), np.int64)
    block = np.arange(len(y)) * min(8, len(y)) // len(y) if blocks is None else None
    block = _labels(blocks, len(y), "blocks") if block is None else block.astype(np.int64)
    level, pooled = _levels(y, v, season, tau)
    return Variation(level, pooled, _left_out(y, v, season, block, tau))


def _levels(y: Floats, v: Floats, season: Ints, tau: float | None) -> tuple[_Level, _Level]:
    level = _level(y, v, season, tau)
    one = len(level.centres) == 1
    return level, level if one else _level(y, v, np.zeros(len(y), np.int64), tau)


def _level(y: Floats, v: Floats, season: Ints, tau: float | None) -> _Level:
    names, group = np.unique(season, return_inverse=True)
    df = len(y) - len(names)
    tau2 = _paule_mandel(y, v, group, df) if tau is None else tau**2
    weight = _weights(v, tau2)
    total = np.bincount(group, weight)
    mean = np.bincount(group, weight * y) / total
    # Exact zeros of v and τ² have no finite weight: such a mean is known without error.
    error = np.where(np.bincount(group, v + tau2) > 0.0, 1.0 / total, 0.0)
    centres = {int(g): (float(m), float(e)) for g, m, e in zip(names, mean, error, strict=True)}
    freedom = float("inf") if tau is not None else float(df)
    return _Level(centres, float(tau2), freedom, float(1.0 / weight.mean()))


def _weights(v: Floats, tau2: float) -> Floats:
    total = v + tau2
    positive = total[total > 0.0]
    floor = positive.min() * 1e-12 if len(positive) else 1.0
    return 1.0 / np.maximum(total, floor)


def _paule_mandel(y: Floats, v: Floats, group: Ints, df: int) -> float:
    """Newton on ``1/Q``, which is concave and increasing in τ²: monotone from the left, and
    exact in one step where all windows have the same variance.
    """
    spread = float(np.ptp(y)) ** 2
    if df < 1 or spread == 0.0:
        return 0.0
    tau2 = 0.0 if v.min() > 0.0 else 1e-9 * spread
    for _ in range(_NEWTON_STEPS):
        weight = 1.0 / (v + tau2)
        mean = np.bincount(group, weight * y) / np.bincount(group, weight)
        residual2 = (y - mean[group]) ** 2
        q = float(weight @ residual2)
        if q <= df * (1.0 + 1e-10):
            break
        tau2 += q * (q / df - 1.0) / float(weight**2 @ residual2)
    return tau2


def _left_out(y: Floats, v: Floats, season: Ints, block: Ints, tau: float | None) -> Floats:
    names = np.unique(block)
    if len(names) < 2 or (tau is None and len(y) <= ENOUGH_WINDOWS):
        return np.empty(0)
    empty = np.empty(0)
    found = np.ones(len(y))
    for name in names:
        out = block == name
        if tau is None and (~out).sum() < ENOUGH_WINDOWS:
            return empty
        rest = Variation(*_levels(y[~out], v[~out], season[~out], tau), empty)
        found[out] = [
            rest.p_value(float(a), float(b), int(s))
            for a, b, s in zip(y[out], v[out], season[out], strict=True)
        ]
    return found


def _labels(labels: npt.ArrayLike | None, size: int, name: str) -> Ints:
    found = np.zeros(size, np.int64) if labels is None else np.asarray(labels, np.int64)
    if found.shape != (size,):
        raise InvalidInput(f"{name} must give one number per window, got {found.shape} for {size}")
    return found


def _check(y: Floats, v: Floats, tau: float | None) -> None:
    if y.ndim != 1 or len(y) == 0 or y.shape != v.shape:
        raise InvalidInput(
            f"values and variances must be of one shape (W,) with W >= 1, got {y.shape}, {v.shape}"
        )
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v >= 0.0).all()):
        raise InvalidInput(
            "values must be finite and variances finite and >= 0: leave out windows without a figure"
        )
    if tau is None and len(y) < ENOUGH_WINDOWS:
        raise InvalidInput(
            f"the variation between windows needs {ENOUGH_WINDOWS} windows, got {len(y)}: state tau"
        )
