"""How two tables are compared: as windows of which length, or as one test; and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchkeeper.definitions.granularity import Span, choose
from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.window import Granularity
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.windows import as_utc, is_readable_time, time_column, window_key

if TYPE_CHECKING:
    import ibis

__all__ = ["Scope", "Times", "scope_of"]


@dataclass(frozen=True, slots=True)
class Times:
    """The rows of a table, and the span of those whose time can be read."""

    rows: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The definition with the granularity that is judged by, and the times of both tables."""

    model: Model
    timed: bool
    reference: Times
    current: Times
    notes: tuple[str, ...]


def scope_of(
    reference: ibis.Table, current: ibis.Table, model: Model, *, granularity_given: bool = False
) -> Scope:
    """Decide how to compare.

    A granularity that the definition states is kept; otherwise the one is taken that gives enough
    windows with enough rows, and one test where none does. Windows of which the reference fills
    fewer than four (its times are years, or it is one night's batch) are no windows to learn from.
    """
    from watchkeeper.stats.variation import ENOUGH_WINDOWS

    model, unread = _without_unreadable_time(model, reference, current)
    then, now = _times(reference, model), _times(current, model)
    chosen = choose(then.span, now.span) if then.span and now.span else None
    if granularity_given and then.span and now.span:
        chosen = model.granularity
    if chosen is not None and _filled(reference, model, chosen) < ENOUGH_WINDOWS:
        chosen = None
    notes = (*unread, *_notes(then, now, timed=chosen is not None))
    if chosen is None:
        return Scope(model, False, then, now, notes)
    return Scope(replace(model, granularity=chosen), True, then, now, notes)


def _without_unreadable_time(model: Model, *tables: ibis.Table) -> tuple[Model, tuple[str, ...]]:
    """A time column that holds no times (row numbers) is context, and said to be."""
    time = model.only(Role.TIME)
    held = [table for table in tables if time and time.name in table.columns]
    if time is None or all(_holds_times(table, time.name) for table in held):
        return model, ()
    columns = tuple(
        replace(column, role=Role.CONTEXT) if column == time else column for column in model.columns
    )
    kind = held[0][time.name].type()
    note = f"column {time.name!r} holds {kind} values, which are no times: it is not judged by"
    return replace(model, columns=columns), (note,)


def _holds_times(table: ibis.Table, name: str) -> bool:
    """Whether most values can be read as times. Of row numbers a few look like years."""
    if not is_readable_time(table[name]):
        return False
    found = fetch(table.agg(held=table[name].count(), read=as_utc(table, name).count()))
    return bool(2 * found["read"][0].as_py() >= found["held"][0].as_py())


def _times(table: ibis.Table, model: Model) -> Times:
    name = time_column(table, model)
    if name is None:
        return Times(int(fetch(table.agg(rows=table.count()))["rows"][0].as_py()), None)
    moment = as_utc(table, name)
    found = fetch(
        table.agg(rows=table.count(), timed=moment.count(), start=moment.min(), end=moment.max())
    ).to_pylist()[0]
    if not found["timed"]:
        return Times(int(found["rows"]), None)
    span = Span(_aware(found["start"]), _aware(found["end"]), int(found["timed"]))
    return Times(int(found["rows"]), span)


def _filled(table: ibis.Table, model: Model, granularity: Granularity) -> int:
    """How many windows hold rows."""
    name = time_column(table, model)
    if name is None:
        return 0
    windows = table.select(window=window_key(as_utc(table, name), granularity))
    return int(fetch(windows.agg(filled=windows.window.nunique()))["filled"][0].as_py())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _notes(then: Times, now: Times, *, timed: bool) -> list[str]:
    notes = []
    if not timed and then.span and now.span:
        notes.append("too few windows with enough rows: the tables are compared as a whole")
    elif not timed:
        notes.append("no time column in both tables: the tables are compared as a whole")
    elif (
        then.span
        and now.span
        and now.span.start <= then.span.end
        and then.span.start <= now.span.end
    ):
        notes.append("the tables overlap in time")
    return notes
