"""How the model answers: latency quantiles, and the share of requests that failed.

Latency is judged on the log scale (a service that takes twice as long is as much worse at 5 ms as
at 500), with the sampling variance of the quantile from the ranks around it. Where the reference
holds no latency or no errors (training data has none), only the rolling windows are judged
against, and the verdict is insufficient data before there are four of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import Basis, basis_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.quality.rates import Fault, Yardstick, judge_rate
from watchkeeper.monitors.served import LEAST_COVERAGE, told_by_server
from watchkeeper.monitors.words import number
from watchkeeper.stats.grid import value_of
from watchkeeper.stats.variation import Variation

__all__ = ["latency_quantile", "service"]

_QUANTILES = ((0.5, "latency_p50"), (0.95, "latency_p95"), (0.99, "latency_p99"))
_FEWEST_BEYOND = 10  # answers that must lie beyond a quantile for it to be a figure
_MATERIAL = math.log(1.2)
_CRITICAL = math.log(2.0)
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class _Quantile:
    """A quantile of the latency in ms with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int

    @property
    def variance(self) -> float:
        """The sampling variance of its logarithm."""
        return (math.log(self.high / self.low) / (2.0 * _Z95)) ** 2


def service(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Latency and error rate of every window that has them. Throughput is the volume check, but
    where the model's server itself was asked: there it is judged here.
    """
    answered = [profile for profile in current if profile.service is not None]
    measured = [profile for profile in answered if _covered(profile)]
    basis = basis_of(history, model.timezone, _covered)
    for profile in answered:
        if not _covered(profile):
            yield _not_measured(Series(spec.name, "throughput"), profile)
    yield from _errors(spec, model, measured, basis)
    for share, what in _QUANTILES:
        yield from _latency(Series(spec.name, what), share, measured, basis)
    yield from told_by_server(spec, measured, basis)


def _covered(profile: WindowProfile) -> bool:
    """Whether how it answered is known of enough of the window."""
    found = profile.service
    return found is not None and (
        found.elsewhere is None or found.elsewhere.coverage >= LEAST_COVERAGE
    )


def _not_measured(series: Series, profile: WindowProfile) -> Evidence:
    held = profile.service.elsewhere if profile.service else None
    source, covered = (held.source, held.coverage) if held else ("", 0.0)
    message = (
        f"the source {source} tells of {100 * covered:.0f} % of this window, too little to say"
    )
    return Evidence(series, profile.window, Status.INSUFFICIENT_DATA, message, n=0)


def latency_quantile(latency: NumericProfile, share: float) -> tuple[float, float, float] | None:
    """The quantile of that ``share`` in ms with its 95 % interval, to the 1 % of the grid.

    None where fewer than ten answers lie beyond it on either side.
    """
    found = _quantile(latency, share)
    return None if found is None else (found.value, found.low, found.high)


def _quantile(latency: NumericProfile, share: float) -> _Quantile | None:
    n = int(latency.counts.sum())
    if n * min(share, 1.0 - share) < _FEWEST_BEYOND:
        return None
    half = _Z95 * math.sqrt(share * (1.0 - share) / n)
    reached = np.cumsum(latency.counts) / n
    wanted = np.clip([share, share - half, share + half], 0.0, 1.0)
    cells = np.minimum(np.searchsorted(reached, wanted), len(reached) - 1)
    binning = latency.binning
    points = value_of(latency.cells[cells], binning.center, binning.scale)
    value, low, high = (max(1e-9, float(point)) for point in points)
    return _Quantile(value, min(low, value), max(high, value), n)


def _window_quantile(profile: WindowProfile, share: float) -> _Quantile | None:
    if profile.service is None or profile.service.latency is None:
        return None
    return _quantile(profile.service.latency, share)


def _latency(
    series: Series, share: float, current: Sequence[WindowProfile], basis: Basis
) -> Iterator[Evidence]:
    def figure(profile: WindowProfile) -> tuple[float, float] | None:
        found = _window_quantile(profile, share)
        return None if found is None else (math.log(found.value), found.variance)

    normal = basis.figure(figure)
    for profile in current:
        found = _window_quantile(profile, share)
        if found is None:
            if profile.service is not None and profile.service.latency is not None:
                yield _too_few(series, profile)
        elif normal is None:
            yield _no_history(series, profile, found)
        else:
            yield _judge(series, profile, found, normal, season=basis.seasons.of(profile.window))


def _judge(
    series: Series, profile: WindowProfile, found: _Quantile, normal: Variation, *, season: int
) -> Evidence:
    expected = normal.expected(season)[0]
    change = math.log(found.value) - expected
    sure = max(math.log(found.low) - expected, expected - math.log(found.high))
    p_value = normal.p_value(math.log(found.value), found.variance, season)
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=(
            f"{_name(series)} {number(found.value)} ms over {found.n:,} answers, "
            f"{number(math.exp(expected))} ms before"
        ),
        n=found.n,
        value=found.value,
        low=found.low,
        high=found.high,
        p_value=p_value,
        reference_p_values=normal.reference_p_values,
        material=sure > _MATERIAL,
        severity=Severity.CRITICAL if change >= _CRITICAL else Severity.WARNING,
        effect={"reference": math.exp(expected), "p_value": p_value},
        profiles=(profile.id,) if profile.id else (),
    )


def _too_few(series: Series, profile: WindowProfile) -> Evidence:
    message = f"{_name(series)}: too few answers in this window for this quantile"
    return Evidence(series, profile.window, Status.INSUFFICIENT_DATA, message, n=profile.rows)


def _no_history(series: Series, profile: WindowProfile, found: _Quantile) -> Evidence:
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.INSUFFICIENT_DATA,
        message=(
            f"{_name(series)} {number(found.value)} ms over {found.n:,} answers; fewer than four "
            "earlier windows with latencies to know what is normal"
        ),
        n=found.n,
        value=found.value,
        low=found.low,
        high=found.high,
    )


def _errors(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], basis: Basis
) -> Iterator[Evidence]:
    fault = Fault("error_rate", "failed")
    normal = basis.rate(_failed)
    for profile in current:
        counted = _failed(profile)
        series = Series(spec.name, fault.what)
        if counted is None:
            continue
        if normal is None:
            message = (
                f"{counted[0]:,} of {counted[1]:,} requests failed; no earlier windows to compare"
            )
            yield Evidence(series, profile.window, Status.INSUFFICIENT_DATA, message, n=counted[1])
        else:
            yield judge_rate(
                Yardstick(fault, normal, basis, model.materiality), series, profile, counted
            )


def _failed(profile: WindowProfile) -> tuple[int, int] | None:
    found = profile.service
    if found is None or found.requests == 0:
        return None
    known = found.elsewhere is None or found.elsewhere.errors_known
    return (found.errors, found.requests) if known else None


def _name(series: Series) -> str:
    return series.what.replace("_", " ")
