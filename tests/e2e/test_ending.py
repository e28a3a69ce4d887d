"""The real server is told to end, and tells: signals, draining, roles, logs and the first key."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from ports import held_port
from serving import PROGRAM, Server
from waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.slow
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: pumps
task: none
granularity: 1d
columns:
  time: {type: timestamp, role: time}
  bar: numeric
"""


@pytest.fixture
def made(tmp_path):
    """Makes servers that end with the test."""
    servers = []

    def make(**settings):
        name = f"home{len(servers)}"
        servers.append(
            Server(tmp_path / name, settings={"WATCHKEEPER_LOG_FORMAT": "json", **settings})
        )
        return servers[-1].start()

    yield make
    for server in servers:
        if server._runs.poll() is None:
            server.kill()  # it may be told to drain for longer than a test has


def status(server, path):
    """What a path answers, None where nobody does."""
    try:
        with urllib.request.urlopen(server.url + path, timeout=PATIENCE_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def events(server):
    """The lines of its log, each of which is JSON."""
    return [json.loads(line) for line in server.log.splitlines()]


def rows(number):
    now = datetime.now(UTC).isoformat()
    return [{"time": now, "bar": float(n)} for n in range(number)]


def test_told_to_end_it_is_alive_and_not_ready(made):
    """While it drains it takes requests, says that it is not ready, and ends with 0."""
    server = made(WATCHKEEPER_DRAIN_SECONDS="600")
    server.children()
    assert (status(server, "/healthz"), status(server, "/readyz")) == (200, 200)
    os.kill(server.pid, signal.SIGTERM)

    until(lambda: status(server, "/readyz") == 503, what="it says that it is not ready")

    assert status(server, "/healthz") == 200
    assert server.ask("/api/v1/models") == []
    os.kill(server.pid, signal.SIGTERM)  # a second time: at once, whatever is left of the draining
    assert server._runs.wait(PATIENCE_SECONDS) == 0
    until(lambda: status(server, "/healthz") is None, what="nobody listens any more")


def test_what_was_begun_is_answered(made):
    """A request whose body is on its way when the end is asked for is acknowledged, and its rows are
    in the lake when the server is gone.
    """
    server = made()
    server.apply(DEFINITION)
    body = json.dumps({"rows": rows(50)}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    connection.putrequest("POST", "/api/v1/models/pumps/predictions")
    for name, value in {
        "Authorization": f"Bearer {server.key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }.items():
        connection.putheader(name, value)
    connection.endheaders(body[:100])
    begun = threading.Event()

    def finish():
        until(lambda: any("ending" in e["message"] for e in events(server)), what="it is ending")
        connection.send(body[100:])
        begun.set()

    until(lambda: status(server, "/readyz") == 200, what="it is up")
    thread = threading.Thread(target=finish)
    thread.start()
    os.kill(server.pid, signal.SIGTERM)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    thread.join()

    assert begun.is_set()
    assert answer.status == 200
    assert told["data"]["accepted"] == 50
    assert server._runs.wait(PATIENCE_SECONDS) == 0
    assert server.table("pumps").to_pyarrow_table().num_rows == 50


def test_the_inbox_is_flushed(made):
    """What was acknowledged a moment before the end is in the lake after it."""
    server = made()
    server.apply(DEFINITION)
    server.children()
    for n in range(5):
        server.ask(
            "/api/v1/models/pumps/predictions",
            {"rows": rows(20)},
            headers={"X-Request-ID": f"r{n}"},
        )

    assert server.stop() == 0

    assert server.table("pumps").to_pyarrow_table().num_rows == 100


def test_a_second_time_ends_at_once(made):
    """While a request holds it up, a second signal ends it without waiting; what was acknowledged is
    safe, and the next start says so.
    """
    server = made(WATCHKEEPER_DRAIN_SECONDS="600")
    server.apply(DEFINITION)
    server.ask("/api/v1/models/pumps/predictions", {"rows": rows(20)})
    server.children()
    os.kill(server.pid, signal.SIGTERM)
    until(lambda: status(server, "/readyz") == 503, what="it drains")
    os.kill(server.pid, signal.SIGTERM)

    assert server._runs.wait(PATIENCE_SECONDS) == 0

    assert any("was told to hurry" in event["message"] for event in events(server))
    server.start()
    until(server.moved, what="moved after the next start")
    assert server.table("pumps").to_pyarrow_table().num_rows == 20


def test_every_line_is_an_event(made):
    """Requests have an id, answers show it, and the log tells of both under it; no key is told."""
    server = made(WATCHKEEPER_ACCESS_LOG="all")
    request = urllib.request.Request(
        f"{server.url}/api/v1/models?token=s3cr3t-value",
        headers={"Authorization": f"Bearer {server.key}", "X-Request-ID": "mine-1"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        assert answer.headers["X-Request-ID"] == "mine-1"

    def told():
        return [event for event in events(server) if event.get("request") == "mine-1"]

    (event,) = until(told, what="the request is logged")
    assert (event["method"], event["path"], event["status"]) == ("GET", "/api/v1/models", 200)
    assert event["caller"] == "bootstrap"
    assert event["process"] == "door"
    assert server.key not in server.log
    assert "s3cr3t-value" not in server.log


def test_the_level_changes_while_it_runs(made):
    """By the API and the console, and by a signal, in door and worker alike."""
    server = made(WATCHKEEPER_ACCESS_LOG="failed")
    server.children()

    def tells_all():
        status(server, "/healthz")
        return any(
            e["logger"] == "watchkeeper.access" and e["level"] == "debug" for e in events(server)
        )

    done = server.run("log-level", "debug", "--logger", "watchkeeper.access", "--minutes", "5")
    assert done.returncode == 0, done.stderr
    assert "watchkeeper.access: debug until" in done.stdout
    until(tells_all, what="the door tells more")
    assert "by bootstrap" in server.run("log-level").stdout
    done = server.run("log-level", "usual", "--logger", "watchkeeper.access")
    assert done.stdout == "configured: info\n"

    os.kill(server.pid, signal.SIGUSR1)
    said = {"supervisor", "door", "worker"}
    until(
        lambda: (
            {e["process"] for e in events(server) if "a signal asked for debug" in e["message"]}
            == said
        ),
        what="all three heard the signal",
    )
    assert server.answers()


def test_logs_go_to_a_file_that_may_be_moved(made, tmp_path):
    """After the file was moved away, the next line begins another."""
    log = tmp_path / "log" / "watchkeeper.log"
    log.parent.mkdir()
    server = made(WATCHKEEPER_LOG_FILE=str(log), WATCHKEEPER_ACCESS_LOG="all")
    server.ask("/api/v1/models")
    until(lambda: "/api/v1/models" in log.read_text(), what="a request in the file")
    log.rename(log.with_suffix(".1"))

    def again():
        server.ask("/api/v1/models")
        return "/api/v1/models" in log.read_text()

    until(again, what="a request in the new file")
    assert server.log == ""


def test_the_first_key_may_be_given(made, tmp_path):
    """With the secret in a file it listens on every address, and that secret is the admin's."""
    (tmp_path / "key").write_text("a-secret-of-at-least-32-characters\n")
    with held_port() as port:
        home = tmp_path / "given"
        server = subprocess.Popen(
            [*PROGRAM, "serve", "--host", "0.0.0.0", "--port", str(port), "--home", home],
            env={**os.environ, "WATCHKEEPER_FIRST_KEY_FILE": str(tmp_path / "key")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/keys",
                headers={"Authorization": "Bearer a-secret-of-at-least-32-characters"},
            )

            def asked():
                with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                    return json.loads(answer.read())["data"]

            (key,) = until(asked, what="the given key opens")
            assert key["scopes"] == ["admin"]
        finally:
            server.terminate()
            server.wait(PATIENCE_SECONDS)


def test_door_and_worker_run_apart(tmp_path, postgresql):
    """Two doors and a worker, each a server of its own over one PostgreSQL: rows sent to either door
    are in the lake, and the worker answers its own probes.
    """
    import sqlalchemy as sa

    engine = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE apart"))
    (tmp_path / "key").write_text("a-secret-of-at-least-32-characters\n")
    shared = {
        "WATCHKEEPER_DATABASE_URL": postgresql.replace("/postgres?", "/apart?"),
        "WATCHKEEPER_LAKE": str(tmp_path / "lake"),
        "WATCHKEEPER_FIRST_KEY_FILE": str(tmp_path / "key"),
        "WATCHKEEPER_LOG_FORMAT": "json",
    }
    servers = [
        Server(tmp_path / f"s{n}", settings={**shared, "WATCHKEEPER_ROLE": role})
        for n, role in enumerate(("door", "door", "worker"))
    ]
    try:
        for server in servers:
            server.home.mkdir()
            (server.home / "admin.key").write_text((tmp_path / "key").read_text())
            server.start()
        one, two, worker = servers
        until(lambda: status(worker, "/readyz") == 200, what="the worker is at work")
        assert status(worker, "/healthz") == 200
        assert status(worker, "/api/v1/models") == 404
        one.apply(DEFINITION)
        for door in (one, two):
            until(lambda door=door: status(door, "/readyz") == 200, what="a door is ready")
            door.ask("/api/v1/models/pumps/predictions", {"rows": rows(10)})
        until(two.moved, what="the worker moved the rows")
        assert (one.child("toil"), worker.child("door")) == (None, None)
        assert [server.stop() for server in servers] == [0, 0, 0]
    finally:
        for server in servers:
            server.close()
        with engine.connect() as connection:
            connection.execute(sa.text("DROP DATABASE apart WITH (FORCE)"))
        engine.dispose()


def test_it_needs_nothing_but_its_volumes(tmp_path):
    """As a user without rights or a home, with nothing to write to but the home folder and /tmp: as in
    a container whose root cannot be written.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv, to run as a user without rights")
    home = tmp_path / "volume"
    home.mkdir()
    os.chown(home, 10001, 10001)
    reach = "+dac_read_search"
    held = subprocess.run(["setpriv", "--dump"], capture_output=True, text=True, check=True).stdout
    if "dac_read_search" not in held:
        reach = None if os.access("/", os.X_OK) and _all_may_read(tmp_path) else ""
    if reach == "":
        pytest.skip("needs the capability to read files wherever this project lies")
    caps = [f"--inh-caps={reach}", f"--ambient-caps={reach}"] if reach else []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", *caps, *PROGRAM]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "WATCHKEEPER_HOME": str(home),
    }
    for name in ("PYTHONPATH",):
        if name in os.environ:
            environment[name] = os.environ[name]
    log = tmp_path / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "serve", "--port", str(port)],
            cwd="/",
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        url = f"http://127.0.0.1:{port}/readyz"

        def ready():
            assert server.poll() is None, log.read_text()[-3000:]
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                return answer.status == 200

        until(ready, what="it is ready")
    finally:
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0, log.read_text()[-3000:]
    assert (home / "catalog.db").stat().st_uid == 10001


def _all_may_read(path):
    """Whether every folder above a path may be looked into by others."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in path.parents)
