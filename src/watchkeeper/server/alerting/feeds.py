"""Sources that fail: told in the journal, since what a model gets changes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.catalog.changes import Changes
from watchkeeper.catalog.source_files import SourceState, SourceStates
from watchkeeper.domain.change import Change, ChangeKind

__all__ = ["Feeds", "failure_of"]

_FAILING = "failing"
_WORKS = frozenset({"running"})
# A hiccup is none: a source is tried again after a second.
_LASTING = timedelta(minutes=1)


@dataclass(slots=True)
class Feeds:
    """Keeps what sources say of themselves, and notes in the journal when one begins to fail for
    longer than a minute, and when it delivers again. ``model_of`` names the model of a source.
    """

    states: SourceStates
    changes: Changes
    model_of: Callable[[str], str | None]
    _since: dict[str, datetime] = field(default_factory=dict)

    def save(self, source: str, state: SourceState) -> None:
        """Keep it."""
        self.states.save(source, state)
        if state.state == _FAILING:
            since = self._since.setdefault(source, state.at)
            if state.at - since >= _LASTING:
                self._note(source, _FAILING, since, state.detail or "")
        elif state.state in _WORKS:
            self._since.pop(source, None)
            held = failure_of(self.changes, self.model_of(source), source, now=state.at)
            if held is not None:
                self._note(source, "delivers again", state.at, "")

    def _note(self, source: str, what: str, at: datetime, detail: str) -> None:
        model = self.model_of(source)
        key = f"source|{source}|{what}|{at.isoformat()}"
        title = f"source {source} {'fails' if what == _FAILING else what}"
        change = Change(key, at, ChangeKind.DATA, title, model, by="watchkeeper", detail=detail)
        self.changes.add([change])


def failure_of(changes: Changes, model: str | None, source: str, *, now: datetime) -> Change | None:
    """The failure of a source that lasts, as the journal has it; None where it delivers."""
    said = changes.latest(model, prefix=f"source|{source}|", until=now)
    return (
        said if said is not None and said.key.startswith(f"source|{source}|{_FAILING}|") else None
    )
