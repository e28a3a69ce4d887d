"""`watchkeeper check`: what it says of every state of a server, and of everything that goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from watchkeeper.cli.main import cli


@dataclass
class Answers:
    """By path, what is answered: data, or a status with a message."""

    data: dict[str, object] = field(default_factory=dict)
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)
    silent: threading.Event | None = None
    url: str = ""


@pytest.fixture
def answers():
    """A server with one model, which is fine."""
    told = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if told.silent is not None:
                told.silent.wait(60)
                return
            at = urlsplit(self.path)
            told.asked.append((at.path, parse_qs(at.query), self.headers.get("Authorization")))
            status, document = 200, {"data": told.data.get(at.path, []), "next_cursor": None}
            if at.path in told.errors:
                status, message = told.errors[at.path]
                document = {"error": {"code": "x", "message": message, "details": []}}
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    fill(told, summary("flights"))
    yield told
    if told.silent is not None:
        told.silent.set()
    server.shutdown()
    server.server_close()
    thread.join()


def summary(name, **changed):
    """A model as `GET /models` tells it."""
    last = {"start": "2024-03-04T00:00:00Z", "end": "2024-03-05T00:00:00Z"}
    volume = [{"start": "2024-03-03T00:00:00Z", "rows": 5}, {"start": last["start"], "rows": 60}]
    known = {"name": name, "health": "ok", "granularity": "1d", "last_window": last}
    return {**known, "rows_last_window": 60, "volume": volume, **changed}


def fill(told, *summaries, clock="2024-03-05T01:00:00Z", judged="2024-03-05T00:00:00Z"):
    """Let the server know these models."""
    told.data["/api/v1/models"] = list(summaries)
    for each in summaries:
        told.data[f"/api/v1/models/{each['name']}"] = {"summary": each}
    told.data["/api/v1/clock"] = {
        "now": "2024-03-05T01:00:00Z",
        "inbox": 2,
        "settled": True,
        "worker_seen_at": "2024-03-05T00:59:30Z",
        "models": [
            {"name": each["name"], "clock": clock, "judged_through": judged, "due": 1}
            for each in summaries
        ],
    }


def incident(severity="critical", **changed):
    """An incident as `GET /incidents` tells it."""
    known = {"id": "i1", "model": "flights", "state": "open", "severity": severity}
    about = {"title": f"a {severity} one", "opened_at": "2024-03-04T00:00:00Z"}
    return {**known, **about, "acknowledged_by": None, **changed}


def verdict(status="ok", **changed):
    """A verdict as `GET /models/…/verdicts` tells it."""
    window = {"start": "2024-03-04T00:00:00Z", "end": "2024-03-05T00:00:00Z"}
    known = {"monitor": "drift", "what": "drift", "column": "x", "segment": None, "status": status}
    about = {"severity": "warning", "value": 0.5, "message": f"x is {status}", "window": window}
    return {**known, **about, "version": None, "arm": None, **changed}


@pytest.fixture
def check(answers, tmp_path, monkeypatch):
    """Runs the plugin; gives its exit code and what it printed."""
    for name in ("WATCHKEEPER_URL", "WATCHKEEPER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "key").write_text("wk_secret\n")

    def run(*arguments, url=answers.url):
        given = ["check", "--url", url, "--key-file", str(tmp_path / "key"), *arguments]
        done = CliRunner().invoke(cli, given, standalone_mode=False)
        code = done.return_value
        assert done.exception is None, done.exception
        return code, done.stdout.strip()

    return run


def test_a_fine_model_is_ok(check, answers):
    """OK with figures, and the key is shown to the server."""
    assert check("--model", "flights") == (
        0,
        "WATCHKEEPER OK - flights: judged until 2024-03-05 00:00 UTC | incidents=0;;;0 rows=60;;;0",
    )
    assert {key for _, _, key in answers.asked} == {"Bearer wk_secret"}


@pytest.mark.parametrize(("severity", "code"), [("critical", 2), ("warning", 1), ("info", 0)])
def test_an_incident_gives_its_severity(check, answers, severity, code):
    """The worst open incident is the state, its title the text."""
    answers.data["/api/v1/incidents"] = [incident(severity)]

    found, said = check("--model", "flights")

    assert found == code
    assert f"flights: a {severity} one and 1 more" in said  # told open and acknowledged alike here


def test_an_acknowledged_incident_may_be_no_cause(check, answers):
    """Somebody looks after it: OK where that was asked for, and still told below."""
    answers.data["/api/v1/incidents"] = [incident(state="acknowledged", acknowledged_by="eva")]

    assert check("--model", "flights")[0] == 2
    found, said = check("--model", "flights", "--acknowledged-ok")
    assert found == 0
    assert "looked after by eva" in said


@pytest.mark.parametrize(
    ("health", "judged", "words"),
    [
        ("error", "2024-03-05T00:00:00Z", "a monitor failed"),
        ("insufficient_data", "2024-03-05T00:00:00Z", "too few data"),
        ("insufficient_data", None, "no window is judged yet"),
    ],
)
def test_what_cannot_be_said_is_unknown(check, answers, health, judged, words):
    """Neither a failed monitor nor missing data pass for OK."""
    fill(answers, summary("flights", health=health), judged=judged)

    code, said = check("--model", "flights")

    assert code == 3
    assert words in said


def test_the_fleet_is_as_its_worst_model(check, answers):
    """All models together: counts, and the ill ones below."""
    fill(answers, summary("doors"), summary("flights"), summary("pumps", health="error"))
    answers.data["/api/v1/incidents"] = [incident("warning")]

    code, said = check()

    assert code == 1
    assert said.startswith("WATCHKEEPER WARNING - 3 models: 1 warning, 1 unknown, 1 ok | models=3")
    assert "UNKNOWN: pumps: a monitor failed" in said


def test_ranges_of_the_fleet_are_of_ill_models(check, answers):
    """With a range the number of ill models decides."""
    answers.data["/api/v1/incidents"] = [incident()]

    assert check("-w", "0", "-c", "5")[0] == 1
    assert check("-w", "5", "-c", "5")[0] == 0


def test_no_model_is_unknown(check, answers):
    """A server that watches nothing is not fine."""
    fill(answers)

    assert check() == (3, "WATCHKEEPER UNKNOWN - no model is defined")


@pytest.mark.parametrize(
    ("status", "severity", "code"),
    [
        ("ok", "info", 0),
        ("alert", "warning", 1),
        ("alert", "critical", 2),
        ("alert", "info", 0),
        ("error", "warning", 3),
        ("insufficient_data", "info", 3),
    ],
)
def test_a_monitor_says_what_it_said(check, answers, status, severity, code):
    """Each status of a verdict has its exit code."""
    answers.data["/api/v1/models/flights/verdicts"] = [verdict(status, severity=severity)]

    found, said = check("--model", "flights", "--monitor", "drift")

    assert found == code
    assert "'x drift'=0.5;;;0;1" in said


def test_ranges_judge_the_figures_of_a_monitor(check, answers):
    """With ranges the figures decide, whatever the monitor said; one without a value keeps its own."""
    none = verdict("insufficient_data", value=None, column="y")
    answers.data["/api/v1/models/flights/verdicts"] = [verdict("alert"), none]

    arguments = ("--model", "flights", "--monitor", "drift")
    assert check(*arguments, "-w", "0.6", "-c", "0.8")[0] == 0
    assert check(*arguments, "-w", "0.4", "-c", "0.8")[0] == 1
    code, said = check(*arguments, "-w", "0.1", "-c", "0.4")
    assert (code, "'x drift'=0.5;0.1;0.4;0;1" in said) == (2, True)


def test_only_the_newest_window_counts(check, answers):
    """Verdicts of the window before, and of single versions, are let be."""
    before = {"start": "2024-03-03T00:00:00Z", "end": "2024-03-04T00:00:00Z"}
    answers.data["/api/v1/models/flights/verdicts"] = [
        verdict("alert", version="2"),
        verdict(),
        verdict("alert", window=before),
    ]

    assert check("--model", "flights", "--monitor", "drift")[0] == 0


def test_a_monitor_of_another_name_is_unknown(check):
    """A misspelt monitor has nothing to say, and that is no OK."""
    code, said = check("--model", "flights", "--monitor", "drfit")

    assert code == 3
    assert "is that its name?" in said


@pytest.mark.parametrize(
    ("clock", "code"),
    [("2024-03-05T01:00:00Z", 0), ("2024-03-06T12:00:00Z", 1), ("2024-03-09T00:00:00Z", 2)],
)
def test_freshness_is_of_the_newest_rows(check, answers, clock, code):
    """One window without a row is a warning, three are critical, by the model's own clock."""
    fill(answers, summary("flights"), clock=clock)

    assert check("--model", "flights", "--freshness")[0] == code


