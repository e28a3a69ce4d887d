"""What each figure of a verdict means: every ``what`` that the built-in monitors say.

Performance figures are named like their metric (`watchkeeper.stats.performance.catalogue`), with
the class behind a colon where they have one; a metric of your own is ``custom:NAME``; static and
deviation monitors say the name of the figure that they are set on (`watchkeeper.monitors.figures`).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANINGS"]

# kind of monitor → figure → (unit, meaning)
MEANINGS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "quality": {
        "schema": ("", "a column went, came, or changed its type; outside the budget"),
        "volume": (
            "rows",
            "how many rows came, against the season (on a holiday: against holidays); none at all where there always were some is outside the budget",
        ),
        "missing_rows": (
            "rows",
            "rows that a client numbered and that never arrived, or that it could not keep; outside the budget, and taken back where they arrive after all",
        ),
        "unaccounted_rows": (
            "rows",
            "received less accepted, duplicate and rejected: anything but 0, or a day that differs from what is stored, is a fault of the server; outside the budget",
        ),
        "clock_skew": (
            "seconds",
            "how far the clock of the worst client is ahead (negative: behind); more than a minute for sure is outside the budget",
        ),
        "missing_rate": ("share", "nulls among the rows"),
        "invalid_rate": (
            "share",
            "values that cannot be read as the column's type; the first ever is outside the budget",
        ),
        "non_finite_rate": ("share", "NaN and ±∞ in a numeric column"),
        "out_of_range_rate": ("share", "values outside the bounds or categories that you stated"),
        "outlier_rate": (
            "share",
            "values beyond the 0.1 % and 99.9 % quantiles of the baseline, or one farther out than its tail can explain",
        ),
        "unseen_rate": (
            "share",
            "categories that the baseline never had, against how often new ones came in it",
        ),
        "constant": (
            "share",
            "a column that varied and is one value now, or was one value and varies now",
        ),
        "duplicate_rate": ("share", "rows that repeat another one in every column"),
        "duplicate_id_rate": ("share", "rows that repeat another one's prediction id"),
        "stale_rate": ("share", "timestamps long past when the row was received"),
        "future_rate": ("share", "timestamps ahead of when the row was received"),
    },
    "drift": {
        "drift": (
            "share",
            "rows that lie elsewhere than in the same season of the baseline (on a holiday: than on its holidays): total variation distance without what noise adds",
        ),
        "creep": (
            "share",
            "rows of the last seven days that lie elsewhere than in the reference itself; outside the budget",
        ),
    },
    "service": {
        "error_rate": ("share", "requests that failed"),
        "throughput": ("requests", "in the window, as the model's own server counts them"),
        "latency_mean": ("ms", "mean time to answer, of servers that tell no more than that"),
        "latency_p50": ("ms", "half of the answers took longer than this"),
        "latency_p95": ("ms", "one answer in 20 took longer than this"),
        "latency_p99": ("ms", "one answer in 100 took longer than this"),
    },
    "resources": {
        "limit": (
            "of the column",
            "a resource is used up, or nearly: its figure lies above its limit; outside the budget",
        ),
        "hours_until_full": (
            "hours",
            "until the fullest disk is full, at the rate of the last three hours or of the last day; outside the budget",
        ),
        "level": ("of the column", "the mean of the samples, against the same season"),
    },
    "worker": {
        "error": ("", "the window could not be judged; it is tried again at the next full hour"),
    },
}
