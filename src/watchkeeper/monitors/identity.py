"""Stable names of verdicts, and what they were computed from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

from watchkeeper.domain.model import Model
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import Series

__all__ = ["config_hash", "verdict_id"]


def config_hash(model: Model) -> str:
    """The fingerprint of a definition: equal definitions have equal ones, whatever is told of what
    to do.
    """
    told = asdict(model)
    del told["depends_on"]
    for spec in told["monitors"]:
        del spec["runbook"]
    text = json.dumps(told, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def verdict_id(
    model: str, series: Series, window: Window | None, *, inputs: tuple[str, ...]
) -> str:
    """The name of a verdict: the same series, window and inputs always give the same one."""
    parts: tuple[str | None, ...] = (
        model,
        series.monitor,
        series.what,
        series.column,
        series.segment,
        series.version,
        series.arm,
        str(window),
        *inputs,
    )
    # repr keeps None apart from "None", and quotes what a name may hold.
    return "vd_" + hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
