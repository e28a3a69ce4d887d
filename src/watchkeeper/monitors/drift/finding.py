"""What the drift of one column in one window came to, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.estimate import Estimate

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``effect`` is the share of rows that moved (debiased total variation distance, missing
    values as one more place to be) with its interval; ``moved`` says what moved, largest first;
    ``figures`` are further named figures. ``p_value`` None: ``why`` it could not be judged.
    """

    n: int
    p_value: float | None
    reference_p_values: npt.NDArray[np.float64] | None = None
    effect: Estimate | None = None
    moved: tuple[str, ...] = ()
    figures: Mapping[str, object] = field(default_factory=dict)
    why: str = ""
    provisional: bool = False
