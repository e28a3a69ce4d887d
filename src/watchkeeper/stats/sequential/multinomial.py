"""Counts against the shares that they were dealt by: sample ratio mismatch, and canary errors.

The Dirichlet-multinomial Bayes factor ``Γ(A)/Γ(A + N)·Π Γ(a_i + n_i)/Γ(a_i)/Π θ_i^{n_i}`` with
a = kθ is a non-negative martingale under "every count is dealt by θ", whatever the rate at which
they come: it exceeds 1/α ever with a chance of at most α. So it judges how rows were assigned to
arms, and, given that errors happen at all, whether an arm has more than its traffic's share of
them, however the common error rate moves. O(arms).

References
----------
Lindon, M., and Malek, A. (2022), Anytime-valid inference for multinomial count data. NeurIPS 35.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from watchkeeper.errors import InvalidInput

__all__ = ["ASSIGNMENT", "ERRORS", "log_bayes_factor", "p_value"]

ASSIGNMENT = 10_000.0  # k for assignment counts: a mismatch of a percent matters
ERRORS = 100.0  # k for errors: only much more than its share matters


def log_bayes_factor(
    counts: npt.ArrayLike, shares: npt.ArrayLike, *, concentration: float
) -> float:
    """The logarithm of the Bayes factor of ``counts`` (arms,) ≥ 0 against ``shares`` (arms,) > 0, which are
    scaled to a sum of one. 0 without counts.

    Examples
    --------
    >>> round(log_bayes_factor([5300, 4700], [0.5, 0.5], concentration=10_000.0), 6)
    8.655215
    """
    n, theta = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    if n.ndim != 1 or n.shape != theta.shape or (n < 0.0).any() or not (theta > 0.0).all():
        raise InvalidInput(
            f"counts must be >= 0 and shares positive, one of each per arm, got {n}, {theta}"
        )
    if not concentration > 0.0:
        raise InvalidInput(f"the concentration must be positive, got {concentration}")
    theta = theta / theta.sum()
    a = concentration * theta
    whole = gammaln(concentration) - gammaln(concentration + n.sum())
    return float(whole + (gammaln(a + n) - gammaln(a) - n * np.log(theta)).sum())


def p_value(log_factors: npt.ArrayLike) -> float:
    """The p-value, valid at every look, of the log Bayes factors of all looks so far."""
    logs = np.atleast_1d(np.asarray(log_factors, np.float64))
    return float(min(1.0, np.exp(-logs.max()))) if len(logs) else 1.0
