"""The one place that talks to the server: requests in, data or a Watchkeeper error out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from watchkeeper import errors
from watchkeeper.errors import InvalidInput, Unavailable, WatchkeeperError

if TYPE_CHECKING:
    import urllib3

__all__ = ["Answer", "Failure", "Http", "model_path"]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered: the envelope's ``data`` and the cursor of the next page."""

    data: object
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed: the HTTP status (0: no answer at all), the error as it would be
    raised, and how long the server asked to wait.
    """

    status: int
    error: WatchkeeperError
    retry_after_seconds: float | None = None


@dataclass(slots=True)
class Http:
    """A connection pool to one server. Safe to share between threads, not across a fork."""

    url: str
    api_key: str
    _pool: urllib3.PoolManager | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if urlsplit(self.url).scheme not in {"http", "https"} or not urlsplit(self.url).netloc:
            raise InvalidInput(
                f"the server's URL must look like http://127.0.0.1:8711, got {self.url!r}"
            )

    def get(self, path: str, **query: object) -> Answer:
        """GET; the errors of `request`."""
        given = {key: value for key, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urlencode(given)}" if given else path)

    def send_json(self, method: str, path: str, document: object) -> Answer:
        """Send a JSON document; the errors of `request`."""
        body = json.dumps(document).encode()
        return self.request(method, path, body, {"Content-Type": "application/json"})

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once; raises the error that the server names, Unavailable where none answers."""
        found = self.attempt(method, path, body, headers)
        if isinstance(found, Failure):
            raise found.error
        return found

    def download(self, path: str, *, accept: str) -> bytes:
        """GET a body of another media type than JSON; the errors of `request`."""
        import urllib3

        sent = {"Accept": accept, "User-Agent": "watchkeeper"}
        if self.api_key:
            sent["Authorization"] = f"Bearer {self.api_key}"
        try:
            response = self._manager().request(
                "GET", self.url + path, headers=sent, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"no answer from {self.url}: {error}") from error
        if response.status == HTTPStatus.OK and response.headers.get("content-type") == accept:
            return response.data
        found = _read(response.status, response.data, response.headers, self.url)
        if isinstance(found, Failure):
            raise found.error
        raise Unavailable(f"{self.url} did not answer as {accept}: is it an older server?")

    def attempt(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Failure:
        """Ask once; a failure is a value."""
        import urllib3

        sent = {"Accept": "application/json", "User-Agent": "watchkeeper", **(headers or {})}
        if self.api_key:
            sent["Authorization"] = f"Bearer {self.api_key}"
        try:
            response = self._manager().request(
                method, self.url + path, body=body, headers=sent, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            return Failure(
                0, Unavailable(f"no answer from {self.url}: {error}; is `watchkeeper serve` up?")
            )
        return _read(response.status, response.data, response.headers, self.url)

    def after_fork(self) -> None:
        """Forget the parent's connections."""
        self._pool = None

    def _manager(self) -> urllib3.PoolManager:
        import urllib3

        if self._pool is None:
            self._pool = urllib3.PoolManager(
                maxsize=4, timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
            )
        return self._pool


def model_path(model: str, *rest: str) -> str:
    """The path of a model's resource, whatever characters its name holds."""
    return "/".join(["/api/v1/models", *(quote(step, safe="") for step in (model, *rest))])


def _read(status: int, body: bytes, headers: Mapping[str, str], url: str) -> Answer | Failure:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES and isinstance(document, dict):
        return Answer(document.get("data"), document.get("next_cursor"))
    return Failure(
        status, _error(status, document, url), _asked_to_wait(headers.get("retry-after", ""))
    )


def _asked_to_wait(text: str) -> float | None:
    """The seconds of a Retry-After, in either of its forms; None where there is none."""
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)


def _error(status: int, document: object, url: str) -> WatchkeeperError:
    found = document.get("error") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        return Unavailable(f"{url} answered {status} and not as a Watchkeeper server does")
    message = str(found.get("message", "")) or f"the server answered {status}"
    kind = _BY_CODE.get(str(found.get("code", "")))
    if kind is None:
        kind = InvalidInput if status < HTTPStatus.INTERNAL_SERVER_ERROR else Unavailable
    return kind(message)


_BY_CODE: Mapping[str, type[WatchkeeperError]] = {
    found.code: found
    for found in (
        errors.InvalidInput,
        errors.InvalidDefinition,
        errors.UnsupportedTable,
        errors.NotFound,
        errors.Conflict,
        errors.Unauthorized,
        errors.Forbidden,
        errors.TooLarge,
        errors.RateLimited,
        errors.Unavailable,
    )
}
