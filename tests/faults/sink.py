"""A server that takes batches as the product does, once under each id, and misbehaves on request."""

from __future__ import annotations

import gzip
import io
import json
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa


class Sink:
    """``ids`` counts each row's id that came in a batch that had not come before. ``faults`` are
    done one a request: ``cut`` (reset in mid-body), ``mute`` (taken, and reset without an answer),
    ``slow`` (answered after a second), ``busy`` (503).
    """

    def __init__(self, port=0, faults=()):
        self.ids = Counter()
        self.faults = list(faults)
        self.told = []
        self._batches = set()
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                sink.answer(self)

            def log_message(self, *_):
                pass

        class Listening(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Listening(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    def answer(self, request):
        with self._lock:
            fault = self.faults.pop(0) if self.faults else None
        length = int(request.headers["Content-Length"])
        if fault == "cut":
            request.rfile.read(length // 2)
            return reset(request)
        body = request.rfile.read(length)
        if fault == "busy":
            return say(request, 503, {"error": {"code": "unavailable", "message": "busy"}})
        if fault == "slow":
            time.sleep(1.0)
        self.take(request.headers, body)
        if fault == "mute":
            return reset(request)
        return say(request, 200, {"data": {"rejected": 0}, "next_cursor": None})

    def take(self, headers, body):
        ids = ids_of(headers, body)
        batch = headers["Idempotency-Key"]
        with self._lock:
            if batch not in self._batches:
                self._batches.add(batch)
                self.ids.update(ids)
                self.told.append(json.loads(headers["Watchkeeper-Client"]))

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ids_of(headers, body):
    content = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
    if headers["Content-Type"] == "application/json":
        return [row["id"] for row in json.loads(content)["rows"]]
    with pa.ipc.open_stream(io.BytesIO(content)) as stream:
        return stream.read_all()["id"].to_pylist()


def reset(request):
    """Close with a reset instead of an orderly end."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.close_connection = True
    request.connection.close()


def say(request, status, document):
    body = json.dumps(document).encode()
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def listening(port=0, faults=()):
    sink = Sink(port, faults)
    try:
        yield sink
    finally:
        sink.close()
