"""What a monitor hands to the budget: evidence before any alarm is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["LONG_SHOT", "Evidence", "History", "Monitor", "Series"]

# The weight of checks for the absurd (a fault that the reference never had, an impossible value):
# hundreds of them stand beside each other and hardly ever speak, but when one does its p-value is
# far below any limit.
LONG_SHOT = 0.05


@dataclass(frozen=True, slots=True)
class Series:
    """What is followed over time: one monitor's one figure of one slice of the model."""

    monitor: str
    what: str  # the figure: "drift", "missing_rate", "roc_auc", "latency_p95", …
    column: str | None = None
    segment: str | None = None
    version: str | None = None
    arm: str | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class History:
    """The profiles that windows of one slice (version, arm, segment) are judged against.

    ``reference`` is the anchored baseline: the windows of the reference, oldest first; where the
    reference has no time column these are random blocks and ``timed`` is False. ``recent`` is the
    rolling baseline: stored windows before the judged ones, without what alarmed in them
    (`watchkeeper.monitors.rolling`), oldest first, as they were when the week of the judged one
    began. ``week`` holds the windows of the seven days up to the judged one, itself not among them,
    as they are, and ``usual_week`` without what alarmed in them. All are empty in a `compare`.
    ``holidays``: the windows are those of holidays only (`watchkeeper.monitors.calendar`).
    """

    reference: tuple[WindowProfile, ...]
    timed: bool
    recent: tuple[WindowProfile, ...] = ()
    week: tuple[WindowProfile, ...] = ()
    usual_week: tuple[WindowProfile, ...] = ()
    holidays: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one monitor found in one series of one window.

    A statistical monitor gives ``p_value`` (of "nothing but sampling noise and natural variation
    happened") and ``reference_p_values``: the leave-one-block-out p-values of its own reference
    windows, from which the budget learns how heavy the tails really are. The budget decides over
    all series of the model together, and alarms only where ``material`` holds.

    A monitor outside the budget (static threshold, schema change) leaves ``p_value`` None and
    says ``status`` itself. ``run_p_value`` is that of the windows of the last week together; it has
    been held against whole weeks of the reference and is not tempered again. ``weight`` is the series' share of the budget against the others', set
    from the reference alone, never from what is judged. For the others ``status`` is OK, or INSUFFICIENT_DATA or ERROR where
    no p-value exists.
    """

    series: Series
    window: Window | None
    status: Status
    message: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    reference_p_values: npt.NDArray[np.float64] | None = None
    run_p_value: float | None = None
    weight: float = 1.0
    material: bool = True
    severity: Severity = Severity.WARNING
    provisional: bool = False
    maturity: float | None = None
    effect: Mapping[str, object] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()


class Monitor(Protocol):
    """A kind of monitor: a pure function of profiles.

    ``current`` holds the windows to judge of ONE slice, oldest first (a `compare` passes many, so
    the baseline is fitted once; the server passes one). One piece of evidence per series and
    window. It never raises for odd data: it says INSUFFICIENT_DATA and why.
    """

    def __call__(
        self, spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History, /
    ) -> Iterable[Evidence]:
        """Judge every window of ``current`` against ``history``."""
        ...
