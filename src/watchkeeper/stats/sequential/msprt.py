"""The mixture sequential probability ratio test, for what is watched as one normal mean.

``Λ = √(σ²/(σ² + nτ²))·exp(n²τ²d̂²/(2σ²(σ² + nτ²)))``: the likelihood ratio against "no
difference", averaged over a normal prior of variance τ² on the effect. Its inverse is a p-value
that holds at every look; it is the normal mixture in other letters. O(1).

References
----------
Johari, R., Koomen, P., Pekelis, L., and Walsh, D. (2022), Always valid inference: continuous
monitoring of A/B tests. Operations Research 70.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["log_likelihood_ratio", "p_values"]

Floats = npt.NDArray[np.float64]


def log_likelihood_ratio(
    effect: npt.ArrayLike, n: npt.ArrayLike, *, variance: float, prior_variance: float
) -> Floats:
    """The logarithm of Λ for an observed ``effect`` after ``n`` ≥ 0 rows (or pairs) of ``variance`` > 0 each.

    Examples
    --------
    >>> round(float(log_likelihood_ratio(0.1, 1000, variance=1.0, prior_variance=0.01)), 6)
    3.346507
    """
    if not variance > 0.0 or not prior_variance > 0.0:
        raise InvalidInput(
            f"variance and prior_variance must be positive, got {variance}, {prior_variance}"
        )
    d, rows = np.asarray(effect, np.float64), np.asarray(n, np.float64)
    whole = variance + rows * prior_variance
    return np.asarray(
        0.5 * np.log(variance / whole) + rows**2 * prior_variance * d**2 / (2.0 * variance * whole)
    )


def p_values(
    effects: npt.ArrayLike, ns: npt.ArrayLike, *, variance: float, prior_variance: float
) -> Floats:
    """The always valid p-value after each look, shape (looks,): it never grows again."""
    logs = log_likelihood_ratio(effects, ns, variance=variance, prior_variance=prior_variance)
    return np.asarray(np.minimum(1.0, np.exp(-np.maximum.accumulate(np.atleast_1d(logs)))))
