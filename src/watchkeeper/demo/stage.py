"""The stage: a real server in processes of its own, and the year played on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.demo.faults import inject
from watchkeeper.demo.flights import TRAINING_ENDS, load_flights
from watchkeeper.demo.replay import MODEL, Sent, replay
from watchkeeper.demo.training import out_of_fold_scores, train, with_scores
from watchkeeper.errors import Unavailable
from watchkeeper.sdk.client import Client

__all__ = ["Server", "play", "running_server"]

_POLL_SECONDS = 0.2
_LONGEST_SILENCE_SECONDS = 120.0
_LINES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Server:
    """Where the demo's server listens, and its first key."""

    url: str
    key: str
    process: subprocess.Popen[str]


@contextmanager
def running_server(home: Path, *, port: int) -> Iterator[Server]:
    """Run ``watchkeeper serve`` on ``home``; it is stopped at the end.

    What it logs goes to a file in ``home``; only where it does not start, or does not answer any
    more, do its last lines come with the error.
    """
    command = [sys.executable, "-m", "watchkeeper.cli.main", "serve", "--json"]
    command += ["--home", str(home), "--port", str(port)]
    log = home / "server.log"
    with (
        log.open("w", encoding="utf-8") as messages,
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=messages, text=True
        ) as process,
    ):
        try:
            yield _ready(process)
        except Unavailable as error:
            raise Unavailable(f"{error}; the last it said:\n{_last_lines(log)}") from error
        finally:
            process.terminate()


def _ready(process: subprocess.Popen[str]) -> Server:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise Unavailable("the demo's server did not start")
    said = json.loads(line)
    return Server(said["url"], said["key"], process)


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_LINES_SHOWN:]) or "    (nothing)"


def play(client: Client, *, told: Callable[[str], None]) -> Sent:
    """Train, apply the definition, upload the reference, replay the year, wait for the verdicts."""
    told("reading a year of flights")
    flights = load_flights()
    before = pc.less(flights["departs_at"], pa.scalar(TRAINING_ENDS))
    training, watched = flights.filter(before), inject(flights.filter(pc.invert(before)))
    told("training on January and February")
    model = train(training)
    reference = with_scores(training, out_of_fold_scores(training))
    told("applying the definition and the reference")
    client.apply(files("watchkeeper.demo").joinpath("flights.yaml").read_text())
    client.upload_reference(MODEL, reference.drop_columns(["landed_at"]))
    scored = with_scores(watched, model.scores(watched))

    def on_day(sent: Sent) -> None:
        told(f"{sent.day:%d %B %Y}: {sent.predictions:,} predictions, {sent.labels:,} landings")

    sent = replay(client, scored, told=on_day)
    _wait_until_judged(client, told)
    return sent


def _wait_until_judged(client: Client, told: Callable[[str], None]) -> None:
    """Until nothing is left to be done; Unavailable where nothing moves for two minutes."""
    seen: object = None
    moved_at = time.monotonic()
    while True:
        clock = client.http.get("/api/v1/clock").data
        if not isinstance(clock, dict):
            raise Unavailable(f"the server's clock must be a mapping, got {clock!r}")
        if clock["settled"]:
            return
        progress = (clock["inbox"], [(m["judged_through"], m["due"]) for m in clock["models"]])
        if progress != seen:
            seen, moved_at = progress, time.monotonic()
        if time.monotonic() - moved_at > _LONGEST_SILENCE_SECONDS:
            raise Unavailable(f"the demo's server has judged nothing for two minutes: {clock}")
        judged = next((m["judged_through"] for m in clock["models"]), None) or "nothing yet"
        told(f"judged through {judged[:10]}")
        time.sleep(_POLL_SECONDS)
