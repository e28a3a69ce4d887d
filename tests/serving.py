"""`watchkeeper serve` in processes of its own: the one server that tests start, ask, kill and stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from waiting import PATIENCE_SECONDS, until
from watchkeeper.sdk.client import Client, SpoolOptions

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["PROGRAM", "Server", "runs"]

PROGRAM = (sys.executable, "-m", "watchkeeper.cli.main")
DOOR, WORKER = "door", "toil"


def runs(process: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Server:
    """A server over a home folder, which may be ended and started again.

    Parameters
    ----------
    home
        Its home folder; beside it lie what it says and its clients' spool.
    port
        Where it listens; 0: where it likes, elsewhere at each start. Whoever starts it again for
        clients that know its address holds a port (`ports.held_port`).
    settings
        Variables of its environment.
    """

    def __init__(self, home: Path, *, port: int = 0, settings: Mapping[str, str] | None = None):
        self.home = home
        self.spool = home.with_name(f"{home.name}-spool")
        self.url = self.key = ""
        self._port = port
        self._said, self._log = (home.with_name(f"{home.name}.{end}") for end in ("said", "log"))
        self._settings = {**(settings or {}), "WATCHKEEPER_HOME": str(home)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Start it, and wait until it listens."""
        with self._said.open("wb") as said, self._log.open("ab") as log:
            command = [*PROGRAM, "serve", "--port", str(self._port), "--json"]
            environment = {**os.environ, **self._settings}
            self._process = subprocess.Popen(command, stdout=said, stderr=log, env=environment)
        try:
            told = json.loads(until(self._first_line, what="the server says where it listens"))
        except Exception:
            self.close()
            raise
        self.url = told["url"].rstrip("/")
        self.key = told["key"] or (self.home / "admin.key").read_text().strip()
        return self

    def _first_line(self) -> str:
        whole, end, _ = self._said.read_text().partition("\n")
        assert end or self._runs.poll() is None, f"the server ended: {self.log[-3000:]}"
        return whole if end else ""

    @property
    def _runs(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._runs.pid

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What it logged."""
        return self._log.read_text(errors="replace")

    @property
    def environment(self) -> dict[str, str]:
        """That of a person who uses it from this machine."""
        reached = {"WATCHKEEPER_URL": self.url, "WATCHKEEPER_API_KEY": self.key}
        return {**os.environ, **self._settings, **reached}

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        self._runs.terminate()
        return self._runs.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """`kill -9` of the process that was started; its children see to themselves."""
        self._runs.kill()
        self._runs.wait()

    def close(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def child(self, name: str) -> int | None:
        """The process id of the door or the worker ("toil") that runs now; None while none does."""
        for child in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):  # it ended as it was looked at
                if f"watchkeeper.server.{name}" in child.cmdline():
                    return child.pid
        return None

    def children(self) -> list[int]:
        """Door and worker, as soon as both run."""
        both = (DOOR, WORKER)
        return until(lambda: [self.child(name) for name in both], all, what="both children run")

    def kill_child(self, name: str) -> None:
        """`kill -9` of the door or the worker, as soon as there is one; it is dead then."""
        found = until(lambda: self.child(name), what=f"{name} runs")
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(found, signal.SIGKILL)
        until(lambda: not runs(found), what=f"{name} is dead")

    def client(self, spool: Path | None = None, *, key: str | None = None) -> Client:
        """A client that keeps its rows beside the home folder, or in ``spool``."""
        return Client(self.url, key or self.key, spool=SpoolOptions(spool or self.spool))

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> object:
        """What the API answers, with nothing of the client between; ``body`` is JSON or bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        shown = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            self.url + path, data, {**shown, **(headers or {})}, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read())["data"]

    def answers(self, path: str = "/healthz") -> bool:
        """Whether it answers there with 200."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE_SECONDS) as answer:
                return answer.status == 200
        except OSError:
            return False

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """A command of the console to its end."""
        command = [*PROGRAM, *map(str, arguments)]
        return subprocess.run(
            command, env=self.environment, check=False, capture_output=True, text=True
        )

    def begin(self, *arguments: object) -> subprocess.Popen[str]:
        """A command of the console, running."""
        command = [*PROGRAM, *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def apply(self, text: str) -> None:
        """Apply documents as a user does."""
        path = self.home.with_name(f"{self.home.name}-definitions.yaml")
        path.write_text(text)
        done = self.run("apply", "-f", path)
        assert done.returncode == 0, done.stderr

    def moved(self) -> bool:
        """Whether all that was acknowledged is in the lake."""
        return self.ask("/api/v1/clock")["inbox"] == 0

    def table(self, model: str, table: str = "predictions") -> DeltaTable | None:
        """A table of the lake, read with nothing of ours; None where no row was moved yet."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            return DeltaTable(str(self.home / "lake" / model / table))
        except TableNotFoundError:
            return None
