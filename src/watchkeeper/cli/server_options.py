"""What every command shares that talks to a server: where it is, and with which key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from watchkeeper.sdk.http import Http

__all__ = ["connect", "every", "server_options"]

_F = TypeVar("_F", bound=Callable[..., object])


def server_options(function: _F) -> _F:
    """Add ``--url``, ``--key`` and ``--json`` to a command."""
    options = (
        click.option("--url", help="The server; else WATCHKEEPER_URL."),
        click.option("--key", help="An API key; else WATCHKEEPER_API_KEY."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def connect(url: str | None, key: str | None) -> Http:
    """A connection to the server that the options, or else the settings, name."""
    from watchkeeper.sdk.http import Http
    from watchkeeper.settings import Settings

    settings = Settings.load()
    return Http(url or settings.url, settings.api_key if key is None else key)


def every(http: Http, path: str, **query: object) -> Iterator[dict[str, object]]:
    """Every item of a list, page after page."""
    cursor: str | None = None
    while True:
        answer = http.get(path, cursor=cursor, limit=200, **query)
        yield from answer.data if isinstance(answer.data, list) else []
        cursor = answer.next_cursor
        if cursor is None:
            return
