"""A program that logs through the predict path and keeps a journal of the ids that it was given.

``python logs.py HOW URL SPOOL JOURNAL ROWS``: each id is in the journal once `prediction` returned.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from watchkeeper.sdk import background
from watchkeeper.sdk.client import Client, SpoolOptions


class Program:
    """A client, its logger and the journal."""

    def __init__(self, url, spool, journal):
        options = SpoolOptions(Path(spool), interval_seconds=0.1)
        self.client = Client(url, "key", spool=options)
        self.logger = self.client.logger("m", version="1")
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def log(self, rows):
        for place in range(rows):
            identity = self.logger.prediction({"x": place, "y": "text"}, prediction=place % 2)
            os.write(self.journal, identity.encode() + b"\n")


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def threads(program, rows):
    """From four threads at once, until killed or done."""
    made = [threading.Thread(target=program.log, args=(rows,)) for _ in range(4)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()


def fork(program, rows):
    """Children are forked while four threads log; some end in order, some as a pool's workers do."""
    load = threading.Thread(target=threads, args=(program, rows))
    load.start()
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            program.log(rows)
            if number % 2:
                program.client.close(120.0)
            os._exit(0)
        children.append(child)
    load.join()
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4


inherited: list[Program] = []


def log_inherited(rows):
    inherited[0].log(rows)


def pool(program, rows):
    """As Celery's and gunicorn's workers: made by a fork, and ended by their master."""
    inherited.append(program)
    with multiprocessing.get_context("fork").Pool(3) as made:
        made.map(log_inherited, [rows] * 6, chunksize=1)
    program.log(rows)


def polite(program, rows):
    """Ends by the exception that its handler of SIGTERM raises, as servers do."""
    background._EXIT_SECONDS = 120.0  # the machine may be busy
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    program.log(rows)
    say("logged")
    signal.pause()


def plain(program, rows):
    """Knows nothing of signals."""
    program.log(rows)
    say("logged")
    signal.pause()


def full(program, rows):
    """Logs more than there is room for; says how many rows were kept."""
    program.log(rows)
    counts = program.client.counts
    assert counts.spooled + counts.dropped == rows, counts
    say(counts.spooled, counts.dropped)
    os._exit(0)


def short(program, rows):
    """As `full`, where no file may be longer than 100,000 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    full(program, rows)


def main():
    how, url, spool, journal, rows = sys.argv[1:]
    program = Program(url, spool, journal)
    found = {f.__name__: f for f in (threads, fork, pool, polite, plain, full, short)}
    found[how](program, int(rows))


if __name__ == "__main__":
    main()
