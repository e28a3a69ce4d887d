"""One column's distribution, then and now."""

from __future__ import annotations

from typing import Literal

from watchkeeper.server.wire.envelope import VerdictWire, WindowWire, Wire

__all__ = ["Bin", "Distribution", "Missing"]


class Bin(Wire):
    """A bar: an interval ``[low, high)`` of a numeric column, a value of a categorical one, or
    one of ``other`` (values beyond those counted by name) and ``unseen`` (not in the reference).
    Shares are of the rows with a value; a share is null where there are none.
    """

    kind: Literal["range", "value", "other", "unseen"]
    label: str
    low: float | None
    high: float | None
    reference_share: float | None
    current_share: float | None
    reference_count: int
    current_count: int


class Missing(Wire):
    """Rows without a usable value (null, NaN, infinite or of another type), of all rows."""

    reference_count: int
    current_count: int
    reference_share: float | None
    current_share: float | None


class Distribution(Wire):
    """The reference and one window (or, without ``start``, the latest one) side by side."""

    column: str
    type: str
    window: WindowWire | None
    segment: str | None
    reference_rows: int
    current_rows: int
    bins: list[Bin]
    missing: Missing
    verdicts: list[VerdictWire]
