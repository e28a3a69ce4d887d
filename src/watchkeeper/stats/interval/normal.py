"""The normal interval, and the quantile that all intervals here share."""

from __future__ import annotations

from scipy.special import ndtri

from watchkeeper.errors import InvalidInput

__all__ = ["normal", "quantile"]


def quantile(level: float) -> float:
    """``z`` with ``P(|N(0, 1)| ≤ z) = level``; level in (0, 1).

    >>> round(quantile(0.95), 6)
    1.959964
    """
    if not 0.0 < level < 1.0:
        raise InvalidInput(f"the level of an interval must lie in (0, 1), got {level}")
    return float(ndtri(0.5 + level / 2.0))


def normal(value: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """``value ± z·se``, for figures without bounds. Use with 30 observations or more.

    >>> normal(1.0, 0.0)
    (1.0, 1.0)
    """
    half = quantile(level) * se
    return value - half, value + half
