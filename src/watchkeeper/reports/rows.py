"""The rows of a report's table: every column, then every figure of the whole model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.monitors.words import number, share
from watchkeeper.reports.findings import weight
from watchkeeper.reports.report import Report
from watchkeeper.reports.sketch import Sketch
from watchkeeper.reports.strip import State, Strip, Subject, strips_of, subject_of

__all__ = ["Row", "rows_of"]

_Said = Mapping[Subject, list[Verdict]]
_SEEN = (State.CRITICAL, State.WARNING, State.INFO, State.ERROR, State.OK, State.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a column (with its sketch), or a figure of the whole model."""

    name: str
    role: str
    column: bool
    state: State
    values: str  # "mean 50 → 52.5"
    missing: str  # "3.0 %", or "3.0 % → 5.2 %"
    strip: Strip
    sketch: Sketch | None
    lead: Verdict | None  # the verdict that says most: the worst, else the last window's drift


def rows_of(report: Report) -> list[Row]:
    """What is wrong first; otherwise in the order of the definition, then the model's figures."""
    strips, said = strips_of(report.verdicts), _by_subject(report.verdicts)
    sketches = {sketch.column.name: sketch for sketch in report.sketches}
    roles: Mapping[str, str] = {c.name: c.role.value for c in report.definition.columns}
    held = {name for name, column in said if column}
    columns = [name for name in roles if name in held]
    rows = [
        _column((name, roles.get(name, "unknown")), strips[name, True], sketches.get(name), said)
        for name in [*columns, *sorted(held - roles.keys())]
    ]
    rows += [_figure(what, strip, said) for (what, column), strip in strips.items() if not column]
    order = [(finding.subject, finding.column is not None) for finding in report.summary.findings]
    place = {subject: at for at, subject in enumerate(order)}
    return sorted(rows, key=lambda row: place.get(_found_as(row), len(order)))


def _found_as(row: Row) -> Subject:
    """What a finding about the row is called."""
    return (row.name if row.column else row.name.replace("_", " ")), row.column


def _by_subject(verdicts: Sequence[Verdict]) -> _Said:
    """What was said of each column, and of each figure of the whole model."""
    found: dict[Subject, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(subject_of(verdict), []).append(verdict)
    return found


def _worst(strip: Strip) -> State:
    return min(strip, key=tuple(State).index)


def _column(named: tuple[str, str], strip: Strip, sketch: Sketch | None, said: _Said) -> Row:
    name, role = named
    values, missing = "", ""
    if sketch is not None:
        values = _changed(sketch.measure, sketch.then, sketch.now)
        missing = _changed("", share(sketch.missing_then), share(sketch.missing_now))
    lead = _lead(said[name, True])
    return Row(name, role, True, _worst(strip), values, missing, strip, sketch, lead)


def _changed(what: str, then: str, now: str) -> str:
    change = then if then == now else f"{then} → {now}" if then else now
    return f"{what} {change}".strip()


def _figure(what: str, strip: Strip, said: _Said) -> Row:
    lead = _lead(said[what, False])
    values = ""
    if lead is not None and lead.value is not None:
        words = share if what.endswith("_rate") else number
        before = lead.effect.get("reference", lead.effect.get("expected"))
        then = words(float(before)) if isinstance(before, int | float) else ""
        values = _changed("", then, words(lead.value))
    return Row(what, "model", False, _worst(strip), values, "", strip, None, lead)


def _lead(own: Sequence[Verdict]) -> Verdict | None:
    alarms = [v for v in own if v.status is Status.ALERT]
    if alarms:
        return min(alarms, key=weight)
    whole = [v for v in own if v.segment is None and v.version is None and v.arm is None]
    return max(
        whole, key=lambda v: (v.what == "drift", v.window is not None, v.window), default=None
    )
