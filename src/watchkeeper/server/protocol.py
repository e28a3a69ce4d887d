"""The server's side of a connection, with less patience: headers have to come in time.

uvicorn waits for ever for the first or the next request of a connection that has begun to send one:
a few thousand such connections cost a sender nothing and the server its file descriptors.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["ImpatientProtocol"]

_HEADER_SECONDS = 15.0


class ImpatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at run time
    """Closes a connection whose request's headers are not there in time."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on, as long as no request is being answered."""
        super().data_received(data)
        if self._busy():
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().call_later(_HEADER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._waiting = None
        if not self._busy() and not self.transport.is_closing():
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
