"""Sending what the outbox holds, over a real catalog."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from notices import NOW, a_chart, a_notice
from waiting import PATIENCE_SECONDS, until
from watchkeeper.alerts.outbox import Dispatcher, Sources
from watchkeeper.alerts.sinks.sink import Receipt
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.schema import notices
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, NotFound, PluginFailed, RateLimited, Unavailable
from watchkeeper.testing.sink import CaptureSink

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A folder of databases at the newest schema, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    _open(folder).close()
    return folder


def _open(folder) -> Catalog:
    return Catalog.open(f"sqlite:///{folder / 'c.db'}", f"sqlite:///{folder / 'i.db'}")


@pytest.fixture
def catalog(migrated, tmp_path):
    """A real catalog in SQLite."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    found = _open(tmp_path)
    yield found
    found.close()


@pytest.fixture
def dispatching(catalog):
    """Makes dispatchers to sinks by their place, and closes them."""
    made = []

    def make(*sinks, **sources):
        def find(_route, place):
            return sinks[place]

        made.append(Dispatcher(catalog.outbox, Sources(**{"find_sink": find, **sources})))
        return made[-1]

    yield make
    for each in made:
        each.close()


def post(catalog, *keys, **changes):
    posted = [replace(a_notice(), **{"key": key, "thread": key, **changes}) for key in keys]
    catalog.alerts.record(alerts=(), forgotten=(), incidents=(), notices=posted)


def fate(catalog, key="a"):
    return next(f for f in catalog.alerts.notices_of("i1") if f.notice.key == key)


def test_what_is_due_is_sent_once_and_the_answer_is_kept(catalog, dispatching):
    """With its picture, and what was remembered of the thread."""
    post(catalog, "a", "b", thread="t")
    sink = CaptureSink()
    dispatcher = dispatching(sink, chart=lambda _: a_chart())

    outcomes = [dispatcher.send_due(NOW) for _ in range(3)]

    assert [outcome["sent"] for outcome in outcomes] == [1, 1, 0]
    assert sink.keys == ["a", "b"]
    assert [delivery.earlier for delivery in sink.deliveries] == [None, "1"]
    assert sink.deliveries[0].chart == a_chart()
    assert fate(catalog).answer == "taken"


def test_a_dead_receiver_delays_only_itself(catalog, dispatching):
    """The second sink is down: the first is told, the second later, under the same key."""
    post(catalog, "a", sink=0)
    post(catalog, "b", sink=1)
    good, bad = CaptureSink(), CaptureSink([Unavailable("down")])
    dispatcher = dispatching(good, bad)

    first, again = dispatcher.send_due(NOW), dispatcher.send_due(NOW + SECOND)
    later = dispatcher.send_due(NOW + HOUR)

    assert (first["sent"], first["delayed"], again["sent"]) == (1, 1, 0)
    assert (later["sent"], good.keys, bad.keys) == (1, ["a"], ["b"])


def test_a_dead_receiver_is_not_tried_for_each_of_its_notices(catalog, dispatching):
    """Its lane rests after a failure, and the others are tried when it has rested."""
    post(catalog, *"abcdef")
    sink = CaptureSink([Unavailable("down")] * 2)
    dispatcher = dispatching(sink)

    told = [dispatcher.send_due(NOW + n * SECOND)["delayed"] for n in range(3)]
    dispatcher.send_due(NOW + MINUTE)
    dispatcher.send_due(NOW + 9 * MINUTE)

    assert told == [1, 0, 0]
    assert sorted(sink.keys) == [*"abcdef"]


def test_pauses_grow_and_have_an_end(catalog, dispatching):
    """From seconds to a quarter of an hour."""
    post(catalog, "a")
    dispatcher = dispatching(CaptureSink([Unavailable("down")] * 50))
    now, pauses = NOW, []
    for _ in range(12):
        dispatcher.send_due(now)
        following = fate(catalog).next_attempt_at
        pauses.append(following - now)
        now = following + MINUTE  # the lane has rested too

    assert timedelta(seconds=4) <= pauses[0] <= timedelta(seconds=7)
    assert all(MINUTE * 12 <= pause <= MINUTE * 18 + SECOND for pause in pauses[-3:])
    assert fate(catalog).attempts == 12


def test_a_receiver_is_left_alone_for_as_long_as_it_asks(catalog, dispatching):
    """Retry-After counts where it is longer than the pause would be; not beyond some hours."""
    post(catalog, "a", sink=0)
    post(catalog, "b", sink=1)
    asks = (RateLimited("busy", retry_after_seconds=s) for s in (900.0, 10_000_000.0))
    dispatching(*(CaptureSink([each]) for each in asks)).send_due(NOW)

    assert fate(catalog, "a").next_attempt_at >= NOW + 15 * MINUTE
    assert NOW + 5 * HOUR <= fate(catalog, "b").next_attempt_at <= NOW + 7 * HOUR


