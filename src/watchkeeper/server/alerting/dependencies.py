"""What fails of all that a model depends on: its sources, and the models that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.upstream import Upstream, faults_of, shifted
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.model import Model
from watchkeeper.errors import NotFound
from watchkeeper.server.alerting.feeds import failure_of
from watchkeeper.server.models import Models
from watchkeeper.server.sources import Sources

__all__ = ["Dependencies"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Finds the failures that stand upstream of a model."""

    catalog: Catalog
    models: Models
    sources: Sources

    def of(self, model: Model, now: datetime) -> list[Upstream]:
        """What fails at ``now``, on the model's clock."""
        return [*self._feeds(model, now), *self._others(model)]

    def _feeds(self, model: Model, now: datetime) -> Iterator[Upstream]:
        for source in (found.source for found in self.sources.all()):
            if source.model != model.name or not source.enabled:
                continue
            name = source.name
            failure = failure_of(self.catalog.changes, model.name, name, now=now)
            if failure is not None:
                why = f"source {name} fails: {failure.detail}"
                # The window in which it began has rows of before it began.
                since = model.granularity.window_of(failure.at).start
                yield Upstream("quality", since, now, why)

    def _others(self, model: Model) -> Iterator[Upstream]:
        for name in model.depends_on:
            try:
                other = self.models.get(name).model
            except NotFound:  # named before it was defined, or taken away since
                continue
            for fault in faults_of(self.catalog.alerts.live_alerts(name), other):
                # Columns of another model are not columns of this one; what it is judged by comes
                # from all of them. Its windows may be judged before the other's of the same time.
                everywhere = replace(
                    fault, column=None, segment=None, key=None, why=f"{name}: {fault.why}"
                )
                yield shifted(everywhere, model.granularity.length)
