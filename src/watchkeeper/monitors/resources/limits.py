"""Limits: a resource that is used up, or nearly, by rules outside the alarm budget.

Option ``limits`` sets them otherwise, ``{disk_used_share: 0.8}``, for columns of one's own too
(their highest value in the window), and takes one away with null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from watchkeeper.domain.model import ColumnType, Model, MonitorSpec
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.figures import Reading, read
from watchkeeper.monitors.words import number, share

__all__ = ["HOURS_UNTIL_FULL", "RULES", "Rule", "limits", "own_limits", "shown"]

HOURS_UNTIL_FULL = "hours_until_full"


@dataclass(frozen=True, slots=True)
class Rule:
    """``figure`` of the column (max, mean, a quantile) must not lie above ``above``; above
    ``critical`` it is critical. ``words`` say what it would mean.
    """

    figure: str
    above: float
    critical: float | None
    words: str


RULES: Mapping[str, Rule] = {
    "cgroup_memory_used_share": Rule(
        "max", 0.90, 0.97, "beyond its limit the container's processes are killed"
    ),
    "cgroup_out_of_memory_kills": Rule("max", 0.0, 0.0, "processes were killed for want of memory"),
    "cgroup_cpu_throttled_share": Rule(
        "mean", 0.25, None, "its processor quota makes the container wait"
    ),
    "memory_used_share": Rule("max", 0.95, 0.99, "the machine runs out of memory"),
    "disk_used_share": Rule("max", 0.90, 0.97, "the fullest file system is nearly full"),
    "process_open_files_share": Rule(
        "max", 0.80, 0.95, "beyond its limit the process can open no file or connection"
    ),
    "gpu_memory_used_share": Rule("max", 0.98, None, "beyond it the card refuses what it is asked"),
    "gpu_temperature_celsius": Rule("p95", 90.0, None, "cards this hot slow themselves down"),
    "cpu_stolen_share": Rule("mean", 0.10, None, "other virtual machines take the processors"),
}


def limits(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Hold every resource of every window against its rule."""
    for column, rule in _rules(spec, model).items():
        had = any(_has(profile, column) for profile in history.week)
        for profile in current:
            if had or _has(profile, column):  # what a host never had is not missing
                yield _held(Series(spec.name, "limit", column=column), rule, profile, model)


def own_limits(spec: MonitorSpec, model: Model) -> Mapping[str, float | None]:
    """The option ``limits``; InvalidDefinition where it is none."""
    given = spec.options.get("limits", {})
    if not isinstance(given, Mapping):
        raise InvalidDefinition(
            f"option limits of monitor {spec.name!r} must map columns to numbers, got {given!r}"
        )
    for column, limit in given.items():
        numeric = isinstance(limit, int | float) and not isinstance(limit, bool)
        if limit is not None and not numeric:
            raise InvalidDefinition(
                f"the limit of {column!r} in monitor {spec.name!r} must be a number or null, "
                f"got {limit!r}"
            )
        if column != HOURS_UNTIL_FULL and model.column(column).type is not ColumnType.NUMERIC:
            raise InvalidDefinition(f"a limit is of a numeric column, {column!r} is none")
    return {str(column): limit for column, limit in given.items()}


def shown(column: str, value: float) -> str:
    """A value with the unit that its column's name says.

    >>> shown("disk_used_share", 0.912), shown("process_memory_bytes", 3.2e9)
    ('91.2 %', '3.2 GB')
    """
    if column.endswith("_share"):
        return share(value)
    unit = _unit(column)
    if "bytes" in column:
        for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= size:
                return f"{value / size:.3g} {name}{unit}"
        return f"{value:.0f} B{unit}"
    return f"{number(value)}{unit}"


def _unit(column: str) -> str:
    ends = {
        "_per_second": "/s",
        "_celsius": " °C",
        "_watts": " W",
        "_cores": " cores",
    }
    return next((unit for end, unit in ends.items() if column.endswith(end)), "")


def _rules(spec: MonitorSpec, model: Model) -> dict[str, Rule]:
    own = own_limits(spec, model)
    numeric = [column.name for column in model.columns if column.type is ColumnType.NUMERIC]
    wanted = [name for name in numeric if not spec.columns or name in spec.columns]
    found = {name: RULES[name] for name in wanted if name in RULES}
    for column, limit in own.items():
        if limit is None:
            found.pop(column, None)
        elif column != HOURS_UNTIL_FULL:
            rule = found.get(column, Rule("max", limit, None, "its limit in the definition"))
            found[column] = replace(rule, above=limit, critical=None)
    return found


def _has(profile: WindowProfile, column: str) -> bool:
    held = profile.columns.get(column)
    return isinstance(held, NumericProfile) and bool(held.counts.any())


def _held(series: Series, rule: Rule, profile: WindowProfile, model: Model) -> Evidence:
    column = str(series.column)
    found = read(Reading(rule.figure, column), profile, model)
    if found.value is None:
        message = f"{_name(column)}: not sampled in this window"
        return Evidence(series, profile.window, Status.INSUFFICIENT_DATA, message, n=found.n)
    crossed = found.value > rule.above
    critical = rule.critical is not None and found.value > rule.critical
    message = (
        f"{_name(column)} {_FIGURES.get(rule.figure, rule.figure)} {shown(column, found.value)}"
    )
    if crossed:
        message += f", above the limit {shown(column, rule.above)}: {rule.words}"
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.ALERT if crossed else Status.OK,
        message=message,
        n=found.n,
        value=found.value,
        low=found.low,
        high=found.high,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        effect={"above": rule.above},
        profiles=(profile.id,) if profile.id else (),
    )


_FIGURES = {"max": "reached", "mean": "was on average", "p95": "was in the hottest 5 % above"}


def _name(column: str) -> str:
    return column.removesuffix("_share").replace("_", " ")
