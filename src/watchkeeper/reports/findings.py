"""From verdicts to what is wrong, in words: one finding per column, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.words import rows as rows_of
from watchkeeper.reports.report import Accounting, Finding, Summary
from watchkeeper.reports.strip import Subject, subject_of

__all__ = ["SEVERITY_RANK", "summarise", "weight"]

SEVERITY_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
_UNITS = {timedelta(hours=1): "hour", timedelta(days=1): "day", timedelta(weeks=1): "week"}
_NAMED = 4  # subjects that the headline names


def summarise(verdicts: Sequence[Verdict], accounting: Accounting) -> Summary:
    """Group the alarms into findings and say in a line what they come to."""
    findings = _findings(verdicts)
    counts = {str(status): sum(v.status is status for v in verdicts) for status in Status}
    return Summary(_status(verdicts), _headline(findings, verdicts, accounting), findings, counts)


def _status(verdicts: Sequence[Verdict]) -> Status:
    found = {verdict.status for verdict in verdicts}
    for status in (Status.ALERT, Status.ERROR, Status.OK):
        if status in found:
            return status
    return Status.INSUFFICIENT_DATA


def _findings(verdicts: Sequence[Verdict]) -> tuple[Finding, ...]:
    alarms: dict[Subject, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status is Status.ALERT:
            alarms.setdefault(subject_of(verdict), []).append(verdict)
    windows = len({verdict.window for verdict in verdicts})
    found = [_finding(group, windows) for group in alarms.values()]
    return tuple(sorted(found, key=lambda f: (SEVERITY_RANK[f.severity], -f.windows)))


def _finding(group: Sequence[Verdict], judged: int) -> Finding:
    lead = min(group, key=weight)
    others: dict[str, Verdict] = {}
    for verdict in sorted(group, key=weight):
        if verdict.what != lead.what:
            others.setdefault(verdict.what, verdict)
    alarmed = {verdict.window for verdict in group}
    return Finding(
        subject=lead.column or lead.what.replace("_", " "),
        column=lead.column,
        severity=lead.severity,
        message=_without_subject(lead),
        more=tuple(_without_subject(verdict) for verdict in others.values()),
        since=_first(alarmed),
        clearest=lead.window,
        windows=len(alarmed),
        judged_windows=judged,
        segments=tuple(sorted({v.segment for v in group if v.segment is not None})),
        verdicts=tuple(verdict.id for verdict in group),
    )


def weight(verdict: Verdict) -> tuple[int, bool, bool, float]:
    """The most severe first; all rows before a slice; faults before statistics; then chance."""
    p_value = verdict.effect.get("p_value")
    chance = float(p_value) if isinstance(p_value, int | float) else 0.0
    sliced = (verdict.segment, verdict.version, verdict.arm) != (None, None, None)
    return SEVERITY_RANK[verdict.severity], sliced, verdict.monitor != "quality", chance


def _first(windows: set[Window | None]) -> Window | None:
    timed = [window for window in windows if window is not None]
    return min(timed) if timed else None


def _without_subject(verdict: Verdict) -> str:
    """The message without the column's name before it, which stands beside it anyway."""
    prefix = f"{verdict.column}: "
    return verdict.message.removeprefix(prefix) if verdict.column else verdict.message


def _headline(
    findings: Sequence[Finding], verdicts: Sequence[Verdict], accounting: Accounting
) -> str:
    if not verdicts:
        return "Nothing could be judged: no column stands in both tables"
    scope, failed = _scope(verdicts, accounting), _failed(verdicts)
    if not findings:
        if failed:
            return f"Nothing is known to be wrong in {scope}{failed}"
        if _status(verdicts) is Status.INSUFFICIENT_DATA:
            return f"Too few data to say anything of {scope}"
        return f"Nothing is wrong in {scope}"
    loud = [finding for finding in findings if finding.severity is not Severity.INFO]
    if not loud:
        return f"Nothing is wrong in {scope}; worth knowing: {_names(findings)}{failed}"
    return f"{_things(loud)} wrong in {scope}: {_names(loud)}{failed}"


def _names(findings: Sequence[Finding]) -> str:
    names = [finding.subject for finding in findings[:_NAMED]]
    more = len(findings) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _failed(verdicts: Sequence[Verdict]) -> str:
    """What could not be looked at, because a monitor failed."""
    broken = {(v.what, v.column) for v in verdicts if v.status is Status.ERROR}
    if not broken:
        return ""
    return f"; {len(broken)} check{'' if len(broken) == 1 else 's'} failed and could not say"


def _things(findings: Sequence[Finding]) -> str:
    count = len(findings)
    kind = "column" if all(finding.column for finding in findings) else "thing"
    return f"{count} {kind} is" if count == 1 else f"{count} {kind}s are"


def _scope(verdicts: Sequence[Verdict], accounting: Accounting) -> str:
    columns = accounting.current.columns
    rows = f"{rows_of(accounting.current.judged)} × {columns} column{'' if columns == 1 else 's'}"
    windows = {verdict.window for verdict in verdicts if verdict.window is not None}
    if not windows:
        return rows
    length = next(iter(windows)).length
    unit = _UNITS.get(length, "window")
    return f"{rows} over {len(windows)} {unit}{'' if len(windows) == 1 else 's'}"
