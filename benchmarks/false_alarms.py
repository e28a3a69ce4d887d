"""How many days of false alarms does a model cost, and how often is a real change seen.

Through `watchkeeper.compare`, as a user would. Each model has 50 features, a reference of 56 days
and 90 days that are judged, all monitors on. Gates: at the default materiality at most 2 false
alert-days per 90 for a budget of 1; with the gate off (materiality 0) between 0.3 and 2, and 3
features that move by 0.3 sd are seen on at least 90 % of the days. Where a mean lies beyond a gate
by no more than luck allows (two standard errors), more models are run, up to three times as many;
then the mean decides.

    python benchmarks/false_alarms.py [--models 6] [--rows 1000] [--seed 0] [--streams iid weekly]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.verdict import Status
from watchkeeper.reports.compare import compare
from watchkeeper.testing.streams import STREAMS, Shift, Stream

_REFERENCE_DAYS, _JUDGED_DAYS = 56, 90
_MOST, _LEAST, _POWER = 2.0, 0.3, 0.9
_MATERIALITIES = (0.02, 0.0)
_ROUNDS = 3  # of models, as long as a stream is undecided

Floats = npt.NDArray[np.float64]


def main() -> int:
    """Measure every stream, print a table, and say 1 where a gate is missed."""
    wanted = _arguments()
    # A process each: one thread of a library less to fight over the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        missed = sum([not _measured(pool, kind, wanted) for kind in wanted.streams])
    return int(bool(missed + _power(wanted)))


def _measured(pool: Executor, kind: str, wanted: argparse.Namespace) -> bool:
    """Whether the stream keeps its gates; prints its line."""
    days: list[tuple[int, ...]] = []
    word, started = "", time.perf_counter()
    for at in range(_ROUNDS):
        seeds = [wanted.seed * 1000 + at * wanted.models + i for i in range(wanted.models)]
        days += pool.map(_alert_days, [_stream(kind, wanted, seed) for seed in seeds])
        gated, free = np.array(days, np.float64).T
        word = _word(gated, free)
        if word:
            break
    word = word or ("ok" if _within(gated.mean(), free.mean()) else "MISSED")
    print(
        f"{kind:8} {wanted.rows:6,} rows/day  false days per 90: default {_told(gated)}, "
        f"gate off {_told(free)}  {word}  "
        f"[{len(days)} models, {time.perf_counter() - started:.0f} s]",
        flush=True,
    )
    return word == "ok"


def _told(days: Floats) -> str:
    return f"{days.mean():.2f} ± {_error(days):.2f}"


def _error(days: Floats) -> float:
    """The standard error of the mean; of no less than one day in all, which might be luck too."""
    spread = float(days.std(ddof=1)) if len(days) > 1 else 1.0
    return max(spread / np.sqrt(len(days)), 1.0 / len(days))


def _within(gated: float, free: float) -> bool:
    return gated <= _MOST and _LEAST <= free <= _MOST


def _word(gated: Floats, free: Floats) -> str:
    """Whether the means keep the gates; empty where they do not and may have been unlucky."""
    if _within(gated.mean(), free.mean()):
        return "ok"
    luck = 2.0 * _error(free)
    sure = (
        gated.mean() > _MOST + 2.0 * _error(gated)
        or not _LEAST - luck <= free.mean() <= _MOST + luck
    )
    return "MISSED" if sure else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=6)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--streams", nargs="*", default=list(STREAMS))
    return parser.parse_args()


def _stream(kind: str, wanted: argparse.Namespace, seed: int, shift: Shift | None = None) -> Stream:
    per_day = 24 if kind == "hourly" else 1
    windows = (_REFERENCE_DAYS + _JUDGED_DAYS) * per_day
    rows = max(wanted.rows // per_day, 1)
    return Stream(kind, rows, seed, windows, wanted.features, shift)


def _alert_days(stream: Stream, materialities: Sequence[float] = _MATERIALITIES) -> tuple[int, ...]:
    """The judged days with an alarm, at each materiality."""
    per_day = stream.windows // (_REFERENCE_DAYS + _JUDGED_DAYS)
    cut = _REFERENCE_DAYS * per_day
    before, now = stream.table(0, cut), stream.table(cut)
    found = []
    for materiality in materialities:
        report = compare(before, now, stream.model(materiality=materiality))
        alarms = (v for v in report.verdicts if v.status is Status.ALERT)
        found.append(len({v.window.start.date() for v in alarms if v.window is not None}))
    return tuple(found)


def _power(wanted: argparse.Namespace) -> bool:
    """Whether a real change is seen too seldom; prints how often."""
    stream = _stream("weekly", wanted, wanted.seed, Shift(3, 0.3, _REFERENCE_DAYS))
    seen = _alert_days(stream, (0.0,))[0] / _JUDGED_DAYS
    print(f"weekly, 3 of {wanted.features} features moved by 0.3 sd: seen on {seen:.0%} of days")
    return wanted.rows >= 1000 and seen < _POWER


if __name__ == "__main__":
    sys.exit(main())
