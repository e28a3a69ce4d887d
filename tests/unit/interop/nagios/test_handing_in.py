"""Passive results and generated objects: lines that hold whatever they are made of."""

from __future__ import annotations

import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.errors import InvalidInput, NotInstalled, Unavailable
from watchkeeper.interop.nagios.icinga import icinga_text
from watchkeeper.interop.nagios.objects import Objects, objects_text
from watchkeeper.interop.nagios.passive import CommandFile, Nrdp, Nsca, Passive
from watchkeeper.interop.nagios.result import Perf, Result, State
from watchkeeper.interop.nagios.services import name_of, services_of

TEXTS = st.text(max_size=3_000)
COMMAND = re.compile(rb"\[\d+\] PROCESS_SERVICE_CHECK_RESULT;[^;\n]+;[^;\n]+;[0-3];[^\n]*\n")


def passive(text="fine", details=(), service="flights"):
    result = Result(State.WARNING, text, [Perf("x", 1.5)], details)
    return Passive("watchkeeper", service, result)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=8))
def test_a_command_is_one_line(text, details):
    """No text of a user ends a command or begins another, and it goes through a pipe in one piece."""
    line = CommandFile("unused", lambda: 1.0).line(passive(text, details))

    assert COMMAND.fullmatch(line)
    assert len(line) <= 4096


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=8))
def test_a_result_of_nsca_is_one_block(text, details):
    """Tabs divide four fields, and neither an end of line nor of block stands within."""
    line = Nsca("127.0.0.1").line(passive(text, details))

    assert line.count(b"\t") == 3
    assert line.endswith(b"\n")
    assert not re.search(rb"[\x00-\x08\n\x0a-\x1f]", line[:-1].replace(b"\t", b""))


def test_the_command_file_gets_every_result(tmp_path):
    """A pipe with a reader takes one line a result."""
    path = tmp_path / "nagios.cmd"
    os.mkfifo(path)
    read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    CommandFile(path, lambda: 7.0)([passive(), passive(service="doors")])

    lines = os.read(read, 65_536).decode().splitlines()
    os.close(read)
    assert lines == [
        "[7] PROCESS_SERVICE_CHECK_RESULT;watchkeeper;flights;1;WATCHKEEPER WARNING - fine | x=1.5",
        "[7] PROCESS_SERVICE_CHECK_RESULT;watchkeeper;doors;1;WATCHKEEPER WARNING - fine | x=1.5",
    ]


def test_a_command_file_without_a_reader_is_told(tmp_path):
    """A Nagios that does not run is Unavailable, at once; a plain file is refused and left alone."""
    pipe, plain = tmp_path / "pipe", tmp_path / "plain"
    os.mkfifo(pipe)
    plain.write_text("mine")

    with pytest.raises(Unavailable, match="does Nagios run"):
        CommandFile(pipe, lambda: 7.0)([passive()])
    with pytest.raises(InvalidInput, match="must be a pipe"):
        CommandFile(plain, lambda: 7.0)([passive()])
    with pytest.raises(Unavailable, match="cannot be written"):
        CommandFile(tmp_path / "none", lambda: 7.0)([passive()])
    assert plain.read_text() == "mine"


def test_nsca_needs_its_program():
    """Without send_nsca the message says what to install."""
    with pytest.raises(NotInstalled, match="install nsca-client"):
        Nsca("127.0.0.1", program="no-such-send-nsca")([passive()])


class Nrdpd(BaseHTTPRequestHandler):
    """NRDP as its documentation has it: a form with token, cmd and JSON, answered in XML or JSON."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        problem = None if form.get("token") == "t0ken" else "BAD TOKEN"
        if form.get("cmd") != "submitcheck":
            problem = "NO COMMAND"
        for found in json.loads(form["json"])["checkresults"]:
            assert found["checkresult"] == {"type": "service", "checktype": "1"}
            assert set(found) == {"checkresult", "hostname", "servicename", "state", "output"}
        answer = (
            f"<result><status>{-1 if problem else 0}</status><message>{problem}</message></result>"
        )
        self.server.taken.append(form)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def nrdp():
    server = HTTPServer(("127.0.0.1", 0), Nrdpd)
    server.taken = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server, f"http://127.0.0.1:{server.server_port}/nrdp/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_nrdp_takes_results(nrdp):
    """The form arrives whole."""
    server, url = nrdp
    Nrdp(url, "t0ken")([passive("a & b=c"), passive(service="doors")])

    (form,) = server.taken
    first = json.loads(form["json"])["checkresults"][0]
    assert (first["servicename"], first["state"]) == ("flights", "1")
    assert first["output"].startswith("WATCHKEEPER WARNING - a & b=c")


def test_nrdp_that_refuses_is_told(nrdp):
    """A wrong token is Unavailable with NRDP's words, and never shows the token."""
    with pytest.raises(Unavailable, match="BAD TOKEN") as told:
        Nrdp(nrdp[1], "wr0ng")([passive()])
    assert "wr0ng" not in str(told.value)
    with pytest.raises(Unavailable, match="no answer"):
        Nrdp("http://127.0.0.1:1/nrdp/", "t")([passive()])
    with pytest.raises(InvalidInput, match="must look like"):
        Nrdp("nrdp", "t")([passive()])


def test_services_are_the_same_everywhere():
    """One of the server, two of each model, by names that Nagios allows."""
    names = [service.description for service in services_of(["a", "b"])]

    assert names == ["server", "a", "a freshness", "b", "b freshness"]
    assert all(name_of(name) == name for name in names)


@pytest.mark.parametrize("wrong", ["x;y", "x\ny"])
def test_what_would_end_a_directive_is_refused(wrong):
    """An option can neither end a line nor hide behind a comment."""
    with pytest.raises(InvalidInput, match="must be without"):
        objects_text(["a"], Objects("http://h", email=wrong))
    with pytest.raises(InvalidInput, match="a host's name"):
        objects_text(["a"], Objects("http://h", host=wrong))


def test_objects_name_an_own_contact_group_or_make_one():
    """With a group of the user's no contact and no command to tell is made."""
    own = objects_text(["a"], Objects("http://h", contact_group="admins"))
    made = objects_text(["a"], Objects("http://h", email="eva@example.org"))

    assert "define contact" not in own
    assert "contact_groups" in own
    assert "eva@example.org" in made
    assert own.count("admins") == 2


def test_dollars_are_no_macros():
    """A path or an address with a dollar stands in commands as it is."""
    text = objects_text(["a"], Objects("http://h/$USER1$", key_file="/etc/a b$"))

    assert "'http://h/$$USER1$$'" in text
    assert "'/etc/a b$$'" in text
    assert '"http://h/$$USER1$$"' in icinga_text(["a"], Objects("http://h/$USER1$"))
