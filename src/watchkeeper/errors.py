"""Every error that Watchkeeper raises on purpose.

::

    WatchkeeperError
    ├── InvalidInput (ValueError)        what was given does not hold what it must
    │   ├── InvalidDefinition            a definition document is wrong
    │   └── UnsupportedTable             a table format feature that was never proven here
    ├── NotFound (LookupError)           the named thing does not exist
    ├── Conflict                         it exists already, or changed since it was read
    ├── Unauthorized (PermissionError)   no key, or a key that is not valid
    ├── Forbidden (PermissionError)      a valid key without the scope
    ├── TooLarge (ValueError)            over a stated limit
    ├── TooSlow                          a body that does not arrive in time
    ├── RateLimited                      too much at once: try again later
    ├── Unavailable (ConnectionError)    a part that is needed does not answer
    ├── PluginFailed                     foreign code (a metric, a sink) raised
    └── NotInstalled (ImportError)       an optional dependency is missing

A message says what must hold, what was got, where, and what to do.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "Conflict",
    "Forbidden",
    "InvalidDefinition",
    "InvalidInput",
    "NotFound",
    "NotInstalled",
    "PluginFailed",
    "RateLimited",
    "TooLarge",
    "TooSlow",
    "Unauthorized",
    "Unavailable",
    "UnsupportedTable",
    "WatchkeeperError",
]


class WatchkeeperError(Exception):
    """The base of all: catch this to catch everything that Watchkeeper raises on purpose."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500


class InvalidInput(WatchkeeperError, ValueError):
    """What was given does not hold what it must."""

    code = "invalid_input"
    http_status = 422


class InvalidDefinition(InvalidInput):
    """A definition document (a model, a monitor, a route) is wrong; the message names the path."""

    code = "invalid_definition"


class UnsupportedTable(InvalidInput):
    """A table uses a format feature that was never proven here, so it is refused, not guessed."""

    code = "unsupported_table"


class NotFound(WatchkeeperError, LookupError):
    """The named thing does not exist."""

    code = "not_found"
    http_status = 404


class Conflict(WatchkeeperError):
    """It exists already with other content, or it changed since it was read."""

    code = "conflict"
    http_status = 409


class Unauthorized(WatchkeeperError, PermissionError):
    """No key was given, or the key is not valid."""

    code = "unauthorized"
    http_status = 401


class Forbidden(WatchkeeperError, PermissionError):
    """The key is valid and lacks the scope that this needs."""

    code = "forbidden"
    http_status = 403


class TooLarge(WatchkeeperError, ValueError):
    """The request is over a stated limit."""

    code = "too_large"
    http_status = 413


class TooSlow(WatchkeeperError):
    """A body did not arrive in time: it was given up, and nothing of it is kept."""

    code = "too_slow"
    http_status = 408


class RateLimited(WatchkeeperError):
    """Too much at once: try again after ``retry_after_seconds``."""

    code = "rate_limited"
    http_status = 429

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(WatchkeeperError, ConnectionError):
    """A part that is needed (server, database, object store) does not answer."""

    code = "unavailable"
    http_status = 503


class PluginFailed(WatchkeeperError):
    """Foreign code (a user's metric, a sink, a target) raised; the message names it."""

    code = "plugin_failed"


class NotInstalled(WatchkeeperError, ImportError):
    """An optional dependency is missing; the message gives the install command."""

    code = "not_installed"
    http_status = 501
