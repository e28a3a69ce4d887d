"""The tables, in two groups: the catalog's records and the inbox.

On SQLite each group is a file of its own, so that acknowledging rows never waits for records; on
PostgreSQL both lie in one database. A change here needs a migration beside it: a test compares.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Text

from watchkeeper.catalog.database import AutoKey, UtcTime

__all__ = [
    "CATALOG",
    "INBOX",
    "account_days",
    "alerts",
    "baselines",
    "batches",
    "chores",
    "claims",
    "column_notes",
    "client_windows",
    "clients",
    "documents",
    "ids",
    "inbox",
    "inbox_identity",
    "incidents",
    "keys",
    "moves",
    "notices",
    "rejections",
    "secrets",
    "sessions",
    "verdicts",
    "windows",
]

CATALOG = sa.MetaData()
INBOX = sa.MetaData()

documents = sa.Table(
    "documents",
    CATALOG,
    Column("kind", String(40), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(200), nullable=False),
)

baselines = sa.Table(
    "baselines",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("model_revision", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("timed", Boolean, nullable=False),
    Column("start", UtcTime),
    Column("end", UtcTime),
    Column("binnings", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(200), nullable=False),
)

keys = sa.Table(
    "keys",
    CATALOG,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(20), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

sessions = sa.Table(
    "sessions",
    CATALOG,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("key_id", String(40), sa.ForeignKey("keys.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

secrets = sa.Table(
    "secrets",
    CATALOG,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary(64), nullable=False),
)

# `changed` counts up with every move that touched the window; `profiled` and `judged` say which
# value of it they have seen. So a row that arrives while a window is profiled is never missed.
windows = sa.Table(
    "windows",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("end", UtcTime, primary_key=True),
    Column("changed", BigInteger, nullable=False),
    Column("profiled", BigInteger, nullable=False, server_default="0"),
    Column("judged", BigInteger, nullable=False, server_default="0"),
    Column("known_at", UtcTime, nullable=False),
    Column("predictions_version", BigInteger),
    Column("labels_version", BigInteger),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("accepted", BigInteger, nullable=False, server_default="0"),
    Column("rejected", BigInteger, nullable=False, server_default="0"),
    Column("duplicate", BigInteger, nullable=False, server_default="0"),
    Column("joined", BigInteger, nullable=False, server_default="0"),
    Column("profile_revision", Integer, nullable=False, server_default="0"),
    Column("first_known_at", UtcTime, nullable=False),
    Column("judged_at", UtcTime),
    Column("status", String(20)),
    Column("alerts", Integer, nullable=False, server_default="0"),
)

moves = sa.Table(
    Column("late", BigInteger, nullable=False, server_default="0"),
    "moves",
    CATALOG,
    Column("inbox", String(40), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("known_at", UtcTime, nullable=False),
)

rejections = sa.Table(
    "rejections",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("reason", String(40), primary_key=True),
    Column("rows", BigInteger, nullable=False),
)

column_notes = sa.Table(
    "column_notes",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("column", String(300), primary_key=True),
    Column("note", String(20), primary_key=True),
    Column("rows", BigInteger, nullable=False),
)

verdicts = sa.Table(
    "verdicts",
    CATALOG,
    Column("position", AutoKey, primary_key=True),
    Column("id", String(80), nullable=False, index=True),
    Column("model", String(200), nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
# By the day (UTC) on which rows came to be known; `checked_at` is null until the day was compared
# with what is stored, and again whenever more is counted.
account_days = sa.Table(
    "account_days",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("set_aside", BigInteger, nullable=False),
    Column("batches", BigInteger, nullable=False),
    Column("checked_at", UtcTime),
    Column("fault", Text, nullable=False),
    Index("account_days_unchecked", "checked_at", "day"),
)

# One row for each client (a life of a process), model and kind of rows. `due_at` is when something
# that is missing is to be told, null where nothing is.
clients = sa.Table(
    "clients",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("client", String(64), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("horizon_seconds", Float, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("highest", BigInteger, nullable=False),
    Column("reached", UtcTime),
    Column("spooled", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("sampled", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False),
    Column("gaps", Text, nullable=False),
    Column("delays", Text, nullable=False),
    Column("due_at", UtcTime, index=True),
    Index("clients_by_age", "model", "last_seen"),
)

client_windows = sa.Table(
    "client_windows",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("client", String(64), primary_key=True),
    Column("missing", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("sampled", BigInteger, nullable=False),
    Column("delays", Text, nullable=False),
)

# What is done again and again on a table of a model: when it was done last, and how far it came.
chores = sa.Table(
    "chores",
    CATALOG,
    Column("task", String(20), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("done_at", UtcTime),
    Column("mark", BigInteger),
    Column("before", UtcTime),
)

    Column("revision", Integer, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("superseded_at", UtcTime),
    Column("monitor", String(200), nullable=False),
    Column("what", String(200), nullable=False),
    Column("column", Text),
    Column("segment", Text),
    Column("version", Text),
    Column("arm", Text),
    Column("status", String(20), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("body", Text, nullable=False),
    Index("verdicts_by_window", "model", "start", "superseded_at"),
    Index("verdicts_by_column", "model", "column", "start"),
    Index("verdicts_by_age", "model", "superseded_at", "position"),
    sqlite_autoincrement=True,
)

incidents = sa.Table(
    "incidents",
    CATALOG,
    Column("id", String(80), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("resolved_at", UtcTime),
    Column("body", Text, nullable=False),
    Index("incidents_by_model", "model", "state"),
    Index("incidents_by_age", "opened_at", "id"),
)

alerts = sa.Table(
    "alerts",
    CATALOG,
    Column("id", String(80), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("incident", String(80), index=True),
    Column("opened_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("alerts_by_model", "model", "state"),
)

notices = sa.Table(
    "notices",
    CATALOG,
    Column("position", AutoKey, primary_key=True),
    Column("key", String(80), nullable=False, unique=True),
    Column("incident", String(80), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UtcTime, index=True),
    Column("sent_at", UtcTime),
    Column("refused_at", UtcTime),
    Column("reason", Text),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)

# A lake that outlives its inbox must not take the numbers of a new one for those of the old.
inbox_identity = sa.Table("inbox_identity", INBOX, Column("id", String(40), primary_key=True))

inbox = sa.Table(
    "inbox",
    INBOX,
    Column("position", AutoKey, primary_key=True),
    Column("model", String(200), nullable=False),
    Column("batch", String(200), nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("predictions", LargeBinary),
    Column("labels", LargeBinary),
    Column("quarantine", LargeBinary),
    Column("tallies", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("claim", BigInteger),
    Index("inbox_by_model", "model", "claim"),
    sqlite_autoincrement=True,
)

batches = sa.Table(
    "batches",
    INBOX,
    Column("model", String(200), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("sender", String(80), primary_key=True),
    Column("batch", String(200), primary_key=True),
    Column("content", BigInteger, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

ids = sa.Table(
    "ids",
    INBOX,
    Column("hash", AutoKey, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("content", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

claims = sa.Table(
    "claims",
    Column("account", Text),
    INBOX,
    Column("model", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
)
