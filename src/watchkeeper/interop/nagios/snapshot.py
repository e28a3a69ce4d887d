"""What is known of the models at one moment: the facts that every check is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.interop.nagios.asking import Asking, Data

__all__ = ["ModelFacts", "Snapshot", "mapping", "moment", "text"]

_STANDING = ("open", "acknowledged")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model as the server tells it; ``incidents`` are those that are not over, worst first."""

    name: str
    health: str
    granularity: str
    rows: int
    clock: datetime | None
    judged_through: datetime | None
    newest_rows: tuple[datetime, datetime] | None
    length: timedelta | None
    incidents: tuple[Data, ...] = ()

    @property
    def silence(self) -> timedelta | None:
        """For how long no row is known: since the end of the newest window that has rows."""
        if self.newest_rows is None or self.clock is None:
            return None
        return max(timedelta(0), self.clock - self.newest_rows[1])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The models in the order of their names, and how far the server is."""

    models: Mapping[str, ModelFacts]
    clock: Data

    @classmethod
    def load(cls, asking: Asking, *, model: str | None = None) -> Snapshot:
        """Ask for one model, or for all in four questions; NotFound where there is no such model."""
        if model is None:
            summaries = list(asking.every("models"))
        else:
            summaries = [mapping(mapping(asking.get("models", model).get("data")).get("summary"))]
        clock = mapping(asking.get("clock").get("data"))
        incidents: dict[str, list[Data]] = {}
        for state in _STANDING:
            for found in asking.every("incidents", state=state, model=model):
                incidents.setdefault(text(found, "model"), []).append(found)
        clocks = {text(found, "name"): found for found in _mappings(clock.get("models"))}
        facts = [
            _facts(summary, clocks.get(text(summary, "name"), {}), incidents)
            for summary in summaries
        ]
        return cls({item.name: item for item in facts}, clock)


def text(data: Data, name: str) -> str:
    """A member as text; empty where it is not there."""
    found = data.get(name)
    return "" if found is None else str(found)


def mapping(value: object) -> Data:
    """An object of JSON; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def moment(value: object) -> datetime | None:
    """A moment as it stands on the wire; None where there is none."""
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _mappings(value: object) -> Iterable[Data]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _facts(summary: Data, clock: Data, incidents: Mapping[str, list[Data]]) -> ModelFacts:
    name = text(summary, "name")
    last = mapping(summary.get("last_window"))
    start, end = moment(last.get("start")), moment(last.get("end"))
    length = None if start is None or end is None else end - start
    filled = [item for item in _mappings(summary.get("volume")) if item.get("rows")]
    newest = moment(filled[-1].get("start")) if filled else None
    rows = summary.get("rows_last_window")
    return ModelFacts(
        name=name,
        health=text(summary, "health"),
        granularity=text(summary, "granularity"),
        rows=rows if isinstance(rows, int) else 0,
        clock=moment(clock.get("clock")),
        judged_through=moment(clock.get("judged_through")),
        newest_rows=None if newest is None or length is None else (newest, newest + length),
        length=length,
        incidents=tuple(sorted(incidents.get(name, ()), key=_rank)),
    )


def _rank(incident: Data) -> tuple[int, str]:
    order = {"critical": 0, "warning": 1}
    return order.get(text(incident, "severity"), 2), text(incident, "opened_at")
