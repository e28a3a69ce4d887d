"""Passive results: what the checks say, handed in where nobody is asked to run them.

The command file is Nagios', Icinga's and Naemon's own; NSCA is spoken by its own program
``send_nsca``, which knows the ciphers; NRDP is a form over HTTP.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from watchkeeper.errors import InvalidInput, NotInstalled, Unavailable
from watchkeeper.interop.nagios.result import LONGEST, Result, clean
from watchkeeper.settings import environment_value

__all__ = ["CommandFile", "Nrdp", "Nsca", "Passive", "Submit"]

_ATOMIC = 4_096  # bytes that a pipe takes in one piece
_SECONDS = 15.0
_END_OF_BLOCK = b"\x17"  # what send_nsca divides results by


@dataclass(frozen=True, slots=True)
class Passive:
    """The result of one service of one host."""

    host: str
    service: str
    result: Result


Submit = Callable[[Sequence[Passive]], None]


@dataclass(frozen=True, slots=True)
class CommandFile:
    """The external command file: a pipe, from which Nagios reads one command a line."""

    path: Path
    now: Callable[[], float]

    def __call__(self, found: Sequence[Passive]) -> None:
        """Write every result; Unavailable where nobody reads, InvalidInput where it is no pipe."""
        try:
            if not stat.S_ISFIFO(self.path.stat().st_mode):
                raise InvalidInput(f"the command file must be a pipe that Nagios made: {self.path}")
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            nobody = error.errno == errno.ENXIO
            why = "nobody reads it: does Nagios run?" if nobody else str(error)
            raise Unavailable(f"the command file {self.path} cannot be written: {why}") from error
        try:
            os.set_blocking(descriptor, True)
            for item in found:
                os.write(descriptor, self.line(item))
        except OSError as error:
            raise Unavailable(f"the command file {self.path} was closed: {error}") from error
        finally:
            os.close(descriptor)

    def line(self, item: Passive) -> bytes:
        """One command: further lines of text are escaped, and only the last field may hold a
        semicolon.
        """
        moment = int(self.now())
        head = (
            f"[{moment}] PROCESS_SERVICE_CHECK_RESULT;{_field(item.host)};{_field(item.service)};"
        )
        head += f"{int(item.result.state)};"
        left = _ATOMIC - len(head.encode()) - 1
        return (head + _escaped(item.result, left)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Nsca:
    """NSCA, by ``send_nsca``: host and port of the daemon, and the file with password and cipher."""

    host: str
    port: int = 5667
    config: Path | None = None
    program: str = "send_nsca"

    def __call__(self, found: Sequence[Passive]) -> None:
        """Send every result; Unavailable where the daemon does not take them."""
        path = shutil.which(self.program, path=f"{environment_value('PATH') or ''}:/usr/sbin")
        if path is None:
            raise NotInstalled(
                f"{self.program} is needed to speak NSCA: install nsca-client, or name it"
            )
        chosen = ["-c", str(self.config)] if self.config else []
        lines = _END_OF_BLOCK.join(map(self.line, found))
        try:
            done = subprocess.run(  # noqa: S603  the operator names the program; no shell
                [path, "-H", self.host, "-p", str(self.port), *chosen],
                input=lines,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{self.program} did not end well: {error}") from error
        told = clean((done.stdout + done.stderr).decode(errors="replace"))
        if done.returncode or f"{len(found)} data packet" not in told:
            raise Unavailable(f"NSCA at {self.host}:{self.port} did not take all results: {told}")

    def line(self, item: Passive) -> bytes:
        """One result; its fields are divided by tabs."""
        head = f"{_field(item.host)}\t{_field(item.service)}\t{int(item.result.state)}\t"
        return (head + _escaped(item.result, LONGEST)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Nrdp:
    """NRDP: a form over HTTP, with a token."""

    url: str
    token: str

    def __call__(self, found: Sequence[Passive]) -> None:
        """Send every result; Unavailable where they are not taken."""
        at = urlsplit(self.url)
        if at.scheme not in {"http", "https"} or not at.hostname:
            raise InvalidInput(
                f"NRDP's address must look like https://host/nrdp/, got {self.url!r}"
            )
        kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
        connection = kind(at.hostname, at.port, timeout=_SECONDS)
        form = {"token": self.token, "cmd": "submitcheck", "json": self.document(found)}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", at.path or "/", urlencode(form), headers)
            answer = connection.getresponse()
            told = answer.read(65_536).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"no answer from NRDP at {at.hostname}: {error}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK or not _taken(told):
            raise Unavailable(
                f"NRDP at {at.hostname} answered {answer.status}: {clean(told)[:200]}"
            )

    def document(self, found: Iterable[Passive]) -> str:
        """The results as NRDP reads them."""
        return json.dumps(
            {
                "checkresults": [
                    {
                        "checkresult": {"type": "service", "checktype": "1"},
                        "hostname": item.host,
                        "servicename": item.service,
                        "state": str(int(item.result.state)),
                        "output": item.result.output(),
                    }
                    for item in found
                ]
            }
        )


def _field(text: str) -> str:
    return clean(text).replace(";", ",").replace("\t", " ")


def _escaped(result: Result, longest: int) -> str:
    """The output on one line, in no more than ``longest`` bytes."""
    size = longest
    while True:
        text = result.output(longest=size).replace("\\", "\\\\").replace("\n", "\\n")
        over = len(text.encode()) - longest
        if over <= 0 or size <= over:
            return text
        size -= over


def _taken(answer: str) -> bool:
    """Whether NRDP says that it took them: status 0, in XML or JSON."""
    try:
        found = json.loads(answer)
        return str(found["result"]["status"]) == "0"
    except (ValueError, KeyError, TypeError):
        return "<status>0</status>" in "".join(answer.split())
