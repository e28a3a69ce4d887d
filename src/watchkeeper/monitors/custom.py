"""A user's own metric as a monitor: its value is measured with the profile and judged here.

::

    - {name: fare_per_km, type: custom, options: {sql: "sum(fare) / sum(km)", above: 9}}
    - {name: late_share, type: custom, options: {sql: "avg(late)", sd: 4}}

`measure` computes the values of a window's rows for `WindowProfile.figures`; the monitor holds them
against ``above``/``below`` or, without these, against the baseline like a `deviation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidDefinition, WatchkeeperError
from watchkeeper.monitors.deviation import deviates
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.expression import check_expression, evaluate_expression
from watchkeeper.monitors.rule import readers_of
from watchkeeper.monitors.static import within

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["columns_read", "custom", "measure"]


def custom(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Judge the metric of every window that it was measured in."""
    check_expression(_sql(spec), model)
    name = f"custom:{spec.name}"
    yield from _failed(spec, current)
    measured = [p for p in current if not isinstance(p.figures.get(spec.name, ""), str)]
    for reader in readers_of(spec, model, windows=(measured, history), figure=name):
        if "above" in spec.options or "below" in spec.options:
            yield from within(reader, measured)
        else:
            yield from deviates(reader, measured, history)


def measure(model: Model, rows: pa.Table) -> dict[str, float | str | None]:
    """The values of all the model's own metrics over a window's rows, by monitor name.

    None where one has no value (no rows, a division by zero); where one fails, what it said, which
    the monitor tells as an error.
    """
    found: dict[str, float | str | None] = {}
    for spec in model.monitors:
        if spec.kind == "custom" and spec.enabled:
            try:
                found[spec.name] = evaluate_expression(_sql(spec), rows, model)
            except WatchkeeperError as error:
                found[spec.name] = str(error)
    return found


def columns_read(model: Model) -> tuple[str, ...]:
    """The columns that the model's own metrics read, of those that can be understood."""
    read: dict[str, None] = {}
    for spec in model.monitors:
        if spec.kind == "custom" and spec.enabled:
            with suppress(WatchkeeperError):
                read |= dict.fromkeys(check_expression(_sql(spec), model).columns)
    return tuple(read)


def _failed(spec: MonitorSpec, current: Sequence[WindowProfile]) -> Iterator[Evidence]:
    for profile in current:
        said = profile.figures.get(spec.name)
        if isinstance(said, str):
            yield Evidence(
                series=Series(spec.name, f"custom:{spec.name}"),
                window=profile.window,
                status=Status.ERROR,
                message=f"metric {spec.name!r}: {said}",
                n=profile.rows,
                profiles=(profile.id,) if profile.id else (),
            )


def _sql(spec: MonitorSpec) -> str:
    sql = spec.options.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        raise InvalidDefinition(
            f"monitor {spec.name!r} needs the option sql, an aggregate such as avg(fare), got {sql!r}"
        )
    return sql
