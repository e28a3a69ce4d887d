"""`HostSampler`: samples of a host, every few seconds, as rows of a model."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.door import default_client
from watchkeeper.sdk.host.cgroup import Cgroup
from watchkeeper.sdk.host.cpu import Cpu
from watchkeeper.sdk.host.disk import Disk
from watchkeeper.sdk.host.gpu import Gpu
from watchkeeper.sdk.host.memory import Memory
from watchkeeper.sdk.host.network import Network
from watchkeeper.sdk.host.process import Process
from watchkeeper.sdk.host.source import Source

__all__ = ["HostOptions", "HostSampler"]

_log = logging.getLogger("watchkeeper.sdk")
_ABSENT = (OSError, ValueError, LookupError, ImportError)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What is sampled and how often.

    ``host`` None: the name of this machine. ``processes`` by name, each a row of its own; None:
    the process itself. ``paths`` lie on the file systems that are watched. ``root`` is where the
    kernel's files are, if not at ``/``: the host's, mounted into a container.
    """

    every_seconds: float = 10.0
    host: str | None = None
    processes: Mapping[str, int] | None = None
    paths: tuple[Path, ...] = (Path("/"),)
    root: Path = Path("/")


class HostSampler:
    """Samples this host in the background; a model's process, or one of its own, may hold it.

    Parameters
    ----------
    client
        Where the samples go. None: one made from the settings.
    model
        The model of hosts that `host_definition` defines.
    options
        What is sampled.

    Notes
    -----
    Nothing here raises into the process. A part that is not there (no container's limits, no card)
    is told in `absent` and logged once; its columns are then missing in the samples. A fork does
    not take the sampler with it: start one in each worker, or one beside them.

    Examples
    --------
    ::

        sampler = wk.HostSampler(client)
        sampler.start()
    """

    def __init__(
        self,
        client: Client | None = None,
        model: str = "hosts",
        *,
        options: HostOptions | None = None,
    ) -> None:
        self._options = options or HostOptions()
        if self._options.every_seconds <= 0.0:
            raise InvalidInput(
                f"every_seconds must be above zero, got {self._options.every_seconds}"
            )
        self._client = default_client() if client is None else client
        self._logger = self._client.logger(model)
        self._absent: dict[str, str] = {}
        self._parts = self._made_parts()
        self._before: dict[str, tuple[float, object]] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def absent(self) -> Mapping[str, str]:
        """The parts that this host does not have, and why."""
        return dict(self._absent)

    def start(self) -> None:
        """Sample in the background until `stop`, or until the process ends."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="watchkeeper-host", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop sampling; rows that were logged are sent by the client."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def sample(self) -> list[dict[str, object]]:
        """A row for each process, or one of the host alone, of what was used since the sample before.

        What only a difference tells is absent in the first.
        """
        figures = {name: self._figures(name, part) for name, part in self._parts.items()}
        host: dict[str, object] = {"host": self._options.host or socket.gethostname()}
        for name, found in figures.items():
            if not name.startswith(_PROCESS):
                host |= found
        processes = [
            {**host, "process": name.removeprefix(_PROCESS), **found}
            for name, found in figures.items()
            if name.startswith(_PROCESS)
        ]
        return processes or [host]

    def log(self) -> None:
        """Take a sample and log its rows."""
        for row in self.sample():
            self._logger.prediction(row)

    def _run(self) -> None:
        self._quietly(self.sample)  # from here on there are differences
        while not self._stop.wait(self._options.every_seconds):
            self._quietly(self.log)

    def _quietly(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as problem:  # noqa: BLE001  the thread must outlive whatever happens
            self._client.drop(f"the host was not sampled: {problem!r}")

    def _made_parts(self) -> dict[str, Source[Any]]:
        options, root = self._options, self._options.root
        parts: dict[str, Source[Any]] = {
            "cpu": Cpu(root),
            "memory": Memory(root),
            "disk": Disk(root, options.paths),
            "network": Network(root),
            "cgroup": Cgroup(root),
        }
        try:
            parts["gpu"] = Gpu()
        except ImportError as error:
            self._miss("gpu", error)
        named = {name: str(pid) for name, pid in (options.processes or {}).items()}
        if options.processes is None:
            named = {Path(sys.argv[0]).name or "python": "self"}
        return parts | {_PROCESS + name: Process(root, pid) for name, pid in named.items()}

    def _figures(self, name: str, part: Source[Any]) -> Mapping[str, object]:
        """What a part says; nothing, told once, where it is not there."""
        try:
            now = part.read()
        except _ABSENT as error:
            self._miss(name, error)
            self._before.pop(name, None)
            return {}
        self._absent.pop(name, None)
        at = time.monotonic()
        then, before = self._before.get(name, (at, now))
        self._before[name] = (at, now)
        return part.figures(before, now, at - then)

    def _miss(self, name: str, error: Exception) -> None:
        if name not in self._absent:
            _log.info("no samples of %s: %s", name.removeprefix(_PROCESS), error)
        self._absent[name] = str(error)


_PROCESS = "process "
