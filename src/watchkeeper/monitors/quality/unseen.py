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

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import CategoricalProfile, WindowProfile
from watchkeeper.monitors.basis import column_basis, found_of
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
    for column in watched(model, spec, without=(Role.VERSION, Role.ARM)):
        basis = column_basis(history, model.timezone, column.name)
        parts = [(p, held) for p in basis.windows if (held := _categorical(p, column.name))]
        if not parts:
            continue
        named = np.array([held.counts for _, held in parts])
        clump = _clump(named.sum(axis=0))
        alone = [in_clumps(pair, clump) for pair in _alone([held for _, held in parts], named)]
        normal = basis.rate(found_of(dict(zip([id(p) for p, _ in parts], alone, strict=True))))
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


def _clump(pooled: Ints) -> float:
    once, twice = int((pooled == 1).sum()), int((pooled == 2).sum())
    return 1.0 + 2.0 * twice / once if once else 1.0


def _alone(parts: Sequence[CategoricalProfile], named: Ints) -> list[tuple[int, int]]:
    """(rows whose value no other window holds, rows) of the windows of a reference.

    ``named`` holds their counts by value, shape (W, V).
    """
    pooled = named.sum(axis=0)
    here = (pooled == 1) if len(parts) < ENOUGH_WINDOWS else (named == pooled)
    once = (named * here).sum(axis=1).tolist()
    # At most this share of the values that are not counted by name occurs in one window only.
    rare = min(1.0, len(parts[0].binning.other_values) / max(1, sum(part.other for part in parts)))
    return [
        (
            min(part.n - part.null, events + round(part.other * rare) + part.unseen),
            part.n - part.null,
        )
        for part, events in zip(parts, once, strict=True)
    ]


def _examples(found: CategoricalProfile) -> tuple[str, Mapping[str, object]]:
    if not found.unseen_values:
        return "", {}
    shown = found.unseen_values[:_SHOWN]
    words = ", ".join(f"{_short(value)!r} ({count:,})" for value, count in shown)
    return f"; new: {words}", {"unseen": [[_short(value), count] for value, count in shown]}


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
