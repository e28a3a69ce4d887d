"""Logs of the server's processes: one line an event, on standard error."""

from __future__ import annotations

import logging
import sys

__all__ = ["configure_logs"]

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logs(level: str) -> None:
    """Log at ``level`` (an unknown one: info) and above."""
    logging.basicConfig(
        stream=sys.stderr,
        level=_LEVELS.get(level.lower(), logging.INFO),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for chatty in ("alembic", "uvicorn.error", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
