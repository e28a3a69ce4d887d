"""The door's process: API and page on a socket that the supervisor opened.

The socket outlives this process: while it is started anew, callers wait instead of being refused.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys

import uvicorn

from watchkeeper.server.api.app import create_app
from watchkeeper.server.lifeline import when_parent_ends
from watchkeeper.server.logs import configure_logs
from watchkeeper.server.protocol import ImpatientProtocol
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings

__all__ = ["main"]

_GRACE_SECONDS = 10


def main(arguments: list[str]) -> None:
    """Serve until told to stop. Arguments: the descriptors of the socket and of the lifeline."""
    listening, lifeline = (int(argument) for argument in arguments)
    settings = Settings.load()
    configure_logs(settings.log_level)
    when_parent_ends(lifeline, lambda: os.kill(os.getpid(), signal.SIGTERM))
    parts = open_parts(settings)
    try:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(parts.hub()),
                http=ImpatientProtocol,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        server.run(sockets=[socket.socket(fileno=listening)])
    finally:
        parts.close()
        logging.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
