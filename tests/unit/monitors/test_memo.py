"""Remembering what follows from an object while it lives."""

from __future__ import annotations

import gc

from watchkeeper.monitors.memo import Memo


class _Thing:
    pass


def test_a_value_is_computed_once_for_each_object():
    """The same object gives the same value without asking again, an equal one is asked anew."""
    asked: list[int] = []
    memo = Memo(lambda thing: asked.append(id(thing)) or len(asked))
    one, other = _Thing(), _Thing()

    found = [memo(one), memo(other), memo(one)]

    assert found == [1, 2, 1]
    assert asked == [id(one), id(other)]


def test_what_is_remembered_goes_with_its_object():
    """Nothing is kept of objects that are gone, so an identity used again is asked again."""
    memo = Memo(lambda _: object())
    things = [_Thing() for _ in range(100)]
    for thing in things:
        memo(thing)
    assert len(memo) == 100

    del things, thing
    gc.collect()

    assert len(memo) == 0
