"""What the labels of a window say, with late ones weighted for those still to come.

How late labels are is learnt from the windows of production that are matured: as old as the
model's label horizon, or so old that nothing more comes (`watchkeeper.stats.delay`). Reference
windows are left out of that: training labels were never late. Where no window is matured yet, or
the table carries no arrival times, labels are taken as they are and maturity is their share of
those that finished windows have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import (
    ClassificationProfile,
    DelayCounts,
    PerformanceProfile,
    RegressionProfile,
    WindowProfile,
)
from watchkeeper.monitors.memo import Memo
from watchkeeper.stats.delay import DelayCurves, LateWeights, fit_delays, settled_seconds, weigh
from watchkeeper.stats.grid import cell_high, cell_low
from watchkeeper.stats.performance.state import Classified, Regressed, Sums

__all__ = [
    "Lateness",
    "Realised",
    "classified",
    "improbable",
    "lateness_of",
    "realised",
    "regressed",
]

S = TypeVar("S", Classified, Regressed)
Floats = npt.NDArray[np.float64]
_MATURE = 0.8  # of the labels to come: from here arrived labels are taken as they are if need be
_PROBABLE = 0.5  # of the scores at most may be no probabilities
_COVERED = 0.8  # of the window's rows that a weighted estimate must speak for


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the labels of a model are: the curves, and the share of rows that ever get one."""

    horizon: timedelta
    curves: DelayCurves | None
    final_share: float


@dataclass(frozen=True, slots=True)
class Realised(Generic[S]):
    """The labels of one window.

    ``maturity`` is the share of the expected labels that came, ``coverage`` the share of rows that
    the figures speak for; ``weighted``: labels stand for those still to come. ``enough`` says
    whether figures may be judged.
    """

    state: S
    maturity: float
    coverage: float = 1.0
    weighted: bool = False

    @property
    def enough(self) -> bool:
        """Whether enough labels came, or those that came can stand for the others."""
        return self.coverage >= _COVERED if self.weighted else self.maturity >= _MATURE


def lateness_of(
    model: Model, reference: Sequence[WindowProfile], production: Sequence[WindowProfile]
) -> Lateness:
    """What the windows of production, and the label share of the reference, tell of lateness."""
    late = [profile for profile in production if _delays(profile) is not None]
    matured = _matured(model, late)
    curves = _curves([d for profile in matured if (d := _delays(profile)) is not None])
    finished = [profile.performance for profile in (matured or reference)]
    rows = sum(each.n for each in finished if each is not None)
    labelled = sum(each.labelled for each in finished if each is not None)
    return Lateness(model.label_horizon, curves, labelled / rows if labelled else 1.0)


def realised(
    profile: WindowProfile, lateness: Lateness
) -> Realised[Classified] | Realised[Regressed] | None:
    """The labels of a window, weighted where that is needed and possible; None where none came."""
    performance = profile.performance
    if performance is None or performance.labelled == 0:
        return None
    maturity, weights = _maturity(profile, lateness)
    if isinstance(performance, RegressionProfile):
        plain = _regressed(performance)
        if weights is None or performance.strata is None:
            return Realised(plain, maturity)
        weighted = _weighted_errors(plain, performance.strata, weights)
        return Realised(weighted, maturity, weights.coverage, weighted=True)
    counted = _classified(performance)
    if weights is None:
        return Realised(counted, maturity)
    return Realised(
        _weighted_classes(counted, performance, weights), maturity, weights.coverage, weighted=True
    )


def classified(profile: ClassificationProfile) -> Classified:
    """The sufficient statistics of a classifier's profile, as they are.

    Without scores where most of them are no probabilities: what is left speaks for the few rows
    whose score happens to lie in [0, 1]. Nor are there predictions then, if they were read off it.
    """
    confusion = profile.confusion.astype(np.float64)
    agree = (float(profile.previous_agree[0]), float(profile.previous_agree[1]))
    if not improbable(profile):
        histogram = profile.score_histogram.astype(np.float64)
        loss, brier = (
            Sums(float(profile.scored), *sums) for sums in (profile.log_loss, profile.brier)
        )
        scores = profile.score_sums
        return Classified(confusion, histogram, scores, loss, brier, agree, profile.labelled)
    if confusion.sum() <= _PROBABLE * profile.labelled:
        confusion = np.zeros_like(confusion)
    nothing, none = np.zeros(profile.score_histogram.shape), Sums(0.0, 0.0, 0.0)
    return Classified(confusion, nothing, nothing, none, none, agree, profile.labelled)


