"""The catalog: all stores over the databases of one installation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from watchkeeper.catalog.accounting import Accounts
from watchkeeper.catalog.alerts import Alerts
from watchkeeper.catalog.baselines import Baselines
from watchkeeper.catalog.changes import Changes
from watchkeeper.catalog.chores import Chores
from watchkeeper.catalog.clients import Clients
from watchkeeper.catalog.database import Database
from watchkeeper.catalog.documents import Documents
from watchkeeper.catalog.doubles import Doubles
from watchkeeper.catalog.feedback import FeedbackStore
from watchkeeper.catalog.groups import Groups
from watchkeeper.catalog.halves import Halves
from watchkeeper.catalog.inbox import Inbox
from watchkeeper.catalog.keys import Keys, Secrets, Sessions
from watchkeeper.catalog.log_levels import LogLevelStore
from watchkeeper.catalog.migrate import migrate
from watchkeeper.catalog.outbox import NoticeOutbox
from watchkeeper.catalog.partials import Partials
from watchkeeper.catalog.processes import Processes
from watchkeeper.catalog.replays import Replays
from watchkeeper.catalog.sent_profiles import SentProfiles
from watchkeeper.catalog.service_windows import ServiceWindows
from watchkeeper.catalog.silences import Silences
from watchkeeper.catalog.source_files import SourceFiles, SourceStates
from watchkeeper.catalog.source_ledger import SourceLedger
from watchkeeper.catalog.standing import Standing
from watchkeeper.catalog.verdicts import Verdicts
from watchkeeper.catalog.windows import Windows

__all__ = ["Catalog"]


class Catalog:
    """Every store; `open` brings the databases to the newest schema first.

    Attributes
    ----------
    models, routes, sources
        Documents of kind ``Model``, ``AlertRoute`` and ``Source``.
    groups, silences
        What was told of which group of alerts, and what is muted.
    inhibitions, intervals, rotas, escalations
        Documents of kind ``InhibitRule``, ``TimeInterval``, ``Rota`` and ``Escalation``.
    clocks
        Of each model whether its time is the wall's or its data's, as ``server.clocks`` says it.
    baselines, windows, partials, verdicts, alerts, outbox, chores, keys, sessions, secrets, inbox
        The stores of those names.
    accounts, clients
        What became of rows by day, and what is known of who sent them.
    sent
        Profiles that clients sent in the place of rows.
    doubles
        Rows that are stored twice.
    changes, feedback
        The journal of what was done, and what people say of incidents.
    replays
        Which rejected rows were sent again.
    service_windows
        How models answered, as their own servers count it.
    processes, standing
        Who runs where, and how everything stands.
    source_files, source_states, ledger, halves
        What was taken from sources, and what waits for its other half.
    """

    def __init__(self, records: Database, inbox: Database) -> None:
        self._databases = (records, inbox)
        self.models = Documents(records, "Model")
        self.routes = Documents(records, "AlertRoute")
        self.clocks = Documents(records, "Clock")
        self.sources = Documents(records, "Source")
        self.source_files = SourceFiles(records)
        self.source_states = SourceStates(records)
        self.chores = Chores(records)
        self.baselines = Baselines(records)
        self.doubles = Doubles(records)
        self.windows = Windows(records)
        self.partials = Partials(records)
        self.sent = SentProfiles(records)
        self.verdicts = Verdicts(records)
        self.alerts = Alerts(records)
        self.outbox = NoticeOutbox(records)
        self.groups = Groups(records)
        self.silences = Silences(records)
        self.inhibitions = Documents(records, "InhibitRule")
        self.intervals = Documents(records, "TimeInterval")
        self.rotas = Documents(records, "Rota")
        self.escalations = Documents(records, "Escalation")
        self.changes = Changes(records)
        self.feedback = FeedbackStore(records)
        self.log_levels = LogLevelStore(records)
        self.processes = Processes(records)
        self.service_windows = ServiceWindows(records)
        self.standing = Standing(records)
        self.keys = Keys(records)
        self.sessions = Sessions(records)
        self.secrets = Secrets(records)
        self.inbox = Inbox(inbox)
        self.replays = Replays(inbox)
        self.accounts = Accounts(records)
        self.clients = Clients(records)
        self.ledger = SourceLedger(inbox)
        self.halves = Halves(inbox)

    @classmethod
    def open(cls, records_url: str, inbox_url: str | None = None) -> Catalog:
        """Open, and migrate, the databases of these URLs (one may hold both)."""
        records = Database(records_url)
        inbox = records if inbox_url in {None, records_url} else Database(str(inbox_url))
        migrate(records, "catalog")
        migrate(inbox, "inbox")
        return cls(records, inbox)

    def observe(self, told: Callable[[str, str, float], None]) -> None:
        """Tell of each transaction from now on: ``records`` or ``inbox``, ``read`` or ``write``, and
        how many seconds it took. Of one database that holds both it is told as ``records``.
        """
        records, inbox = self._databases
        inbox.observe = partial(told, "inbox")
        records.observe = partial(told, "records")

    @property
    def databases(self) -> tuple[Database, ...]:
        """Those that hold it: of records and of the inbox, or one of both."""
        return tuple(dict.fromkeys(self._databases))

    def tidy(self) -> None:
        """Copy what the logs of the databases hold into their files; to be done every second or
        so by who acknowledges nothing.
        """
        for database in set(self._databases):
            database.checkpoint()

    def close(self) -> None:
        """Close every connection."""
        for database in set(self._databases):
            database.close()