def test_freshness_without_rows_is_unknown(check, answers):
    """A model that never had a row is neither fresh nor stale."""
    fill(answers, summary("flights", last_window=None, volume=[]))

    assert check("--model", "flights", "--freshness")[0] == 3


def test_health_is_of_door_and_worker(check, answers):
    """Ready, and its worker seen lately."""
    code, said = check("--health")

    assert code == 0
    assert "worker_age=30s;120;600;0 inbox=2;;;0 due=1;;;0" in said


def test_health_tells_a_dead_worker(check, answers):
    """Ready alone is not enough: nobody judges where the worker is gone."""
    answers.data["/api/v1/clock"]["worker_seen_at"] = "2024-03-05T00:00:00Z"
    assert check("--health")[0] == 2
    answers.data["/api/v1/clock"]["worker_seen_at"] = None
    assert check("--health")[0] == 3


def test_health_tells_what_is_not_ready(check, answers):
    """A server that takes no rows is critical, with its own reason."""
    answers.errors["/readyz"] = (503, "the disk is full")

    assert check("--health")[0] == 2
    assert "not ready: the disk is full" in check("--health")[1]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--nope"],
        ["-w", "x"],
        ["-t", "soon"],
        ["--monitor", "drift"],
        ["--health", "--model", "flights"],
        ["--column", "x", "--model", "flights"],
        ["--key-file", "/nowhere/at/all"],
        ["--help"],
        ["--ca-file", "/nowhere/at/all", "--url", "https://127.0.0.1:1"],
    ],
)
def test_wrong_use_is_unknown(check, wrong):
    """A misspelt option is UNKNOWN on one line, on standard output, never 1 or 2."""
    code, said = check(*wrong)

    assert code == 3
    assert said.startswith(("WATCHKEEPER UNKNOWN - ", "Usage:"))


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 502])
def test_what_the_server_refuses_is_unknown(check, answers, status):
    """Whatever it answers, it is UNKNOWN with the server's words."""
    answers.errors["/api/v1/models/flights"] = (status, "go | away\nnow")

    assert check("--model", "flights") == (3, "WATCHKEEPER UNKNOWN - go / away now")


