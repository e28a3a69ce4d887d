"""Adding profiles: exact for counts, in any order, over any split of the rows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import (
    Accounting,
    BreakdownProfile,
    CategoricalProfile,
    ClassificationProfile,
    ColumnProfile,
    CountProfile,
    DelayCounts,
    Elsewhere,
    NumericProfile,
    PerformanceProfile,
    RegressionProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.numeric import at_least_distinct

__all__ = ["merge"]

_UNSEEN_SHOWN = 10

T = TypeVar("T")
N = TypeVar("N", bound=np.generic)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def merge(parts: Sequence[WindowProfile]) -> WindowProfile:
    """The profile of all the rows together.

    The parts must be of one model and share their binnings. The window runs from the first start
    to the last end; version, arm and segment stay where all parts agree and become None (all)
    where they differ. ``duplicate_rows`` and ``distinct`` are lower bounds afterwards, because
    rows that repeat across parts cannot be known. A column that some part lacks counts only
    where it was.

    Raises
    ------
    InvalidInput
        Without parts; for parts of different models; for columns counted on different binnings.
    """
    if not parts:
        raise InvalidInput("merge needs at least one profile, got none")
    if len(parts) == 1:
        return parts[0]
    models = sorted({part.model for part in parts})
    if len(models) > 1:
        raise InvalidInput(f"only profiles of one model can be merged, got {models}")
    names = dict.fromkeys(name for part in parts for name in part.columns)
    first = parts[0]
    return replace(
        first,
        window=_window(parts),
        rows=sum(part.rows for part in parts),
        columns={
            name: _columns(name, [part.columns[name] for part in parts if name in part.columns])
            for name in names
        },
        version=_agreed([part.version for part in parts]),
        arm=_agreed([part.arm for part in parts]),
        segment=_agreed([part.segment for part in parts]),
        known_at=max((p.known_at for p in parts if p.known_at is not None), default=None),
        lake_version=max(
            (p.lake_version for p in parts if p.lake_version is not None), default=None
        ),
        id="",
        performance=_performance([p.performance for p in parts if p.performance is not None]),
        service=_optional(_service, [part.service for part in parts]),
        duplicate_rows=sum(part.duplicate_rows for part in parts),
        schema=reduce(operator.or_, [dict(part.schema) for part in parts]),
        accounting=_optional(_accounting, [part.accounting for part in parts]),
        complete=all(part.complete for part in parts),
        breakdowns={
            name: _breakdown([p.breakdowns[name] for p in parts if name in p.breakdowns])
            for name in dict.fromkeys(name for part in parts for name in part.breakdowns)
        },
    )


def _window(parts: Sequence[WindowProfile]) -> Window | None:
    windows = [part.window for part in parts if part.window is not None]
    if len(windows) < len(parts):
        return None
    return Window(min(w.start for w in windows), max(w.end for w in windows))


def _agreed(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None


def _optional(add: Callable[[Sequence[T]], T], parts: Sequence[T | None]) -> T | None:
    held = [part for part in parts if part is not None]
    return add(held) if held else None


def _columns(name: str, parts: Sequence[ColumnProfile]) -> ColumnProfile:
    numeric = [part for part in parts if isinstance(part, NumericProfile)]
    categorical = [part for part in parts if isinstance(part, CategoricalProfile)]
    counted = [part for part in parts if isinstance(part, CountProfile)]
    try:
        if len(numeric) == len(parts):
            return _numeric(numeric)
        if len(categorical) == len(parts):
            return _categorical(categorical)
        if len(counted) == len(parts):
            return _counted(counted)
    except InvalidInput as error:
        raise InvalidInput(f"column {name!r}: {error}") from None
    raise InvalidInput(
        f"column {name!r} must be counted alike in all parts, got "
        f"{sorted({type(part).__name__ for part in parts})}: profile them with the same binnings"
    )


def _numeric(parts: Sequence[NumericProfile]) -> NumericProfile:
    binning = _same([part.binning for part in parts])
    cells, (counts,), (sums,) = _cells(
        [part.cells for part in parts], [[p.counts for p in parts]], [[p.sums for p in parts]]
    )
    minimum = min((p.minimum for p in parts if p.minimum is not None), default=None)
    maximum = max((p.maximum for p in parts if p.maximum is not None), default=None)
    return NumericProfile(
        binning=binning,
        n=sum(part.n for part in parts),
        null=sum(part.null for part in parts),
        nan=sum(part.nan for part in parts),
        pos_inf=sum(part.pos_inf for part in parts),
        neg_inf=sum(part.neg_inf for part in parts),
        invalid=sum(part.invalid for part in parts),
        outside=sum(part.outside for part in parts),
        cells=cells,
        counts=counts,
        sums=sums,
        sum_z=sum(part.sum_z for part in parts),
        sum_z2=sum(part.sum_z2 for part in parts),
        minimum=minimum,
        maximum=maximum,
        distinct=_bound(
            [part.distinct for part in parts],
            at_least_distinct(len(cells), minimum or 0.0, maximum or 0.0),
        ),
    )


def _bound(parts: Sequence[int | None], least: int) -> int | None:
    known = [part for part in parts if part is not None]
    return max(*known, least) if len(known) == len(parts) else None


def _cells(
    cells: Sequence[Ints], counts: Sequence[Sequence[Ints]], sums: Sequence[Sequence[Floats]]
) -> tuple[Ints, list[Ints], list[Floats]]:
    """The union of the cells, with every list of counts and sums added up over it."""
    united, place = np.unique(np.concatenate(cells), return_inverse=True)
    whole = []
    for parts in counts:
        total = np.zeros(len(united), dtype=np.int64)
        np.add.at(total, place, np.concatenate(parts))
        whole.append(total)
    real = []
    for floats in sums:
        added = np.zeros(len(united))
        np.add.at(added, place, np.concatenate(floats))
        real.append(added)
    return united.astype(np.int64), whole, real


def _categorical(parts: Sequence[CategoricalProfile]) -> CategoricalProfile:
    shown: dict[str, int] = {}
    for part in parts:
        for value, count in part.unseen_values:
            shown[value] = shown.get(value, 0) + count
    ordered = sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))
    return CategoricalProfile(
        binning=_same([part.binning for part in parts]),
        n=sum(part.n for part in parts),
        null=sum(part.null for part in parts),
        invalid=sum(part.invalid for part in parts),
        outside=sum(part.outside for part in parts),
        counts=_sum([part.counts for part in parts]),
        other=sum(part.other for part in parts),
        unseen=sum(part.unseen for part in parts),
        unseen_values=tuple(ordered[:_UNSEEN_SHOWN]),
    )


def _counted(parts: Sequence[CountProfile]) -> CountProfile:
    return CountProfile(
        n=sum(part.n for part in parts),
        null=sum(part.null for part in parts),
        invalid=sum(part.invalid for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        stale=sum(part.stale for part in parts),
        future=sum(part.future for part in parts),
    )


def _performance(parts: Sequence[PerformanceProfile]) -> PerformanceProfile | None:
    if not parts:
        return None
    classifiers = [part for part in parts if isinstance(part, ClassificationProfile)]
    regressors = [part for part in parts if isinstance(part, RegressionProfile)]
    if classifiers and not regressors:
        return _classification(classifiers)
    if regressors and not classifiers:
        return _regression(regressors)
    raise InvalidInput(
        "performance profiles must be of one task, got classification and regression"
    )


def _classification(parts: Sequence[ClassificationProfile]) -> ClassificationProfile:
    return ClassificationProfile(
        classes=_same([part.classes for part in parts]),
        n=sum(part.n for part in parts),
        labelled=sum(part.labelled for part in parts),
        invalid_score=sum(part.invalid_score for part in parts),
        confusion=_sum([part.confusion for part in parts]),
        score_histogram=_sum([part.score_histogram for part in parts]),
        score_sums=_sum([part.score_sums for part in parts]),
        unlabelled_histogram=_sum([part.unlabelled_histogram for part in parts]),
        scored=sum(part.scored for part in parts),
        log_loss=_pairs([part.log_loss for part in parts]),
        brier=_pairs([part.brier for part in parts]),
        previous_agree=(
            sum(part.previous_agree[0] for part in parts),
            sum(part.previous_agree[1] for part in parts),
        ),
        delays=_optional(_delays, [part.delays for part in parts]),
        confusion_fifths=_optional(_sum, [part.confusion_fifths for part in parts]),
    )


def _regression(parts: Sequence[RegressionProfile]) -> RegressionProfile:
    cells, (counts,), _ = _cells(
        [part.error_cells for part in parts], [[part.error_counts for part in parts]], []
    )
    return RegressionProfile(
        n=sum(part.n for part in parts),
        labelled=sum(part.labelled for part in parts),
        invalid=sum(part.invalid for part in parts),
        moments=tuple(np.sum([part.moments for part in parts], axis=0).tolist()),
        ape=(*_pairs([part.ape[:2] for part in parts]), sum(part.ape[2] for part in parts)),
        label_center=_same([part.label_center for part in parts]),
        label=_pairs([part.label for part in parts]),
        error_binning=_same([part.error_binning for part in parts]),
        error_cells=cells,
        error_counts=counts,
        previous=(
            *_pairs([part.previous[:2] for part in parts]),
            sum(part.previous[2] for part in parts),
        ),
        delays=_optional(_delays, [part.delays for part in parts]),
        strata=_optional(_sum, [part.strata for part in parts]),
    )


def _breakdown(parts: Sequence[BreakdownProfile]) -> BreakdownProfile:
    shared = [name for name in parts[0].sums if all(name in part.sums for part in parts)]
    return BreakdownProfile(
        binning=_same([part.binning for part in parts]),
        rows=_sum([part.rows for part in parts]),
        labelled=_sum([part.labelled for part in parts]),
        sums={name: _sum([part.sums[name] for part in parts]) for name in shared},
    )


def _delays(parts: Sequence[DelayCounts]) -> DelayCounts:
    return DelayCounts(
        edges_seconds=_same([part.edges_seconds for part in parts]),
        counts=_sum([part.counts for part in parts]),
        arrived=_optional(_sum, [part.arrived for part in parts]),
        made=_optional(_sum, [part.made for part in parts]),
    )


def _service(parts: Sequence[ServiceProfile]) -> ServiceProfile:
    return ServiceProfile(
        requests=sum(part.requests for part in parts),
        errors=sum(part.errors for part in parts),
        latency=_optional(_numeric, [part.latency for part in parts]),
        elsewhere=_elsewhere(parts),
    )


def _elsewhere(parts: Sequence[ServiceProfile]) -> Elsewhere | None:
    """As little covered as the least of them; the mean of the means by requests."""
    held = [(part.requests, part.elsewhere) for part in parts if part.elsewhere is not None]
    if not held:
        return None
    means = [(n, found.mean_ms) for n, found in held if found.mean_ms is not None and n]
    return Elsewhere(
        source=held[0][1].source,
        coverage=min(found.coverage for _, found in held),
        mean_ms=sum(n * mean for n, mean in means) / sum(n for n, _ in means) if means else None,
        errors_known=all(found.errors_known for _, found in held),
    )


def _accounting(parts: Sequence[Accounting]) -> Accounting:
    return Accounting(
        received=sum(part.received for part in parts),
        accepted=sum(part.accepted for part in parts),
        rejected=sum(part.rejected for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        joined=sum(part.joined for part in parts),
        late=sum(part.late for part in parts),
        clients=tuple(client for part in parts for client in part.clients),
        numbered=any(part.numbered for part in parts),
        faults=tuple(dict.fromkeys(fault for part in parts for fault in part.faults)),
    )


def _sum(parts: Sequence[npt.NDArray[N]]) -> npt.NDArray[N]:
    total: npt.NDArray[N] = np.sum(np.stack(parts), axis=0)
    return total


def _pairs(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return (sum(part[0] for part in parts), sum(part[1] for part in parts))


def _same(values: Sequence[T]) -> T:
    for value in values[1:]:
        if value != values[0]:
            raise InvalidInput(
                f"profiles must share one binning to be merged, got {values[0]} and {value}: "
                "profile them with the same binnings"
            )
    return values[0]
