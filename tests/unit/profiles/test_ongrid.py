"""Cells by looking up: those that the grid's own formula gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from watchkeeper.domain.profile import NumericBinning
from watchkeeper.profiles.ongrid import Room, on_grid
from watchkeeper.stats.grid import cell_of, value_of

GRID = NumericBinning(3.0, 2.5)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def cells(x, grid=GRID):
    """The cells that are looked up."""
    return on_grid(np.array(x, np.float64), grid, Room())[1].tolist()


@given(arrays.arrays(np.float64, st.integers(1, 50), elements=FINITE))
def test_a_cell_is_that_of_the_formula(x):
    """Whatever finite numbers there are, near, far, tiny or mixed."""
    assert cells(x) == cell_of(x, GRID.center, GRID.scale).tolist()


@pytest.mark.parametrize("steps", range(-3, 4))
def test_an_edge_lies_where_the_formula_has_it(steps):
    """Some bits below each edge the lower cell, from it on the upper one."""
    names = np.arange(-1_850, 1_851)
    x = value_of(names - 0.5, 0.0, 1.0)
    for _ in range(abs(steps)):
        x = np.nextafter(x, np.sign(steps) * np.inf)

    assert cells(x, NumericBinning(0.0, 1.0)) == cell_of(x, 0.0, 1.0).tolist()


def test_zero_has_one_cell_on_both_its_sides():
    """The signs of zero, and what is hardly more than it."""
    near = [0.0, -0.0, 5e-324, -5e-324, 1e-300, -1e-300, 0.0049, -0.0049]

    assert cells(near, NumericBinning(0.0, 1.0)) == [0] * len(near)


def test_room_is_used_again_for_what_is_smaller():
    """What a call gives is right whatever was there before."""
    room = Room()
    on_grid(np.linspace(-9.0, 9.0, 1_000), GRID, room)

    z, found = on_grid(np.array([3.0, 5.5]), GRID, room)

    assert z.tolist() == [0.0, 1.0]
    assert found.tolist() == [0, 88]
