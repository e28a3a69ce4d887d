"""The journal: what people say they changed, and what the product itself sees of changes.

What is noted automatically has a key that follows from what it is, so that a crash, a restart or a
window that is judged again notes nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.before import changes_before, span_before
from watchkeeper.catalog.alerts import Alerts
from watchkeeper.catalog.baselines import StoredBaseline
from watchkeeper.catalog.changes import Changes
from watchkeeper.definitions.plan import render
from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.change import Change, ChangeKind
from watchkeeper.domain.model import Model
from watchkeeper.domain.window import Window
from watchkeeper.server.alerting.runbooks import kind_of
from watchkeeper.server.models import Applied, Defined

__all__ = ["Journal"]

_ITSELF = "watchkeeper"
# Faults of these kinds of monitor are causes of others, and therefore changes.
_FAULTS = {"quality": ChangeKind.DATA, "resources": ChangeKind.RESOURCES}
_MOST_READ = 200


@dataclass(frozen=True, slots=True)
class Journal:
    """Notes changes, and says which came before an incident. ``time_of`` is a model's clock."""

    changes: Changes
    alerts: Alerts
    time_of: Callable[[str], datetime]

    def applied(self, defined: Defined, found: Applied, by: str) -> None:
        """A definition was put in force."""
        if not found.plan.needed:
            return
        name = defined.model.name
        parts = [change.path for change in found.plan.changes]
        more = f" and {len(parts) - 3} more" if len(parts) > 3 else ""
        title = "defined" if found.created else f"definition changed: {', '.join(parts[:3])}{more}"
        self._note(
            Change(
                f"definition|{name}|{defined.revision}",
                self.time_of(name),
                ChangeKind.DEFINITION,
                title,
                name,
                by=by,
                detail="" if found.created else render(found.plan),
            )
        )

    def rebased(self, baseline: StoredBaseline) -> None:
        """A model got a reference."""
        span = "without time"
        if baseline.start is not None and baseline.end is not None:
            span = f"{baseline.start:%Y-%m-%d} to {baseline.end:%Y-%m-%d}"
        self._note(
            Change(
                f"baseline|{baseline.model}|{baseline.revision}",
                self.time_of(baseline.model),
                ChangeKind.BASELINE,
                f"baseline {baseline.revision} set: {baseline.rows:,} rows, {span}",
                baseline.model,
                by=baseline.created_by,
            )
        )

    def versions(
        self, model: Model, window: Window, *, now: Collection[str], before: Collection[str]
    ) -> None:
        """A version answers that did not in the windows before: a deploy, or a roll-back."""
        self._note(
            *(
                Change(
                    _named("version", model.name, version, window.start.isoformat()),
                    window.start,
                    ChangeKind.DEPLOY,
                    f"version {version} answers (before: {', '.join(sorted(before))})",
                    model.name,
                    by=_ITSELF,
                )
                for version in sorted(set(now) - set(before))
            )
        )

    def opened(self, model: Model, incidents: Iterable[Incident]) -> None:
        """Faults of the data and of hosts, which may be the cause of what other models feel."""
        self._note(
            *(
                _fault(alert, kind)
                for incident in incidents
                for alert in self.alerts.alerts_of(incident.id)
                if (kind := _fault_kind(model, alert)) is not None
            )
        )

    def before(self, model: Model, incident: Incident) -> list[dict[str, object]]:
        """What was changed shortly before an incident; see `alerts.before`."""
        length = model.granularity.length
        start, end = span_before(incident, window_length=length)
        page = self.changes.page(model=model.name, start=start, end=end, limit=_MOST_READ)
        return changes_before(incident, page.items, window_length=length)

    def _note(self, *found: Change) -> None:
        self.changes.add(found)


def _fault_kind(model: Model, alert: Alert) -> ChangeKind | None:
    kind = kind_of(model, alert.monitor)
    if alert.what == "schema":
        return ChangeKind.SCHEMA
    return None if kind is None else _FAULTS.get(kind)


def _fault(alert: Alert, kind: ChangeKind) -> Change:
    of = f" of {alert.column}" if alert.column else ""
    at = f" at {alert.segment}" if alert.segment else ""
    return Change(
        f"alert|{alert.id}",
        alert.opened_at,
        kind,
        f"{alert.what.replace('_', ' ')}{of}{at}",
        alert.model,
        by=_ITSELF,
        detail=alert.message,
    )


def _named(*parts: str) -> str:
    """A key of any parts that fits into the journal."""
    return f"{parts[0]}|{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"
