"""A figure with its interval and sample size."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` with its 95 % interval ``[low, high]`` from ``n`` observations.

    All three figures are None where ``n`` is too small for the figure to exist; never NaN.
    ``se`` is the standard error where one is defined.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    se: float | None = None

    @classmethod
    def insufficient(cls, n: int) -> Estimate:
        """No figure: ``n`` observations were too few for it to exist."""
        return cls(None, None, None, n)
