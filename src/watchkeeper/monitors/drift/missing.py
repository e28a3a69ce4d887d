"""Missing values as a part of drift: a column whose values vanish has moved too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import CategoricalProfile, NumericProfile, WindowProfile
from watchkeeper.monitors.drift.frame import Frame
from watchkeeper.monitors.words import share
from watchkeeper.stats.rate import RateVariation

__all__ = ["Missing", "missing_of", "missing_rows", "of_both"]

_SURE = 0.01


@dataclass(frozen=True, slots=True)
class Missing:
    """The rate of missing values of a column: what is normal, and what each window held."""

    normal: RateVariation
    frame: Frame
    name: str

    def p_value(self, at: int) -> float:
        """Of the judged window number ``at``, which must hold rows of the column."""
        missing, rows = _tally(self.frame.current[at], self.name) or (0, 0)
        return self.normal.p_value(missing, rows, self._season(at))

    def words(self, at: int) -> tuple[str, ...]:
        """What to say of it: nothing where it is as usual."""
        missing, rows = _tally(self.frame.current[at], self.name) or (0, 0)
        if not rows or self.p_value(at) > _SURE:
            return ()
        before = self.normal.expected(self._season(at))
        return (f"missing {share(missing / rows)}, {share(before)} before",)

    def _season(self, at: int) -> int:
        return self.frame.basis.seasons.of(self.frame.current[at].window)


def missing_rows(profile: NumericProfile | CategoricalProfile) -> int:
    """Rows without a value that can be counted: null, NaN, infinite or of another type."""
    found = profile.null + profile.invalid
    if isinstance(profile, NumericProfile):
        found += profile.nan + profile.pos_inf + profile.neg_inf
    return found


def missing_of(frame: Frame, name: str) -> Missing | None:
    """The missing values of a column; None where neither the reference nor now has any."""
    tallies = [_tally(p, name) for p in (*frame.windows, *frame.current)]
    if not any(tally and tally[0] for tally in tallies):
        return None
    normal = frame.basis.rate(lambda profile: _tally(profile, name))
    return None if normal is None else Missing(normal, frame, name)


def of_both(p: float | npt.NDArray[np.float64], q: float | npt.NDArray[np.float64]) -> float:
    """The p-value of the smaller of two independent p-values (Šidák)."""
    least = np.minimum(np.minimum(p, q), 1.0)
    return float(least * (2.0 - least))


def _tally(profile: WindowProfile, name: str) -> tuple[int, int] | None:
    column = profile.columns.get(name)
    if not isinstance(column, NumericProfile | CategoricalProfile):
        return None
    return missing_rows(column), column.n
