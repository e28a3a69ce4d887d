"""The client of a Watchkeeper server: loggers for the predict path, bulk calls for the rest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.bulk import Bulk, Receipt
from watchkeeper.sdk.counters import Counters, Counts
from watchkeeper.sdk.http import Http
from watchkeeper.sdk.lifetime import follow
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.sender import Sender
from watchkeeper.sdk.spool import Spool
from watchkeeper.settings import Settings

if TYPE_CHECKING:
    from watchkeeper.sdk.bulk import ArrowTable

__all__ = ["Client", "SpoolOptions"]


@dataclass(frozen=True, slots=True)
class SpoolOptions:
    """Where rows wait for the network, how many, and how often they are sent.

    ``folder`` None: under the home folder, or where that cannot be written a temporary one. Once
    ``max_bytes`` are waiting, the newest rows are dropped and counted: older ones were promised.
    """

    folder: Path | None = None
    max_bytes: int = 256 * 1024 * 1024
    max_row_bytes: int = 1024 * 1024
    interval_seconds: float = 1.0


class Client:
    """A server and a key.

    Parameters
    ----------
    url, api_key
        Default to the settings ``WATCHKEEPER_URL`` and ``WATCHKEEPER_API_KEY``.
    spool
        Where rows wait for the network.

    Raises
    ------
    InvalidInput
        The URL is none, or the folder that ``spool`` names cannot be written. Nothing is asked of
        the server here: it may well be down.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        spool: SpoolOptions | None = None,
    ) -> None:
        settings = Settings.load()
        self.http = Http(url or settings.url, settings.api_key if api_key is None else api_key)
        self._options = spool or SpoolOptions()
        self._counters = Counters()
        self._spool = _open_spool(self.http.url, self._options, settings, self._counters)
        self._sender = None if self._spool is None else self._new_sender(self._spool)
        self._bulk = Bulk(self.http)
        self._closed = False
        follow(self)

    def logger(self, model: str, *, version: str | None = None, arm: str | None = None) -> Logger:
        """A logger for the predict path of one version of a model."""
        if self._sender is not None:
            self._sender.start()
        return Logger(self, model, version=version, arm=arm)

    def apply(self, document: str | Mapping[str, object], *, plan: bool = False) -> Receipt:
        """Apply a model's definition: YAML text or the same as a mapping."""
        return self._bulk.apply(document, plan=plan)

    def upload_reference(self, model: str, source: str | Path | ArrowTable) -> Receipt:
        """Send what windows are compared against: a Parquet file, or a table."""
        return self._bulk.upload_reference(model, source)

    def log_predictions(
        self,
        model: str,
        rows: Iterable[Mapping[str, object]] | ArrowTable,
        *,
        batch: str | None = None,
        known_at: datetime | None = None,
    ) -> Receipt:
        """Send many predictions and wait until they are durable there.

        ``batch`` makes it idempotent: the same rows under the same name are taken once.
        ``known_at`` says when they were known and needs the scope ``backfill``.
        """
        return self._bulk.send_rows(model, "predictions", rows, batch=batch, known_at=known_at)

    def log_labels(
        self,
        model: str,
        rows: Iterable[Mapping[str, object]] | ArrowTable,
        *,
        batch: str | None = None,
        known_at: datetime | None = None,
    ) -> Receipt:
        """Send many labels and wait until they are durable there; as `log_predictions`."""
        return self._bulk.send_rows(model, "labels", rows, batch=batch, known_at=known_at)

    def advance(self, model: str, known_at: datetime) -> Receipt:
        """Say in a replay that time has passed and nothing more came; needs scope ``backfill``.

        Windows that are due before ``known_at`` are then judged.
        """
        batch = f"until-{known_at.isoformat()}"
        return self._bulk.advance(model, batch=batch, known_at=known_at)

    def wait_until_judged(self, timeout_seconds: float = 60.0) -> bool:
        """Wait until the server has judged everything that is due; False where time ran out."""
        return self._bulk.wait_until_judged(timeout_seconds)

    def spool_line(self, line: bytes) -> None:
        """Put a row into the spool, or count it as dropped. Never raises."""
        try:
            self._spool_line(line)
        except Exception as error:  # noqa: BLE001  promise 2: watching never hurts the model
            self.drop(f"rows are dropped, the spool cannot be written: {error!r}")

    def drop(self, reason: str, rows: int = 1) -> None:
        """Count rows that could not be kept, and say why at most once a minute."""
        self._counters.add("dropped", rows)
        self._counters.warn("dropped", reason)

    @property
    def counts(self) -> Counts:
        """What became of the rows that this process logged."""
        return self._counters.snapshot()

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Send what waits; False where it was not all sent in time. Rows stay in the spool."""
        return self._sender is None or self._sender.flush(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Flush and stop; what could not be sent is sent by the next process."""
        if self._closed:
            return True
        self._closed = True
        if self._sender is None:
            return True
        sent = self._sender.flush(timeout_seconds)
        self._sender.stop(timeout_seconds)
        return sent

    def held_still(self) -> AbstractContextManager[None]:
        """Hold the spool while the process forks."""
        return nullcontext() if self._spool is None else self._spool.forking()

    def restart_in_child(self) -> None:
        """In a forked child: a spool, connections, a thread and counts of its own."""
        self._counters = Counters()
        self.http.after_fork()
        if self._spool is None:
            return
        try:
            self._spool.restart_in_child()
        except OSError as error:
            self._spool = self._sender = None
            self._counters.warn("spool", f"the spool cannot be opened after a fork: {error}")
        else:
            self._sender = self._new_sender(self._spool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_sender(self, spool: Spool) -> Sender:
        return Sender(
            spool, self.http, self._counters, interval_seconds=self._options.interval_seconds
        )

    def _spool_line(self, line: bytes) -> None:
        if self._spool is None or self._sender is None or self._closed:
            self.drop("rows are dropped: the client is closed or has no spool")
        elif len(line) > self._options.max_row_bytes:
            self.drop(
                f"a row must hold at most {self._options.max_row_bytes} bytes, got {len(line)}"
            )
        elif self._spool.append(line):
            self._counters.add("spooled")
            self._sender.start()
        else:
            self.drop(
                f"the newest rows are dropped: {self._options.max_bytes} bytes wait already in "
                f"{self._spool.root}; is {self.http.url} up?"
            )


def _open_spool(
    url: str, options: SpoolOptions, settings: Settings, counters: Counters
) -> Spool | None:
    """The spool for one server; None, with a warning, where no folder can be written."""
    below = hashlib.sha256(url.encode()).hexdigest()[:12]
    if options.folder is not None:
        try:
            return Spool(options.folder / below, max_bytes=options.max_bytes)
        except OSError as error:
            raise InvalidInput(
                f"the spool's folder must be writable, got {options.folder}: {error}"
            ) from error
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    problem: Exception | None = None
    for folder in (
        settings.home / "spool",
        Path(tempfile.gettempdir()) / f"watchkeeper-spool-{user}",
    ):
        try:
            _require_own(folder)
            return Spool(folder / below, max_bytes=options.max_bytes)
        except (OSError, ImportError) as error:
            problem = error
    counters.warn("spool", f"no folder can be written for the spool, rows are dropped: {problem}")
    return None


def _require_own(folder: Path) -> None:
    """OSError where another user made the folder, who could then read what is logged."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
