"""Circles and exclusive-or: their labels, their distances, and what the ideal observer reports."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from trilateration import observer, tasks


def plane(rng, n=200):
    return rng.uniform(-0.6, 0.6, (n, 2))


def brute_force_distance(curved, task, point):
    """Distance to the nearest of many points whose label differs."""
    axis = np.linspace(-1.5, 1.5, 401)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    own = curved.labels(point)[task]
    other = grid[curved.labels(grid)[:, task] != own]
    return np.linalg.norm(other - point, axis=1).min() * (1 if own else -1)


@pytest.mark.parametrize("kind", ["circles", "crosses"])
def test_signed_distance_is_the_distance_to_the_other_label(kind):
    rng = np.random.default_rng(1)
    curved = tasks.random_circles(4, rng=rng) if kind == "circles" else tasks.turned_crosses(4)
    for point in plane(rng, 2):
        for task in range(4):
            found = brute_force_distance(curved, task, point)
            # The grid is 0.0075 wide.
            assert curved.signed_distances(point)[task] == pytest.approx(found, abs=0.011)


def test_crosses_through_the_origin_do_not_tell_a_point_from_its_opposite():
    points = plane(np.random.default_rng(3))
    crosses = tasks.turned_crosses(5)
    np.testing.assert_array_equal(crosses.labels(points), crosses.labels(-points))
    moved = tasks.turned_crosses(5, centre=(0.1, 0.2))
    assert (moved.labels(points) != moved.labels(-points)).any()


def test_first_cross_of_one_is_exclusive_or_turned_by_an_eighth():
    cross = tasks.turned_crosses(1)
    # Between the lines at 45 and 135 degrees, x_1² > x_2² or its opposite.
    points = plane(np.random.default_rng(4))
    label = cross.labels(points)[:, 0]
    wide = points[:, 0] ** 2 > points[:, 1] ** 2
    assert (label == wide).all() or (label == ~wide).all()


def test_torch_agrees_with_numpy():
    points = plane(np.random.default_rng(5))
    for curved in (
        tasks.random_circles(3, rng=np.random.default_rng(6)),
        tasks.turned_crosses(3),
    ):
        found = curved.signed_distances(torch.from_numpy(points))
        np.testing.assert_allclose(found.numpy(), curved.signed_distances(points), atol=1e-12)


def test_random_circles_are_nested_and_seeded():
    few = tasks.random_circles(3, rng=np.random.default_rng(7))
    many = tasks.random_circles(9, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(many.take([0, 1, 2]).centres, few.centres)
    np.testing.assert_array_equal(many.take([0, 1, 2]).radii, few.radii)
    other = tasks.random_circles(3, rng=np.random.default_rng(8))
    assert (other.centres != few.centres).all()


def test_bad_curved_tasks_are_named():
    with pytest.raises(ValueError, match="radii must be finite"):
        tasks.Circles(np.zeros((1, 2)), np.array([0.0]))
    lines = tasks.evenly_spaced_lines(2)
    with pytest.raises(ValueError, match="perpendicular to first, got cosine"):
        tasks.Products(lines, lines)
    with pytest.raises(ValueError, match="second must have normals of shape"):
        tasks.Products(lines, tasks.evenly_spaced_lines(3))


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1.2), st.floats(0.1, 0.5), st.floats(0.02, 0.3))
def test_circle_reports_are_the_integral_over_the_disc(distance, radius, s):
    circle = tasks.Circles(np.zeros((1, 2)), np.array([radius]))
    found = observer.circle_reports(np.array([distance, 0.0]), circle, s, 1)[0]

    def strip(x):
        half = np.sqrt(max(radius**2 - x**2, 0))
        return stats.norm.pdf(x, distance, s) * special.erf(half / s / 2**0.5)

    peak = min(distance, 0.999 * radius)
    points = np.unique(np.clip([peak - 3 * s, peak, peak + 3 * s], -radius, radius))
    wanted = integrate.quad(strip, -radius, radius, points=points, limit=200)[0]
    assert found == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_circle_reports_fall_with_distance_and_probits_agree(dimension):
    centre = np.zeros((1, dimension))
    ball = tasks.Circles(centre, np.array([0.3]))
    away = np.zeros((40, dimension))
    away[:, 0] = np.linspace(0, 0.6, 40)
    reports = observer.circle_reports(away, ball, 0.2, 4)[:, 0]
    assert (np.diff(reports) < 0).all()
    probits = observer.circle_probits(away, ball, 0.2, 4)[:, 0]
    np.testing.assert_allclose(special.ndtr(probits), reports, rtol=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 4])
def test_the_position_comes_back_from_circle_reports(dimension):
    rng = np.random.default_rng(dimension)
    centres = rng.uniform(-0.5, 0.5, (dimension + 1, dimension))
    balls = tasks.Circles(centres, np.full(dimension + 1, 0.3))
    means = rng.uniform(-0.5, 0.5, (50, dimension))
    reports = observer.circle_reports(means, balls, 0.2, 4)
    distances = observer.distances_from_circle_reports(reports, balls, 0.2, 4)
    np.testing.assert_allclose(distances, balls.distances_to_centres(means), atol=1e-6)
    np.testing.assert_allclose(observer.position_from_circles(distances, balls), means, atol=1e-4)


def test_centres_on_a_line_are_refused():
    balls = tasks.Circles(np.array([[0.0, 0.0], [0.1, 0.1], [0.3, 0.3]]), np.full(3, 0.2))
    with pytest.raises(ValueError, match="affine rank 1 in 2 dimensions"):
        observer.position_from_circles(np.ones(3), balls)


def test_product_reports_are_the_frequency_of_the_label():
    rng = np.random.default_rng(9)
    crosses = tasks.turned_crosses(3, centre=(0.05, 0.0))
    mean = np.array([0.06, -0.03])
    drawn = mean + 0.1 * rng.standard_normal((200_000, 2))
    share = crosses.labels(drawn).mean(axis=0)
    # Five standard errors of a frequency.
    np.testing.assert_allclose(observer.product_reports(mean, crosses, 0.1, 1), share, atol=0.006)
