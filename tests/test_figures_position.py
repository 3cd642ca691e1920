"""The polygons in which planes cut the box, and what the plots refuse."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration.figures import planes, space
from trilateration.figures.position import _cut
from trilateration.tasks import evenly_spaced_lines, random_hyperplanes


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_a_cut_is_a_convex_polygon_on_the_plane_and_on_the_faces(seed):
    plane = random_hyperplanes(1, 3, rng=np.random.default_rng(seed), offset_half_width=0.4)
    normal, offset = plane.normals[0], plane.offsets[0]
    corners = _cut(normal, offset, 0.5)
    assert 3 <= len(corners) <= 6
    np.testing.assert_allclose(corners @ normal, offset, atol=1e-12)
    np.testing.assert_allclose(np.abs(corners).max(axis=1), 0.5, atol=1e-12)
    sides = np.roll(corners, -1, axis=0) - corners
    turns = np.cross(sides, np.roll(sides, -1, axis=0)) @ normal
    assert np.all(turns > 0) or np.all(turns < 0)


def test_a_plane_outside_the_box_cuts_nothing():
    assert _cut(np.array([1.0, 0, 0]), 0.6, 0.5).shape == (0, 3)


def test_planes_are_drawn_in_space_only():
    figure, ax = plt.subplots(subplot_kw={"projection": "3d"})
    with pytest.raises(ValueError, match="boundaries must be three-dimensional, got 2"):
        planes(space(ax), evenly_spaced_lines(3), np.zeros(3))
    plt.close(figure)
