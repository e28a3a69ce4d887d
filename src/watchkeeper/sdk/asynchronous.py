"""The client for asyncio: what waits for the network or the disk waits in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from watchkeeper.sdk.bulk import Receipt
from watchkeeper.sdk.client import Client, SpoolOptions
from watchkeeper.sdk.counters import Counts
from watchkeeper.sdk.logger import Logger

if TYPE_CHECKING:
    from watchkeeper.sdk.bulk import ArrowTable

__all__ = ["AsyncClient"]


class AsyncClient:
    """As `Client`; no method holds up the event loop.

    `logger` gives the same logger, whose calls take microseconds and are not awaited. Whatever is
    awaited runs in the loop's default threads; an iterable of rows is read there, too. Cancelling
    stops the waiting, not what was begun.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        spool: SpoolOptions | None = None,
    ) -> None:
        self.client = Client(url, api_key, spool=spool)

    def logger(
        self,
        model: str,
        *,
        version: str | None = None,
        arm: str | None = None,
        sample: float = 1.0,
        policies: Mapping[str, str] | None = None,
        profiles: bool = False,
    ) -> Logger:
        """As `Client.logger`."""
        return self.client.logger(
            model,
            version=version,
            arm=arm,
            sample=sample,
            policies=policies,
            profiles=profiles,
        )

    @property
    def counts(self) -> Counts:
        """As `Client.counts`."""
        return self.client.counts

    async def apply(self, document: str | Mapping[str, object], *, plan: bool = False) -> Receipt:
        """As `Client.apply`."""
        return await asyncio.to_thread(self.client.apply, document, plan=plan)

    async def upload_reference(self, model: str, source: str | Path | ArrowTable) -> Receipt:
        """As `Client.upload_reference`."""
        return await asyncio.to_thread(self.client.upload_reference, model, source)

    async def log_predictions(
        self,
        model: str,
        rows: Iterable[Mapping[str, object]] | ArrowTable,
        *,
        batch: str | None = None,
        known_at: datetime | None = None,
    ) -> Receipt:
        """As `Client.log_predictions`."""
        return await asyncio.to_thread(
            self.client.log_predictions, model, rows, batch=batch, known_at=known_at
        )

    async def log_labels(
        self,
        model: str,
        rows: Iterable[Mapping[str, object]] | ArrowTable,
        *,
        batch: str | None = None,
        known_at: datetime | None = None,
    ) -> Receipt:
        """As `Client.log_labels`."""
        return await asyncio.to_thread(
            self.client.log_labels, model, rows, batch=batch, known_at=known_at
        )

    async def advance(self, model: str, known_at: datetime) -> Receipt:
        """As `Client.advance`."""
        return await asyncio.to_thread(self.client.advance, model, known_at)

    async def wait_until_judged(self, timeout_seconds: float = 60.0) -> bool:
        """As `Client.wait_until_judged`."""
        return await asyncio.to_thread(self.client.wait_until_judged, timeout_seconds)

    async def flush(self, timeout_seconds: float = 5.0) -> bool:
        """As `Client.flush`."""
        return await asyncio.to_thread(self.client.flush, timeout_seconds)

    async def close(self, timeout_seconds: float = 5.0) -> bool:
        """As `Client.close`."""
        return await asyncio.to_thread(self.client.close, timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
