"""A report on a terminal: what is wrong first, in words; then a row per column.

Nothing is said by colour alone: every state has its own sign and, where it alarms, its word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.reports.account import rule_words
from watchkeeper.reports.plain import clean, since_words
from watchkeeper.reports.report import Finding, Report
from watchkeeper.reports.rows import Row, rows_of
from watchkeeper.reports.strip import State, shortened

__all__ = ["render"]

_SIGN = {
    State.CRITICAL: ("█", "bold red"),
    State.WARNING: ("▲", "yellow"),
    State.INFO: ("i", "cyan"),
    State.ERROR: ("!", "magenta"),
    State.OK: ("·", "green"),
    State.INSUFFICIENT: ("?", "dim"),
    State.NONE: (" ", "dim"),
}
_SEVERITY = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_STRIP = 30  # steps of a timeline
_QUIET_ROWS = 30  # columns without a finding that are listed
_MORE = 2  # further alarms that are told per finding
_FINDINGS = 20
_WIDE = 100
_LOUD = (State.CRITICAL, State.WARNING, State.INFO, State.ERROR)


def render(report: Report) -> RenderableType:
    """What `compare` prints: hand it to a `rich.console.Console`."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    yield Text()
    yield _headline(report)
    yield Text()
    findings = report.summary.findings
    for finding in findings[:_FINDINGS]:
        yield from _finding(finding)
    if len(findings) > _FINDINGS:
        yield Padding(Text(f"… and {len(findings) - _FINDINGS} more, in the table"), (0, 0, 1, 2))
    yield _Columns(rows_of(report))
    yield Text()
    yield from _accounting(report)


def _headline(report: Report) -> Text:
    ok = report.summary.status is Status.OK
    worst = report.summary.findings[0].severity if report.summary.findings else None
    style = _SEVERITY[worst] if worst else ("bold green" if ok else "bold")
    sign = "✗" if worst in (Severity.CRITICAL, Severity.WARNING) else ("✓" if ok else "○")
    return Text.assemble((f"{sign} ", style), (clean(report.summary.headline), "bold"))


def _finding(finding: Finding) -> Iterator[RenderableType]:
    title = Text.assemble(
        (f"{finding.severity.value.upper():<9}", _SEVERITY[finding.severity]),
        (clean(finding.subject), "bold"),
        (f"   {since_words(finding)}", "dim"),
    )
    yield Padding(title, (0, 0, 0, 2))
    yield Padding(Text(clean(finding.message)), (0, 0, 0, 11))
    for message in finding.more[:_MORE]:
        yield Padding(Text(f"also: {clean(message)}", "dim"), (0, 0, 0, 11))
    if len(finding.more) > _MORE:
        yield Padding(Text(f"and {len(finding.more) - _MORE} more alarms", "dim"), (0, 0, 0, 11))
    yield Text()


class _Columns:
    """The table of columns, laid out for the width that there is."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A wide terminal gets the role and the whole timeline, a narrow one less of both."""
        wide = options.max_width >= _WIDE
        loud = [row for row in self.rows if row.state in _LOUD]
        quiet = [row for row in self.rows if row.state not in _LOUD]
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        table.add_column(
            "  column", overflow="ellipsis", no_wrap=True, max_width=34 if wide else 20
        )
        if wide:
            table.add_column("role", style="dim", no_wrap=True)
        table.add_column("reference → current", overflow="ellipsis", no_wrap=True, ratio=1)
        table.add_column("missing", justify="right", no_wrap=True)
        steps = min(
            _STRIP if wide else _STRIP // 2, max((len(r.strip) for r in self.rows), default=1)
        )
        table.add_column("timeline", no_wrap=True, min_width=max(steps, len("timeline")))
        for row in [*loud, *quiet[:_QUIET_ROWS]]:
            table.add_row(*_cells(row, steps, wide=wide))
        yield table
        hidden = len(quiet) - _QUIET_ROWS
        if hidden > 0:
            yield Text(f"   and {hidden} more without a finding", "dim")


def _cells(row: Row, steps: int, *, wide: bool) -> tuple[RenderableType, ...]:
    sign, style = _SIGN[row.state]
    name = Text.assemble((f"{sign} ", style), (clean(row.name), "bold" if row.column else "italic"))
    strip = Text()
    for state in shortened(row.strip, steps):
        strip.append(*_SIGN[state])
    cells: tuple[RenderableType, ...] = (name, Text(row.role, "dim"))
    return (*(cells if wide else cells[:1]), Text(clean(row.values)), row.missing, strip)


def _accounting(report: Report) -> Iterator[RenderableType]:
    yield Rule(style="dim")
    account = report.accounting
    for name, table in (("reference", account.reference), ("current", account.current)):
        span = (
            f", {table.start:%Y-%m-%d %H:%M} to {table.end:%Y-%m-%d %H:%M}"
            if (table.start and table.end)
            else ""
        )
        outside = (
            f", {table.rows - table.judged:,} in no window" if table.rows > table.judged else ""
        )
        labels = f", {table.labelled:,} with label" if table.labelled else ""
        words = f"{name:<10}{clean(table.source)}: {table.rows:,} rows{outside}{labels}{span}"
        yield Text(words, "dim")
    yield Text(f"{'test':<10}{rule_words(account, report.definition)}", "dim")
    for note in account.notes:
        yield Text(f"{'note':<10}{clean(note)}", "dim")
    yield Text(f"{'signs':<10}{_legend(rows_of(report))}", "dim")


def _legend(rows: Sequence[Row]) -> str:
    seen = {state for row in rows for state in row.strip} - {State.NONE}
    return "  ".join(f"{_SIGN[state][0]} {state.value}" for state in State if state in seen)