def improbable(profile: PerformanceProfile | None) -> bool:
    """Whether most scores of a classifier are missing or no probabilities (from 0 to 1)."""
    if not isinstance(profile, ClassificationProfile):
        return False
    return profile.invalid_score > _PROBABLE * profile.n


def regressed(profile: RegressionProfile) -> Regressed:
    """The sufficient statistics of a regressor's profile, as they are."""
    first, absolute, second, fourth = profile.moments
    grid = profile.error_binning
    largest = np.finfo(np.float64).max
    low, high = (
        np.clip(edge(profile.error_cells, grid.center, grid.scale), -largest, largest)
        for edge in (cell_low, cell_high)
    )
    return Regressed(
        Sums(float(profile.labelled), first, second),
        absolute,
        fourth,
        Sums(float(profile.ape[2]), profile.ape[0], profile.ape[1]),
        Sums(float(profile.labelled), *profile.label),
        low,
        high,
        profile.error_counts.astype(np.float64),
        profile.previous,
        profile.labelled,
    )


_classified = Memo(classified)
_regressed = Memo(regressed)


def _delays(profile: WindowProfile) -> DelayCounts | None:
    known = profile.performance is not None and profile.window is not None and profile.known_at
    return profile.performance.delays if known and profile.performance else None


def _age(profile: WindowProfile) -> float:
    """Seconds from the end of the window to when its profile was known; −∞ where unknown."""
    if profile.window is None or profile.known_at is None:
        return float("-inf")
    return (profile.known_at - profile.window.end).total_seconds()


def _matured(model: Model, late: Sequence[WindowProfile]) -> list[WindowProfile]:
    """Windows to which no more labels come: older than all delays but the slowest hundredth."""
    groups = [found for profile in late if (found := _delays(profile)) is not None]
    if not groups:
        return []
    counts = np.sum([group.counts for group in groups], axis=0)
    settled = settled_seconds(counts, groups[0].edges_seconds)
    enough = min(settled, model.label_horizon.total_seconds())
    return [profile for profile in late if _age(profile) >= enough]


def _curves(matured: Sequence[DelayCounts]) -> DelayCurves | None:
    if not any(group.counts.any() for group in matured):
        return None
    counts = np.sum([group.counts for group in matured], axis=0)
    return fit_delays(np.asarray(counts, np.int64), matured[0].edges_seconds)


def _maturity(profile: WindowProfile, lateness: Lateness) -> tuple[float, LateWeights | None]:
    held = profile.performance
    every_label = held is not None and held.labelled >= held.n
    if every_label or _age(profile) >= lateness.horizon.total_seconds():
        return 1.0, None
    weights = _weights(profile, lateness.curves)
    if weights is not None:
        # What came in full needs no weights: they would only add their own noise.
        return weights.maturity, weights if weights.maturity < 0.999 else None
    performance = profile.performance
    expected = lateness.final_share * performance.n if performance is not None else 0.0
    came = performance.labelled if performance is not None else 0
    return min(1.0, came / expected) if expected > 0.0 else 0.0, None


def _weights(profile: WindowProfile, curves: DelayCurves | None) -> LateWeights | None:
    delays = _delays(profile)
    window, known_at = profile.window, profile.known_at
    if curves is None or delays is None or window is None or known_at is None:
        return None
    if delays.arrived is None or delays.made is None:
        return None
    slices = len(delays.made)
    start = (known_at - window.start).total_seconds()
    oldest = start - window.length.total_seconds() * np.arange(slices) / slices
    return weigh(
        delays.arrived,
        delays.made,
        (oldest - window.length.total_seconds() / slices, oldest),
        curves,
    )


