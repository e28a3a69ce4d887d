"""What a worker that runs by itself answers to probes: is it alive, and is it at work.

Alive means that its loops get something done: a worker that hangs is better started anew. At work
means that it also reaches its records, which no start anew would mend.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from watchkeeper.server.alerting.pulse import Pulse

__all__ = ["Probes", "serve_probes"]

_LONGEST_SECONDS = 900.0  # a single look at a very large window may take minutes
_LOOPS = ("judge", "move")


@dataclass(frozen=True, slots=True)
class Probes:
    """``reaches`` raises where the records are out of reach."""

    pulse: Pulse
    reaches: Callable[[], object]
    stopping: threading.Event

    def healthz(self) -> tuple[int, str]:
        """Whether the loops get something done."""
        stuck = [loop for loop in _LOOPS if self.pulse.age(loop) > _LONGEST_SECONDS]
        return (503, f"stuck: {', '.join(stuck)}") if stuck else (200, "ok")

    def readyz(self) -> tuple[int, str]:
        """Whether it works and goes on working."""
        if self.stopping.is_set():
            return 503, "ending"
        alive = self.healthz()
        if alive[0] != 200:
            return alive
        try:
            self.reaches()
        except Exception as error:  # noqa: BLE001  whatever it is, it does not reach them
            return 503, f"records out of reach: {type(error).__name__}"
        return 200, "ready"


def serve_probes(listening: socket.socket, probes: Probes) -> ThreadingHTTPServer:
    """Answer ``/healthz`` and ``/readyz`` on a socket that listens, in threads, until shut down."""
    paths = {"/healthz": probes.healthz, "/readyz": probes.readyz}

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            asked = paths.get(self.path.partition("?")[0])
            status, text = (404, "not here") if asked is None else asked()
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Probes come every few seconds: nobody wants to read of them."""

    server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.daemon_threads = True
    server.socket.close()
    server.socket = listening
    threading.Thread(target=server.serve_forever, args=(0.2,), name="probes", daemon=True).start()
    return server
