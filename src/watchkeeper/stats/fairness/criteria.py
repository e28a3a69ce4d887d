"""The criteria of group fairness: which rates must be alike for which of them.

They cannot all hold at once unless the groups' base rates are alike or the model is perfect: which
one matters is a question of what a wrong answer does to people, not of statistics.

References
----------
Hardt, M., Price, E., and Srebro, N. (2016), Equality of opportunity in supervised learning. NIPS.
Chouldechova, A. (2017), Fair prediction with disparate impact. Big Data 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.fairness.gap import FEWEST, Gap, gap
from watchkeeper.stats.fairness.rates import RATES, GroupCounts

__all__ = ["CRITERIA", "worst_gap"]

CRITERIA: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "demographic_parity": ("selection_rate",),
        "equal_opportunity": ("true_positive_rate",),
        "equalized_odds": ("true_positive_rate", "false_positive_rate"),
        "predictive_parity": ("precision",),
        "accuracy_parity": ("accuracy",),
    }
)


def worst_gap(
    criterion: str, counts: GroupCounts, *, level: float = 0.95, fewest: int = FEWEST
) -> tuple[str, Gap]:
    """The rate of a criterion whose gap is largest, and that gap.

    The level is shared by the criterion's rates. A rate that cannot be compared (too few rows of a
    truth) only comes out where none can.
    """
    if criterion not in CRITERIA:
        raise InvalidInput(f"a criterion must be one of {sorted(CRITERIA)}, got {criterion!r}")
    names = CRITERIA[criterion]
    each = 1.0 - (1.0 - level) / len(names)
    found = {name: gap(*RATES[name](counts), level=each, fewest=fewest) for name in names}
    return max(found.items(), key=lambda item: -1.0 if item[1].difference.value is None else item[1].difference.value)  # fmt: skip
