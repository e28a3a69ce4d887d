"""The client of a Watchkeeper server: loggers for the predict path, bulk calls for the rest."""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.background import Background
from watchkeeper.sdk.bulk import Bulk, Receipt
from watchkeeper.sdk.counters import Counters, Counts, Stream
from watchkeeper.sdk.http import Http
from watchkeeper.sdk.keeper import Keeper
from watchkeeper.sdk.lifetime import follow
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.packing import PREDICTIONS
from watchkeeper.sdk.policies import Policies
from watchkeeper.sdk.profiling import PROFILES, Profiling, require_counting
from watchkeeper.sdk.sampling import Sampling
from watchkeeper.sdk.sender import Sender
from watchkeeper.sdk.shapes import Shape
from watchkeeper.sdk.spool import Limits, Spool
from watchkeeper.settings import Settings

if TYPE_CHECKING:
    from watchkeeper.sdk.bulk import ArrowTable

__all__ = ["Client", "SpoolOptions"]

_DAY_SECONDS = 86_400.0
_LONGEST_HORIZON_SECONDS = 366 * _DAY_SECONDS  # that a server believes


@dataclass(frozen=True, slots=True)
class SpoolOptions:
    """Where rows wait for the network, how many, for how long, and how often they are sent.

    Attributes
    ----------
    folder
        None: under the home folder, or where that cannot be written a temporary one. A folder that
        outlives the container keeps rows over its end; on ext4, xfs and tmpfs logging is quickest.
    max_bytes
        Once so much waits (of all processes that share the folder, as far as this one knows), rows
        are lost, and counted.
    when_full
        Which: ``refuse_newest`` (older ones were promised) or ``drop_oldest``.
    max_age_seconds
        Older rows are given up, and counted: 7 days, for so long the server knows a repeated row.
    max_row_bytes
        A longer row is dropped, and counted.
    interval_seconds
        Between one sending and the next.
    """

    folder: Path | None = None
    max_bytes: int = 256 * 1024 * 1024
    max_row_bytes: int = 512 * 1024
    interval_seconds: float = 1.0
    max_age_seconds: float = 7 * _DAY_SECONDS
    when_full: Literal["refuse_newest", "drop_oldest"] = "refuse_newest"

    def __post_init__(self) -> None:
        if self.when_full not in {"refuse_newest", "drop_oldest"}:
            raise InvalidInput(
                f"when_full must be refuse_newest or drop_oldest, got {self.when_full!r}"
            )


