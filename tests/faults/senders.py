"""Senders that die: a process that forks them and kills them, and who counts what receivers got.

Run as a program it is the mother: it has everything loaded, forks a sender for each life that it is
told of, and says how it ended. A sender dies by ``kill -9``: by its own hand at the n-th step of
its work (before and after each claim, each acceptance, each commit), or at any moment.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sqlalchemy as sa

from notices import NOW, a_notice
from receivers import HttpReceiver, Mailbox, PagerDuty
from watchkeeper.alerts.build import build_sink
from watchkeeper.alerts.outbox import Dispatcher, Sources
from watchkeeper.catalog.alerts import Alerts
from watchkeeper.catalog.database import Database
from watchkeeper.catalog.outbox import NoticeOutbox
from watchkeeper.catalog.schema import notices
from watchkeeper.domain.alert import Notice, NoticeKind
from watchkeeper.domain.route import SinkSpec

__all__ = ["Receivers", "Report", "run"]

_A_LIFE = timedelta(minutes=10)  # later than any claim of the life before
_MOST_STEPS = 14
_LONGEST_MS = 60
_KINDS = (NoticeKind.OPENED, NoticeKind.RESOLVED)


@dataclass
class _Steps:
    """Counts steps, and dies at one of them."""

    left: int | None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class _Outbox(NoticeOutbox):
    """The outbox, with steps before and after what is committed."""

    steps: _Steps

    def claim(self, key, now, *, until):
        self.steps.step()
        found = super().claim(key, now, until=until)
        self.steps.step()
        return found

    def sent(self, claim, settled):
        self.steps.step()
        super().sent(claim, settled)
        self.steps.step()


@dataclass
class _Sink:
    """A sink, with a step after the receiver has accepted."""

    inner: object
    steps: _Steps
    target: str = ""

    def send(self, delivery):
        receipt = self.inner.send(delivery)
        self.steps.step()
        return receipt


def live(url: str, sinks: Sequence[tuple[str, dict]], now: datetime, steps: int | None) -> None:
    """A sender's life: send until nothing is due."""
    outbox = _Outbox(Database(url))
    outbox.steps = _Steps(steps)
    built = [
        _Sink(build_sink(SinkSpec(kind, options), str), outbox.steps) for kind, options in sinks
    ]
    dispatcher = Dispatcher(outbox, Sources(lambda _, place: built[place]))
    while sum(dispatcher.send_due(now).values()):
        now += timedelta(seconds=1)


def mother() -> None:
    """Fork a sender for each life that is asked for; say how it ended."""
    for line in sys.stdin:
        asked = json.loads(line)
        now = datetime.fromisoformat(asked["now"])
        born = []
        for steps in asked["steps"]:
            pid = os.fork()
            if not pid:
                _end_after(asked, now, steps)
            born.append(pid)
        if asked["after_ms"] is not None:
            time.sleep(asked["after_ms"] / 1000)
            os.kill(born[0], signal.SIGKILL)
        ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in born]
        sys.stdout.write(f"{json.dumps(ends)}\n")
        sys.stdout.flush()


def _end_after(asked: dict, now: datetime, steps: int | None) -> None:
    """A life, and the end of its process: a fork must not go on with its mother's work."""
    try:
        live(asked["url"], asked["sinks"], now, steps)
    except Exception:  # noqa: BLE001  whatever it is, the process ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@dataclass
class Receivers:
    """A mailbox, a webhook that counts, and a service that dedups."""

    mailbox: Mailbox
    webhook: HttpReceiver
    duty: PagerDuty

    def sinks(self) -> list[tuple[str, dict]]:
        """The three sinks of the route."""
        mail = {"host": "localhost", "port": self.mailbox.port, "security": "none"}
        people = {"to": ["oncall@example.org"], "sender": "wk@example.org"}
        hook = {"url": self.webhook.url, "allow_private": True}
        page = {"routing_key": "R" * 32, "base_url": self.duty.url, "allow_private": True}
        return [("email", {**mail, **people}), ("webhook", hook), ("pagerduty", page)]

    def got(self) -> list[Counter[str]]:
        """How often each key came, at the mailbox and at the webhook."""
        mails = (mail["Message-ID"].strip("<>").partition("@")[0] for mail in self.mailbox.mails)
        posts = (asked.headers["webhook-id"] for asked in self.webhook.asked)
        return [Counter(mails), Counter(posts)]


