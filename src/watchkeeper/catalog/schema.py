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
    "alert_groups",
    "alerts",
    "baselines",
    "batches",
    "changes",
    "chores",
    "claims",
    "client_windows",
    "clients",
    "column_notes",
    "documents",
    "doubles",
    "feedback",
    "halves",
    "id_pages",
    "id_runs",
    "inbox",
    "inbox_identity",
    "inbox_rows",
    "incidents",
    "keys",
    "log_levels",
    "moves",
    "notices",
    "partial_marks",
    "partials",
    "processes",
    "rejections",
    "replays",
    "secrets",
    "service_windows",
    "sessions",
    "silences",
    "source_counts",
    "source_files",
    "source_states",
    "taken",
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
    Column("rows_per_second", Float),
    Column("bytes_per_second", Float),
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
    Column("late", BigInteger, nullable=False, server_default="0"),
    Column("sent_accepted", BigInteger, nullable=False, server_default="0"),
    Column("sent_rejected", BigInteger, nullable=False, server_default="0"),
    Column("profiled_rows", BigInteger, nullable=False, server_default="0"),
    Column("profile_revision", Integer, nullable=False, server_default="0"),
    Column("first_known_at", UtcTime, nullable=False),
    Column("judged_at", UtcTime),
    Column("status", String(20)),
    Column("alerts", Integer, nullable=False, server_default="0"),
    # Few of many: those that have something new.
    Index(
        "windows_dirty",
        "start",
        sqlite_where=sa.text("profiled < changed"),
        postgresql_where=sa.text("profiled < changed"),
    ),
)

