"""What became of the rows of both tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.reports.report import Accounting, TableAccount
from watchkeeper.reports.scope import Scope, Times
from watchkeeper.reports.tables import Profiled

if TYPE_CHECKING:
    import ibis

__all__ = ["Side", "account_for", "rule_words", "source_name"]

Side = tuple[str, "ibis.Table", Profiled]


def account_for(scope: Scope, reference: Side, current: Side) -> Accounting:
    """Count the rows of both sides: held, judged, labelled, and over which time."""
    from watchkeeper.monitors.judge import FAMILY_WISE

    model = scope.model
    return Accounting(
        reference=_table(reference, scope.reference),
        current=_table(current, scope.current),
        granularity=str(model.granularity) if scope.timed else None,
        alpha=model.alarm_budget.per_tick(model.granularity) if scope.timed else FAMILY_WISE,
        notes=scope.notes,
    )


def source_name(source: object) -> str:
    """What a table is called: its file's name, or the library that it came from."""
    if isinstance(source, str | os.PathLike):
        return Path(source).name or str(source)
    return f"{type(source).__module__.split('.')[0]} table"


def _table(side: Side, times: Times) -> TableAccount:
    name, table, profiled = side
    whole = profiled.whole
    return TableAccount(
        source=name,
        rows=times.rows,
        judged=sum(profile.rows for profile in whole),
        columns=len(table.columns),
        windows=len(whole) if profiled.timed else 0,
        labelled=_labelled(whole),
        start=times.span.start if times.span and profiled.timed else None,
        end=times.span.end if times.span and profiled.timed else None,
    )


def _labelled(profiles: Sequence[WindowProfile]) -> int:
    return sum(p.performance.labelled for p in profiles if p.performance is not None)


def rule_words(account: Accounting, model: Model) -> str:
    """By which rule an alarm was decided, in words."""
    if account.granularity is None:
        return f"one test of the whole table: {100 * account.alpha:g} % chance of any false alarm"
    return f"windows of {account.granularity}: {model.alarm_budget.in_words()}, over everything"
