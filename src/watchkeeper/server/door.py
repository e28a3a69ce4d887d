"""The door's process: API and page on a socket that the supervisor opened.

The socket outlives this process: while it is started anew, callers wait instead of being refused.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from watchkeeper.errors import InvalidInput
from watchkeeper.server.api.app import create_app
from watchkeeper.server.draining import DrainingServer
from watchkeeper.server.hub import Hub
from watchkeeper.server.lifeline import when_parent_ends
from watchkeeper.server.logs.setup import configure_logs
from watchkeeper.server.protocol import ImpatientProtocol
from watchkeeper.server.telemetry.processes import keep_telling
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings

if TYPE_CHECKING:
    from watchkeeper.server.otel.grpc_door import GrpcDoor

__all__ = ["main"]

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10


def main(arguments: list[str]) -> None:
    """Serve until told to stop. Arguments: the descriptors of the socket and of the lifeline."""
    listening, lifeline = (int(argument) for argument in arguments)
    settings = Settings.load()
    levels = configure_logs(settings, "door")
    when_parent_ends(lifeline, lambda: os.kill(os.getpid(), signal.SIGTERM))
    parts = open_parts(settings, process="door")
    bound = socket.socket(fileno=listening)
    itself = parts.itself("door", _address(settings.host, bound))
    stopping = threading.Event()
    hub = parts.hub(itself)
    beside = [
        threading.Thread(
            target=levels.follow, args=(parts.catalog.log_levels.all, stopping), daemon=True
        ),
        threading.Thread(target=keep_telling, args=(itself, stopping), daemon=True),
        threading.Thread(target=hub.exposing.warm, args=(stopping,), daemon=True),
    ]
    for thread in beside:
        thread.start()
    parts.observing.start(hub.exposing.collect)
    grpc = _grpc_door(hub, settings)
    try:
        server = DrainingServer(
            uvicorn.Config(
                create_app(hub, access_log=settings.access_log),
                http=ImpatientProtocol,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            ),
            draining=hub.draining,
            drain_seconds=settings.drain_seconds,
        )
        server.run(sockets=[bound])
    finally:
        stopping.set()
        if grpc is not None:
            grpc.stop(_GRACE_SECONDS)
        for thread in beside:
            thread.join(_GRACE_SECONDS)
        parts.close()
        logging.shutdown()


def _grpc_door(hub: Hub, settings: Settings) -> GrpcDoor | None:
    """The door for OTLP over gRPC, where one is wanted; without it all else goes on."""
    if settings.otlp_grpc_port is None:
        return None
    try:
        from watchkeeper.server.otel.grpc_door import open_grpc_door

        found = open_grpc_door(hub, settings.host, settings.otlp_grpc_port)
    except (ImportError, InvalidInput) as error:
        _log.error("OTLP is not received over gRPC: %s", error)
        return None
    _log.info("OTLP is received over gRPC port=%s", found.port)
    return found


def _address(host: str, bound: socket.socket) -> str:
    """Where others reach this door: by its own name, unless it listens on one address alone."""
    everywhere = host in {"", "0.0.0.0", "::"}  # noqa: S104  only compared
    name = socket.gethostname() if everywhere else host
    shown = f"[{name}]" if ":" in name else name
    return f"{shown}:{bound.getsockname()[1]}"


if __name__ == "__main__":
    main(sys.argv[1:])
