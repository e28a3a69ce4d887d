"""A report as one self-contained page: inline pictures, no script, nothing fetched.

Whatever comes from outside (names, values, messages) is cleaned and escaped where it is put in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.words import number
from watchkeeper.reports.account import rule_words
from watchkeeper.reports.plain import clean, since_words
from watchkeeper.reports.report import Finding, Report, TableAccount
from watchkeeper.reports.rows import Row, rows_of
from watchkeeper.reports.strip import State, windows_of
from watchkeeper.reports.style import STYLE
from watchkeeper.reports.svg import distribution, timeline

__all__ = ["render", "render_embedded"]

_MORE = 4  # further alarms told per finding
_MOST_ROWS = 400  # a page of thousands of columns would not be read
_CLASS = {
    State.CRITICAL: "critical",
    State.WARNING: "warning",
    State.INFO: "info",
    State.ERROR: "error",
    State.OK: "ok",
    State.INSUFFICIENT: "few",
    State.NONE: "few",
}


def render(report: Report) -> str:
    """The whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_text(report.summary.headline)}</title><style>body{{margin:0}}{STYLE}</style>"
        f"</head><body>{_main(report)}</body></html>"
    )


def render_embedded(report: Report) -> str:
    """The same, to stand inside another page (a notebook)."""
    return f"<style>{STYLE}</style>{_main(report)}"


def _main(report: Report) -> str:
    return f'<main class="wk">{"".join(_parts(report))}</main>'


def _parts(report: Report) -> Iterator[str]:
    yield f"<h1>{_sign(report)} {_text(report.summary.headline)}</h1>"
    account = report.accounting
    yield (
        f'<p class="soft">{_text(account.current.source)} against {_text(account.reference.source)}'
        f" · {report.created:%Y-%m-%d %H:%M} UTC · Watchkeeper {_text(report.code_version)}</p>"
    )
    if report.summary.findings:
        yield "<h2>What is wrong</h2>"
        yield from map(_finding, report.summary.findings)
    yield from _columns(report)
    yield from _account(report)


def _sign(report: Report) -> str:
    if report.summary.findings:
        return "✗" if report.exit_code() else "○"
    return "✓" if report.summary.status is Status.OK else "○"


def _finding(finding: Finding) -> str:
    more = "".join(f'<p class="soft">also: {_text(words)}</p>' for words in finding.more[:_MORE])
    left = len(finding.more) - _MORE
    more += f'<p class="soft">and {left} more alarms</p>' if left > 0 else ""
    return (
        f'<section class="finding {finding.severity}"><h3><span class="tag">{finding.severity}</span>'
        f"{_text(finding.subject)}</h3><p>{_text(finding.message)}</p>{more}"
        f'<p class="soft">{_text(since_words(finding))}</p></section>'
    )


def _columns(report: Report) -> Iterator[str]:
    rows, windows = rows_of(report), windows_of(report.verdicts)
    yield "<h2>Every column</h2>" + _key(rows)
    yield '<div class="cols">'
    for row in rows[:_MOST_ROWS]:
        yield _row(row, windows)
    yield "</div>"
    if len(rows) > _MOST_ROWS:
        yield f'<p class="soft">and {len(rows) - _MOST_ROWS} more columns; all are in the JSON</p>'


def _key(rows: Sequence[Row]) -> str:
    seen = {state for row in rows for state in row.strip} - {State.NONE}
    marks = {"critical": ("c", 14), "warning": ("w", 10), "info": ("i", 7), "error": ("e", 7)}
    marks |= {"ok": ("k", 4), "too few data": ("n", 2)}
    keys = "".join(
        f'<svg class="key" width="10" height="14"><rect class="{marks[state.value][0]}" width="10" '
        f'height="{marks[state.value][1]}" y="{14 - marks[state.value][1]}"/></svg>{state.value}'
        for state in State
        if state in seen
    )
    shape = (
        '<svg class="key" width="10" height="10"><rect class="then" width="10" height="10"/></svg>'
        'reference<svg class="key" width="10" height="10"><path class="now" d="M0 5H10"/></svg>current'
    )
    return f'<p class="soft">Shape: {shape}. Timeline, by height:{keys}</p>'


def _row(row: Row, windows: Sequence[Window | None]) -> str:
    word = row.state.value
    picture = distribution(row.sketch.bars, _picture_words(row)) if row.sketch else ""
    missing = f" · missing {row.missing}" if row.missing not in ("", "0 %") else ""
    return (
        f'<article class="col {_CLASS[row.state]}"><div><h3><span class="tag">{word}</span>'
        f'{_text(row.name)} <span class="soft">{_text(row.role)}</span></h3>'
        f'<p class="num">{_text(row.values)}{missing}</p></div><div>{picture}</div>'
        f'<div>{timeline(row.strip, windows)}<p class="soft num">{_said(row.lead)}</p></div></article>'
    )


def _picture_words(row: Row) -> str:
    return f"distribution of {row.name} in the reference and now: {row.values}"


def _said(verdict: Verdict | None) -> str:
    """The leading verdict's message, with its figure and interval where it has one."""
    if verdict is None:
        return ""
    message = _text(verdict.message.removeprefix(f"{verdict.column}: "))
    if verdict.value is None or verdict.low is None or verdict.high is None:
        return message
    what = _text(verdict.what.replace("_", " "))
    figure = f"{number(verdict.value)} [{number(verdict.low)}, {number(verdict.high)}]"
    return f"{message}<br>{what} {figure}, n = {verdict.n:,}"


def _account(report: Report) -> Iterator[str]:
    account = report.accounting
    head = "".join(
        f"<th>{name}</th>"
        for name in ("table", "rows", "judged", "with label", "columns", "windows", "from", "to")
    )
    yield "<h2>What was looked at</h2>"
    yield f"<table><tr>{head}</tr>{_table_row('reference', account.reference)}"
    yield f"{_table_row('current', account.current)}</table>"
    yield f'<p class="soft">{_text(rule_words(account, report.definition))}</p>'
    for note in account.notes:
        yield f'<p class="soft">{_text(note)}</p>'
    counts = report.summary.counts
    said = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in counts.items())
    yield f'<p class="soft">{len(report.verdicts):,} verdicts: {_text(said)}</p>'


def _table_row(name: str, table: TableAccount) -> str:
    times = [f"{t:%Y-%m-%d %H:%M}" if t else "" for t in (table.start, table.end)]
    cells = [
        f"{name}: {table.source}",
        *(f"{n:,}" for n in (table.rows, table.judged, table.labelled, table.columns)),
        f"{table.windows:,}" if table.windows else "",
        *times,
    ]
    return "<tr>" + "".join(f'<td class="num">{_text(cell)}</td>' for cell in cells) + "</tr>"


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
