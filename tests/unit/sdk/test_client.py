"""The client and its logger: they never raise, never wait, and lose nothing they promised."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from waiting import PATIENCE_SECONDS, until
from watchkeeper.errors import InvalidInput, NotFound, Unavailable
from watchkeeper.sdk.client import Client, SpoolOptions
from watchkeeper.sdk.ids import time_of_id
from watchkeeper.sdk.logger import Logger

UTC_NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing answers there


@pytest.fixture
def server(rows_of):
    """A server that takes every batch and remembers its rows by path."""
    got: dict[str, list[dict[str, object]]] = {}
    batches: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            if listening.down:
                self.answer(503, {"error": {"code": "unavailable", "message": "down"}})
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            rows = rows_of(self.headers, body)
            if self.headers["Idempotency-Key"] not in batches:
                batches.add(self.headers["Idempotency-Key"])
                got.setdefault(self.path, []).extend(rows)
            self.answer(200, {"data": {"rejected": 0}, "next_cursor": None})

        def do_GET(self):
            self.answer(404, {"error": {"code": "not_found", "message": "no model 'm'"}})

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    listening.got, listening.down = got, False
    listening.url = f"http://127.0.0.1:{listening.server_port}"
    yield listening
    listening.shutdown()
    listening.server_close()
    thread.join()


def threads_since(before):
    """The threads that a client started since then."""
    now = set(threading.enumerate()) - before
    return {thread for thread in now if thread.name.startswith("watchkeeper-")}


class Patient(Client):
    """A client that waits at its end until all is sent, however busy the machine is."""

    def __exit__(self, *_):
        assert self.close(PATIENCE_SECONDS)


def client(url, folder, **options):
    return Patient(url, "key", spool=SpoolOptions(folder, **options))


def test_what_is_logged_arrives(server, tmp_path):
    """Predictions and labels reach the server with their id, version and times."""
    moment = datetime(2013, 3, 1, 12, tzinfo=UTC)
    with client(server.url, tmp_path) as found:
        logger = found.logger("m", version="3", arm="new")
        identity = logger.prediction({"x": 1.5}, prediction="yes", score=0.7, time=moment)
        logger.label(identity, "no", time=moment)

    assert server.got["/api/v1/models/m/predictions"] == [
        {
            "id": identity,
            "time": "2013-03-01T12:00:00+00:00",
            "version": "3",
            "arm": "new",
            "features": {"x": 1.5},
            "prediction": "yes",
            "score": 0.7,
        }
    ]
    assert server.got["/api/v1/models/m/labels"] == [
        {"id": identity, "label": "no", "time": "2013-03-01T12:00:00+00:00"}
    ]
    assert time_of_id(identity) == moment
    assert found.counts.sent == 2


def test_a_dead_server_changes_nothing_for_the_model(tmp_path):
    """Without a server predictions are logged all the same, and wait in the spool."""
    found = client(NOBODY, tmp_path)
    logger = found.logger("m")

    identities = {logger.prediction({"x": place}, prediction=1) for place in range(100)}

    assert len(identities) == 100
    assert not found.close(timeout_seconds=0.0)
    assert (found.counts.spooled, found.counts.dropped) == (100, 0)


def test_the_next_process_sends_what_the_last_could_not(server, tmp_path):
    """Rows that were left in the spool are sent by whoever comes next."""
    server.down = True
    before = set(threading.enumerate())
    left = client(server.url, tmp_path)
    left.logger("m").prediction({"x": 1}, prediction=1)
    assert not left.close(timeout_seconds=0.0)
    for thread in threads_since(before):
        thread.join(PATIENCE_SECONDS)
    server.down = False

    with client(server.url, tmp_path) as found:
        found.logger("m")
        until(lambda: found.flush() and server.got, what="they are sent")

    assert [row["features"] for row in server.got["/api/v1/models/m/predictions"]] == [{"x": 1}]


KILLED = """
import os, signal, sys
from pathlib import Path
from watchkeeper import Client
from watchkeeper.sdk.client import SpoolOptions

