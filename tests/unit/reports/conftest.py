"""Verdicts and reports built by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.reports.findings import summarise
from watchkeeper.reports.report import Accounting, Report, TableAccount
from watchkeeper.reports.sketch import Bar, Sketch

_START = datetime(2024, 5, 1, tzinfo=UTC)


class Desk:
    """Makes verdicts, and reports of them."""

    ALERT, OK, FEW, ERROR = Status.ALERT, Status.OK, Status.INSUFFICIENT_DATA, Status.ERROR

    def day(self, at: int) -> Window:
        return Window(_START + timedelta(days=at), _START + timedelta(days=at + 1))

    def verdict(
        self,
        column: str | None,
        status: Status = Status.OK,
        *,
        day: int | None = 0,
        what: str = "drift",
        severity: Severity = Severity.WARNING,
        **more: object,
    ) -> Verdict:
        message = more.pop("message", f"{column}: it is {status}")
        return Verdict(
            id=f"vd_{column}_{what}_{day}_{more.get('segment')}",
            monitor=str(more.pop("monitor", "drift")),
            model="m",
            status=status,
            what=what,
            message=str(message),
            column=column,
            window=None if day is None else self.day(day),
            severity=severity if status is Status.ALERT else Severity.INFO,
            **more,
        )

    def account(self, rows: int = 1000) -> Accounting:
        table = TableAccount("a.parquet", rows, rows, 2, 3, 0, _START, _START + timedelta(days=3))
        return Accounting(table, table, "1d", 1 / 90)

    def report(self, *verdicts: Verdict, names: tuple[str, ...] = ("x", "c")) -> Report:
        columns = tuple(Column(name, ColumnType.NUMERIC, Role.FEATURE) for name in names)
        bars = tuple(Bar(f"{i} to {i + 1}", i / 300, (24 - i) / 300) for i in range(24))
        return Report(
            summary=summarise(verdicts, self.account()),
            verdicts=verdicts,
            accounting=self.account(),
            definition=Model("m", Task.NONE, columns),
            created=_START,
            code_version="0",
            sketches=tuple(Sketch(c, bars, "mean", "1", "2", 0.0, 0.01) for c in columns),
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()