def test_what_is_never_taken_is_set_aside_with_the_reason(catalog, dispatching):
    """A receiver that refuses for good is not asked again, and the rest of its lane goes on."""
    post(catalog, "a", "b")
    sink = CaptureSink([InvalidInput("no such user")])

    outcome = dispatching(sink).send_due(NOW)

    assert (outcome["refused"], outcome["sent"]) == (1, 1)
    assert (fate(catalog).reason, fate(catalog).refused_at is not None) == ("no such user", True)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotFound("there is no such route any more"), "refused"),
        (InvalidInput("not set"), "delayed"),
    ],
)
def test_a_sink_that_is_not_there(catalog, dispatching, error, outcome):
    """Of a route that was deleted nothing is sent; a secret that is missing may be set yet."""

    def fail(*_):
        raise error

    post(catalog, "a")

    assert dispatching(find_sink=fail).send_due(NOW)[outcome] == 1


def test_a_fault_of_a_sink_is_tried_again(catalog, dispatching):
    """It may be mended."""
    post(catalog, "a")
    dispatcher = dispatching(CaptureSink([PluginFailed("x")]))

    assert dispatcher.send_due(NOW)["delayed"] == 1
    assert dispatcher.send_due(NOW + HOUR)["sent"] == 1


def test_after_days_it_is_given_up(catalog, dispatching):
    """And said so."""
    post(catalog, "a")
    with catalog.alerts._database.write() as connection:
        connection.execute(sa.update(notices).values(attempts=299))
    dispatcher = dispatching(CaptureSink([Unavailable("down")]))

    assert dispatcher.send_due(NOW)["refused"] == 1
    assert fate(catalog).reason == "gave up: down"


def test_a_picture_that_fails_is_no_reason_to_keep_silent(catalog, dispatching):
    """It is sent without."""

    def fail(_notice):
        raise Unavailable("the database is busy")

    post(catalog, "a")
    sink = CaptureSink()

    dispatching(sink, chart=fail).send_due(NOW)

    assert sink.deliveries[0].chart is None


def test_a_slow_receiver_holds_up_nobody(catalog, dispatching):
    """While one is still at it, others are told, and nobody sends the slow one's again."""
    post(catalog, "slow", sink=0)
    slow, fast = _Slow(), CaptureSink()
    dispatcher = dispatching(slow, fast)
    begun = dispatcher.step(NOW)
    assert slow.began.wait(PATIENCE_SECONDS)

    post(catalog, "fast", sink=1)
    others = [each.result(PATIENCE_SECONDS) for each in dispatcher.step(NOW)]
    slow.may_end.set()

    assert fast.keys == ["fast"]
    assert sum(outcome.get("sent", 0) for outcome in others) == 1
    assert sum(e.result(PATIENCE_SECONDS).get("sent", 0) for e in begun) == 1
    assert slow.times == 1


def test_a_claim_is_kept_while_a_receiver_takes_its_time(catalog):
    """A second sender finds nothing to send, long after the first one's claim would have ended."""
    post(catalog, "a")
    slow = _Slow()
    sources = Sources(lambda *_: slow)
    first = Dispatcher(catalog.outbox, sources, lease=timedelta(seconds=0.3))
    second = Dispatcher(catalog.outbox, sources)
    begun = first.step(NOW)
    assert slow.began.wait(PATIENCE_SECONDS)
    for _ in range(3):
        before = fate(catalog).next_attempt_at
        until(
            lambda: fate(catalog).next_attempt_at,
            lambda claimed, before=before: claimed != before,
            what="the claim is prolonged",
        )

    assert second.send_due(NOW)["sent"] == 0
    slow.may_end.set()
    assert sum(each.result(PATIENCE_SECONDS).get("sent", 0) for each in begun) == 1
    assert slow.times == 1
    first.close()
    second.close()


@dataclass
class _Slow:
    """Takes a notice and its time."""

    times: int = 0
    target: str = "slow"

    def __post_init__(self):
        self.began, self.may_end = threading.Event(), threading.Event()

    def send(self, delivery):
        self.times += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        return Receipt("at last")


@dataclass
class _Forgets:
    """A receiver that has to be told again each minute, twice."""

    target: str = "forgets"
    told: int = 0

    def send(self, delivery):
        return Receipt("ok", "0", again_after=MINUTE)

    def refresh(self, delivery):
        self.told += 1
        assert delivery.notice.note == "as it is now"
        again = MINUTE if self.told < 2 else None
        return Receipt("ok", str(int(delivery.earlier) + 1), again)


def test_a_receiver_that_forgets_is_told_again(catalog, dispatching):
    """How things stand now, until it says that it is enough."""
    post(catalog, "a")
    sink = _Forgets()
    dispatcher = dispatching(sink, current=lambda notice: replace(notice, note="as it is now"))

    for minutes in (0.0, 0.5, 2.0, 2.5, 4.0, 9.0):
        dispatcher.send_due(NOW + minutes * MINUTE)

    assert sink.told == 2


def test_a_refresh_that_fails_is_made_up_for(catalog, dispatching):
    """At the next look after the claim is over."""
    post(catalog, "a", kind=NoticeKind.OPENED)
    told = []

    @dataclass
    class Flaky(_Forgets):
        def refresh(self, delivery):
            told.append(delivery.notice.key)
            if len(told) == 1:
                raise Unavailable("down")
            return Receipt("ok")

    dispatcher = dispatching(Flaky())
    for minutes in (0, 2, 4, 6):
        dispatcher.send_due(NOW + minutes * MINUTE)

    assert told == ["a", "a"]
