"""The asinh grid."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.grid import cell_high, cell_low, cell_of, pooled, value_of

_VALUES = st.floats(-1e300, 1e300, allow_nan=False)


@given(_VALUES, st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_every_value_lies_in_its_cell(x, center, scale):
    """A value lies between the edges of its cell, up to rounding."""
    cell = cell_of([x], center, scale)

    slack = 1e-9 * (abs(x) + abs(center) + scale)
    assert (
        cell_low(cell, center, scale)[0] - slack <= x <= cell_high(cell, center, scale)[0] + slack
    )


@given(st.lists(_VALUES, min_size=2, max_size=20))
def test_cells_keep_the_order_of_values(values):
    """A larger value never has a smaller cell."""
    cells = cell_of(sorted(values), 0.0, 1.0)

    assert (np.diff(cells) >= 0).all()


def test_cells_follow_the_formula_of_the_profiles():
    """The cell is floor(100·asinh(z) + ½), and its logarithmic form far out."""
    near, far = np.array([-3.7, 0.0, 0.004, 12.0]), np.array([1e12, -1e250])

    expected_near = np.floor(100 * np.arcsinh((near - 2.0) / 3.0) + 0.5)
    expected_far = np.floor(100 * np.sign(far) * np.log(2 * np.abs((far - 2.0) / 3.0)) + 0.5)
    assert cell_of(near, 2.0, 3.0).tolist() == expected_near.tolist()
    assert cell_of(far, 2.0, 3.0).tolist() == expected_far.tolist()


def test_the_middle_of_a_cell_has_that_cell():
    """The inverse of the grid gives values that are counted where they came from."""
    cells = np.arange(-2000, 2001, 37)

    assert cell_of(value_of(cells, 5.0, 0.1), 5.0, 0.1).tolist() == cells.tolist()


@pytest.mark.parametrize(("x", "scale"), [([np.nan], 1.0), ([np.inf], 1.0), ([1.0], 0.0)])
def test_what_has_no_cell_is_refused(x, scale):
    """NaN, infinity and a scale of zero are refused by name."""
    with pytest.raises(InvalidInput, match=r"finite|scale"):
        cell_of(x, 0.0, scale)


@given(
    parts=st.lists(
        st.dictionaries(st.integers(-80_000, 80_000), st.integers(1, 9), max_size=20), max_size=5
    ),
    stretch=st.sampled_from([1, 1000]),
)
def test_windows_are_added_up_by_cell(parts, stretch):
    """Pooling adds counts cell by cell, in ascending order, however far apart the cells lie."""
    expected: Counter[int] = Counter()
    for part in parts:
        expected.update({cell * stretch: count for cell, count in part.items()})
    held = [
        (np.array([*part], np.int64) * stretch, np.array([*part.values()], np.int64))
        for part in parts
    ]
    empty = (np.empty(0, np.int64), np.empty(0, np.int64))

    cells, counts = pooled(*zip(empty, *held, strict=True))

    assert dict(zip(cells.tolist(), counts.tolist(), strict=True)) == expected
    assert cells.tolist() == sorted(expected)
