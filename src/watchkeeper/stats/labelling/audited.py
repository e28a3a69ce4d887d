"""A mean over all rows from the labels of some: the auditor's guess, put right by what was bought.

``ḡ + N⁻¹Σ ξ(e − g)/π``: g guesses each row's loss e, ξ says which were labelled, π with what
chance. Unbiased for any guess, and as sharp as the guess is good. O(N).

References
----------
Robins, J. M., Rotnitzky, A., and Zhao, L. P. (1994), Estimation of regression coefficients when
some regressors are not always observed. JASA 89.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate

__all__ = ["audited_mean", "audited_terms"]

_Z95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


def audited_terms(
    guess: npt.ArrayLike, outcome: npt.ArrayLike, propensities: npt.ArrayLike
) -> Floats:
    """One unbiased term for each row, (N,): their mean is the estimate, and a confidence sequence
    of it holds at every look.

    Parameters
    ----------
    guess
        Of each row's outcome, (N,); it must not have seen that row's label (cross-fit it).
    outcome
        What the label said, (N,); NaN where the row was not labelled.
    propensities
        The logged chance of each row to be labelled, (N,), in (0, 1].
    """
    g, e, p = (np.asarray(x, np.float64) for x in (guess, outcome, propensities))
    if g.ndim != 1 or g.shape != e.shape or g.shape != p.shape or not np.isfinite(g).all():
        raise InvalidInput("guess, outcome and propensity must be given for every row")
    if not ((p > 0.0) & (p <= 1.0)).all():
        raise InvalidInput("propensities must lie in (0, 1]: a row that cannot be drawn biases all")
    return np.asarray(g + np.where(np.isnan(e), 0.0, (e - g) / p))


def audited_mean(
    guess: npt.ArrayLike, outcome: npt.ArrayLike, propensities: npt.ArrayLike
) -> Estimate:
    """The mean outcome of all rows with its 95 % interval; ``n`` is the number of labels, and there
    is no figure with fewer than two.
    """
    terms = audited_terms(guess, outcome, propensities)
    labels = int((~np.isnan(np.asarray(outcome, np.float64))).sum())
    if labels < 2:
        return Estimate.insufficient(labels)
    value, se = float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(len(terms)))
    return Estimate(value, value - _Z95 * se, value + _Z95 * se, labels, se)
