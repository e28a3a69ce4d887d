"""The API server as a pod reaches it: its address, its certificates, and a token that changes.

The token of a service account is replaced every hour or so, and so may be the certificates: both are
read again for every question.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from watchkeeper.errors import Forbidden, InvalidInput, NotFound, Unauthorized, Unavailable
from watchkeeper.settings import environment_value

__all__ = ["SERVICE_ACCOUNT", "Cluster", "Data"]

Data = Mapping[str, object]
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PAGE = 500
_SECONDS = 15.0
_MOST_BYTES = 64 * 2**20
_GONE = 410


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the API server is, and as whom it is asked: as nobody without a ``token_file``."""

    url: str
    namespace: str
    token_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = _SECONDS
    _read: Callable[[Path], str] = field(default=Path.read_text, repr=False)

    @classmethod
    def around(cls, *, namespace: str | None = None, folder: Path = SERVICE_ACCOUNT) -> Cluster:
        """The cluster that this pod runs in; InvalidInput where it runs in none."""
        host = environment_value("KUBERNETES_SERVICE_HOST")
        port = environment_value("KUBERNETES_SERVICE_PORT") or "443"
        if not host or not (folder / "token").exists():
            raise InvalidInput(
                "no cluster is around this process (KUBERNETES_SERVICE_HOST, and a service account's "
                f"token under {folder}): name the API server with --api, as `kubectl proxy` gives it"
            )
        shown = f"[{host}]" if ":" in host else host
        own = (folder / "namespace").read_text(encoding="utf-8").strip()
        return cls(f"https://{shown}:{port}", namespace or own, folder / "token", folder / "ca.crt")

    def items(self, path: str, **query: str) -> Iterator[Data]:
        """Every item of a list, page after page; from its start again where the list changed so much
        that its pages are no longer kept.

        Raises Unauthorized and Forbidden as the API server says, NotFound where it knows no such
        list, Unavailable where it, or what stands behind it, does not answer.
        """
        for last in (False, True):
            found: list[Data] = []
            following = ""
            while True:
                page = {**query, "limit": str(_PAGE)}
                status, document = self._get(
                    path, {**page, "continue": following} if following else page
                )
                if status == _GONE and following and not last:
                    break
                self._require(status, document, path)
                items = document.get("items")
                found += (
                    [item for item in items if isinstance(item, dict)]
                    if isinstance(items, list)
                    else []
                )
                metadata = document.get("metadata")
                following = (
                    str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
                )
                if not following:
                    yield from found
                    return

    def _get(self, path: str, query: Mapping[str, str]) -> tuple[int, Data]:
        status, document = self._ask(path, query)
        if status == http.client.UNAUTHORIZED and self.token_file is not None:
            status, document = self._ask(path, query)  # the token was replaced just now
        return status, document

    def _ask(self, path: str, query: Mapping[str, str]) -> tuple[int, Data]:
        at = urlsplit(self.url)
        connection = self._connection(at.scheme, at.hostname or "", at.port)
        headers = {"Accept": "application/json", "User-Agent": "watchkeeper"}
        if self.token_file is not None:
            headers["Authorization"] = f"Bearer {self._text(self.token_file)}"
        try:
            connection.request(
                "GET", f"{at.path.rstrip('/')}{path}?{urlencode(query)}", headers=headers
            )
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"no answer from the API server at {self.url}: {error}") from error
        finally:
            connection.close()
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        return answer.status, document if isinstance(document, dict) else {}

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self.seconds)
        if scheme != "https" or not host:
            raise InvalidInput(
                f"the API server must be at an https:// or http:// URL, got {self.url!r}"
            )
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise Unavailable(
                f"the certificates in {self.ca_file} cannot be read: {error}"
            ) from error
        return http.client.HTTPSConnection(host, port, timeout=self.seconds, context=context)

    def _text(self, path: Path) -> str:
        try:
            return self._read(path).strip()
        except OSError as error:
            raise Unauthorized(f"the token in {path} cannot be read: {error}") from error

    def _require(self, status: int, document: Data, path: str) -> None:
        if status == http.client.OK:
            return
        said = str(document.get("message") or f"status {status}")
        if status == http.client.FORBIDDEN:
            raise Forbidden(f"{said}: a Role must allow to list this, as deploy/ shows")
        known: Mapping[int, type[Exception]] = {401: Unauthorized, 404: NotFound}
        raise known.get(status, Unavailable)(f"the API server answered to {quote(path)}: {said}")
