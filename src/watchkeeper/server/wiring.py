"""The composition root: from settings to the parts of a door, and of a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watchkeeper.alerts.build import build_sink
from watchkeeper.alerts.outbox import Dispatcher
from watchkeeper.alerts.outbox import Sources as NoticeSources
from watchkeeper.alerts.service import Alerting
from watchkeeper.alerts.sinks.sink import Sink
from watchkeeper.alerts.telling import Telling
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.documents import Documents
from watchkeeper.domain.route import Secret
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidInput
from watchkeeper.governance.retention import check_overrides
from watchkeeper.ingest.cloud_events.pairing import Pairing
from watchkeeper.ingest.cloud_events.taking import EventTaker
from watchkeeper.ingest.mover import Mover
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.pull.opening import open_puller
from watchkeeper.ingest.pull.puller import Puller
from watchkeeper.ingest.receive import Receiver
from watchkeeper.ingest.replay import Replay
from watchkeeper.ingest.together import Together
from watchkeeper.interop.prometheus.client import Prometheus, asked_of
from watchkeeper.interop.prometheus.fleet import Fleet, Fleetwide
from watchkeeper.interop.prometheus.reading import ServiceDoor, ServicePuller
from watchkeeper.lake.lake import Lake
from watchkeeper.server.accepting import Accepting
from watchkeeper.server.access import Gatekeeper, Rate
from watchkeeper.server.alerting.context import Context
from watchkeeper.server.alerting.dependencies import Dependencies
from watchkeeper.server.alerting.feedback import FeedbackLinks
from watchkeeper.server.alerting.feeds import Feeds
from watchkeeper.server.alerting.heartbeat import (
    Heartbeat,
    door_answers,
    loops_move,
    rows_move,
    to_url,
    writes_last,
)
from watchkeeper.server.alerting.journal import Journal
from watchkeeper.server.alerting.pictures import Pictures
from watchkeeper.server.alerting.pulse import Pulse
from watchkeeper.server.alerting.rules import Rulebook
from watchkeeper.server.alerting.runbooks import RunbookLinks
from watchkeeper.server.alerting.watchdog import Watchdog
from watchkeeper.server.api.body import Room
from watchkeeper.server.audit import Audit
from watchkeeper.server.basis import Bases
from watchkeeper.server.bootstrap import is_loopback
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.doubles import DoublesAudit
from watchkeeper.server.events import EventDoor, event_source
from watchkeeper.server.flow import Flow
from watchkeeper.server.hub import Hub
from watchkeeper.server.intake import Intake, Limits
from watchkeeper.server.lake_care import CareOptions, LakeCare
from watchkeeper.server.logs.redact import redactor
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.models import Models
from watchkeeper.server.moving import Moving
from watchkeeper.server.otel.door import OtlpDoor
from watchkeeper.server.otel.figures import ExportFigures, ReceivedFigures
from watchkeeper.server.otel.observing import Observing, observing_of
from watchkeeper.server.profiles_door import ProfilesDoor
from watchkeeper.server.pulling import Pulling
from watchkeeper.server.references import References
from watchkeeper.server.replaying import Replaying
from watchkeeper.server.sources import Sources
from watchkeeper.server.sums import Sums
from watchkeeper.server.telemetry.exposing import Exposing
from watchkeeper.server.telemetry.processes import Itself
from watchkeeper.server.telemetry.pushing import Pushing, Receiving, pushing
from watchkeeper.server.upkeep import Upkeep
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
from watchkeeper.server.watching import Watcher, code_version
from watchkeeper.server.worker import Worker
from watchkeeper.settings import Settings, environment_value

__all__ = ["Parts", "open_parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What door and worker share; close it at the end."""

    settings: Settings
    catalog: Catalog
    lake: Lake
    models: Models
    sources: Sources
    references: References
    receiver: Receiver
    clocks: Clocks
    alerting: Alerting
    context: Context
    now: Callable[[], datetime]
    telemetry: Telemetry
    observing: Observing = field(default_factory=Observing)

    def hub(self, itself: Itself | None = None) -> Hub:
        """What the routes reach, in a door that others know as ``itself``."""
        telemetry = self.telemetry
        exposing = self.exposing(itself or self.itself("door"))
        feedback = FeedbackView(
            self.catalog.alerts, self.catalog.feedback, _feedback_secret(self.catalog), self.now
        )
        quarantine = QuarantineView(self.models, self.catalog, self.lake)
        return Hub(
            gate=self._gate(),
            intake=self._intake(telemetry),
            events=self._event_door(),
            otlp=OtlpDoor(
                self.models, self.sources, self._source_door, ReceivedFigures(telemetry).told
            ),
            profiles=ProfilesDoor(
                self.models,
                self.catalog,
                Bases(self.catalog.baselines),
                self.clocks,
                telemetry,
                self.now,
            ),
            fleet=FleetView(self.models, self.catalog, self.now),
            verdicts=VerdictView(self.models, self.catalog),
            series=SeriesView(self.models, self.catalog, self.time_of),
            distributions=DistributionView(self.models, self.catalog, self.lake, self.references),
            incidents=IncidentView(
                self.catalog,
                self.alerting,
                Accepting(self.catalog, self.lake, self.models, self.references),
                self.context,
                feedback,
                SilenceView(self.catalog, self.now),
                self.time_of,
            ),
            changes=ChangesView(self.catalog.changes, self.models, self.time_of, self.now),
            feedback=feedback,
            routes=RouteView(
                self._definitions("AlertRoute", self.catalog.routes), self._sink, self.now
            ),
            silences=SilenceView(self.catalog, self.now),
            on_call=OnCallView(Rulebook(self.catalog), self.now),
            alerting=self._alerting_definitions(),
            sources=SourceView(self.catalog, self.models, self.sources, self.now),
            proposals=ProposalView(self.models, self.catalog, self.lake),
            quarantine=quarantine,
            replaying=Replaying(
                self.models, quarantine, Replay(self.catalog, self.receiver), self.time_of
            ),
            rows=RowsView(self.models, self.lake),
            accounting=AccountingView(self.models, self.catalog, self.time_of),
            progress=ProgressView(
                self.models, self.catalog, self.clocks, self.now, self.receiver.require_room
            ),
            log_levels=LogLevelView(self.catalog.log_levels, self.settings.log_level, self.now),
            telemetry=telemetry,
            exposing=exposing,
            system=SystemView(exposing, self.models),
        )

    def _gate(self) -> Gatekeeper:
        return Gatekeeper(
            self.catalog.keys,
            self.catalog.sessions,
            rate=Rate(self.settings.requests_per_minute),
            session_length=timedelta(hours=self.settings.session_hours),
            now=self.now,
            metrics_open=_metrics_open(self.settings),
        )

    def _alerting_definitions(self) -> dict[str, DefinitionView]:
        return {
            "inhibit-rules": self._definitions("InhibitRule", self.catalog.inhibitions),
            "time-intervals": self._definitions("TimeInterval", self.catalog.intervals),
            "rotas": self._definitions("Rota", self.catalog.rotas),
            "escalations": self._definitions("Escalation", self.catalog.escalations),
        }

    def itself(self, role: str, address: str = "") -> Itself:
        """The process that runs here, as others see it."""
        return Itself(role, address, self.telemetry, self.catalog.processes, self.now)

    def exposing(
        self, itself: Itself, *, roles: frozenset[str] = frozenset({"worker"})
    ) -> Exposing:
        """All figures: of a process with the others of those roles, and of the records."""
        asked = Fleetwide(
            models=lambda: [defined.model for defined in self.models.all()],
            times=self.clocks.now,
            now=self.now,
            home=self.settings.home,
        )
        fleet = Fleet(self.catalog, asked, columns=self.settings.metrics_columns)
        return Exposing(fleet, itself, self.settings.metrics_max_series, roles)

    def pushing(self) -> Pushing | None:
        """What pushes figures by remote write; None where nobody said where to."""
        if not self.settings.remote_write_url:
            return None
        return pushing(
            self.exposing(self.itself("worker"), roles=frozenset({"door"})),
            Receiving(self.settings.remote_write_url, self.settings.remote_write_token),
            timedelta(seconds=self.settings.remote_write_seconds),
        )

    def heartbeat(self, pulse: Pulse) -> Heartbeat | None:
        """What tells outside that all is well; None where nobody is to be told."""
        url, route = self.settings.heartbeat_url, self.settings.heartbeat_route
        send = [to_url(url)] if url else []
        if route:
            sinks_of = Rulebook(self.catalog).sinks_of
            send.append(Watchdog(route, sinks_of, self._sink, self.now(), self.now).send)
        if not send:
            return None
        checks = (
            loops_move(pulse, ("judge", "move")),
            rows_move(self.catalog, self.now),
            writes_last(self.catalog, self.settings.home, self.now),
            door_answers(self.catalog, self.now),
        )
        return Heartbeat(checks, send)

    def worker(self, beat: Callable[[], None] = lambda: None) -> Worker:
        """What judges, and in a single step moves too. ``beat`` hears of everything done."""
        sums = self._sums()
        return Worker(
            catalog=self.catalog,
            mover=self._mover(sums),
            sums=sums,
            models=self.models,
            references=self.references,
            clocks=self.clocks,
            watcher=Watcher(
                self.catalog,
                self.lake,
                self.observing.listener(self.alerting, self.catalog.alerts.alerts_of),
                self.context.journal,
                self.observing.tracing,
            ),
            followed=self.observing.moves.take,
            beat=beat,
        )

    def moving(self) -> Moving:
        """What moves, beside a worker that judges."""
        sums = self._sums()
        return Moving(self._mover(sums), sums, self.now)

    def _sums(self) -> Sums:
        return Sums(self.catalog, self.lake, self.models, self.now)

    def _mover(self, sums: Sums) -> Mover:
        heard, tracing = self.observing.heard, self.observing.tracing
        return Mover(self.catalog, self.lake, told=sums.count, heard=heard, tracing=tracing)

    def pulling(self) -> Pulling:
        """What fetches rows from sources."""

        def open_source(source: Source) -> Puller:
            if source.type is SourceType.PROMETHEUS:
                return self._service_puller(source)
            folder = self.settings.home / "pulled"
            return open_puller(self._source_door(source), read_secret, folder)

        return Pulling(self.sources, self._feeds(), open_source, self.now)

    def _service_puller(self, source: Source) -> Puller:
        """What asks a Prometheus how the server of a model says that it answers."""
        door = ServiceDoor(
            source,
            model=lambda: self.models.get(source.model).model,
            windows=self.catalog.service_windows,
            announce=lambda model: self.clocks.driven_by_data(
                model.name, data=False, by=source.sender
            ),
            now=self.now,
        )
        return ServicePuller(door, Prometheus(asked_of(source, read_secret)))

    def _feeds(self) -> Feeds:
        def model_of(name: str) -> str | None:
            found = (each.source for each in self.sources.all() if each.source.name == name)
            return next((source.model for source in found), None)

        return Feeds(self.catalog.source_states, self.catalog.changes, model_of)

    def pairing(self) -> Pairing:
        """What makes rows of requests and responses."""
        return Pairing(
            self.catalog.halves,
            lambda name: event_source(name, self.sources),
            self._source_door,
            self.now,
        )

    def _event_door(self) -> EventDoor:
        together, most = Together(self.catalog.inbox), self.settings.max_inbox_bytes
        taker = EventTaker(together, self._source_door, most)
        return EventDoor(self.models, self.sources, taker)

    def _source_door(self, source: Source) -> Door:
        return Door(
            source=source,
            catalog=self.catalog,
            receiver=self.receiver,
            model=lambda: self.models.get(source.model).model,
            announce=lambda model: self.clocks.driven_by_data(
                model.name, data=False, by=source.sender
            ),
            now=self.now,
        )

    def upkeep(self) -> Upkeep:
        """What keeps inbox and lake small and quick."""
        history = timedelta(days=self.settings.lake_history_days)
        care = LakeCare(
            catalog=self.catalog,
            lake=self.lake,
            models=self.models,
            now=self.now,
            time_of=self.time_of,
            options=CareOptions(history, self.settings.retention_days),
        )
        audit = Audit(self.catalog, self.lake, self.models, self.now, self.time_of)
        doubles = DoublesAudit(self.catalog, self.lake, self.models, self.now, self.time_of)
        return Upkeep(self.catalog, care, audit, doubles, self.now)

    def dispatcher(self) -> Dispatcher:
        """What sends the notices that wait."""
        pictures = Pictures(self.catalog, self.models)
        return Dispatcher(
            self.catalog.outbox, NoticeSources(self._sink, pictures.chart, pictures.current)
        )

    def time_of(self, model: str) -> datetime:
        """What time it is for a model."""
        return self.clocks.now().get(model, self.now())

    def close(self) -> None:
        """Close every connection."""
        self.observing.stop()
        self.catalog.close()

    def _intake(self, telemetry: Telemetry) -> Intake:
        return Intake(
            models=self.models,
            receiver=self.receiver,
            clocks=self.clocks,
            references=self.references,
            windows=self.catalog.windows,
            telemetry=telemetry,
            limits=Limits(
                batch_bytes=self.settings.max_body_bytes, batch_rows=self.settings.max_batch_rows
            ),
            now=self.now,
            room=Room(self.settings.max_inflight_bytes),
            flow=Flow(),
        )

    def _definitions(self, kind: str, documents: Documents) -> DefinitionView:
        return DefinitionView(kind, documents, self.now)

    def _sink(self, route: str, place: int) -> Sink:
        spec = Rulebook(self.catalog).sink(route, place)
        return self.observing.sink(build_sink(spec, read_secret))


