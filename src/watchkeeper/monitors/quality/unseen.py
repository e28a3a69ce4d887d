"""Categories that the reference did not hold.

Where a column has many rare values, new ones come every day, and none of them is a fault: the
reference never has an unseen value only because it is the reference. So each of its windows is
asked what share of its rows has values that no other window of the reference holds. That is what
to expect of a new window, bursts of new values included; with fewer than four windows it is the
share of values that occur once (Good and Turing's estimate).

A new value rarely comes alone: with f₁ values that occur once and f₂ that occur twice, new rows
come in clumps of ``1 + 2·f₂/f₁``, and so many rows say only as much as one.

References
----------
Good, I. J. (1953), The population frequencies of species and the estimation of population
parameters. Biometrika 40.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import CategoricalProfile, WindowProfile
from watchkeeper.monitors.basis import Basis, Tally, basis_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.quality.rates import (
    Fault,
    Yardstick,
    in_clumps,
    judge_rate,
    watched,
    with_clause,
)
from watchkeeper.stats.variation import ENOUGH_WINDOWS

__all__ = ["unseen"]

_FAULT = Fault("unseen_rate", "of categories never seen before")
_SHOWN = 3

Ints = npt.NDArray[np.int64]


def unseen(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of values that the reference did not hold. New versions and arms are no fault."""
    basis = basis_of(history, model.timezone)
    for column in watched(model, spec, without=(Role.VERSION, Role.ARM)):
        pooled = _pooled(basis, column.name)
        if pooled is None:
            continue
        clump = _clump(pooled)
        alone = partial(_alone, column.name, pooled, basis)
        normal = basis.rate(partial(_clumped, alone, clump))
        if normal is None:
            continue
        yardstick = Yardstick(_FAULT, normal, basis, model.materiality, clump)
        series = Series(spec.name, _FAULT.what, column=column.name)
        for profile in current:
            found = _categorical(profile, column.name)
            if found is not None:
                counted = (found.unseen, found.n - found.null)
                judged = judge_rate(yardstick, series, profile, counted)
                yield with_clause(judged, *_examples(found))


def _categorical(profile: WindowProfile, name: str) -> CategoricalProfile | None:
    found = profile.columns.get(name)
    return found if isinstance(found, CategoricalProfile) else None


def _pooled(basis: Basis, name: str) -> Ints | None:
    """How often each named value occurs in the whole reference."""
    parts = [found for profile in basis.windows if (found := _categorical(profile, name))]
    if not parts:
        return None
    return np.asarray(np.sum([part.counts for part in parts], axis=0), np.int64)


def _clump(pooled: Ints) -> float:
    once, twice = int((pooled == 1).sum()), int((pooled == 2).sum())
    return 1.0 + 2.0 * twice / once if once else 1.0


def _clumped(tally: Tally, clump: float, profile: WindowProfile) -> tuple[int, int] | None:
    counted = tally(profile)
    return None if counted is None else in_clumps(counted, clump)


def _alone(name: str, pooled: Ints, basis: Basis, profile: WindowProfile) -> tuple[int, int] | None:
    """(rows whose value no other window holds, rows) of a window of the reference."""
    found = _categorical(profile, name)
    if found is None:
        return None
    few = len(basis.windows) < ENOUGH_WINDOWS
    here = (pooled == 1) if few else (found.counts == pooled)
    rare = round(found.other * _once(found, basis, name)) if found.other else 0
    events = int(found.counts[here].sum()) + rare + found.unseen
    return min(events, found.n - found.null), found.n - found.null


def _once(found: CategoricalProfile, basis: Basis, name: str) -> float:
    """At most this share of the values that are not counted by name occurs in one window only."""
    parts = [part for profile in basis.windows if (part := _categorical(profile, name))]
    return min(1.0, len(found.binning.other_values) / sum(part.other for part in parts))


def _examples(found: CategoricalProfile) -> tuple[str, Mapping[str, object]]:
    if not found.unseen_values:
        return "", {}
    shown = found.unseen_values[:_SHOWN]
    words = ", ".join(f"{_short(value)!r} ({count:,})" for value, count in shown)
    return f"; new: {words}", {"unseen": [[_short(value), count] for value, count in shown]}


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
