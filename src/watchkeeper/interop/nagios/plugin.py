"""The plugin: what is asked for, to what is printed and the exit code. It never fails otherwise.

Nagios knows four answers. Whatever goes wrong (an option, the network, a fault of ours) is UNKNOWN
with a reason, on one line: a traceback would be shown to nobody, and read as something else.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from watchkeeper.errors import InvalidInput, WatchkeeperError
from watchkeeper.interop.nagios import checks
from watchkeeper.interop.nagios.asking import Asking, Data
from watchkeeper.interop.nagios.checks import Limits
from watchkeeper.interop.nagios.result import Result, State
from watchkeeper.interop.nagios.snapshot import Snapshot, mapping, text

__all__ = ["Server", "Wanted", "check", "guarded"]

_SPARE_SECONDS = 0.5  # to say that time ran out, before whoever started us does


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, with which key, trusting whom, and for how many seconds at most."""

    url: str
    api_key: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 10.0

    def asking(self) -> Asking:
        """Begin to ask."""
        left = max(_SPARE_SECONDS, self.timeout_seconds - _SPARE_SECONDS)
        return Asking(self.url, self.api_key, time.monotonic() + left, self.ca_file)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check: nothing named is the whole fleet."""

    model: str | None = None
    monitor: str | None = None
    column: str | None = None
    figure: str | None = None
    segment: str = ""
    freshness: bool = False
    health: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.health and (self.model or self.monitor or self.freshness):
            raise InvalidInput("--health is of the server: leave --model and the like out")
        if self.model is None and (self.monitor or self.freshness or self.column or self.figure):
            raise InvalidInput("say of which model with --model")
        if self.monitor is None and (self.column or self.figure or self.segment):
            raise InvalidInput("--column, --figure and --segment are of a monitor: add --monitor")
        if self.monitor and self.freshness:
            raise InvalidInput("ask for --monitor or for --freshness, one at a time")


def check(server: Server, wanted: Wanted) -> Result:
    """Ask and judge; the errors of `Asking`."""
    asking = server.asking()
    if wanted.health:
        status, body = asking.fetch("/readyz")
        clock = mapping(asking.get("clock").get("data"))
        return checks.health(clock, (status, _reason(body)), wanted.limits)
    if wanted.model is not None and wanted.monitor is not None:
        found = _newest(asking, wanted.model, wanted)
        return checks.monitor(wanted.monitor, found, wanted.limits)
    snapshot = Snapshot.load(asking, model=wanted.model)
    if wanted.model is None:
        return checks.fleet(snapshot, wanted.limits)
    act = checks.freshness if wanted.freshness else checks.model
    return act(snapshot.models[wanted.model], wanted.limits)


def guarded(act: Callable[[], Result], *, timeout_seconds: float) -> Result:
    """What ``act`` gives, or UNKNOWN with the reason, in no longer than ``timeout_seconds``."""
    try:
        with _alarm(timeout_seconds):
            return act()
    except TimeoutError:
        return Result(State.UNKNOWN, f"no answer within {timeout_seconds:g} seconds")
    except WatchkeeperError as error:
        return Result(State.UNKNOWN, str(error))
    except Exception as error:  # noqa: BLE001  nobody reads a traceback here
        return Result(State.UNKNOWN, f"a fault of the plugin: {type(error).__name__}: {error}")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """TimeoutError after so long, whatever the process waits for; looking up a name has no other
    end.
    """

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _newest(asking: Asking, model: str, wanted: Wanted) -> list[Data]:
    """The verdicts of the newest window that the monitor judged: over all versions and arms."""
    found: list[Data] = []
    window: object = None
    asked = {
        "monitor": wanted.monitor, "column": wanted.column, "segment": wanted.segment,
    }  # fmt: skip
    for verdict in asking.every("models", model, "verdicts", **asked):
        if verdict.get("version") is not None or verdict.get("arm") is not None:
            continue
        if wanted.figure is not None and text(verdict, "what") != wanted.figure:
            continue
        if not found:
            window = verdict.get("window")
        elif verdict.get("window") != window:
            break
        found.append(verdict)
    return found


def _reason(body: bytes) -> str:
    import json

    try:
        return text(mapping(mapping(json.loads(body)).get("error")), "message")
    except ValueError:
        return ""