def open_parts(
    settings: Settings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    process: str = "",
) -> Parts:
    """Open the databases (bringing them to the newest schema) and the lake. A ``process`` that has
    a name exports telemetry under it.
    """
    check_overrides(settings.retention_days)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    catalog = Catalog.open(settings.catalog_url, settings.inbox_url)
    lake = Lake(settings.lake_root, settings.storage_options())
    observing = observing_of(settings, process, lake)
    telemetry = Telemetry(code_version())
    telemetry.also(ExportFigures(observing))
    catalog.observe(telemetry.transaction)
    lake.observe = telemetry.lake
    clocks = Clocks(catalog.clocks, catalog.windows, wall=now)
    journal = Journal(catalog.changes, catalog.alerts, lambda model: clocks.now().get(model, now()))
    models = Models(catalog.models, told=journal.applied)
    observing.definition = lambda name: models.get(name).model
    sources = Sources(catalog.sources)
    base_url = settings.public_url or None
    context = Context(
        models,
        journal,
        RunbookLinks(base_url),
        FeedbackLinks(base_url, _feedback_secret(catalog), now),
    )
    return Parts(
        telemetry=telemetry,
        settings=settings,
        catalog=catalog,
        lake=lake,
        models=models,
        sources=sources,
        receiver=Receiver(
            catalog,
            clock=now,
            most_waiting_bytes=settings.max_inbox_bytes,
            tracing=observing.tracing,
        ),
        references=References(catalog.baselines, lake, now=now, told=journal.rebased),
        clocks=clocks,
        alerting=Alerting(
            catalog.alerts,
            Telling(
                catalog.alerts,
                catalog.groups,
                Rulebook(catalog).at,
                base_url=base_url,
                context=context,
            ),
            wall=now,
            upstream=Dependencies(catalog, models, sources).of,
            heard=observing.incident,
        ),
        context=context,
        now=now,
        observing=observing,
    )


def _metrics_open(settings: Settings) -> bool:
    if settings.metrics_access == "auto":
        return is_loopback(settings.host)
    return settings.metrics_access == "open"


def _feedback_secret(catalog: Catalog) -> Callable[[], bytes]:
    return lambda: catalog.secrets.get("feedback")


def read_secret(secret: Secret) -> str:
    """What a ``{env: NAME}`` or ``{file: PATH}`` refers to; InvalidInput where it is not there.

    It stands in no line of the log from then on.
    """
    value = _secret(secret)
    redactor.conceal(value)
    return value


def _secret(secret: Secret) -> str:
    if secret.env is not None:
        value = environment_value(secret.env)
        if value is None:
            raise InvalidInput(f"the secret in the environment variable {secret.env} is not set")
        return value
    try:
        return Path(secret.file or "").read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise InvalidInput(f"the secret's file cannot be read: {error}") from error
