"""How many days of false alarms does a model cost, and how often is a real change seen.

Through `watchkeeper.compare`, as a user would. Each model has 50 features, a reference of 56 days
and 90 days that are judged, all monitors on. Gates: at the default materiality at most 2 false
alert-days per 90 for a budget of 1; with the gate off (materiality 0) between 0.3 and 2, and 3
features that move by 0.3 sd are seen on at least 90 % of the days.

    python benchmarks/false_alarms.py [--models 6] [--rows 1000] [--seed 0] [--streams iid weekly]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from watchkeeper.domain.verdict import Status
from watchkeeper.reports.compare import compare
from watchkeeper.testing.streams import STREAMS, Shift, Stream

_REFERENCE_DAYS, _JUDGED_DAYS = 56, 90
_MOST, _LEAST, _POWER = 2.0, 0.3, 0.9
_FEWER = 3  # times as many windows take as many times as long: fewer models by the hour


def main() -> int:
    """Measure every stream, print a table, and say 1 where a gate is missed."""
    wanted = _arguments()
    missed = 0
    for kind in wanted.streams:
        days = {0.02: [], 0.0: []}
        started = time.perf_counter()
        models = max(2, wanted.models // _FEWER) if kind == "hourly" else wanted.models
        for model in range(models):
            for materiality, found in days.items():
                stream = _stream(kind, wanted, wanted.seed * 1000 + model)
                found.append(_alert_days(stream, materiality))
        gated, free = (np.mean(days[m]) for m in (0.02, 0.0))
        # A mean of few models is itself uncertain: a gate is missed where two standard errors say so.
        slack = 2.0 * np.std(days[0.0], ddof=1) / np.sqrt(models) if models > 1 else 1.0
        word = _word(gated, free, slack)
        missed += word != "ok"
        print(
            f"{kind:8} {wanted.rows:6,} rows/window  false days per 90: default {gated:.2f}, "
            f"gate off {free:.2f} ± {slack / 2:.2f}  {word}  "
            f"[{models} models, {time.perf_counter() - started:.0f} s]",
            flush=True,
        )
    return int(bool(missed + _power(wanted)))


def _word(gated: float, free: float, slack: float) -> str:
    """Whether the means keep the gates; where they do not and are too uncertain to tell, that."""
    if gated <= _MOST and _LEAST <= free <= _MOST:
        return "ok"
    sure = gated > _MOST + slack or not _LEAST - slack <= free <= _MOST + slack
    return "MISSED" if sure else "UNDECIDED: more models are needed"


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


def _alert_days(stream: Stream, materiality: float) -> int:
    per_day = stream.windows // (_REFERENCE_DAYS + _JUDGED_DAYS)
    cut = _REFERENCE_DAYS * per_day
    report = compare(stream.table(0, cut), stream.table(cut), stream.model(materiality=materiality))
    return len({v.window.start.date() for v in report.verdicts if v.status is Status.ALERT})


def _power(wanted: argparse.Namespace) -> bool:
    stream = _stream("weekly", wanted, wanted.seed, Shift(3, 0.3, _REFERENCE_DAYS))
    seen = _alert_days(stream, 0.0) / _JUDGED_DAYS
    print(f"weekly, 3 of {wanted.features} features moved by 0.3 sd: seen on {seen:.0%} of days")
    return wanted.rows >= 1000 and seen < _POWER


if __name__ == "__main__":
    sys.exit(main())
