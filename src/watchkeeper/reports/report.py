"""A report: what was found, of what, and everything that any of its faces shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.reports.strict import strict_json

if TYPE_CHECKING:
    from watchkeeper.reports.sketch import Sketch

__all__ = ["Accounting", "Finding", "Report", "Summary", "TableAccount"]

_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class TableAccount:
    """What became of a table's rows: ``rows`` it held, ``judged`` of them lie in a window."""

    source: str
    rows: int
    judged: int
    columns: int
    windows: int
    labelled: int
    start: datetime | None = None
    end: datetime | None = None

    def to_dict(self) -> dict[str, object]:
        """The account as JSON has it."""
        return {
            "source": self.source,
            "rows": self.rows,
            "judged": self.judged,
            "columns": self.columns,
            "windows": self.windows,
            "labelled": self.labelled,
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Accounting:
    """Both tables, and the rule that decided: ``alpha`` is the chance that a window (or, without
    time, the report) alarms although nothing changed.
    """

    reference: TableAccount
    current: TableAccount
    granularity: str | None
    alpha: float
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The accounting as JSON has it."""
        return {
            "reference": self.reference.to_dict(),
            "current": self.current.to_dict(),
            "granularity": self.granularity,
            "alpha": self.alpha,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the alarms of one column, or of one figure of the whole model.

    ``message`` is that of the leading alarm, in window ``clearest``; ``more`` are those of other
    figures of the same subject. ``since`` is the first window that alarmed. Both windows are None
    where the data has no time.
    """

    subject: str
    column: str | None
    severity: Severity
    message: str
    more: tuple[str, ...]
    since: Window | None
    clearest: Window | None
    windows: int
    judged_windows: int
    segments: tuple[str, ...]
    verdicts: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The finding as JSON has it."""
        return {
            "subject": self.subject,
            "column": self.column,
            "severity": str(self.severity),
            "message": self.message,
            "more": list(self.more),
            "since": self.since and self.since.start.isoformat(),
            "clearest": self.clearest and self.clearest.start.isoformat(),
            "windows": self.windows,
            "judged_windows": self.judged_windows,
            "segments": list(self.segments),
            "verdicts": list(self.verdicts),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """The report in a line, and what was found, the worst first."""

    status: Status
    headline: str
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    def to_dict(self) -> dict[str, object]:
        """The summary as JSON has it."""
        return {
            "status": str(self.status),
            "headline": self.headline,
            "findings": [finding.to_dict() for finding in self.findings],
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What `compare` found.

    ``sketches`` holds a small picture of every column, for the pages; it is not part of the JSON.
    """

    summary: Summary
    verdicts: tuple[Verdict, ...]
    accounting: Accounting
    definition: Model
    created: datetime
    code_version: str
    sketches: tuple[Sketch, ...] = field(default=(), repr=False)

    def exit_code(self, fail_on: Severity = Severity.WARNING) -> int:
        """1 where a finding is at least as severe as ``fail_on``; else 2 where a check failed, so
        that what it would have found is not known; else 0.
        """
        if any(_RANK[finding.severity] >= _RANK[fail_on] for finding in self.summary.findings):
            return 1
        return 2 if self.summary.counts.get(Status.ERROR, 0) else 0

    def to_dict(self) -> dict[str, object]:
        """The report in its wire shape, as `compare --json` and the API give it."""
        from watchkeeper.definitions.document import model_to_dict

        return {
            "summary": self.summary.to_dict(),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "accounting": self.accounting.to_dict(),
            "definition": model_to_dict(self.definition),
            "created": self.created.isoformat(),
            "code_version": self.code_version,
        }

    def to_json(self) -> str:
        """Strict JSON (RFC 8259): a figure that does not exist is null, never NaN."""
        return strict_json(self.to_dict())

    def to_html(self) -> str:
        """One self-contained page: inline pictures, no script, nothing is fetched."""
        from watchkeeper.reports.html import render

        return render(self)

    def _repr_html_(self) -> str:
        from watchkeeper.reports.html import render_embedded

        return render_embedded(self)
