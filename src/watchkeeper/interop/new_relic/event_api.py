"""New Relic's Event API: where it is, and what its answers mean.

A success means that the events were received, not that they are right: what is wrong with them is
told there later, as ``NrIntegrationError`` events.
"""

from __future__ import annotations

import gzip
import re
from http import HTTPStatus

import urllib3

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.transport import Answer, told_by, unreachable

__all__ = ["EventApi", "address_of"]

_HOSTS = {
    "us": "https://insights-collector.newrelic.com",
    "eu": "https://insights-collector.eu01.nr-data.net",
    "gov": "https://gov-insights-collector.newrelic.com",
}
_ACCOUNT = re.compile(r"[0-9]{1,20}")
_TIMEOUT_SECONDS = 10.0
_LONGEST_ANSWER = 16 * 1024


def address_of(region: str, account: str) -> str:
    """Where an account's events go. ``region`` is ``us``, ``eu``, ``gov``, or an address.

    InvalidInput where it is neither, or the account is no number.
    """
    if not _ACCOUNT.fullmatch(account):
        raise InvalidInput(
            f"WATCHKEEPER_NEW_RELIC_ACCOUNT must be the number of an account, got {account!r}"
        )
    base = _HOSTS.get(region, region)
    if not base.startswith(("https://", "http://")):
        raise InvalidInput(
            f"WATCHKEEPER_NEW_RELIC_REGION must be us, eu, gov or an address, got {region!r}"
        )
    return f"{base.rstrip('/')}/v1/accounts/{account}/events"


class EventApi:
    """Sends encoded events."""

    def __init__(self, address: str, key: str) -> None:
        self.address = address
        self._headers = {
            "Api-Key": key,
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": "watchkeeper",
        }
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=2, retries=False, timeout=urllib3.Timeout(total=_TIMEOUT_SECONDS)
        )

    def send(self, body: bytes) -> Answer:
        """Send one request."""
        try:
            response = self._pool.request(
                "POST",
                self.address,
                body=gzip.compress(body, 6, mtime=0),
                headers=self._headers,
                redirect=False,
                preload_content=False,
            )
            content = response.read(_LONGEST_ANSWER)
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return unreachable(error)
        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            return Answer(taken=True)
        return told_by(response.status, response.headers, content)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
