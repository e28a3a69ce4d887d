"""For how long the rows of a model's tables are kept: as it says, else as its tier does.

Days count from when a row happened and from when it was received, whichever is later, on the
model's own clock. Labels and predictions are kept at least until labels are expected no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from watchkeeper.domain.model import Model, Tier
from watchkeeper.errors import InvalidInput
from watchkeeper.lake.layout import LakeTable

__all__ = ["DEFAULT_DAYS", "RETAINED", "check_overrides", "kept_for"]

RETAINED = (
    LakeTable.PREDICTIONS,
    LakeTable.LABELS,
    LakeTable.QUARANTINE,
    LakeTable.PROFILES,
)
DEFAULT_DAYS: Mapping[Tier, Mapping[LakeTable, int]] = {
    Tier.CRITICAL: dict(zip(RETAINED, (730, 730, 90, 1825), strict=True)),
    Tier.STANDARD: dict(zip(RETAINED, (365, 365, 30, 1095), strict=True)),
    Tier.EXPERIMENTAL: dict(zip(RETAINED, (90, 90, 14, 365), strict=True)),
}
_JOINED = (LakeTable.PREDICTIONS, LakeTable.LABELS)
# After the last label is expected its window is judged once more.
_LAST_LOOK = timedelta(days=7)


def kept_for(
    model: Model, overrides: Mapping[str, Mapping[str, int]] | None = None
) -> Mapping[LakeTable, timedelta]:
    """How long each table's rows are kept; ``timedelta.max``: for ever.

    ``overrides`` replaces the tiers' defaults: days by tier and table.
    """
    return {table: _kept(model, table, overrides or {}) for table in RETAINED}


def _kept(model: Model, table: LakeTable, overrides: Mapping[str, Mapping[str, int]]) -> timedelta:
    own: timedelta | None = getattr(model.retention, table.value)
    if own is not None:
        return own
    days = overrides.get(model.tier, {}).get(table, DEFAULT_DAYS[model.tier][table])
    least = model.label_horizon + _LAST_LOOK if table in _JOINED else timedelta(0)
    return max(timedelta(days=days), least)


def check_overrides(overrides: Mapping[str, Mapping[str, int]]) -> None:
    """Refuse tiers and tables that there are none of, which would keep what should go.

    Raises
    ------
    InvalidInput
        With the name, and those that there are.
    """
    for tier, tables in overrides.items():
        _known("tier", tier, [str(known) for known in Tier])
        for table in tables:
            _known("table", table, [str(known) for known in RETAINED])


def _known(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise InvalidInput(
            f"WATCHKEEPER_RETENTION_DAYS must name a {what} of {', '.join(known)}, got {name!r}"
        )