@dataclass
class Report:
    """What became of everything."""

    posted: int = 0
    deaths: int = 0
    repeated: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class _Trial:
    url: str
    receivers: Receivers
    senders: int
    chance: random.Random
    mother: subprocess.Popen
    report: Report = field(default_factory=Report)
    now: datetime = NOW
    seen: list[Counter[str]] = field(default_factory=lambda: [Counter(), Counter()])
    open_before: set[str] = field(default_factory=set)

    def __post_init__(self):
        self.database = Database(self.url)
        self.alerts = Alerts(self.database)

    def post(self, number: int) -> None:
        """A group that opens and resolves, at each sink."""
        found = [notice for sink in range(3) for notice in _thread(number, sink, self.now)]
        self.alerts.record(alerts=(), forgotten=(), incidents=(), notices=found)
        self.report.posted += len(found)

    def unsent(self) -> set[str]:
        """The keys that are not settled."""
        with self.database.read() as connection:
            asked = sa.select(notices.c.key).where(notices.c.next_attempt_at.is_not(None))
            return set(connection.execute(asked).scalars())

    def a_life(self, *, dies: bool) -> None:
        """Senders at once, of which the first dies; then look what was sent again."""
        by_hand = dies and self.chance.random() < 0.6
        steps = [self.chance.randint(1, _MOST_STEPS) if by_hand else None]
        after = None if by_hand or not dies else self.chance.uniform(0, _LONGEST_MS)
        order = {
            "url": self.url,
            "sinks": self.receivers.sinks(),
            "now": self.now.isoformat(),
            "steps": steps + [None] * (self.senders - 1),
            "after_ms": after,
        }
        print(json.dumps(order), file=self.mother.stdin, flush=True)
        ends = json.loads(self.mother.stdout.readline())
        if any(end not in (0, -signal.SIGKILL) for end in ends):
            self.report.problems.append(f"a sender ended with {ends}")
        self.report.deaths += sum(end == -signal.SIGKILL for end in ends)
        self.now += _A_LIFE
        self._look()

    def _look(self) -> None:
        """What came once more must have been unsettled when the sender before it died."""
        for each in (self.receivers.mailbox, self.receivers.webhook, self.receivers.duty):
            each.quiet()
        got = self.receivers.got()
        for before, after in zip(self.seen, got, strict=True):
            for key in after:
                again = after[key] - max(1, before[key])
                if again > 0 and (key not in self.open_before or again > 1):
                    self.report.problems.append(f"{key} came again without need")
        self.seen, self.open_before = got, self.unsent()

    def finish(self) -> Report:
        """Send what is left, and count."""
        while self.unsent():
            self.a_life(dies=False)
        expected = self.report.posted // 3
        for name, got in zip(("mailbox", "webhook"), self.receivers.got(), strict=True):
            if len(got) != expected:
                self.report.problems.append(f"the {name} got {len(got)} of {expected}")
            self.report.repeated += got.total() - len(got)
        duty = self.receivers.duty
        if duty.open or duty.alerts != expected // 2:
            self.report.problems.append(
                f"open {duty.open}, opened {duty.alerts}, not {expected / 2}"
            )
        self.report.problems += _disorder([asked.json for asked in self.receivers.webhook.asked])
        self.database.close()
        return self.report


def run(url: str, receivers: Receivers, *, crashes: int, senders: int = 1, seed: int = 7) -> Report:
    """Let so many senders die, and say what came of it."""
    command = [sys.executable, str(Path(__file__))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        trial = _Trial(url, receivers, senders, random.Random(seed), process)
        number = 0
        while trial.report.deaths < crashes and not trial.report.problems:
            if len(trial.unsent()) < 9:
                trial.post(number)
                number += 1
            trial.a_life(dies=True)
        report = trial.finish()
        process.stdin.close()
    return report


def _thread(number: int, sink: int, now: datetime) -> list[Notice]:
    place = f"{number}-{sink}"
    return [
        replace(a_notice(kind), key=f"{place}-{kind}", thread=place, sink=sink, created_at=now)
        for kind in _KINDS
    ]


def _disorder(posts: Sequence[dict]) -> list[str]:
    """Threads in which something came before what it follows."""
    first: dict[str, list[str]] = {}
    for post in posts:
        kinds = first.setdefault(post["thread"], [])
        if post["kind"] not in kinds:
            kinds.append(post["kind"])
    return [
        f"{thread}: {kinds}" for thread, kinds in first.items() if kinds != list(map(str, _KINDS))
    ]


if __name__ == "__main__":
    mother()