def test_what_is_no_answer_of_ours_is_unknown(check, answers):
    """Nulls, lists and numbers in the places of objects neither raise nor pass for OK."""
    for rubbish in (None, 5, [], [None, 3], "x", {"summary": 7}):
        answers.data["/api/v1/models/flights"] = rubbish
        assert check("--model", "flights")[0] == 3


def test_a_server_that_is_silent_is_unknown_in_time(check, answers):
    """The time that was given is kept."""
    answers.silent = threading.Event()

    code, said = check("--model", "flights", "-t", "1")

    assert code == 3
    assert "no answer" in said


def test_no_server_is_unknown(check):
    """A refused connection is UNKNOWN, and so is an address that is none."""
    assert check(url="http://127.0.0.1:1")[0] == 3
    assert check(url="ftp://x")[0] == 3


def test_checkmk_gets_a_line_for_every_service(check, answers):
    """The server, the model and its freshness, in Checkmk's grammar; exit code 0."""
    answers.data["/api/v1/incidents"] = [incident(title='x "y"\nz')]

    code, said = check("--checkmk")

    assert code == 0
    lines = said.split("\n")
    assert [line[:2] for line in lines] == ["0 ", "2 ", "0 "]
    assert lines[1].startswith(
        '2 "Watchkeeper flights" incidents=2;;;0|rows=60;;;0 flights: x "y" z'
    )


def test_checkmk_is_told_why_there_is_nothing(check):
    """A server that is down is a line too: Checkmk would call no line no news."""
    code, said = check("--checkmk", url="http://127.0.0.1:1")

    assert code == 0
    assert said.startswith('3 "Watchkeeper server" - no answer')


def test_the_process_ends_with_the_plugins_code():
    """As a process of its own: code 3, nothing on standard error, and no library of the server."""
    program = (
        "import sys; from watchkeeper.cli.check import main; sys.argv[1:] = ['--nope']\n"
        "try: main()\n"
        "finally: print(sorted({'numpy', 'pyarrow', 'fastapi', 'urllib3'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert done.stderr == ""
    assert done.stdout.splitlines()[0].startswith("WATCHKEEPER UNKNOWN - No such option")
    assert done.stdout.splitlines()[-1] == "[]"
