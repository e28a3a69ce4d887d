"""What rules on a figure share: reading it from a specification, window by window.

Option ``figure`` names it (`watchkeeper.monitors.figures`); ``columns`` says of which columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.figures import Reading, read, reading_of
from watchkeeper.monitors.realised import Lateness, lateness_of
from watchkeeper.monitors.words import number
from watchkeeper.stats.estimate import Estimate

__all__ = ["Reader", "option_number", "readers_of", "shown"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one figure of any window of one slice."""

    spec: MonitorSpec
    model: Model
    reading: Reading
    lateness: Lateness

    @property
    def series(self) -> Series:
        """What is followed over time."""
        return Series(self.spec.name, self.reading.name, column=self.reading.column)

    def read(self, profile: WindowProfile) -> Estimate:
        """The figure of a window."""
        return read(self.reading, profile, self.model, self.lateness)


def readers_of(
    spec: MonitorSpec,
    model: Model,
    *,
    windows: tuple[Sequence[WindowProfile], History],
    figure: str | None = None,
) -> Iterator[Reader]:
    """One reader per column of the specification, or one of the window itself."""
    current, history = windows
    name = figure if figure is not None else spec.options.get("figure")
    if not isinstance(name, str) or not name:
        raise InvalidDefinition(
            f"monitor {spec.name!r} needs the option figure, such as missing_rate, got {name!r}"
        )
    lateness = lateness_of(model, history.reference, (*history.recent, *current))
    for column in (None,) if figure is not None or not spec.columns else spec.columns:
        yield Reader(spec, model, reading_of(name, column, model), lateness)


def option_number(spec: MonitorSpec, name: str) -> float | None:
    """A numeric option; None where it is not given, InvalidDefinition where it is no number."""
    value = spec.options.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - NaN
        raise InvalidDefinition(
            f"option {name} of monitor {spec.name!r} must be a number, got {value!r}"
        )
    return float(value)


def shown(reader: Reader, profile: WindowProfile, estimate: Estimate) -> Evidence:
    """The figure as evidence that says nothing yet; INSUFFICIENT_DATA where it does not exist."""
    of = f"{reader.reading.column}: " if reader.reading.column else ""
    title = f"{of}{reader.reading.name.replace('_', ' ')}"
    value = estimate.value
    return Evidence(
        series=reader.series,
        window=profile.window,
        status=Status.INSUFFICIENT_DATA if value is None else Status.OK,
        message=f"{title} does not exist in this window"
        if value is None
        else f"{title} {number(value)}",
        n=estimate.n,
        value=value,
        low=estimate.low,
        high=estimate.high,
        severity=Severity(reader.spec.severity),
        profiles=(profile.id,) if profile.id else (),
    )
