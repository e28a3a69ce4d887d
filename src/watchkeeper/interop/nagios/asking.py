"""Asking the server, by a deadline: a plugin that is late is killed, and then says nothing.

Of the standard library alone: a plugin is started every minute for every service.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from watchkeeper.errors import InvalidInput, NotFound, Unauthorized, Unavailable

__all__ = ["Asking", "Data"]

Data = Mapping[str, object]
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Asking:
    """A server and a key, and the moment (of ``seconds``) by which all must be answered."""

    url: str
    api_key: str
    until: float
    ca_file: str | None = None
    seconds: Callable[[], float] = time.monotonic

    def get(self, *path: str, **query: object) -> Data:
        """The envelope that the server answers with.

        Raises Unavailable where it does not answer, or not in time, Unauthorized where the key is
        not enough, NotFound where the thing is not there.
        """
        given = {name: value for name, value in query.items() if value is not None}
        below = "/".join(quote(step, safe="") for step in path)
        where = f"/api/v1/{below}" + (f"?{urlencode(given)}" if given else "")
        status, body = self.fetch(where)
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Unavailable(f"{self.url} answered {status}, and not as Watchkeeper does")
        if status == http.client.OK:
            return document
        told = document.get("error")
        message = str(told.get("message")) if isinstance(told, dict) else f"status {status}"
        raise _ERRORS.get(status, Unavailable)(message)

    def every(self, *path: str, **query: object) -> Iterator[Data]:
        """Every item of a list, page after page."""
        cursor: object = None
        while True:
            answer = self.get(*path, **query, cursor=cursor, limit=1000)
            found = answer.get("data")
            yield from found if isinstance(found, list) else []
            cursor = answer.get("next_cursor")
            if cursor is None:
                return

    def fetch(self, path: str) -> tuple[int, bytes]:
        """The status and the body of a path."""
        found = urlsplit(self.url)
        if found.scheme not in {"http", "https"} or not found.hostname:
            raise InvalidInput(
                f"the server's URL must look like http://host:8711, got {self.url!r}"
            )
        connection = self._connection(found.scheme, found.hostname, found.port)
        headers = {"Accept": "application/json", "User-Agent": "check_watchkeeper"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        try:
            connection.request("GET", found.path.rstrip("/") + path, headers=headers)
            answer = connection.getresponse()
            return answer.status, self._read(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(
                f"no answer from {self.url}: {error or type(error).__name__}"
            ) from error
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        left = self.until - self.seconds()
        if left <= 0:
            raise Unavailable(f"no time was left to ask {self.url}")
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=left)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise InvalidInput(
                f"the certificates of {self.ca_file} cannot be read: {error}"
            ) from error
        return http.client.HTTPSConnection(host, port, timeout=left, context=context)

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        body = answer.read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise Unavailable(f"{self.url} answers with more than {_MOST_BYTES} bytes")
        return body


_ERRORS: Mapping[int, type[Exception]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    422: InvalidInput,
}
