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
alarms but adds none. O(W) per fit, O(blocks·W) for the left-out p-values, which are computed when
they are asked for.

References
----------
Paule, R. C., and Mandel, J. (1982), Consensus values and weighting factors. J. Res. NBS 87.
Satterthwaite, F. E. (1946), An approximate distribution of estimates of variance components.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from watchkeeper.errors import InvalidInput

__all__ = ["ENOUGH_WINDOWS", "LeftOut", "Variation", "fit"]

ENOUGH_WINDOWS = 4  # fewer windows say nothing useful of how much windows differ
_FEWEST_DF = 3  # fewer residual degrees of freedom: the seasons are dropped
_NEWTON_STEPS = 50  # converges in about five; the bound guards against a loop that never ends

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows of a reference: figures ``y`` with sampling variances ``v``, groups (seasons)
    numbered from 0, and the labels of their blocks, all of shape (W,); ``seasons`` (G,) are the
    seasons' own numbers, ascending. ``tau``: stated, not estimated.
    """

    y: Floats
    v: Floats
    group: Ints
    seasons: Ints
    block: Ints
    tau: float | None

    def pooled(self) -> _Windows:
        """The same windows as one season."""
        one = np.zeros(len(self.y), np.int64)
        return _Windows(self.y, self.v, one, one[:1], self.block, self.tau)


@dataclass(frozen=True, slots=True)
class _Levels:
    """Fits to K choices of the same windows.

    ``mean`` and ``error2`` (the mean's variance), shape (K, G), hold where ``known``; ``tau2``,
    its degrees of freedom ``df`` and ``typical`` (1/w̄: the variance of a typical window, sampling
    noise and τ²) have shape (K,).
    """

    mean: Floats
    error2: Floats
    known: Bools
    tau2: Floats
    df: Floats
    typical: Floats


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What every window of a reference is judged by when its block (week) is left out.

    Of shape (W,): the ``mean`` of the window's season and its variance ``error2``, τ² and its
    degrees of freedom ``df``, and ``typical``, the variance of a typical window.
    """

    mean: Floats
    error2: Floats
    tau2: Floats
    df: Floats
    typical: Floats

    def freedom(self, variance: Floats) -> Floats:
        """The degrees of freedom of windows with that sampling variance, as in `Variation.z`."""
        total = variance + self.tau2 + self.error2
        learnt = (self.tau2 > 0.0) & (total > 0.0)
        share = (self.typical + self.error2)[learnt] / total[learnt]
        found = np.full(len(total), np.inf)
        found[learnt] = self.df[learnt] / share**2
        return found


@dataclass(frozen=True)
class Variation:
    """What is normal for a figure: its mean by season and how much windows differ."""

    _windows: _Windows = field(repr=False)

    @property
    def windows(self) -> int:
        """The number of windows that this was learnt from."""
        return len(self._windows.y)

    @property
    def seasonal(self) -> bool:
        """Whether seasons are told apart."""
        return len(self._windows.seasons) > 1

    @cached_property
    def block(self) -> Ints:
        """The block of every window, numbered from 0."""
        return np.unique(self._windows.block, return_inverse=True)[1]

    @property
    def tau(self) -> float:
        """The standard deviation between windows beyond sampling noise, in the figure's unit."""
        return float(np.sqrt(self._level.tau2[0]))

    @property
    def df(self) -> float:
        """Degrees of freedom behind τ; infinite where τ was stated instead of estimated."""
        return float(self._level.df[0])

    @cached_property
    def reference_p_values(self) -> Floats:
        """For every window of the reference its p-value under a fit that left out its block (week).

        From these the alarm budget learns how heavy the tails really are. Empty where the
        reference is too short for it.
        """
        level, windows = self.left_out, self._windows
        if level is None:
            return np.empty(0)
        total = windows.v + level.tau2 + level.error2
        difference, varies = np.abs(windows.y - level.mean), total > 0.0
        z = np.where(difference > 0.0, np.inf, 0.0)
        z[varies] = difference[varies] / np.sqrt(total[varies])
        df = np.minimum(level.freedom(windows.v), 1e9)
        return np.asarray(np.minimum(1.0, 2.0 * stdtr(df, -z)))

    @cached_property
    def left_out(self) -> LeftOut | None:
        """The fits without each window's own block; None where the reference is too short."""
        return _left_out(self._windows, self.block)

    def expected(self, season: int = 0) -> tuple[float, float]:
        """The mean of that season and its standard error."""
        level, at = self._of(season)
        return float(level.mean[0, at]), float(np.sqrt(level.error2[0, at]))

    def z(self, value: float, variance: float, season: int = 0) -> tuple[float, float]:
        """The standardised deviation of a new window and the degrees of freedom of its t.

        ``variance`` is the window's own sampling variance. Where nothing ever varies
        (``V = 0``) an equal value gives 0 and any other ±infinity.
        """
        level, at = self._of(season)
        mean, error2 = float(level.mean[0, at]), float(level.error2[0, at])
        tau2 = float(level.tau2[0])
        total, difference = variance + tau2 + error2, value - mean
        if total <= 0.0:
            return (0.0 if difference == 0.0 else math.copysign(math.inf, difference)), math.inf
        share = (float(level.typical[0]) + error2) / total if tau2 > 0.0 else 0.0
        df = float(level.df[0]) / share**2 if share > 0.0 else math.inf
        return difference / math.sqrt(total), df

    def p_value(self, value: float, variance: float, season: int = 0) -> float:
        """The two-sided p-value of "this window is one like those of the reference"."""
        z, df = self.z(value, variance, season)
        return float(min(1.0, 2.0 * stdtr(min(df, 1e9), -abs(z))))

    def band(self, variance: float, season: int = 0, *, level: float = 0.95) -> tuple[float, float]:
        """The interval in which a new window with that sampling variance lies normally."""
        fitted, at = self._of(season)
        mean = float(fitted.mean[0, at])
        spread = np.sqrt(variance + fitted.tau2[0] + fitted.error2[0, at])
        half = float(-ndtri((1.0 - level) / 2.0) * spread)
        return mean - half, mean + half

    @cached_property
    def _level(self) -> _Levels:
        return _levels(self._windows, np.ones((1, self.windows), bool))

    @cached_property
    def _pooled(self) -> _Levels:
        """As one season: for a season that the reference never saw."""
        return _levels(self._windows.pooled(), np.ones((1, self.windows), bool))

    def _of(self, season: int) -> tuple[_Levels, int]:
        names = self._windows.seasons
        at = int(np.searchsorted(names, season))
        if at < len(names) and names[at] == season:
            return self._level, at
        return (self._pooled if self.seasonal else self._level), 0


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
    _check(y, v, tau)
    season = _labels(np.zeros(len(y)) if seasons is None else seasons, len(y), "seasons")
    contiguous = np.arange(len(y)) * min(8, len(y)) // len(y)
    block = _labels(contiguous if blocks is None else blocks, len(y), "blocks")
    names, group = np.unique(season, return_inverse=True)
    windows = _Windows(y, v, group, names, block, tau)
    return Variation(windows if len(y) - len(names) >= _FEWEST_DF else windows.pooled())


def _levels(windows: _Windows, kept: Bools) -> _Levels:
    """One fit to each row of ``kept`` (K, W): which windows it may use, at least one."""
    member = windows.group[:, None] == np.arange(len(windows.seasons))
    size = kept @ member.astype(np.float64)
    df = kept.sum(axis=1) - (size > 0.0).sum(axis=1)
    member = member.astype(np.float64)
    if windows.tau is None:
        tau2, freedom = _paule_mandel(windows, kept, member, df), df.astype(np.float64)
    else:
        tau2, freedom = np.full(len(kept), windows.tau**2), np.full(len(kept), np.inf)
    total = windows.v + tau2[:, None]
    positive = np.where(kept & (total > 0.0), total, np.inf).min(axis=1)
    floor = np.where(np.isfinite(positive), positive * 1e-12, 1.0)
    weight = kept / np.maximum(total, floor[:, None])
    weights = weight @ member
    known = size > 0.0
    divisor = np.where(known, weights, 1.0)
    # Exact zeros of v and τ² have no finite weight: such a mean is known without error.
    noisy = (kept * total) @ member > 0.0
    return _Levels(
        mean=(weight * windows.y) @ member / divisor,
        error2=np.where(noisy, 1.0 / divisor, 0.0),
        known=known,
        tau2=tau2,
        df=freedom,
        typical=kept.sum(axis=1) / weight.sum(axis=1),
    )


def _paule_mandel(windows: _Windows, kept: Bools, member: Floats, df: Ints) -> Floats:
    """Newton on ``1/Q``, which is concave and increasing in τ²: monotone from the left, and
    exact in one step where all windows have the same variance. Every row of ``kept`` by itself.

    It starts where the root would lie if all windows were as noisy as the noisiest, which is never
    to the right of it.
    """
    y = windows.y
    spread = np.where(kept, y, -np.inf).max(axis=1) - np.where(kept, y, np.inf).min(axis=1)
    able = (df >= 1) & (spread > 0.0)
    v = np.where(kept & able[:, None], windows.v, 1.0)
    freedom = np.maximum(df, 1)
    even, _ = _residuals(windows, kept.astype(np.float64), member)
    start = even / freedom - np.where(kept, v, 0.0).max(axis=1)
    least = np.where(v.min(axis=1) > 0.0, 0.0, 1e-9 * spread**2)
    tau2 = np.where(able, np.maximum(start, least), 0.0)
    for _ in range(_NEWTON_STEPS):
        q, slope = _residuals(windows, kept / (v + tau2[:, None]), member)
        more = able & (q > freedom * (1.0 + 1e-10))
        if not more.any():
            break
        tau2 = np.where(more, tau2 + q * (q / freedom - 1.0) / np.where(more, slope, 1.0), tau2)
    return tau2


def _residuals(windows: _Windows, weight: Floats, member: Floats) -> tuple[Floats, Floats]:
    """``Σ w·r²`` and ``Σ w²·r²`` of the residuals r around the weighted season means, (K,)."""
    total = weight @ member
    mean = (weight * windows.y) @ member / np.where(total > 0.0, total, 1.0)
    weighted = weight * (windows.y - mean[:, windows.group]) ** 2
    return weighted.sum(axis=1), (weight * weighted).sum(axis=1)


def _left_out(windows: _Windows, block: Ints) -> LeftOut | None:
    blocks = int(block.max()) + 1
    if blocks < 2 or (windows.tau is None and len(windows.y) <= ENOUGH_WINDOWS):
        return None
    kept = block != np.arange(blocks)[:, None]
    if windows.tau is None and kept.sum(axis=1).min() < ENOUGH_WINDOWS:
        return None
    level = _levels(windows, kept)
    found = _of_windows(level, block, windows.group)
    strange = ~level.known[block, windows.group]
    if not strange.any():
        return found
    # The only windows of their season are judged by all seasons.
    pooled = windows.pooled()
    rest = _of_windows(_levels(pooled, kept), block, pooled.group)
    parts = [(getattr(rest, f.name), getattr(found, f.name)) for f in fields(LeftOut)]
    return LeftOut(*(np.where(strange, other, own) for other, own in parts))


def _of_windows(level: _Levels, block: Ints, group: Ints) -> LeftOut:
    at = (block, group)
    return LeftOut(
        level.mean[at], level.error2[at], level.tau2[block], level.df[block], level.typical[block]
    )


def _labels(labels: npt.ArrayLike, size: int, name: str) -> Ints:
    found = np.asarray(labels, np.int64)
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
