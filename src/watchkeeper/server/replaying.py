"""Rejected rows sent again on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.ingest.fixes import Fix
from watchkeeper.ingest.replay import Replay
from watchkeeper.server.models import Models
from watchkeeper.server.views.quarantine import QuarantineView
from watchkeeper.server.wire.quarantine import (
    QuarantinedRow,
    ReplayDone,
    ReplayExample,
    ReplayRequest,
)

__all__ = ["Replaying"]


@dataclass(frozen=True, slots=True)
class Replaying:
    """Chooses rows and replays them. ``time_of`` tells a model's own time, at which they are known."""

    models: Models
    quarantine: QuarantineView
    replay: Replay
    time_of: Callable[[str], datetime]

    def run(self, wanted: ReplayRequest) -> ReplayDone:
        """Replay what was asked for, or say what that would do."""
        model = self.models.get(wanted.model).model
        done = self.replay.run(
            model,
            self.quarantine.held(model.name, lambda row: _chosen(wanted, row)),
            Fix(**wanted.fix.model_dump()),
            now=self.time_of(model.name),
            only_say=wanted.plan,
        )
        examples = [
            ReplayExample(
                id=item.name,
                row=None if item.row is None else dict(item.row),
                problem=item.problem,
            )
            for item in done.examples
        ]
        return ReplayDone(
            rows=done.rows,
            ready=done.ready,
            held=done.held,
            accepted=done.accepted,
            duplicate=done.duplicate,
            rejected=done.rejected,
            examples=examples,
        )


def _chosen(wanted: ReplayRequest, row: QuarantinedRow) -> bool:
    return (
        row.replayed_at is None
        and wanted.reason in (None, row.reason)
        and wanted.kind in (None, row.kind)
        and wanted.batch in (None, row.batch)
        and (wanted.ids is None or row.id in wanted.ids)
    )
