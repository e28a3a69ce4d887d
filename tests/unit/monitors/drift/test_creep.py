"""Slow creep, which a rolling baseline follows and never sees."""

from __future__ import annotations

import numpy as np

from watchkeeper.domain.verdict import Status


def _creep(evidence):
    return [e for e in evidence if e.series.what == "creep"]


def _days(bench, make, rng, levels, first):
    return bench.days([make.numeric(rng.normal(m, 1, 500)) for m in levels], first)


def test_a_slow_change_is_caught_by_the_anchor(bench, make, rng):
    """Half a standard deviation over 60 days: no day is unlike the recent ones, but it is far."""
    reference = _days(bench, make, rng, np.zeros(28), 0)
    recent = _days(bench, make, rng, np.linspace(0, 0.5, 60), 28)

    found = bench.judge(reference, _days(bench, make, rng, [0.5], 88), recent=recent[-56:])

    (creep,) = _creep(found)
    assert creep.status is Status.ALERT
    assert creep.p_value is None
    assert creep.low > 0.06
    assert "crept away" in creep.message


def test_no_creep_where_nothing_moved(bench, make, rng):
    """Recent weeks like the reference are near it."""
    reference = _days(bench, make, rng, np.zeros(28), 0)
    recent = _days(bench, make, rng, np.zeros(56), 28)

    (creep,) = _creep(bench.judge(reference, _days(bench, make, rng, [0.0], 84), recent=recent))

    assert creep.status is Status.OK


def test_categories_creep_too(bench, make):
    """A category that grew from a tenth to a third."""
    reference = bench.days([make.categorical([450, 50])] * 28)
    recent = bench.days([make.categorical([335, 165])] * 40, 28)

    (creep,) = _creep(
        bench.judge(reference, bench.days([make.categorical([335, 165])], 68), recent=recent)
    )

    assert creep.status is Status.ALERT


def test_a_comparison_has_no_creep(bench, make, rng):
    """Without a rolling baseline the drift series is itself held against the reference."""
    reference = _days(bench, make, rng, np.zeros(28), 0)

    assert not _creep(bench.judge(reference, _days(bench, make, rng, [1.0], 28)))
