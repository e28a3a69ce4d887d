"""The partial of some rows: their profile, made by arrays alone.

What `compute.profile` says of rows as they lie in the lake, for a twentieth of what it costs to ask
an engine: so the mover can profile what it moves, however little that is. Partials are added up
(`merge`) to the profile of their window; a contract test holds the sum to a recount by the engine.

Two figures are no sums: rows that repeat another row, and each label against the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import (
    Binning,
    BreakdownProfile,
    CategoricalBinning,
    ColumnProfile,
    NumericBinning,
    NumericProfile,
    PerformanceProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.profiles.arrays import flags
from watchkeeper.profiles.compute import COUNTED_ROLES, COUNTED_TYPES
from watchkeeper.profiles.frame import LATENCY
from watchkeeper.profiles.outcomes import class_columns
from watchkeeper.profiles.partials import classes, regression
from watchkeeper.profiles.partials.cells import breakdowns
from watchkeeper.profiles.partials.counts import count_profiles
from watchkeeper.profiles.partials.numbers import as_numbers, numeric_profiles
from watchkeeper.profiles.partials.slices import Slices, slices_of
from watchkeeper.profiles.partials.values import categorical_profiles
from watchkeeper.profiles.service import LATENCY_BINNING

__all__ = ["Partial", "partial"]

Figures = tuple[list[PerformanceProfile] | None, list[dict[str, BreakdownProfile]]]


@dataclass(frozen=True, slots=True)
class Partial:
    """The profiles of all slices, all rows first. ``crowded``: a column has more values than get a
    slice of their own, so that those of several partials do not add up.
    """

    profiles: tuple[WindowProfile, ...]
    crowded: bool


def partial(
    rows: pa.Table,
    model: Model,
    binnings: Mapping[str, Binning],
    window: Window,
    *,
    columns: bool = True,
) -> Partial | None:
    """Profile rows of one window, joined as `Lake.joined` gives them (at least one).

    With ``columns`` False only what hangs on labels: performance, breakdowns, the label's column.
    None where a column is stored in a form that only an engine reads (`compute.profile` does).
    """
    slices = slices_of(rows, model)
    label = model.only(Role.LABEL)
    wanted = [
        column
        for column in model.columns
        if column.name in rows.column_names and (columns or column == label)
    ]
    held = _columns(slices, rows, wanted, binnings)
    outcome = _outcome(slices, rows, model, binnings, window)
    if held is None or outcome is None:
        return None
    performance, parted = outcome
    service = _service(slices, rows) if columns else None
    return Partial(
        tuple(
            WindowProfile(
                model=model.name,
                window=window,
                rows=int(slices.lengths[at]),
                columns={column.name: held[column.name][at] for column in wanted},
                version=named.version,
                segment=named.segment,
                performance=None if performance is None else performance[at],
                service=None if service is None else service[at],
                breakdowns=parted[at],
            )
            for at, named in enumerate(slices.names)
        ),
        slices.crowded,
    )


def _columns(
    slices: Slices, rows: pa.Table, columns: list[Column], binnings: Mapping[str, Binning]
) -> dict[str, list[ColumnProfile]] | None:
    numeric: list[tuple[pa.Array, Column, NumericBinning]] = []
    found: dict[str, list[ColumnProfile]] = {}
    for column in columns:
        binning = binnings.get(column.name)
        counted = column.role in COUNTED_ROLES or column.type in COUNTED_TYPES
        made: list[ColumnProfile] | None
        if binning is None or counted:
            made = _listed(count_profiles(slices, rows, column))
        elif isinstance(binning, CategoricalBinning):
            values = rows.column(column.name)
            made = _listed(categorical_profiles(slices, values, column, binning))
        else:
            numbers = as_numbers(rows.column(column.name), column.type)
            made = None if numbers is None else []
            if numbers is not None:
                numeric.append((numbers, column, binning))
        if made is None:
            return None
        found[column.name] = made
    for (_, column, _), profiles in zip(numeric, numeric_profiles(slices, numeric), strict=True):
        found[column.name] = _listed(profiles) or []
    return found


def _listed(found: object) -> list[ColumnProfile] | None:
    return list(found) if isinstance(found, list) else None


def _outcome(
    slices: Slices,
    rows: pa.Table,
    model: Model,
    binnings: Mapping[str, Binning],
    window: Window,
) -> Figures | None:
    """Performance and breakdowns by slice; None where their columns cannot be read here."""
    nothing: Figures = (None, [{} for _ in slices.names])
    if model.task in {Task.BINARY, Task.MULTICLASS}:
        columns = class_columns(model, binnings, rows.column_names)
        if columns is None:
            return nothing
        answered = classes.answers(rows, columns, binary=model.task is Task.BINARY)
        if answered is None:
            return None
        figures = classes.class_figures(answered)
        return (
            list(classes.classification_profiles(slices, rows, window, answered)),
            breakdowns(slices, rows, model, binnings, figures),
        )
    if model.task is not Task.REGRESSION or _lacks_outcome(rows, model):
        return nothing
    predicted = regression.answers(rows, model, binnings)
    if predicted is None:
        return None
    return (
        list(regression.regression_profiles(slices, rows, window, predicted)),
        breakdowns(slices, rows, model, binnings, regression.regressor_figures(predicted)),
    )


def _lacks_outcome(rows: pa.Table, model: Model) -> bool:
    both = (model.only(Role.LABEL), model.only(Role.PREDICTION))
    return any(column is None or column.name not in rows.column_names for column in both)


def _service(slices: Slices, rows: pa.Table) -> list[ServiceProfile]:
    latency = Column(LATENCY, ColumnType.NUMERIC, Role.LATENCY)
    numbers = as_numbers(rows.column(LATENCY), latency.type)
    timed: list[NumericProfile] = (
        []
        if numbers is None
        else numeric_profiles(slices, [(numbers, latency, LATENCY_BINNING)])[0]
    )
    failed = slices.count(~flags(pc.is_null(rows.column("_wk_error"))))
    return [
        ServiceProfile(int(slices.lengths[at]), int(failed[at]), timed[at] if timed else None)
        for at in range(len(slices.names))
    ]
