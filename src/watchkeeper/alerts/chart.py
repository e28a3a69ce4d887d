"""The picture of an incident: one figure over the last windows, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.figures import in_unit

__all__ = ["Chart", "Point"]


@dataclass(frozen=True, slots=True)
class Point:
    """A window's figure with its 95 % interval; None where there is none. ``fired``: it alarmed."""

    start: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    fired: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One series, oldest window first, in ``unit``; ``title`` says which, ``usual`` what it
    usually is, where that is known.
    """

    title: str
    unit: str
    points: tuple[Point, ...]
    usual: float | None = None

    @property
    def values(self) -> Sequence[float]:
        """The figures that there are."""
        return [point.value for point in self.points if point.value is not None]

    def spoken(self) -> str:
        """What it shows, for who cannot see it."""
        low, high, last = min(self.values), max(self.values), self.values[-1]
        told = [f"{self.title} in {len(self.points)} windows"]
        told.append(f"from {in_unit(low, self.unit)} to {in_unit(high, self.unit)}")
        told.append(f"at last {in_unit(last, self.unit)}")
        if self.usual is not None:
            told.append(f"usually {in_unit(self.usual, self.unit)}")
        return ", ".join(told)
