"""The outbox on each database: claims, order within a thread, what is remembered."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from notices import NOW, a_notice
from watchkeeper.catalog import Catalog
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.domain.outbox import Settled
from watchkeeper.errors import NotFound

MINUTE = timedelta(minutes=1)
LATER = NOW + MINUTE


def post(catalog, *keys, thread=None, **changes):
    """Put notices into the outbox, in this order."""
    notices = [replace(a_notice(), key=key, thread=thread or key, **changes) for key in keys]
    catalog.alerts.record(alerts=(), forgotten=(), incidents=(), notices=notices)


def due(catalog, now=NOW, **options):
    return [notice.key for notice in catalog.outbox.due(now, limit=100, **options)]


def claim(catalog, key, now=NOW):
    return catalog.outbox.claim(key, now, until=now + MINUTE)


def test_a_notice_is_due_until_it_is_sent(catalog):
    """What was answered is kept with it."""
    post(catalog, "a")
    taken = claim(catalog, "a")

    catalog.outbox.sent(taken, Settled(NOW, "250 queued as 7"))

    assert due(catalog, NOW + 9 * MINUTE) == []
    (fate,) = catalog.alerts.notices_of("i1")
    assert (fate.sent_at, fate.answer, fate.attempts) == (NOW, "250 queued as 7", 1)


def test_who_claims_first_has_it(catalog):
    """For a while; when that is over and nobody prolonged it, somebody else may."""
    post(catalog, "a")

    assert claim(catalog, "a") is not None
    assert claim(catalog, "a") is None
    assert due(catalog) == []
    assert due(catalog, LATER) == ["a"]
    assert claim(catalog, "a", LATER).attempts == 2


def test_a_claim_can_be_prolonged_by_who_has_it(catalog):
    """And by nobody else."""
    post(catalog, "a")
    first = claim(catalog, "a")

    catalog.outbox.prolong(first, until=LATER + MINUTE)
    catalog.outbox.prolong(replace(first, token="another"), until=NOW)

    assert due(catalog, LATER) == []
    assert due(catalog, LATER + MINUTE) == ["a"]


def test_who_lost_the_claim_cannot_delay_or_refuse(catalog):
    """But can say that it was sent, for that is true."""
    post(catalog, "a")
    lost, has = claim(catalog, "a"), claim(catalog, "a", LATER)

    catalog.outbox.refused(lost, reason="no", at=LATER)
    catalog.outbox.delayed(lost, reason="no", next_attempt_at=NOW)
    assert claim(catalog, "a", LATER) is None
    catalog.outbox.sent(lost, Settled(LATER, "ok"))
    catalog.outbox.delayed(has, reason="down", next_attempt_at=NOW)

    assert due(catalog, NOW + 99 * MINUTE) == []


def test_what_is_posted_twice_is_there_once(catalog):
    """By its key; also when it was sent meanwhile."""
    post(catalog, "a")
    catalog.outbox.sent(claim(catalog, "a"), Settled(NOW, "ok"))
    post(catalog, "a")

    assert due(catalog, LATER) == []


def test_a_thread_is_sent_in_its_order(catalog):
    """A resolve never overtakes what it resolves, whatever became of that so far."""
    post(catalog, "opened", "resolved", thread="t")
    post(catalog, "other")
    assert due(catalog) == ["opened", "other"]
    assert claim(catalog, "resolved") is None

    taken = claim(catalog, "opened")
    assert due(catalog) == ["other"]
    catalog.outbox.delayed(taken, reason="down", next_attempt_at=NOW + 9 * MINUTE)
    assert due(catalog, LATER) == ["other"]
    late = NOW + 9 * MINUTE
    catalog.outbox.sent(claim(catalog, "opened", late), Settled(late, "ok"))

    assert set(due(catalog, late)) == {"other", "resolved"}


def test_what_is_refused_lets_the_rest_of_its_thread_go_on(catalog):
    """The reason is kept."""
    post(catalog, "opened", "resolved", thread="t")

    catalog.outbox.refused(claim(catalog, "opened"), reason="no such user", at=NOW)

    assert due(catalog) == ["resolved"]
    assert catalog.alerts.notices_of("i1")[0].reason == "no such user"


def test_what_is_remembered_is_given_to_the_thread_alone(catalog):
    """The newest of it; another thread knows nothing of it."""
    post(catalog, "one", "two", "three", thread="t")
    post(catalog, "stranger")
    for key, said in (("one", "ts-1"), ("two", None)):
        catalog.outbox.sent(claim(catalog, key), Settled(NOW, "ok", remember=said))

    assert claim(catalog, "three").earlier == "ts-1"
    assert claim(catalog, "stranger").earlier is None


def test_lanes_can_be_left_out(catalog):
    """Those of one sink of one route, so that they do not crowd out the others."""
    post(catalog, "a", route="r", sink=0)
    post(catalog, "b", route="r", sink=1)
    post(catalog, "c", route="s", sink=0)

    assert due(catalog, without={("r", 0)}) == ["b", "c"]
    assert due(catalog, without={("r", 0), ("s", 0)}) == ["b"]


def test_a_notice_without_a_thread_has_its_incident_and_sink(catalog):
    """As older ones, and tests."""
    post(catalog, "a", "b", route="r", sink=0)
    first = replace(a_notice(), key="x", thread="", route="q")
    second = replace(a_notice(NoticeKind.RESOLVED), key="y", thread="", route="q")
    catalog.alerts.record(alerts=(), forgotten=(), incidents=(), notices=(first, second))

    assert due(catalog) == ["a", "b", "x"]


def test_a_receiver_that_forgets_is_told_again(catalog):
    """At the moment that was asked for, by one sender, until a later notice replaces it."""
    post(catalog, "opened", "resolved", thread="t")
    catalog.outbox.sent(claim(catalog, "opened"), Settled(NOW, "ok", "x", refresh_at=LATER))

    assert catalog.outbox.to_refresh(NOW, until=LATER) == ()
    ((notice, taken),) = catalog.outbox.to_refresh(LATER, until=LATER + MINUTE)
    assert (notice.key, taken.earlier) == ("opened", "x")
    assert catalog.outbox.to_refresh(LATER, until=LATER + MINUTE) == ()
    catalog.outbox.refreshed(taken, Settled(LATER, "ok", "y", refresh_at=LATER))
    assert catalog.outbox.to_refresh(LATER, until=LATER)[0][1].earlier == "y"

    catalog.outbox.sent(claim(catalog, "resolved", LATER), Settled(LATER, "ok"))

    assert catalog.outbox.to_refresh(LATER + 9 * MINUTE, until=LATER) == ()


def test_a_refresh_that_ends(catalog):
    """Where the sink says that it is enough."""
    post(catalog, "a")
    catalog.outbox.sent(claim(catalog, "a"), Settled(NOW, "ok", refresh_at=NOW))
    ((_, taken),) = catalog.outbox.to_refresh(NOW, until=LATER)

    catalog.outbox.refreshed(taken, Settled(NOW, "ok"))

    assert catalog.outbox.to_refresh(NOW + 99 * MINUTE, until=LATER) == ()


def test_what_is_not_there_cannot_be_sent(catalog):
    """An error, not silence."""
    post(catalog, "a")
    taken = claim(catalog, "a")

    with pytest.raises(NotFound):
        catalog.outbox.sent(replace(taken, key="b"), Settled(NOW, "ok"))


def work(catalog, taken):
    """Claim and settle until nothing is due."""
    while found := due(catalog):
        for key in found:
            held = claim(catalog, key)
            if held is not None:
                taken.append(key)
                catalog.outbox.sent(held, Settled(NOW, "ok"))


def test_many_senders_share_without_taking_anything_twice(migrated_urls):
    """Each notice is claimed by one of four, at once, and each thread in its order."""
    opened = [Catalog.open(*migrated_urls) for _ in range(4)]
    threads = {f"t{number}": [f"{number}-{part}" for part in range(3)] for number in range(10)}
    for thread, keys in threads.items():
        post(opened[0], *keys, thread=thread)
    taken: list[str] = []

    senders = [threading.Thread(target=work, args=(catalog, taken)) for catalog in opened]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    work(opened[0], taken)  # what was held by one while the others found nothing due
    for catalog in opened:
        catalog.close()

    assert sorted(taken) == sorted(key for keys in threads.values() for key in keys)
    for keys in threads.values():
        assert [key for key in taken if key in keys] == keys
