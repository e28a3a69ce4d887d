"""What every command shares that talks to a server: where it is, and with which key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from watchkeeper.sdk.http import Http

__all__ = ["address", "connect", "every", "server_options"]

_F = TypeVar("_F", bound=Callable[..., object])


def server_options(function: _F) -> _F:
    """Add ``--url``, ``--key`` and ``--json`` to a command."""
    options = (
        click.option("--url", help="The server; else WATCHKEEPER_URL."),
        click.option("--key", help="An API key; else WATCHKEEPER_API_KEY, or this machine's own."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def connect(url: str | None, key: str | None) -> Http:
    """A connection to `address`."""
    from watchkeeper.sdk.http import Http

    return Http(*address(url, key))


def address(url: str | None, key: str | None) -> tuple[str, str]:
    """The server that the options, or else the settings, name, and the key to show it."""
    from watchkeeper.settings import Settings

    settings = Settings.load()
    server = url or settings.url
    held = settings.api_key or _own_key(server, settings.home)
    return server, held if key is None else key


def _own_key(server: str, home: Path) -> str:
    """The first key of a server on this machine, for who may read it; empty where there is none."""
    if urlsplit(server).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return ""
    try:
        return (home / "admin.key").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def every(http: Http, path: str, **query: object) -> Iterator[dict[str, object]]:
    """Every item of a list, page after page."""
    cursor: str | None = None
    while True:
        answer = http.get(path, cursor=cursor, limit=200, **query)
        yield from answer.data if isinstance(answer.data, list) else []
        cursor = answer.next_cursor
        if cursor is None:
            return
