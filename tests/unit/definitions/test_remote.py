"""The definitions of a server, through a real connection to a small one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.definitions.remote import RemoteDefinitions
from watchkeeper.errors import InvalidInput, Unavailable
from watchkeeper.sdk.http import Http


class _Handler(BaseHTTPRequestHandler):
    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        held = self.server.held.get(self.path)
        if held is None:
            self.answer(
                404, {"error": {"code": "not_found", "message": "no such thing", "details": None}}
            )
        else:
            self.answer(200, {"data": held})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.held[self.path] = {"definition": body, "reference": None}
        self.answer(200, {"data": {}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.uploads.append((self.path, self.headers["Content-Type"], len(body)))
        self.answer(200, {"data": {}})

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A server that keeps what is put, and its store."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    service.held, service.uploads = {}, []
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{service.server_port}"
    yield SimpleNamespace(
        url=url,
        held=service.held,
        uploads=service.uploads,
        store=RemoteDefinitions(Http(url, "key")),
    )
    service.shutdown()
    service.server_close()
    thread.join()


def test_what_is_put_can_be_got(server):
    """Models and routes have a place each; what was never put is None."""
    server.store.put("Model", "m", {"name": "m"})
    server.store.put("AlertRoute", "r", {"name": "r"})

    assert set(server.held) == {"/api/v1/models/m", "/api/v1/routes/r"}
    assert (server.store.get("Model", "m"), server.store.get("AlertRoute", "r")) == (
        {"name": "m"},
        {"name": "r"},
    )
    assert server.store.get("Model", "nobody") is None


def test_an_answer_of_another_kind_is_no_answer(server):
    """A server that answers something else is said not to answer."""
    server.held["/api/v1/models/m"] = {"hello": 1}

    with pytest.raises(Unavailable, match="must answer with the definition"):
        server.store.get("Model", "m")


def test_a_reference_is_uploaded(server, tmp_path):
    """Parquet goes as it is, other tables as Arrow; a missing file is refused."""
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "ref.parquet")
    (tmp_path / "ref.csv").write_text("x\n1.0\n")

    server.store.upload_reference("m", tmp_path / "ref.parquet")
    server.store.upload_reference("m", tmp_path / "ref.csv")

    assert [(path, kind.rpartition(".")[2]) for path, kind, _ in server.uploads] == [
        ("/api/v1/models/m/reference", "parquet"),
        ("/api/v1/models/m/reference", "stream"),
    ]
    with pytest.raises(InvalidInput, match="reference must exist"):
        server.store.upload_reference("m", tmp_path / "gone.parquet")


def test_whether_a_model_has_a_reference(server):
    """Known from the model's own answer."""
    server.held["/api/v1/models/m"] = {"definition": {}, "reference": {"rows": 3}}

    server.store.get("Model", "m")

    assert (server.store.has_reference("m"), server.store.has_reference("other")) == (True, False)
