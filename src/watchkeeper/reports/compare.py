"""Compare a current table with a reference: the notebook's and the build's use, without a server.

Where both tables have times, every window of the current one is judged against the windows of the
reference, within the model's alarm budget. Else the report is one test, 5 % family-wise: the
current table as a whole against random blocks of the reference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from watchkeeper.definitions.document import load_text
from watchkeeper.definitions.infer import infer
from watchkeeper.domain.model import Model
from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.readers import opened
from watchkeeper.reports.account import account_for, source_name
from watchkeeper.reports.findings import summarise
from watchkeeper.reports.report import Report
from watchkeeper.reports.scope import Scope, scope_of
from watchkeeper.reports.sketch import sketches_of
from watchkeeper.reports.tables import (
    BLOCKS,
    Profiled,
    profile_blocks,
    profile_windows,
)

if TYPE_CHECKING:
    import ibis

__all__ = ["compare"]

# What judges and shows: a quarter of a second to import, while the engine reads the current table.
_LATER = ("watchkeeper.monitors.judge", "watchkeeper.reports.terminal", "rich.console")


def compare(
    reference: object, current: object, definition: Model | str | os.PathLike[str] | None = None
) -> Report:
    """Judge ``current`` against ``reference``.

    Parameters
    ----------
    reference, current
        A path to Parquet, CSV or JSONL (a file, a folder or a glob), or a pandas, Polars, Arrow,
        DuckDB or ibis table.
    definition
        What the columns mean: a `Model`, or the path of its YAML document. None: inferred from
        the reference, as `watchkeeper infer` does.

    Returns
    -------
    Report
        What was found; it shows itself in a notebook.

    Raises
    ------
    InvalidInput
        Where a table cannot be read, has no columns or no rows, or shares no column with the
        definition.
    """
    with opened(reference) as then, opened(current) as now:
        model, given, left_out = _definition(definition, then)
        scope = scope_of(then, now, model, granularity_given=given)
        scope = replace(scope, notes=(*left_out, *scope.notes))
        _check(scope, now)
        before, after = _profiled(scope, then, now)
        accounting = account_for(
            scope, (source_name(reference), then, before), (source_name(current), now, after)
        )
    from watchkeeper.monitors.judge import judge

    code = _code_version()
    verdicts = judge(scope.model, after.profiles, before.histories(), code_version=code)
    return Report(
        summary=summarise(verdicts, accounting),
        verdicts=tuple(verdicts),
        accounting=accounting,
        definition=scope.model,
        created=datetime.now(UTC),
        code_version=code,
        sketches=sketches_of(scope.model, merge(before.whole), merge(after.whole)),
    )


def _definition(
    given: Model | str | os.PathLike[str] | None, reference: ibis.Table
) -> tuple[Model, bool, tuple[str, ...]]:
    """The definition, whether its granularity was stated by a person, and what it leaves out."""
    if isinstance(given, Model):
        return given, True, ()
    if given is None:
        guessed = infer(reference)
        left_out = [guess for guess in guessed.guesses if guess.field == "columns"]
        return guessed.model, False, tuple(f"columns, {g.value}: {g.why}" for g in left_out)
    path = Path(given)
    if not path.is_file():
        raise NotFound(
            f"definition must be the path of a YAML file, got {str(path)!r}: no such file"
        )
    content = path.read_bytes()
    models = [found for found in load_text(content, name=str(path)) if isinstance(found, Model)]
    if len(models) != 1:
        raise InvalidInput(
            f"definition must hold one document of kind Model, got {len(models)} in {str(path)!r}"
        )
    return models[0], re.search(rb"(?m)^granularity\s*:", content) is not None, ()


def _check(scope: Scope, current: ibis.Table) -> None:
    for name, times in (("reference", scope.reference), ("current table", scope.current)):
        if not times.rows:
            raise InvalidInput(f"the {name} must hold rows to compare, got none")
    known = {column.name for column in scope.model.columns}
    if not known & set(current.columns):
        raise InvalidInput(
            f"the current table must share columns with the definition {sorted(known)[:10]}, "
            f"got {list(current.columns)[:10]}"
        )


def _profiled(
    scope: Scope, reference: ibis.Table, current: ibis.Table
) -> tuple[Profiled, Profiled]:
    binnings = fit_binnings(reference, scope.model)
    if scope.timed:
        before = profile_windows(reference, scope.model, binnings)
        with _loading(*_LATER):
            return before, profile_windows(current, scope.model, binnings)
    before = profile_blocks(reference, scope.model, binnings, blocks=BLOCKS)
    with _loading(*_LATER):
        return before, profile_blocks(current, scope.model, binnings, blocks=1)


@contextmanager
def _loading(*modules: str) -> Iterator[None]:
    """Import modules while something else waits for disk or engine."""
    thread = Thread(target=_load, args=modules)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _load(*modules: str) -> None:
    with suppress(ImportError):  # whoever needs it will say so
        for name in modules:
            import_module(name)


def _code_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("watchkeeper")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"