logger = Client(sys.argv[1], "key", spool=SpoolOptions(Path(sys.argv[2]))).logger("m")
for place in range(500):
    logger.prediction({"x": place}, prediction=1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_rows_survive_the_kill_of_their_process(server, tmp_path):
    """After `kill -9` every row that `prediction()` returned for arrives, exactly once."""
    ended = subprocess.run([sys.executable, "-c", KILLED, server.url, tmp_path], check=False)
    assert ended.returncode == -signal.SIGKILL

    with client(server.url, tmp_path) as found:
        found.logger("m")
        rows = until(
            lambda: found.flush() and server.got.get("/api/v1/models/m/predictions", []),
            lambda rows: rows and len(rows) >= 500,
            what="all rows came",
        )

    assert sorted(row["features"]["x"] for row in rows) == list(range(500))


FORKED = """
import os, sys
from pathlib import Path
from watchkeeper import Client
from watchkeeper.sdk.client import SpoolOptions

client = Client(sys.argv[1], "key", spool=SpoolOptions(Path(sys.argv[2])))
logger = client.logger("m")
logger.prediction({"x": "before"}, prediction=1)
child = os.fork()
logger.prediction({"x": "child" if child == 0 else "parent"}, prediction=1)
assert client.counts.spooled == (1 if child == 0 else 2)
assert client.close(120.0)
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_fork_logs_on_both_sides(server, tmp_path):
    """Parent and child each send their own rows, and none twice."""
    subprocess.run([sys.executable, "-c", FORKED, server.url, tmp_path], check=True)

    rows = server.got["/api/v1/models/m/predictions"]
    assert sorted(row["features"]["x"] for row in rows) == ["before", "child", "parent"]


class Hostile:
    """A value whose every use raises."""

    def __str__(self):
        raise RuntimeError("no text")

    def __float__(self):
        raise RuntimeError("no number")


@pytest.mark.parametrize(
    "call",
    [
        lambda logger: logger.prediction({"x": Hostile()}, prediction=1),
        lambda logger: logger.prediction(None, prediction=Hostile()),
        lambda logger: logger.prediction({}, prediction=1, time="yesterday"),
        lambda logger: logger.prediction({}, prediction=1, prediction_id=Hostile()),
        lambda logger: logger.label(Hostile(), 1),
        lambda logger: logger.label("a", Hostile()),
        lambda logger: logger.label("a", 1, time="yesterday"),
        lambda logger: logger.prediction({"x": "y" * 2_000_000}, prediction=1),
    ],
)
def test_no_value_makes_the_logger_raise(tmp_path, call):
    """Whatever is logged, the predict path goes on and the row is counted as dropped."""
    found = client(NOBODY, tmp_path)

    call(found.logger("m"))

    assert (found.counts.dropped, found.counts.spooled) == (1, 0)
    found.close(0.0)


def test_a_full_spool_drops_the_newest_and_says_so(tmp_path, caplog):
    """Once the limit is reached rows are counted as dropped, and one warning tells why."""
    found = client(NOBODY, tmp_path, max_bytes=1000)
    logger = found.logger("m")

    for place in range(50):
        logger.prediction({"x": place}, prediction=1)

    counts = found.counts
    assert counts.spooled > 0
    assert counts.spooled + counts.dropped == 50
    assert caplog.text.count("newest rows are dropped") == 1
    found.close(0.0)


def test_logging_after_close_is_no_error(tmp_path):
    """A logger that outlives its client drops and counts."""
    found = client(NOBODY, tmp_path)
    logger = found.logger("m")
    found.close(0.0)

    logger.prediction({"x": 1}, prediction=1)

    assert found.counts.dropped == 1


def test_a_home_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    """Where the home folder cannot be made the spool goes to the temporary folder."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WATCHKEEPER_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    found = Client(NOBODY, "key")
    found.logger("m").prediction({"x": 1}, prediction=1)

    assert found.counts.spooled == 1
    assert list(tmp_path.glob("watchkeeper-spool-*/*/*/0*.writing"))
    found.close(0.0)


def test_a_folder_that_was_asked_for_and_cannot_be_written_is_an_error(tmp_path):
    """A wrong configuration is told at the start, not found out by missing rows."""
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="spool's folder must be writable"):
        client(NOBODY, tmp_path / "file")


@pytest.mark.parametrize("url", ["127.0.0.1:8711", "ftp://x", "http://", "nonsense"])
def test_a_url_that_is_none_is_refused(tmp_path, url):
    """The message shows what a URL looks like."""
    with pytest.raises(InvalidInput, match=r"must look like http://127\.0\.0\.1:8711"):
        client(url, tmp_path)


def test_errors_of_the_server_are_raised_as_themselves(server, tmp_path):
    """A call that waits for the server raises the error that the server names."""
    with client(server.url, tmp_path) as found, pytest.raises(NotFound, match="no model 'm'"):
        found.http.get("/api/v1/models/m")


def test_no_server_is_told_as_such(tmp_path):
    """Where nothing answers, the message says what to start."""
    found = client(NOBODY, tmp_path)

    with pytest.raises(Unavailable, match="is `watchkeeper serve` up"):
        found.http.get("/api/v1/models")
    found.close(0.0)


def test_a_spool_is_for_its_user_alone(tmp_path):
    """Logged rows may be personal: no other user can read them."""
    found = client(NOBODY, tmp_path)
    found.logger("m").prediction({"x": 1}, prediction=1)

    for path in found._spool.root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    found.close(0.0)


def test_sampled_rows_carry_their_share_and_the_others_are_counted(server, tmp_path):
    """What was logged and what was left out add up, and labels follow their predictions."""
    with client(server.url, tmp_path) as found:
        logger = found.logger("m", sample=0.25)
        ids = [logger.prediction({"x": place}, prediction=1) for place in range(200)]
        for identity in ids:
            logger.label(identity, 1)

    rows = server.got["/api/v1/models/m/predictions"]
    labels = server.got["/api/v1/models/m/labels"]
    assert 20 < len(rows) < 90
    assert {row["sampled"] for row in rows} == {0.25}
    assert {row["id"] for row in rows} == {row["id"] for row in labels}
    assert found.counts.sampled + found.counts.spooled == 400


