"""`serve`: two processes under one, door and worker; either may die alone and is started anew.

The supervisor holds the listening socket, so a door that is started anew loses no caller, and a
lock on the home folder, so two servers never share the same SQLite files.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.server.bootstrap import first_key
from watchkeeper.server.logs.setup import configure_logs
from watchkeeper.settings import Settings

__all__ = ["Ready", "Supervisor", "serve"]

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 30.0
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Ready:
    """The server listens at ``url``; ``secret`` is the first key's, where one was made."""

    url: str
    secret: str | None


def serve(settings: Settings, told: Callable[[Ready], None]) -> None:
    """Run until SIGTERM or SIGINT.

    ``told`` is called once the server listens. Raises Conflict where another server holds the
    home folder, InvalidInput where the address cannot be had.
    """
    levels = configure_logs(settings, "supervisor")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = None if settings.database_url else _lock(settings.home)
    try:
        with _listen(settings.host, settings.port) as listening:
            supervisor = Supervisor(
                listening, settings.to_environment(), lock, settings.role, settings.drain_seconds
            )
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, lambda *_: supervisor.stop())

            def tell_more(*_: object) -> None:
                levels.signalled()
                supervisor.pass_on(signal.SIGUSR1)

            signal.signal(signal.SIGUSR1, tell_more)
            supervisor.start()
            try:
                secret = first_key(settings)  # while they start
                told(Ready(_url(settings.host, listening), secret))
            except BaseException:
                supervisor.stop()
                raise
            finally:
                supervisor.run()
    finally:
        if lock is not None:
            os.close(lock)


@dataclass(slots=True)
class _Child:
    """One process and how often it died in a row."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps door and worker alive until told to stop; told a second time, it stops at once."""

    listening: socket.socket
    environment: dict[str, str]
    lock: int | None = None  # the children hold it too, for as long as they live
    role: str = "all"
    drain_seconds: float = 0.0
    _hurry: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _children: list[_Child] = field(default_factory=list)
    _lifeline: tuple[int, int] = field(default_factory=os.pipe)

    def start(self) -> None:
        """Start both."""
        line, socket_number = self._lifeline[0], self.listening.fileno()
        held = () if self.lock is None else (self.lock,)
        door = ("watchkeeper.server.door", str(socket_number), str(line))
        toil = ("watchkeeper.server.toil", str(line))
        alone = self.role == "worker"  # nobody else answers probes then
        probed = ((*toil, str(socket_number)), (socket_number, line, *held))
        children = (
            _Child("door", door, (socket_number, line, *held)),
            _Child("worker", *(probed if alone else (toil, (line, *held)))),
        )
        self._children = [child for child in children if self.role in {"all", child.name}]
        for child in self._children:
            self._spawn(child)

    def run(self) -> None:
        """Watch them until told to stop, then stop them in the order of the rows' way."""
        try:
            while not self._stopping.wait(_POLL_SECONDS):
                for child in self._children:
                    self._look_after(child)
        finally:
            for child in self._children:
                self._end(child)
            for descriptor in self._lifeline:
                os.close(descriptor)

    def stop(self) -> None:
        """Ask `run` to end; a second time: at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    def pass_on(self, number: int) -> None:
        """Pass a signal on to those who run."""
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(number)

    def process_ids(self) -> dict[str, int]:
        """Who runs now, by name."""
        return {child.name: child.process.pid for child in self._children if child.process}

    def _spawn(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        # A child that is just starting would die of a signal that it does not know yet.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            child.process = subprocess.Popen(  # noqa: S603  our own modules, no shell
                [sys.executable, "-m", *child.command],
                env=self.environment,
                pass_fds=child.descriptors,
                start_new_session=True,  # an interrupt from the terminal is ours to pass on
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _log.info("process started name=%s pid=%s", child.name, child.process.pid)

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            if child.process.poll() is None:
                return
            steady = now - child.started_at > _STEADY_SECONDS
            child.deaths = 0 if steady else child.deaths + 1
            wait = 0.0 if child.deaths <= 1 else min(_LONGEST_WAIT_SECONDS, 2.0**child.deaths / 4)
            _log.error(
                "process died name=%s status=%s restart_in_seconds=%s",
                child.name,
                child.process.returncode,
                wait,
            )
            child.process, child.start_at = None, now + wait
        if now >= child.start_at:
            self._spawn(child)

    def _end(self, child: _Child) -> None:
        """Ask a process to end, and wait until it did; not longer than it may take, nor than we may."""
        if child.process is None:
            return
        child.process.terminate()
        until = time.monotonic() + _STOP_SECONDS + self.drain_seconds
        while child.process.poll() is None:
            if self._hurry.is_set() or time.monotonic() > until:
                why = "was told to hurry" if self._hurry.is_set() else "did not stop in time"
                _log.warning("process is killed name=%s: it %s", child.name, why)
                child.process.kill()
                child.process.wait()
                return
            self._hurry.wait(_POLL_SECONDS)


def _lock(home: Path) -> int:
    """The descriptor that holds the home folder; Conflict where another server does.

    Door and worker hold it too. Those of a server that was killed end by themselves, which is
    waited for: two doors never share the same files.
    """
    held = os.open(home / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + _STOP_SECONDS
    while not _taken(held):
        owner = os.pread(held, 20, 0).decode(errors="replace").strip() or "unknown"
        if _runs(owner) or time.monotonic() > until:
            os.close(held)
            raise Conflict(
                f"only one server may use the home folder {home}, and process {owner} does: "
                "stop it, or choose another folder with WATCHKEEPER_HOME"
            )
        time.sleep(_POLL_SECONDS)
    os.ftruncate(held, 0)
    os.write(held, f"{os.getpid()}\n".encode())
    return held


def _taken(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server((address[0], port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise InvalidInput(
            f"the address {host}:{port} cannot be listened on: {error.strerror or error}; "
            "choose another with --port or --host"
        ) from error
    listening.set_inheritable(True)
    return listening


def _url(host: str, listening: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"
