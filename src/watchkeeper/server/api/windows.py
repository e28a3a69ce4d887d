"""A model's windows, verdicts, drift map, distributions, performance and service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from watchkeeper.domain.verdict import Status
from watchkeeper.server.api.dependencies import Cursor, End, HubOf, Limit, Reader, Start
from watchkeeper.server.views.asked import Range, VerdictsAsked
from watchkeeper.server.wire.distributions import Distribution
from watchkeeper.server.wire.drift import Drifted, DriftMap
from watchkeeper.server.wire.envelope import Envelope, VerdictWire
from watchkeeper.server.wire.performance import Performance
from watchkeeper.server.wire.service import Service
from watchkeeper.server.wire.timeline import Timeline
from watchkeeper.server.wire.windows import WindowRow

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models/{model}", tags=["windows"])


@router.get("/windows")
def list_windows(
    hub: HubOf, _: Reader, model: str, start: Start = None, end: End = None
) -> Envelope[list[WindowRow]]:
    """The windows, oldest first, with what became of their rows."""
    return Envelope(data=hub.series.windows(model, Range(start, end)))


@router.get("/timeline")
def get_timeline(
    hub: HubOf, _: Reader, model: str, start: Start = None, end: End = None
) -> Envelope[Timeline]:
    """Families of monitors × windows: the worst status of each, over all series and segments."""
    return Envelope(data=hub.verdicts.timeline(model, Range(start, end)))


@router.get("/verdicts")
def list_verdicts(  # noqa: PLR0913  one parameter a query field is how FastAPI documents them
    hub: HubOf,
    _: Reader,
    model: str,
    *,
    start: Start = None,
    end: End = None,
    monitor: str | None = None,
    column: str | None = None,
    segment: Annotated[
        str | None, Query(description="`column=value`; empty for verdicts over all rows alone")
    ] = None,
    status: Status | None = None,
    known_at: Annotated[
        datetime | None, Query(description="as known then; without it, as known now")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Envelope[list[VerdictWire]]:
    """Verdicts, newest window first: of each series and window the latest revision."""
    asked = VerdictsAsked(Range(start, end), monitor, column, segment, status, known_at)
    found, following = hub.verdicts.page(model, asked, cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)


@router.get("/drift")
def get_drift(
    hub: HubOf,
    _: Reader,
    model: str,
    what: Annotated[
        Drifted,
        Query(description="`drift`: against the season; `creep`: the last week, the reference"),
    ] = "drift",
    start: Start = None,
    end: End = None,
) -> Envelope[DriftMap]:
    """Columns × windows: the drift verdict of each over all rows."""
    return Envelope(data=hub.verdicts.drift(model, Range(start, end), what=what))


@router.get("/distributions/{column:path}")
def get_distribution(
    hub: HubOf,
    _: Reader,
    model: str,
    column: str,
    start: Annotated[datetime | None, Query(description="the window that holds this")] = None,
    segment: Annotated[str | None, Query(description="`column=value`")] = None,
) -> Envelope[Distribution]:
    """One column of one window (without ``start`` the latest) beside the reference."""
    return Envelope(data=hub.distributions.of(model, column, start=start, segment=segment))


@router.get("/performance")
def get_performance(
    hub: HubOf,
    _: Reader,
    model: str,
    metric: Annotated[str | None, Query(description="only this metric's series")] = None,
    start: Start = None,
    end: End = None,
) -> Envelope[Performance]:
    """Every metric over the windows, with intervals and label maturity."""
    return Envelope(data=hub.verdicts.performance(model, Range(start, end), metric=metric))


@router.get("/service")
def get_service(
    hub: HubOf, _: Reader, model: str, start: Start = None, end: End = None
) -> Envelope[Service]:
    """Traffic, errors and latency quantiles of each window."""
    return Envelope(data=hub.series.service(model, Range(start, end)))
