"""The worker's process: moving and judging, telling people, and housekeeping.

Telling has a thread of its own, because a mail server may take its time, and so has upkeep;
judging must not wait. So has each source that rows are fetched from.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.ingest.id_index import merge_all
from watchkeeper.server.alerting.pulse import Pulse
from watchkeeper.server.lifeline import when_parent_ends
from watchkeeper.server.logs.setup import configure_logs
from watchkeeper.server.probes import Probes, serve_probes
from watchkeeper.server.wiring import open_parts
from watchkeeper.settings import Settings

__all__ = ["main"]

_log = logging.getLogger(__name__)
_IDLE_SECONDS = 0.25
_MOVE_SECONDS = 0.05
_TELL_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_UPKEEP_SECONDS = 60.0
_MERGE_SECONDS = 1.0
_PAIR_SECONDS = 0.5
_SHARE_SECONDS = 5.0
_PUSH_SECONDS = 1.0
_LINK_SECONDS = 1.0
_NICENESS = 5
_END_SECONDS = 20.0
_SWITCH_SECONDS = 0.0005


def main(arguments: list[str]) -> None:
    """Work until told to stop. Arguments: the descriptor of the lifeline, and of a socket on which
    probes are answered, if any.
    """
    settings = Settings.load()
    levels = configure_logs(settings, "worker")
    stopping = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    when_parent_ends(int(arguments[0]), stopping.set)
    sys.setswitchinterval(_SWITCH_SECONDS)  # moving must not wait behind judging
    os.nice(_NICENESS)  # an acknowledgement must not wait for a heavy query
    parts = open_parts(settings, process="worker")
    parts.observing.start()
    dispatcher, upkeep = parts.dispatcher(), parts.upkeep()
    pulse = Pulse()

    def timed(loop: str) -> AbstractContextManager[None]:
        return pulse.round(loop, parts.telemetry.round(loop))

    levelling = _started(partial(levels.follow, parts.catalog.log_levels.all, stopping))
    if len(arguments) > 1:
        probes = Probes(pulse, partial(parts.catalog.inbox.waiting), stopping)
        serve_probes(socket.socket(fileno=int(arguments[1])), probes)
    pulling = _started(partial(parts.pulling().run, stopping))
    mover = parts.moving()
    around = partial(timed, "move")
    moving = _started(partial(mover.run, stopping, idle_seconds=_MOVE_SECONDS, around=around))

    def every(seconds: float, loop: str, act: Callable[[], object]) -> threading.Thread:
        return _every(seconds, act, stopping, around=partial(timed, loop))

    threads = [
        every(_PAIR_SECONDS, "pair", parts.pairing().step),
        every(_LOOK_SECONDS, "decide", lambda: parts.alerting.telling.look(datetime.now(UTC))),
        every(_TELL_SECONDS, "tell", lambda: dispatcher.step(datetime.now(UTC))),
        every(_UPKEEP_SECONDS, "upkeep", upkeep.step),
        every(_MERGE_SECONDS, "tidy", lambda: _tidy(parts.catalog)),
        every(_SHARE_SECONDS, "share", parts.itself("worker").tell),
        every(_LINK_SECONDS, "link", parts.observing.step),
    ]
    heartbeat = parts.heartbeat(pulse)
    if heartbeat is not None:
        threads.append(every(settings.heartbeat_seconds, "heartbeat", heartbeat.step))
    push = parts.pushing()
    if push is not None:
        threads.append(every(_PUSH_SECONDS, "push", push.step))
    try:
        parts.worker(beat=partial(pulse.beat, "judge")).run(
            stopping, idle_seconds=_IDLE_SECONDS, around=partial(timed, "judge")
        )
    finally:
        for thread in (levelling, pulling, moving, *threads):
            thread.join(timeout=_END_SECONDS)
        mover.flush()  # what was acknowledged until now is in the lake before this ends
        dispatcher.close()
        parts.close()


def _tidy(catalog: Catalog) -> None:
    merge_all(catalog.inbox.ids)
    catalog.tidy()


def _every(
    seconds: float,
    act: Callable[[], object],
    stopping: threading.Event,
    *,
    around: Callable[[], AbstractContextManager[None]],
) -> threading.Thread:
    def run() -> None:
        while not stopping.wait(seconds):
            try:
                with around():
                    act()
            except Exception:  # noqa: BLE001  the next time may go well
                _log.exception("housekeeping failed, it is tried again")

    return _started(run)


def _started(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


if __name__ == "__main__":
    main(sys.argv[1:])
