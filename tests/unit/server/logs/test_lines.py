"""One event is one line that says what it is about, wherever it goes and whatever it is made of."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.catalog.log_levels import LogLevel
from watchkeeper.sdk.trace import current_trace
from watchkeeper.server.logs.access import AccessLog
from watchkeeper.server.logs.context import bound, facts_now, note, request_id
from watchkeeper.server.logs.forms import JsonForm, TextForm
from watchkeeper.server.logs.levels import LogLevels
from watchkeeper.server.logs.lines import Lines
from watchkeeper.server.logs.redact import Redactor
from watchkeeper.settings import Settings

TEXTS = st.text(max_size=200)
NOW = datetime(2024, 3, 4, tzinfo=UTC)


def record(message, *args, error=None, **extra):
    info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("watchkeeper.x", logging.INFO, "f", 1, message, args, info)
    vars(made).update(extra)
    return made


def as_json(made):
    return json.loads(JsonForm("door", Redactor()).format(made))


def as_text(made):
    return TextForm("door", Redactor()).format(made)


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_json_is_one_line(text, value, error):
    """No text of a user ends a line or hides in it, and it can be read back as it was."""
    line = JsonForm("door", str).format(record("%s name=%s", text, value, error=ValueError(error)))

    assert len(line.splitlines()) == 1
    assert line.isprintable() or all(ord(c) >= 0xA0 for c in line if not c.isprintable())
    read = json.loads(line)
    assert read["message"] == f"{text} name={value}"
    assert read["name"] == value
    assert read["error"]["message"] == error


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_text_begins_one_event_only(text, value, error):
    """Every further line is indented: none can pass for an event of its own."""
    shown = as_text(record("%s name=%s", text, value, error=ValueError(error)))

    first, *others = shown.split("\n")
    assert first.startswith("20")
    assert shown.splitlines() == [first, *others]
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_named_values_are_members():
    """What stands as `name=%s` is a member with its type; its place counts, not its name."""
    found = as_json(record("started %s name=%s pid=%d part=%.1f %%", "x", "door", 7, 0.25))

    assert found["message"] == "started x name=door pid=7 part=0.2 %"
    assert (found["name"], found["pid_"], found["part"]) == ("door", 7, 0.25)
    assert found["level"] == "info"
    assert found["process"] == "door"
    assert datetime.fromisoformat(found["time"]).tzinfo is not None


def test_numbers_that_json_does_not_know_are_text():
    """NaN and infinity make no line that nobody can read."""
    assert as_json(record("x=%s y=%s", float("nan"), float("inf")))["x"] == "nan"


class Hostile:
    """What cannot be shown."""

    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("args", [(1, 2, 3), (), (Hostile(),)])
def test_a_slip_in_a_log_line_loses_nothing(args):
    """An event whose values do not fit is told all the same."""
    made = record("said %d", *args) if args else record("said %(x)s", {"y": 1})

    assert "said" in as_json(made)["message"]
    assert "said" in as_text(made)


def test_long_texts_lose_their_middle():
    """A text of a megabyte is no line of a megabyte, and both its ends stay."""
    found = as_json(record("a" * 10 + "b" * 2**20 + "c" * 10))["message"]

    assert len(found) < 40_000
    assert found.startswith("aaa")
    assert found.endswith("ccc")


def test_what_is_bound_is_told():
    """Request, batch, model and trace stand in every event within, and in none after it."""
    token = current_trace.set("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    with bound(request="r1"):
        note(batch="b1", model="m" * 500)
        inside = as_json(record("within"))
    current_trace.reset(token)

    assert (inside["request"], inside["batch"]) == ("r1", "b1")
    assert len(inside["model"]) == 200
    assert inside["trace"] == "0af7651916cd43dd8448eb211c80319c"
    assert inside["span"] == "b7ad6b7169203331"
    assert facts_now() == {}


def test_facts_pass_into_threads_of_a_request():
    """What a thread of the request notes is told by the request."""
    from contextvars import copy_context

    with bound(request="r1"):
        thread = threading.Thread(target=copy_context().run, args=(lambda: note(model="m"),))
        thread.start()
        thread.join()
        assert facts_now() == {"request": "r1", "model": "m"}


@pytest.mark.parametrize("given_id", [None, "", "a b", "a\nb", "x" * 129, "é"])
def test_a_bad_request_id_is_replaced(given_id):
    """Only an id that can stand in a header and a log is taken from a caller."""
    assert len(request_id(given_id)) == 32
    assert request_id("trace-1/2:3") == "trace-1/2:3"


def told(caplog, which, path, status, seconds):
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="watchkeeper.access"):
        scope = {
            "path": path,
            "method": "GET",
            "client": ("1.2.3.4", 5),
            "path_params": {"model": "m"},
        }
        AccessLog(which).tell(scope, status, seconds)
    return [item.getMessage() for item in caplog.records]


def test_the_access_log_tells_what_is_wanted(caplog):
    """All, failed and slow, or none; probes only where they fail."""
    (line,) = told(caplog, "failed", "/x", 404, 0.1)
    assert line == "request method=GET path=/x status=404 seconds=0.100 client=1.2.3.4 caller="
    assert told(caplog, "failed", "/x", 200, 0.1) == []
    assert len(told(caplog, "failed", "/x", 200, 2.0)) == 1
    assert len(told(caplog, "all", "/x", 200, 0.1)) == 1
    assert told(caplog, "all", "/healthz", 200, 0.1) == []
    assert len(told(caplog, "all", "/readyz", 503, 0.1)) == 1
    assert told(caplog, "none", "/x", 500, 9.0) == []


def handler(path):
    made = Lines(path)
    made.setFormatter(logging.Formatter("%(message)s"))
    return made


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path):
    """Rotation by moving, by deleting and by emptying loses no line and needs no signal."""
    path = tmp_path / "log"
    lines = handler(path)
    lines.emit(record("one"))
    path.rename(tmp_path / "log.1")
    lines.emit(record("two"))
    path.unlink()
    lines.emit(record("three"))
    os.truncate(path, 0)
    lines.emit(record("four"))
    lines.close()

    assert (tmp_path / "log.1").read_text() == "one\n"
    assert path.read_text() == "four\n"


def test_lines_of_many_threads_and_processes_stay_whole(tmp_path):
    """Each line is one write: none runs into another, however long they are."""
    path = tmp_path / "log"
    program = (
        "import logging, sys, threading; from pathlib import Path\n"
        "from watchkeeper.server.logs.lines import Lines\n"
        f"lines = Lines(Path({str(path)!r})); name = sys.argv[1]\n"
        "def write(n):\n"
        "    for _ in range(50): lines.handle(logging.makeLogRecord({'msg': name * (1000 + n)}))\n"
        "threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, name]) for name in "ab"]
    assert [each.wait() for each in running] == [0, 0]

    found = path.read_text().splitlines()
    assert len(found) == 400
    assert {len(set(line)) for line in found} == {1}


def test_a_place_that_cannot_be_written_breaks_nothing(tmp_path):
    """The event is lost; the program is not."""
    lines = handler(tmp_path / "none" / "log")
    lines.emit(record("lost"))
    (tmp_path / "none").mkdir()
    lines.emit(record("kept"))
    lines.close()

    assert (tmp_path / "none" / "log").read_text() == "kept\n"


@pytest.fixture
def clean_levels():
    names = ("", "watchkeeper.server", "alembic", "other")
    before = {name: logging.getLogger(name or None).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name or None).setLevel(level)


def test_levels_are_wanted_for_a_while(clean_levels):
    """A level holds until it is over, and then the configured one does."""
    now = [NOW]
    levels = LogLevels("warning", lambda: now[0])
    levels.want([LogLevel("watchkeeper.server", "debug", NOW + timedelta(minutes=5))])
    logger = logging.getLogger("watchkeeper.server.x")
    assert logger.isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("other").isEnabledFor(logging.INFO)

    now[0] += timedelta(minutes=6)
    levels.apply()

    assert not logger.isEnabledFor(logging.INFO)


def test_a_level_that_is_taken_back_holds_no_more(clean_levels):
    """The root's and a logger's level fall back to what is configured."""
    levels = LogLevels("info", lambda: NOW)
    levels.want([LogLevel("", "error"), LogLevel("alembic", "debug")])
    assert not logging.getLogger("other").isEnabledFor(logging.WARNING)
    assert logging.getLogger("alembic").isEnabledFor(logging.DEBUG)

    levels.want([])

    assert logging.getLogger("other").isEnabledFor(logging.INFO)
    assert not logging.getLogger("alembic").isEnabledFor(logging.INFO)


def test_a_signal_tells_all_for_a_while(clean_levels):
    """Ten minutes of debug; a second signal ends it."""
    now = [NOW]
    levels = LogLevels("info", lambda: now[0])
    logger = logging.getLogger("other")
    levels.signalled()
    assert logger.isEnabledFor(logging.DEBUG)
    levels.signalled()
    assert not logger.isEnabledFor(logging.DEBUG)
    levels.signalled()
    now[0] += timedelta(minutes=11)
    levels.apply()
    assert not logger.isEnabledFor(logging.DEBUG)


def test_all_goes_one_way(tmp_path):
    """Ours, libraries' and warnings, and what nobody caught in a thread or in the process."""
    program = (
        "import logging, threading, warnings; from watchkeeper.settings import Settings\n"
        "from watchkeeper.server.logs.setup import configure_logs\n"
        "configure_logs(Settings.load(), 'door')\n"
        "logging.getLogger('uvicorn.error').warning('from uvicorn')\n"
        "logging.getLogger('alembic').info('never')\n"
        "warnings.warn('careful')\n"
        "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()\n"
        "raise ValueError('password=hunter22')\n"
    )
    log = tmp_path / "log"
    environment = {**os.environ, "WATCHKEEPER_LOG_FILE": str(log), "WATCHKEEPER_LOG_FORMAT": "json"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert done.returncode == 1
    assert done.stderr == ""
    assert [event["logger"] for event in events] == [
        "uvicorn.error", "py.warnings", "watchkeeper", "watchkeeper",
    ]  # fmt: skip
    assert events[2]["error"]["type"] == "builtins.ZeroDivisionError"
    assert events[3]["error"]["message"] == "password=***"
    assert "hunter22" not in log.read_text()


def test_secrets_of_the_settings_are_known(tmp_path):
    """Keys, passwords of databases and options of stores, as the settings hold them."""
    from watchkeeper.server.logs.setup import conceal_settings

    (tmp_path / "s").write_text("from-a-file-1\n")
    settings = Settings(
        api_key="an-api-key-1",
        database_url="postgresql+psycopg://u:db%20pass1@h/d",
        lake_options={
            "AWS_SECRET_ACCESS_KEY": "in-the-clear-1",
            "X": {"file": str(tmp_path / "s")},
        },
    )
    redact = Redactor()
    conceal_settings(settings, redact)

    said = redact("an-api-key-1 db pass1 db%20pass1 in-the-clear-1 from-a-file-1 fine")
    assert said == "*** *** *** *** *** fine"