moves = sa.Table(
    "moves",
    CATALOG,
    Column("inbox", String(40), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("known_at", UtcTime, nullable=False),
)

doubles = sa.Table(
    "doubles",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("found_at", UtcTime, nullable=False),
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
    Column("labels", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("batches", BigInteger, nullable=False),
    Column("since", UtcTime),
    Column("checked_at", UtcTime),
    Column("fault", Text, nullable=False),
    Column("charged", UtcTime),
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

# Profiles that clients sent in the place of rows, and the names of their batches.
sent_profiles = sa.Table(
    "sent_profiles",
    CATALOG,
    Column("position", AutoKey, primary_key=True),
    Column("model", String(200), nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("sent_profiles_by_window", "model", "start"),
    sqlite_autoincrement=True,
)

sent_batches = sa.Table(
    "sent_batches",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("key", String(40), primary_key=True),
    Column("batch", String(200), primary_key=True),
    Column("known_at", UtcTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

# What was counted of moved rows and no judgement has seen yet; how far the counting went.
partials = sa.Table(
    "partials",
    CATALOG,
    Column("position", AutoKey, primary_key=True),
    Column("model", String(200), nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
    Column("known_until", UtcTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("partials_by_window", "model", "start"),
    sqlite_autoincrement=True,
)

partial_marks = sa.Table(
    "partial_marks",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("inbox", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("basis", String(80), nullable=False),
    Column("lateness", Text, nullable=False),
    Column("latest", UtcTime),
)

verdicts = sa.Table(
    "verdicts",
    CATALOG,
    Column("position", AutoKey, primary_key=True),
    Column("id", String(80), nullable=False, index=True),
    Column("model", String(200), nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
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
    Column("certainty", Integer, nullable=False, server_default="0"),
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
    Column("labels", Text, nullable=False, server_default="{}"),
    Column("fault", String(400), nullable=False, server_default=""),
    Column("body", Text, nullable=False),
    Index("alerts_by_model", "model", "state"),
    # Few of many: those that fire.
    Index(
        "alerts_firing",
        "incident",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)

# What each route was told of the alerts that it takes together.
alert_groups = sa.Table(
    "alert_groups",
    CATALOG,
    Column("id", String(64), primary_key=True),  # the hash of its key
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

silences = sa.Table(
    "silences",
    CATALOG,
    Column("id", String(80), primary_key=True),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False, index=True),
    Column("body", Text, nullable=False),
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
    Column("route", String(400), nullable=False, server_default=""),
    Column("sink", Integer, nullable=False, server_default="0"),
    # What is sent in its order: all of one group to one sink.
    Column("thread", String(200), nullable=False, server_default=""),
    Column("claim", String(40)),
    Column("answer", Text),
    Column("remember", Text),
    Column("refresh_at", UtcTime, index=True),
    Index("notices_by_thread", "thread", "position"),
    sqlite_autoincrement=True,
)

# The journal: what was done that a model may feel; without a model, what all may.
changes = sa.Table(
    "changes",
    CATALOG,
    Column("key", String(200), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("model", String(200)),
    Column("by", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Column("link", Text),
    Index("changes_by_age", "at", "key"),
    Index("changes_by_model", "model", "at"),
)

feedback = sa.Table(
    "feedback",
    CATALOG,
    Column("incident", String(80), primary_key=True),
    Column("by", String(200), primary_key=True),
    Column("worth", String(10), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)

# Every file that a source has looked into: what it was, and what became of it.
source_files = sa.Table(
    "source_files",
    CATALOG,
    Column("source", String(80), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("content", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("detail", Text),
    Column("at", UtcTime, nullable=False),
    Index("source_files_by_content", "source", "content"),
)

source_states = sa.Table(
    "source_states",
    CATALOG,
    Column("source", String(80), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("detail", Text),
    Column("lag", BigInteger),
    Column("at", UtcTime, nullable=False),
)

# How models answered, as their own servers count it.
service_windows = sa.Table(
    "service_windows",
    CATALOG,
    Column("model", String(200), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("end", UtcTime, primary_key=True),
    Column("source", String(80), primary_key=True),
    Column("known_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

# Who runs where, and the figures that each process keeps of itself.
processes = sa.Table(
    "processes",
    CATALOG,
    Column("place", String(600), primary_key=True),
    Column("role", String(40), nullable=False),
    Column("host", String(255), nullable=False),
    Column("address", String(300), nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("version", String(80), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("figures", Text, nullable=False),
)

# At which level is logged otherwise than configured.
log_levels = sa.Table(
    "log_levels",
    CATALOG,
    Column("logger", String(200), primary_key=True),
    Column("level", String(10), nullable=False),
    Column("until", UtcTime),
    Column("by", String(200), nullable=False),
    Column("at", UtcTime),
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
    Column("tallies", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("account", Text),
    Column("claim", BigInteger),
    Index("inbox_by_model", "model", "claim"),
    sqlite_autoincrement=True,
)

# Apart from the rest, because a change of a row (its claim) writes all of it anew.
inbox_rows = sa.Table(
    "inbox_rows",
    INBOX,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("predictions", LargeBinary),
    Column("labels", LargeBinary),
    Column("quarantine", LargeBinary),
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

# What is remembered of ids, as sorted runs (see `ingest.id_index`): a batch adds one, and runs are
# merged, never changed. A row for each id would dirty a page of the database for each id.
id_runs = sa.Table(
    "id_runs",
    INBOX,
    Column("run", AutoKey, primary_key=True),
    Column("live", Boolean, nullable=False),
    Column("timed", Boolean, nullable=False),
    Column("level", Integer, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# Page 0 and up hold entries; page -1 the first keys of the pages, page -2 the filter.
id_pages = sa.Table(
    "id_pages",
    INBOX,
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

replays = sa.Table(
    "replays",
    INBOX,
    Column("model", String(200), primary_key=True),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
    Column("batch", String(200), nullable=False),
    Column("at", UtcTime, nullable=False),
)

claims = sa.Table(
    "claims",
    INBOX,
    Column("model", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

taken = sa.Table(
    "taken",
    INBOX,
    Column("source", String(80), primary_key=True),
    Column("part", String(400), primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

source_counts = sa.Table(
    "source_counts",
    INBOX,
    Column("source", String(80), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("unpaired", BigInteger, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)

# Requests that wait for their responses, and the other way round: `half`, `whole` where nothing is
# missing, `done` where they became rows and are kept to know them if they come again.
halves = sa.Table(
    "halves",
    INBOX,
    Column("source", String(80), primary_key=True),
    Column("event", String(300), primary_key=True),
    Column("model", String(200), nullable=False),
    Column("request", LargeBinary),
    Column("response", LargeBinary),
    Column("state", String(10), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("halves_by_age", "source", "state", "at"),
)
