"""Smooth components of a numeric distribution: where it lies, its spread, its skew, its tails.

``u_b`` is the mid-CDF of bin b in the reference. φ₁…φ₄ are the Legendre polynomials of u, made
orthonormal under the reference's shares p: then a window's mean of φ, ``Z = Σ_b c_b φ(u_b)/n``, is
zero in expectation and has covariance I/n if nothing changed. A shift of the location by δ
standard deviations moves Z₁ by about δ. Equivalent to Neyman's smooth test with four components.

Not for changes without any smooth part (one rare value doubling): those are for counts by value.
O(B·J).

References
----------
Neyman, J. (1937), "Smooth" test for goodness of fit. Skandinavisk Aktuarietidskrift 20.
Rayner, J. C. W., and Best, D. J. (1989), Smooth Tests of Goodness of Fit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.bins import mid_cdf

__all__ = ["COMPONENTS", "smooth_basis", "smooth_components"]

COMPONENTS = ("location", "spread", "skew", "tails")

Floats = npt.NDArray[np.float64]


def smooth_basis(counts: npt.ArrayLike) -> Floats:
    """φ on the bins, shape (J, B), for reference counts (B,); J = min(4, non-empty bins − 1).

    Examples
    --------
    >>> smooth_basis([1, 1, 1, 1]).round(2).tolist()[0]
    [-1.34, -0.45, 0.45, 1.34]
    """
    count = np.asarray(counts, np.float64)
    if count.ndim != 1 or not count.sum() > 0.0:
        raise InvalidInput("a basis needs the counts (B,) of a reference that holds values")
    p = count / count.sum()
    order = min(len(COMPONENTS), int((count > 0).sum()) - 1)
    x = 2.0 * mid_cdf(p) - 1.0
    raw = np.polynomial.legendre.legvander(x, order)[:, : order + 1]
    # QR of the polynomials weighted by √p is Gram-Schmidt under p; the constant comes first.
    _, r = np.linalg.qr(raw * np.sqrt(p)[:, None])
    r = r * np.sign(np.diag(r))[:, None]
    return np.asarray(np.linalg.solve(r.T, raw.T)[1:], np.float64)


def smooth_components(counts: npt.ArrayLike, basis: Floats) -> tuple[Floats, Floats]:
    """A window's mean of φ, (W, J), and its sampling variance 1/n, (W,), from counts (W, B).

    The variance is infinite, and the mean zero, where a window holds no value.
    """
    count = np.asarray(counts, np.float64)
    n = count.sum(axis=-1)
    z = count @ basis.T / np.maximum(n, 1.0)[:, None]
    return z, np.where(n > 0.0, 1.0 / np.maximum(n, 1.0), np.inf)
