"""Facts kept: records. SQLAlchemy tables and small stores, on SQLite or PostgreSQL."""

from watchkeeper.catalog.alerts import Alerts, NoticeFate
from watchkeeper.catalog.baselines import Baselines, StoredBaseline
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.database import Database
from watchkeeper.catalog.documents import Document, Documents
from watchkeeper.catalog.inbox import Inbox
from watchkeeper.catalog.keys import Keys, Secrets, Sessions
from watchkeeper.catalog.outbox import NoticeOutbox
from watchkeeper.catalog.paging import Page
from watchkeeper.catalog.verdicts import Judgement, VerdictFilter, Verdicts
from watchkeeper.catalog.windows import (
    ColumnNote,
    Move,
    RejectionCount,
    StoredWindow,
    Tally,
    Windows,
    WindowState,
)

__all__ = [
    "Alerts",
    "Baselines",
    "Catalog",
    "ColumnNote",
    "Database",
    "Document",
    "Documents",
    "Inbox",
    "Judgement",
    "Keys",
    "Move",
    "NoticeFate",
    "NoticeOutbox",
    "Page",
    "RejectionCount",
    "Secrets",
    "Sessions",
    "StoredBaseline",
    "StoredWindow",
    "Tally",
    "VerdictFilter",
    "Verdicts",
    "WindowState",
    "Windows",
]
