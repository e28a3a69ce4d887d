"""Catalog and lake tell the same: rows of every day, profiles of every window, ids once."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from deltalake import DeltaTable

from watchkeeper.catalog.chores import ChoreKey, Chores
from watchkeeper.catalog.schema import doubles, partial_marks, windows
from watchkeeper.catalog.verdicts import Verdicts
from watchkeeper.catalog.windows import RETAIN
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import NotFound
from watchkeeper.governance.checks.finding import Finding, Health, Subject
from watchkeeper.lake.delta import open_delta
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.lake.schemas import DAY

__all__ = ["counts", "ids", "profiles"]

_WEEK, _DAY = timedelta(weeks=1), timedelta(days=1)
_MONDAY = date(1970, 1, 5)
_SHOWN = 3
_MEMORY = "512MB"
_TWICE = """
SELECT count(*), coalesce(sum(n), 0), coalesce(sum(n - places), 0)
FROM (
    SELECT count(*) AS n, count(DISTINCT _wk_seq) AS places
    FROM stored GROUP BY _wk_id HAVING count(*) > 1
)
"""


def counts(subject: Subject) -> Iterator[Finding]:
    """For each model and day (week, where windows are longer) as many rows as were counted."""
    agree = 0
    for model in subject.models:
        found = list(_counts(subject, model))
        yield from found
        agree += not found
    yield Finding("counts", Health.OK, f"of {agree:,} models lake and catalog count the same rows")


def _counts(subject: Subject, model: str) -> Iterator[Finding]:
    before = subject.installation.lake.version(model, LakeTable.PREDICTIONS)
    held = _windows(subject, model)
    stored = _stored_by_day(subject, model)
    # Rows that were moved between the two looks are in one of them alone.
    if before != subject.installation.lake.version(model, LakeTable.PREDICTIONS):
        return
    span = _span([window for window, _ in held])
    limit = _let_go(subject, model)
    counted: Counter[date] = Counter()
    for window, accepted in held:
        counted[_first_day(window.start.astimezone(UTC).date(), span)] += accepted
    found: Counter[date] = Counter()
    for day, rows in stored.items():
        found[_first_day(day, span)] += rows
    wrong = sorted(
        day
        for day in counted.keys() | found.keys()
        if counted[day] != found[day] and (limit is None or day >= limit.date())
    )
    if wrong:
        day = wrong[0]
        yield Finding(
            "counts",
            Health.FAIL,
            f"{model}: {len(wrong):,} {'days' if span == _DAY else 'weeks'} differ; of "
            f"{day.isoformat()} the catalog counts {counted[day]:,} rows, the lake holds "
            f"{found[day]:,}",
            "count the windows anew with --repair; where the lake holds less, see `files`",
            partial(_recount, subject, model, [(day, day + span) for day in wrong]),
        )


def profiles(subject: Subject) -> Iterator[Finding]:
    """Every judged window has its profile, and every profile that a verdict cites is there."""
    wrong = False
    for model in subject.models:
        for finding in _profiles(subject, model):
            wrong = True
            yield finding
    if not wrong:
        yield Finding(
            "profiles", Health.OK, "every window has its profile, and every verdict its own"
        )


def _profiles(subject: Subject, model: str) -> Iterator[Finding]:
    judged = _judged(subject, model)
    found = _stored_profiles(subject, model)
    limit = _let_go(subject, model)
    missing = [window for window in judged if (window.start, window.end) not in found.windows]
    if missing:
        again = [window for window in missing if limit is None or window.start >= limit]
        yield Finding(
            "profiles",
            Health.FAIL,
            f"{model}: {len(missing):,} judged windows have no profile, the first {missing[0]}",
            "profile them anew with --repair; verdicts so far cannot be told again"
            if again
            else "their rows are let go: restore the profiles from a backup",
            partial(_touch, subject, model, again) if again else None,
        )
    cited = Verdicts(subject.installation.records).cited(model) - found.ids
    if cited:
        yield Finding(
            "profiles",
            Health.FAIL,
            f"{model}: {len(cited):,} profiles that verdicts cite are gone, such as "
            f"{', '.join(sorted(cited)[:_SHOWN])}",
            "restore them from a backup: these verdicts cannot be told again from their inputs",
        )


def ids(subject: Subject) -> Iterator[Finding]:
    """No prediction is stored twice."""
    import duckdb

    clean = 0
    for model in subject.models:
        table = _open(subject, model, LakeTable.PREDICTIONS)
        if table is None:
            continue
        with (
            tempfile.TemporaryDirectory(prefix="watchkeeper-doctor-") as spill,
            duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": spill}) as engine,
        ):
            engine.register("stored", table.to_pyarrow_dataset())
            found = engine.execute(_TWICE).fetchall()
        twice, rows, same = found[0]
        twice, rows, same = int(twice), int(rows), int(same)
        if not same and rows - twice == _known_doubles(subject, model):
            twice = 0  # the audit found them, and counts each once
        if not twice:
            clean += 1
            continue
        yield Finding(
            "ids",
            Health.FAIL if same else Health.WARN,
            f"{model}: {twice:,} ids are stored {rows:,} times"
            + (f", {same:,} rows of them under one place" if same else ""),
            "an id that comes again after max(7 days, label_horizon) is taken for new; the "
            "daily audit finds it, and counts it once",
        )
    yield Finding("ids", Health.OK, f"{clean:,} models store every id once")


def _known_doubles(subject: Subject, model: str) -> int:
    asked = sa.select(sa.func.coalesce(sa.func.sum(doubles.c.rows), 0)).where(
        doubles.c.model == model
    )
    with subject.installation.records.read() as connection:
        return int(connection.execute(asked).scalar_one())


class _Profiles:
    """Which windows and which ids the table of profiles holds."""

    def __init__(self, rows: pa.Table) -> None:
        live = rows.filter(pc.field("_wk_reference").is_null())
        self.windows = set(
            zip(live["_wk_start"].to_pylist(), live["_wk_end"].to_pylist(), strict=True)
        )
        self.ids = frozenset(rows["id"].to_pylist())


def _stored_profiles(subject: Subject, model: str) -> _Profiles:
    columns = ["id", "_wk_start", "_wk_end", "_wk_reference"]
    table = _open(subject, model, LakeTable.PROFILES)
    if table is None:
        return _Profiles(pa.table({name: pa.array([], pa.string()) for name in columns}))
    return _Profiles(table.to_pyarrow_table(columns=columns))


def _open(subject: Subject, model: str, table: LakeTable) -> DeltaTable | None:
    lake = subject.installation.lake
    try:
        return open_delta(table_uri(lake.root, model, table), storage_options=lake.options)
    except NotFound:
        return None


def _windows(subject: Subject, model: str) -> list[tuple[Window, int]]:
    """Each window with the rows that were counted as stored (twice, where an id came again after it
    had been forgotten).
    """
    held = windows.c
    again = (doubles.c.model == held.model) & (doubles.c.start == held.start)
    stored = held.accepted + sa.func.coalesce(doubles.c.rows, 0)
    asked = (
        sa.select(held.start, held.end, stored)
        .select_from(windows.outerjoin(doubles, again))
        .where(held.model == model)
        .order_by(held.start)
    )
    with subject.installation.records.read() as connection:
        rows = connection.execute(asked).all()
    return [(Window(start, end), number) for start, end, number in rows]


def _judged(subject: Subject, model: str) -> list[Window]:
    """The windows that must have a profile: judged, and not by a monitor that failed."""
    held = windows.c
    asked = sa.select(held.start, held.end).where(
        held.model == model,
        held.profile_revision > 0,
        sa.func.coalesce(held.status, "") != Status.ERROR.value,
    )
    with subject.installation.records.read() as connection:
        rows = connection.execute(asked.order_by(held.start)).all()
    return [Window(start, end) for start, end in rows]


def _stored_by_day(subject: Subject, model: str) -> Mapping[date, int]:
    table = _open(subject, model, LakeTable.PREDICTIONS)
    if table is None:
        return {}
    files = pa.table(table.get_add_actions(flatten=True))
    found: Counter[date] = Counter()
    for day, rows in zip(
        files[f"partition.{DAY}"].to_pylist(), files["num_records"].to_pylist(), strict=True
    ):
        found[day] += rows
    return found


def _span(held: list[Window]) -> timedelta:
    """A stretch of whole days that is made of whole windows, whatever their length was once."""
    return _DAY if all(_DAY % window.length == timedelta(0) for window in held) else _WEEK


def _first_day(day: date, span: timedelta) -> date:
    return day - timedelta(days=(day - _MONDAY).days % span.days)


def _let_go(subject: Subject, model: str) -> datetime | None:
    """Before when rows may be gone, because they were too old to be kept."""
    known = Chores(subject.installation.records).all()
    found = [
        chore.before
        for table in (LakeTable.PREDICTIONS, LakeTable.LABELS)
        if (chore := known.get(ChoreKey(RETAIN, model, table))) and chore.before
    ]
    return max(found, default=None)


def _recount(subject: Subject, model: str, days: list[tuple[date, date]]) -> str:
    """Set the counts of the windows of some days to what the lake holds, to be judged anew."""
    lake, changed = subject.installation.lake, 0
    length = min((window.length for window, _ in _windows(subject, model)), default=_DAY)
    for first, last in days:
        span = Window(*(datetime.combine(day, time(), UTC) for day in (first, last)))
        rows = lake.rows(model, LakeTable.PREDICTIONS, start=span.start, end=span.end)
        found: Counter[Window] = Counter()
        known: dict[Window, datetime] = {}
        moments = (
            zip(rows["_wk_time"].to_pylist(), rows["_wk_known_at"].to_pylist(), strict=True)
            if rows.num_rows
            else ()
        )
        for moment, known_at in moments:
            window = Granularity(length).window_of(moment.astimezone(UTC))
            found[window] += 1
            known[window] = max(known_at, known.get(window, known_at))
        changed += _set_counts(subject, model, span, found, known)
    _forget_partials(subject, model)
    return f"{model}: {changed:,} windows counted anew; they are judged again"


def _set_counts(
    subject: Subject,
    model: str,
    span: Window,
    found: Mapping[Window, int],
    known: Mapping[Window, datetime],
) -> int:
    held, changed = windows.c, 0
    there = {w: n for w, n in _windows(subject, model) if span.start <= w.start < span.end}
    with subject.installation.records.write() as connection:
        for window in there.keys() | found.keys():
            more = found.get(window, 0) - there.get(window, 0)
            if not more:
                continue
            changed += 1
            if window in there:
                connection.execute(
                    sa.update(windows)
                    .where(held.model == model, held.start == window.start, held.end == window.end)
                    .values(
                        accepted=held.accepted + more,
                        received=held.received + more,
                        changed=held.changed + 1,
                    )
                )
                continue
            connection.execute(
                sa.insert(windows).values(
                    model=model,
                    start=window.start,
                    end=window.end,
                    changed=1,
                    known_at=known[window],
                    first_known_at=known[window],
                    accepted=more,
                    received=more,
                )
            )
    return changed


def _touch(subject: Subject, model: str, again: list[Window]) -> str:
    held = windows.c
    with subject.installation.records.write() as connection:
        for window in again:
            connection.execute(
                sa.update(windows)
                .where(held.model == model, held.start == window.start, held.end == window.end)
                .values(changed=held.changed + 1)
            )
    _forget_partials(subject, model)
    return f"{model}: {len(again):,} windows are profiled and judged again"


def _forget_partials(subject: Subject, model: str) -> None:
    """Sums that were kept are made anew from the lake."""
    with subject.installation.records.write() as connection:
        connection.execute(sa.delete(partial_marks).where(partial_marks.c.model == model))
