"""What the routes reach: the views and doors, assembled once by the composition root."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchkeeper.server.access import Gatekeeper
    from watchkeeper.server.events import EventDoor
    from watchkeeper.server.intake import Intake
    from watchkeeper.server.metrics import Telemetry
    from watchkeeper.server.otel.door import OtlpDoor
    from watchkeeper.server.profiles_door import ProfilesDoor
    from watchkeeper.server.replaying import Replaying
    from watchkeeper.server.telemetry.exposing import Exposing
    from watchkeeper.server.views.accounting import AccountingView
    from watchkeeper.server.views.changes import ChangesView
    from watchkeeper.server.views.definitions import DefinitionView
    from watchkeeper.server.views.distributions import DistributionView
    from watchkeeper.server.views.feedback import FeedbackView
    from watchkeeper.server.views.fleet import FleetView
    from watchkeeper.server.views.incidents import IncidentView
    from watchkeeper.server.views.log_levels import LogLevelView
    from watchkeeper.server.views.on_call import OnCallView
    from watchkeeper.server.views.progress import ProgressView
    from watchkeeper.server.views.proposals import ProposalView
    from watchkeeper.server.views.quarantine import QuarantineView
    from watchkeeper.server.views.routes import RouteView
    from watchkeeper.server.views.rows import RowsView
    from watchkeeper.server.views.series import SeriesView
    from watchkeeper.server.views.silences import SilenceView
    from watchkeeper.server.views.sources import SourceView
    from watchkeeper.server.views.system import SystemView
    from watchkeeper.server.views.verdicts import VerdictView

__all__ = ["Hub"]


@dataclass(frozen=True, slots=True)
class Hub:
    """Everything a route may ask for."""

    gate: Gatekeeper
    intake: Intake
    events: EventDoor
    otlp: OtlpDoor
    profiles: ProfilesDoor
    fleet: FleetView
    verdicts: VerdictView
    series: SeriesView
    distributions: DistributionView
    incidents: IncidentView
    routes: RouteView
    silences: SilenceView
    on_call: OnCallView
    alerting: Mapping[str, DefinitionView]
    sources: SourceView
    proposals: ProposalView
    quarantine: QuarantineView
    rows: RowsView
    replaying: Replaying
    accounting: AccountingView
    progress: ProgressView
    log_levels: LogLevelView
    changes: ChangesView
    feedback: FeedbackView
    telemetry: Telemetry
    exposing: Exposing
    system: SystemView
    # Set once this process was told to end: it takes what comes, and asks for no more.
    draining: threading.Event = field(default_factory=threading.Event)