class NoSpool:
    """Where no folder can be written."""

    def append(self, _shape: Shape, _payload: bytes) -> str | None:
        """Why the row is not kept."""
        return "no folder can be written"


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
        self._column_key = settings.column_key.encode()
        self._options = spool or SpoolOptions()
        self._counters = Counters()
        self._running: list[Background] = []  # the one, or none without a spool
        self._spool = self._open_spool(settings)
        if self._spool is not None:
            self._running.append(self._new_background(self._spool))
        weakref.finalize(self, _give_up, self._running).atexit = False
        self._bulk = Bulk(self.http)
        self._closed = False
        follow(self)

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
        """A logger for the predict path of one version of a model.

        Parameters
        ----------
        model, version, arm
            What answers, and in which share of the traffic.
        sample
            The share of predictions to log, above 0 and at most 1, chosen by their ids: the same
            in every process. Each row says the share that it was chosen with.
        policies
            What is done to columns before they leave the process: ``drop``, ``hash``, ``bucket``
            or ``keep`` by column name. Neither the spool on disk nor the server sees more.

        profiles
            Send no rows at all: this process counts them, and sends the profiles of windows.
            Needs ``watchkeeper[server]``; there are no labels then, whose rows nobody has.

        Raises
        ------
        InvalidInput
            ``sample`` or ``policies`` cannot be followed.
        NotInstalled
            ``profiles`` without what they need.
        """
        if profiles:
            require_counting()
        sampling = Sampling(sample)
        guarded = Policies(policies, self._column_key) if policies else None
        constants: dict[str, object] = {}
        if version is not None:
            constants["version"] = str(version)
        if arm is not None:
            constants["arm"] = str(arm)
        if sampling.share < 1.0:
            constants["sampled"] = float(sampling.share)
        for background in self._running:
            background.start()
        return Logger(
            self,
            str(model),
            constants=constants,
            policies=guarded,
            sampling=sampling if sampling.share < 1.0 else None,
            kind=PROFILES if profiles else PREDICTIONS,
        )

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

    @property
    def spool(self) -> Spool | NoSpool:
        """Where loggers put their rows."""
        return NoSpool() if self._spool is None else self._spool

    def stream(self, model: str, kind: str) -> Stream:
        """The rows of one model and kind, as this process counts them."""
        return self._counters.stream(model, kind)

    def count(self, fate: str, rows: int = 1, *, stream: Stream) -> None:
        """Count rows that no spool sees, under a field of `Stream`."""
        self._counters.add(fate, rows, stream=stream)

    def drop(self, reason: str, rows: int = 1, *, stream: Stream | None = None) -> None:
        """Count rows that could not be kept, and say why at most once a minute."""
        self._counters.add("dropped", rows, stream=stream)
        self._counters.warn("dropped", reason)

    @property
    def counts(self) -> Counts:
        """What became of the rows that this process logged."""
        return self._counters.snapshot()

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Send what waits; False where it was not all sent in time. Rows stay in the spool."""
        return all(background.flush(timeout_seconds) for background in self._running)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Flush and stop; what could not be sent is sent by the next process."""
        if self._closed:
            return True
        self._closed = True
        sent = self.flush(timeout_seconds)
        for background in self._running:
            background.stop(timeout_seconds)
        return sent

    def held_still(self) -> AbstractContextManager[None]:
        """Hold the spool while the process forks."""
        return nullcontext() if self._spool is None else self._spool.forking()

    def restart_in_child(self) -> None:
        """In a forked child: a spool, connections, threads and counts of its own."""
        self._counters.after_fork()
        self.http.after_fork()
        if self._spool is None:
            return
        try:
            self._spool.restart_in_child()
        except OSError as error:
            self._running.clear()
            self._counters.warn("spool", f"the spool cannot be opened after a fork: {error}")
        else:
            self._running[:] = [self._new_background(self._spool)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_background(self, spool: Spool) -> Background:
        sender = Sender(
            spool,
            Profiling(self.http.url, self.http.api_key),
            self._counters,
            interval_seconds=self._options.interval_seconds,
            horizon_seconds=min(self._options.max_age_seconds, _LONGEST_HORIZON_SECONDS),
        )
        return Background(spool, sender, Keeper(spool, self._counters))

    def _open_spool(self, settings: Settings) -> Spool | None:
        """The spool for this server; None, with a warning, where no folder can be written."""
        below = hashlib.sha256(self.http.url.encode()).hexdigest()[:12]
        running = self._running  # and not the client: its threads must not keep it alive

        def at_work() -> None:
            for background in running:
                background.start()

        limits = Limits(
            self._options.max_bytes,
            self._options.max_age_seconds,
            drop_oldest=self._options.when_full == "drop_oldest",
            most_row_bytes=self._options.max_row_bytes,
        )
        if self._options.folder is not None:
            folder = self._options.folder
            try:
                return Spool(folder / below, limits, at_work=at_work)
            except OSError as error:
                raise InvalidInput(
                    f"the spool's folder must be writable, got {folder}: {error}"
                ) from error
        problem: Exception | None = None
        for folder in _default_folders(settings):
            try:
                _require_own(folder)
                return Spool(folder / below, limits, at_work=at_work)
            except (OSError, ImportError) as error:
                problem = error
        self._counters.warn(
            "spool", f"no folder can be written for the spool, rows are dropped: {problem}"
        )
        return None


def _give_up(running: list[Background]) -> None:
    """Nobody can log any more: the threads end once they have sent what they can."""
    for background in running:
        background.give_up()


def _default_folders(settings: Settings) -> tuple[Path, Path]:
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return settings.home / "spool", Path(tempfile.gettempdir()) / f"watchkeeper-spool-{user}"


def _require_own(folder: Path) -> None:
    """OSError where another user made the folder, who could then read what is logged."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