def test_what_a_policy_forbids_is_never_on_disk(tmp_path, monkeypatch):
    """A dropped and a hashed value are neither in the spool nor anywhere else."""
    monkeypatch.setenv("WATCHKEEPER_COLUMN_KEY", "secret")
    found = client(NOBODY, tmp_path)
    logger = found.logger("m", policies={"ssn": "drop", "mail": "hash"})

    logger.prediction({"ssn": "123-45", "mail": "a@example.org", "x": 1}, prediction=1)

    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*.writing"))
    assert found.counts.spooled == 1
    assert b"123-45" not in content
    assert b"example.org" not in content
    found.close(0.0)


def test_columns_may_change_from_row_to_row(server, tmp_path):
    """Each row keeps its own columns, whatever came before, and names that are no text."""
    wanted = [{f"c{place}": place} for place in range(100)] + [{"a": 1, "b": 2}, {"b": 3, "a": 4}]
    with client(server.url, tmp_path) as found:
        logger = found.logger("m")
        for features in [*wanted, {7: "seven"}]:
            logger.prediction(features, prediction=1)

    rows = server.got["/api/v1/models/m/predictions"]
    assert [row["features"] for row in rows] == [*wanted, {"7": "seven"}]


def test_an_exception_is_logged_as_its_kind_and_text(server, tmp_path):
    """An error may be given as it was caught."""
    with client(server.url, tmp_path) as found:
        found.logger("m").prediction({"x": 1}, error=ValueError("no tree"), trace_id="t1")

    (row,) = server.got["/api/v1/models/m/predictions"]
    assert (row["error"], row["trace_id"], row["prediction"]) == ("ValueError: no tree", "t1", None)


def test_foreign_values_are_logged(server, tmp_path):
    """Scalars and arrays of numpy, times and decimals arrive as plain values."""
    features = {"n": np.float32(0.5), "a": np.arange(3), "d": Decimal("1.5"), "t": UTC_NOON}
    with client(server.url, tmp_path) as found:
        found.logger("m").prediction(features, prediction=np.int64(3), score=np.float64(0.25))

    (row,) = server.got["/api/v1/models/m/predictions"]
    assert row["features"] == {"n": 0.5, "a": [0, 1, 2], "d": 1.5, "t": UTC_NOON.isoformat()}
    assert (row["prediction"], row["score"]) == (3, 0.25)


@pytest.fixture
def alarms():
    """Has a handler called every half millisecond of processor time."""
    before = signal.getsignal(signal.SIGPROF)

    def begin(handler):
        signal.signal(signal.SIGPROF, handler)
        signal.setitimer(signal.ITIMER_PROF, 0.0005, 0.0005)

    yield begin
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    signal.signal(signal.SIGPROF, before)


def test_a_signal_handler_may_log(server, tmp_path, alarms):
    """Rows that are logged in the middle of logging one: each comes once, under its own number."""
    with client(server.url, tmp_path) as found:
        logger = found.logger("m")
        alarms(lambda *_: logger.prediction({"x": "signal"}, prediction=1))
        for _ in range(5_000):
            logger.prediction({"x": "main"}, prediction=1)
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    rows = server.got["/api/v1/models/m/predictions"]
    counts = found.counts
    assert len({row["id"] for row in rows}) == len(rows) == counts.sent == counts.spooled
    assert sum(row["features"]["x"] == "main" for row in rows) >= 5_000 - counts.dropped
    assert len(rows) + counts.dropped > 5_000


def test_a_handler_that_raises_leaves_the_logger_usable(server, tmp_path, alarms):
    """Time limits that raise in the middle of logging cost the row in hand, and no other."""

    class Limit(Exception):
        pass

    def limit(_, frame):
        while frame is not None:
            if frame.f_code is Logger.prediction.__code__:
                raise Limit
            frame = frame.f_back

    logged = []
    with client(server.url, tmp_path) as found:
        logger = found.logger("m")
        alarms(limit)
        for _ in range(3_000):
            with contextlib.suppress(Limit):
                logged.append(logger.prediction({"x": 1}, prediction=1))
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    rows = {row["id"] for row in server.got["/api/v1/models/m/predictions"]}
    assert len(set(logged) - rows) <= found.counts.dropped  # an id that was given all the same
    assert len(logged) > 1_000


def test_a_client_that_is_forgotten_ends_its_threads(server, tmp_path):
    """Whoever makes a client for every request loses neither rows nor threads."""
    before = set(threading.enumerate())
    client(server.url, tmp_path, interval_seconds=0.05).logger("m").prediction({"x": 1})
    made = threads_since(before)

    for thread in made:
        thread.join(PATIENCE_SECONDS)

    assert not any(thread.is_alive() for thread in made)
    assert len(server.got["/api/v1/models/m/predictions"]) == 1
