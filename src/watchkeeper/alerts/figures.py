"""Figures of alerts as people read them: in their unit, beside what is usual or allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from watchkeeper.domain.alert import Alert

__all__ = ["big", "in_unit", "length", "moment", "series", "unit_of", "usual", "usual_value"]

_SHARES = ("_rate", "drift", "creep", "constant")
_ELSEWHERE = ("drift", "creep")
_UNITS = {"volume": "rows", "missing_rows": "rows", "unaccounted_rows": "rows"} | {
    "clock_skew": "seconds",
    "hours_until_full": "hours",
}


def series(alert: Alert) -> str:
    """Which figure of what: ``missing rate of temp at origin=EWR``."""
    name = "slow change" if alert.what == "creep" else alert.what.replace("_", " ")
    subject = f"{name} of {alert.column}" if alert.column else name
    version = f" of version {alert.version}" if alert.version else ""
    return f"{subject}{version}" + (f" at {alert.segment}" if alert.segment else "")


def big(alert: Alert) -> str:
    """How big it is, beside what was to be expected; empty where there is no figure."""
    value = alert.facts.get("value")
    if not isinstance(value, int | float):
        return ""
    where = " of rows elsewhere" if alert.what in _ELSEWHERE else ""
    beside = usual(alert)
    return f"{in_unit(value, unit_of(alert))}{where}{', ' + beside if beside else ''}"


def usual(alert: Alert) -> str:
    """What is usual, or allowed, in words; empty where nothing is said of it."""
    found = _beside(alert)
    return "" if found is None else f"{found[0]} {in_unit(found[1], unit_of(alert))}"


def usual_value(alert: Alert) -> float | None:
    """What is usual, or allowed, as a number."""
    found = _beside(alert)
    return None if found is None else found[1]


_BESIDE: Mapping[str, tuple[str, ...]] = {
    "usually": ("reference", "expected"),
    "allowed": ("limit",),
    "at most": ("above",),
    "at least": ("below",),
}


def _beside(alert: Alert) -> tuple[str, float] | None:
    effect = _mapping(alert.facts.get("effect"))
    for words, names in _BESIDE.items():
        for name in names:
            found = effect.get(name)
            if isinstance(found, int | float) and not isinstance(found, bool):
                return words, float(found)
    return None


def unit_of(alert: Alert) -> str:
    """The unit of the alert's figure, or an empty text."""
    said = _mapping(alert.facts.get("effect")).get("unit")
    if isinstance(said, str):
        return said
    if alert.what.endswith(_SHARES):
        return "share"
    return "ms" if alert.what.startswith("latency") else _UNITS.get(alert.what, "")


def in_unit(value: float, unit: str) -> str:
    """A figure with its unit.

    >>> in_unit(0.1151, "share"), in_unit(705, "rows"), in_unit(0.61234, "")
    ('11.5 %', '705 rows', '0.6123')
    """
    if unit == "share":
        percent = 100.0 * value
        if percent and abs(percent) < 1.0:
            return f"{percent:.2g} %"
        return f"{percent:.1f}".removesuffix(".0") + " %"
    whole = value == int(value) or abs(value) >= 1000.0 or unit == "rows"
    return (f"{value:,.0f}" if whole else f"{value:.4g}") + (f" {unit}" if unit else "")


def moment(at: datetime) -> str:
    """A moment in UTC, to the minute."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def length(span: timedelta) -> str:
    """A length of time in its two largest units.

    >>> length(timedelta(hours=26, minutes=5)), length(timedelta(seconds=20))
    ('1 d 2 h', '0 min')
    """
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {left} min" if hours and left else f"{hours} h" if hours else f"{left} min"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
