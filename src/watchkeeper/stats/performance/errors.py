"""Regression errors from moments: bias, MAE, MSE, RMSE, MAPE and R².

Exact from sums. Standard errors: bias from Σe², MAE from Σe² (``Var|e| = E e² − MAE²``), MSE from
Σe⁴, RMSE by the delta method, MAPE from Σ(e/y)². R² by the delta method with the exact variance
of e², the label taken as normal (``Var((y−μ)²) = 2σ⁴``) and independent of e². Intervals of
positive figures are on the log scale.
"""

from __future__ import annotations

import math

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.bounded import positive
from watchkeeper.stats.interval.normal import normal
from watchkeeper.stats.performance.scoring import mean_of
from watchkeeper.stats.performance.state import Regressed, Sums

__all__ = [
    "bias",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "r2",
    "root_mean_squared_error",
]


def bias(state: Regressed) -> Estimate:
    """The mean of prediction − label, in the label's unit; 0 is best."""
    if state.n < 2.0:
        return Estimate.insufficient(state.labels)
    mean = state.error.first / state.n
    se = math.sqrt(max(0.0, state.error.second / state.n - mean**2) / (state.n - 1.0))
    return Estimate(mean, *normal(mean, se), state.labels, se)


def mean_absolute_error(state: Regressed) -> Estimate:
    """The mean of |prediction − label|, in the label's unit."""
    return mean_of(Sums(state.n, state.absolute, state.error.second), state.labels)


def mean_squared_error(state: Regressed) -> Estimate:
    """The mean of (prediction − label)², in the square of the label's unit."""
    return mean_of(Sums(state.n, state.error.second, state.fourth), state.labels)


def root_mean_squared_error(state: Regressed) -> Estimate:
    """The root of the mean squared error, in the label's unit."""
    square = mean_squared_error(state)
    if square.value is None or square.se is None:
        return square
    root = math.sqrt(square.value)
    se = square.se / (2.0 * root) if root > 0.0 else 0.0
    return Estimate(root, *positive(root, se), state.labels, se)


def mean_absolute_percentage_error(state: Regressed) -> Estimate:
    """The mean of |prediction − label|/|label| (1 is 100 %) over labels that are not 0."""
    return mean_of(state.relative, state.labels)


def r2(state: Regressed) -> Estimate:
    """The share of the labels' variance that the predictions explain; at most 1.

    Insufficient below two labels, or where all labels are equal.
    """
    n = state.n
    if n < 2.0:
        return Estimate.insufficient(state.labels)
    squared = state.error.second / n
    variance = state.label.second / n - (state.label.first / n) ** 2
    if variance <= 1e-14 * state.label.second / n:
        return Estimate.insufficient(state.labels)
    ratio = squared / variance
    spread = max(0.0, state.fourth / n - squared**2) / variance**2 + 2.0 * ratio**2
    se = math.sqrt(spread / n)
    low, high = positive(ratio, se)
    return Estimate(1.0 - ratio, 1.0 - high, 1.0 - low, state.labels, se)
