"""Tail tempering: how heavy the tails of a model's p-values really are, learned from its reference.

An alarm budget over many series lives at p ≈ 1e-4, where no test is exact: the natural variation
of real data has heavier tails than a normal one. The p-values that the reference's own windows get
when their week is left out say how much. Below u = 0.05, with k of N such values there,
``κ = min(1, (k + c)/(Σ ln(u/p_i) + c))`` (the maximum-likelihood exponent of a Pareto tail, drawn
towards 1 by c = 10 values' worth of trust in the test) and ``a = max(u, k/N)``; then
``p ← a·(p/u)^κ``. It only ever raises a p-value. O(N).

Assumes that production varies as the reference did; it cannot know a tail that the reference
never showed (a holiday).

References
----------
Hill, B. M. (1975), A simple general approach to inference about the tail. Ann. Statist. 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tempering", "fit_tempering"]

_U = 0.05
_TRUST = 10.0
_LEAST = 1e-300

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tempering:
    """The exponent κ in (0, 1] and the share a ≥ 0.05 of reference p-values below 0.05."""

    kappa: float = 1.0
    share: float = _U

    def apply(self, p_values: npt.ArrayLike) -> Floats:
        """The p-values with the tails that the reference had; those above 0.05 stay, as a rule."""
        p = np.asarray(p_values, np.float64)
        if self.kappa == 1.0 and self.share == _U:
            return p
        tail = self.share * np.exp(self.kappa * np.log(np.maximum(p, _LEAST) / _U))
        return np.where(p < _U, np.minimum(tail, 1.0), np.maximum(p, self.share))


def fit_tempering(reference_p_values: npt.ArrayLike) -> Tempering:
    """Learn the tails from left-out reference p-values of all series, shape (N,); NaN is ignored.

    Examples
    --------
    >>> fit_tempering(np.linspace(0.0005, 0.9995, 1000)).kappa > 0.95
    True
    >>> fit_tempering([]).apply([1e-5]).round(9).item()
    1e-05
    """
    p = np.asarray(reference_p_values, np.float64)
    p = p[np.isfinite(p)]
    tail = np.maximum(p[p < _U], _LEAST)
    if not len(tail):
        return Tempering()
    excess = float(np.log(_U / tail).sum())
    kappa = min(1.0, (len(tail) + _TRUST) / (excess + _TRUST))
    share = max(_U, (len(tail) + _TRUST * _U) / (len(p) + _TRUST))
    return Tempering(kappa, share)