def _weighted_classes(
    plain: Classified, profile: ClassificationProfile, late: LateWeights
) -> Classified:
    fifths = profile.confusion_fifths
    classes = _by_class(plain.confusion, fifths, late.weights)
    confusion = plain.confusion * classes[:, None]
    if fifths is not None:
        confusion = np.einsum("iq,qij->ij", late.weights, fifths.astype(np.float64))
    factors = _score_weights(plain, late.weights, classes)
    weighted = replace(
        plain,
        confusion=confusion,
        histogram=plain.histogram * factors,
        score_sums=plain.score_sums * factors,
    )
    weighted = replace(
        weighted,
        log_loss=_shifted(plain.log_loss, _binned_log_loss(weighted), _binned_log_loss(plain)),
        brier=_shifted(plain.brier, _binned_brier(weighted), _binned_brier(plain)),
    )
    total = float(confusion.sum())
    if total <= 0.0:
        return plain.scaled(0.0)
    scaled = weighted.scaled(late.effective / total)
    share = late.effective / max(1.0, plain.n)
    return replace(
        scaled, log_loss=weighted.log_loss.scaled(share), brier=weighted.brier.scaled(share)
    )


def _by_class(confusion: Floats, fifths: npt.NDArray[np.int64] | None, weights: Floats) -> Floats:
    """The mean weight of the labels of each class, shape (C,)."""
    if fifths is None:
        return np.asarray(weights.mean(axis=1))
    seen = fifths.sum(axis=2).T.astype(np.float64)
    return np.asarray((weights * seen).sum(axis=1) / np.maximum(1.0, confusion.sum(axis=1)))


def _score_weights(plain: Classified, weights: Floats, classes: Floats) -> Floats:
    """What every cell of the histogram stands for: by label, and for binary by fifth of score."""
    rows, bins, _ = plain.histogram.shape
    factors = np.empty((rows, bins, 2))
    if rows == 1:
        fifth = np.arange(bins) * weights.shape[1] // bins
        factors[0, :, 0], factors[0, :, 1] = weights[0, fifth], weights[-1, fifth]
        return factors
    labelled = plain.confusion.sum(axis=1)
    for k in range(rows):
        others = labelled * (np.arange(len(labelled)) != k)
        factors[k, :, 1] = classes[k]
        factors[k, :, 0] = (others @ classes) / max(1.0, float(others.sum()))
    return factors


def _shifted(exact: Sums, weighted: float | None, plain: float | None) -> Sums:
    """The exact sums moved by what the weights move the binned mean."""
    if weighted is None or plain is None or plain <= 0.0:
        return exact
    factor = weighted / plain
    return Sums(exact.n, exact.first * factor, exact.second * factor)


def _binned_log_loss(state: Classified) -> float | None:
    """The mean log loss as if all scores of a bin were equal."""
    counts = state.histogram
    mean = np.clip(state.score_sums / np.where(counts > 0.0, counts, 1.0), 1e-15, 1.0 - 1e-15)
    total = counts[0].sum() if len(counts) == 1 else counts[:, :, 1].sum()
    if total <= 0.0:
        return None
    loss = -(counts[:, :, 1] * np.log(mean[:, :, 1])).sum()
    if len(counts) == 1:
        loss -= (counts[0, :, 0] * np.log1p(-mean[0, :, 0])).sum()
    return float(loss / total)


def _binned_brier(state: Classified) -> float | None:
    """The mean Brier score as if all scores of a bin were equal."""
    counts = state.histogram
    if len(counts) == 0 or counts[0].sum() <= 0.0:
        return None
    mean = state.score_sums / np.where(counts > 0.0, counts, 1.0)
    square = (counts * (mean - np.array([0.0, 1.0])) ** 2).sum(axis=(1, 2))
    return float((square / counts.sum(axis=(1, 2))).sum())


def _weighted_errors(plain: Regressed, strata: Floats, late: LateWeights) -> Regressed:
    """The sums of every fifth of the label times its weight. The error grid stays as it is."""
    weighted = (strata * late.weights[:, :1]).sum(axis=0)
    if weighted[0] <= 0.0:
        return plain
    n, first, absolute, second, fourth, ape, ape2, nonzero, label, label2 = (
        weighted * late.effective / weighted[0]
    ).tolist()
    return replace(
        plain,
        error=Sums(n, first, second),
        absolute=absolute,
        fourth=fourth,
        relative=Sums(nonzero, ape, ape2),
        label=Sums(n, label, label2),
    )
