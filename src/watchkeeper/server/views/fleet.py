"""The fleet at a glance, one model's definition, and applying definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.baselines import StoredBaseline
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.definitions.document import model_to_dict
from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.verdict import Status
from watchkeeper.server.models import Applied, Defined, Models
from watchkeeper.server.wire.envelope import Health, window_wire
from watchkeeper.server.wire.models import (
    ChangeWire,
    ModelApplied,
    ModelDetail,
    ModelSummary,
    ReferenceWire,
    VolumePoint,
)

__all__ = ["FleetView"]

_SHOWN_WINDOWS = 30


@dataclass(frozen=True, slots=True)
class FleetView:
    """Every model in a constant number of questions to the catalog."""

    models: Models
    catalog: Catalog
    now: Callable[[], datetime]

    def summaries(self) -> list[ModelSummary]:
        """Every model, in the order of their names."""
        windows = self.catalog.windows.latest(per_model=_SHOWN_WINDOWS)
        incidents = self.catalog.alerts.open_counts()
        return [
            _summary(defined, windows.get(defined.model.name, ()), incidents)
            for defined in self.models.all()
        ]

    def detail(self, name: str) -> ModelDetail:
        """One model with its definition and its reference."""
        defined = self.models.get(name)
        stored = self.catalog.windows.page(name, limit=_SHOWN_WINDOWS).items[::-1]
        baseline = self.catalog.baselines.current(name)
        return ModelDetail(
            name=name,
            summary=_summary(defined, stored, self.catalog.alerts.open_counts()),
            definition=model_to_dict(defined.model),
            reference=None if baseline is None else _reference(baseline),
        )

    def apply(
        self, name: str, document: Mapping[str, object], *, by: str, plan: bool
    ) -> ModelApplied:
        """Apply a definition, or with ``plan`` only say what that would change."""
        if plan:
            return _applied(name, self.models.check(name, document)[1], applied=False)
        found = self.models.apply(name, document, by=by, now=self.now())
        return _applied(name, found, applied=found.plan.needed)


def _summary(
    defined: Defined, windows: Sequence[StoredWindow], incidents: Mapping[str, int]
) -> ModelSummary:
    model = defined.model
    last = windows[-1] if windows else None
    return ModelSummary(
        name=model.name,
        task=model.task.value,
        owner=model.owner,
        tier=model.tier.value,
        granularity=str(model.granularity),
        health=_health(windows, incidents.get(model.name, 0)),
        open_incidents=incidents.get(model.name, 0),
        last_window=None if last is None else window_wire(last.window),
        rows_last_window=None if last is None else last.accounting.accepted,
        maturity=None if last is None else maturity_of(model, last),
        updated_at=defined.since if last is None else last.known_at,
        volume=[
            VolumePoint(start=item.window.start, rows=item.accounting.accepted) for item in windows
        ],
    )


def _health(windows: Sequence[StoredWindow], open_incidents: int) -> Health:
    judged = [item.status for item in windows if item.judged_at is not None]
    if judged and judged[-1] is Status.ERROR:
        return "error"
    if open_incidents:
        return "alert"
    if not judged or judged[-1] in (None, Status.INSUFFICIENT_DATA):
        return "insufficient_data"
    return "ok"


def maturity_of(model: Model, stored: StoredWindow) -> float | None:
    """The share of a window's rows whose label has come; None without labels or rows."""
    if model.only(Role.LABEL) is None or not stored.accounting.accepted:
        return None
    return min(1.0, stored.accounting.joined / stored.accounting.accepted)


def _reference(baseline: StoredBaseline) -> ReferenceWire:
    return ReferenceWire(
        rows=baseline.rows,
        windows=baseline.windows,
        timed=baseline.timed,
        start=baseline.start,
        end=baseline.end,
        uploaded_at=baseline.created_at,
    )


def _applied(name: str, found: Applied, *, applied: bool) -> ModelApplied:
    return ModelApplied(
        name=name,
        created=found.created and applied,
        applied=applied,
        changes=[
            ChangeWire(path=item.path, before=item.old, after=item.new, effect=item.effect)
            for item in found.plan.changes
        ],
    )
