"""Tasks: geometry of boundaries, their invariances, and honest messages."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from trilateration.tasks import (
    Boundaries,
    evenly_spaced_lines,
    near_parallel_lines,
    random_hyperplanes,
    validate_labels,
)

seeds = st.integers(0, 2**32 - 1)


def world(seed):
    """Some tasks with offsets and some points, in two to six dimensions."""
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(2, 7))
    tasks = random_hyperplanes(int(rng.integers(1, 9)), dimension, rng=rng, offset_half_width=0.3)
    return rng, tasks, rng.uniform(-0.5, 0.5, (5, 3, dimension))


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_distances_are_invariant_under_motions_of_the_world(seed):
    rng, tasks, points = world(seed)
    rotation = ortho_group.rvs(tasks.dimension, random_state=rng)
    shift = rng.standard_normal(tasks.dimension)
    moved = tasks.rotated(rotation).translated(shift)
    np.testing.assert_allclose(
        moved.signed_distances(points @ rotation.T + shift),
        tasks.signed_distances(points),
        atol=1e-12,
    )


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_order_and_orientation_of_tasks(seed):
    rng, tasks, points = world(seed)
    order = rng.permutation(tasks.n_tasks)
    np.testing.assert_array_equal(
        tasks.take(order).signed_distances(points), tasks.signed_distances(points)[..., order]
    )
    reversed_tasks = Boundaries(-tasks.normals, -tasks.offsets)
    np.testing.assert_array_equal(reversed_tasks.labels(points), 1 - tasks.labels(points))


@given(seeds, st.floats(1e-150, 1e150))
@settings(max_examples=30, deadline=None)
def test_coefficients_of_any_length_give_the_same_labels(seed, length):
    _, tasks, points = world(seed)
    scaled = Boundaries.from_coefficients(tasks.normals * length, tasks.offsets * length)
    np.testing.assert_allclose(scaled.normals, tasks.normals, atol=1e-14)
    np.testing.assert_allclose(scaled.offsets, tasks.offsets, atol=1e-14)
    np.testing.assert_array_equal(scaled.labels(points), tasks.labels(points))


def test_one_coefficient_vector_is_one_task():
    tasks = Boundaries.from_coefficients(np.array([3.0, 4.0]), 10.0)
    assert (tasks.n_tasks, tasks.dimension, tasks.rank) == (1, 2, 1)
    np.testing.assert_allclose(tasks.normals, [[0.6, 0.8]])
    np.testing.assert_allclose(tasks.offsets, [2.0])


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 6, 7, 24])
def test_evenly_spaced_lines_give_the_labels_of_the_paper(n_tasks):
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (500, 2))
    slopes = np.tan((np.arange(n_tasks) + 0.5) * np.pi / n_tasks)
    expected = points[:, 1:] > slopes * points[:, :1]
    np.testing.assert_array_equal(evenly_spaced_lines(n_tasks).labels(points), expected)


@pytest.mark.parametrize("n_tasks", [2, 3, 12])
def test_evenly_spaced_lines_are_a_tight_frame(n_tasks):
    normals = evenly_spaced_lines(n_tasks).normals
    np.testing.assert_allclose(normals.T @ normals, n_tasks / 2 * np.eye(2), atol=1e-14)


def test_near_parallel_lines_are_badly_posed_along_the_lines():
    tasks = near_parallel_lines(50, 0.1, direction=0.4)
    values, vectors = np.linalg.eigh(tasks.normals.T @ tasks.normals)
    along = np.array([np.cos(0.4), np.sin(0.4)])
    assert abs(vectors[:, 0] @ along) == pytest.approx(1)
    assert values[0] == pytest.approx(50 * 0.1**2 / 12, rel=0.01)


def test_random_hyperplanes_are_isotropic_and_seeded():
    draws = [
        random_hyperplanes(20_000, 3, rng=np.random.default_rng(seed), offset_half_width=0.2)
        for seed in (1, 1, 2)
    ]
    normals = draws[0].normals
    np.testing.assert_allclose(normals.T @ normals / len(normals), np.eye(3) / 3, atol=0.01)
    assert np.abs(draws[0].offsets).max() <= 0.2
    np.testing.assert_array_equal(normals, draws[1].normals)
    assert not np.array_equal(normals, draws[2].normals)


def test_a_point_on_the_boundary_has_label_zero():
    tasks = Boundaries(np.array([[1.0, 0.0]]), np.array([0.25]))
    np.testing.assert_array_equal(tasks.labels(np.array([[0.25, 0.0], [0.26, 0.0]])), [[0], [1]])


def test_boundaries_do_not_change_with_the_arrays_they_were_made_from():
    normals = np.eye(2)
    tasks = Boundaries(normals, np.zeros(2))
    normals[0] = 7.0
    np.testing.assert_array_equal(tasks.normals, np.eye(2))
    with pytest.raises(ValueError, match="read-only"):
        tasks.normals[0, 0] = 2.0


def test_torch_points_agree_with_numpy_and_keep_dtype():
    torch = pytest.importorskip("torch")
    tasks = evenly_spaced_lines(6).translated(np.array([0.1, 0.2]))
    points = np.random.default_rng(0).standard_normal((4, 5, 2)).astype(np.float32)
    distances = tasks.signed_distances(torch.from_numpy(points))
    assert distances.dtype == torch.float32
    np.testing.assert_allclose(distances.numpy(), tasks.signed_distances(points), atol=1e-6)
    labels = tasks.labels(torch.from_numpy(points))
    assert labels.dtype == torch.int8
    np.testing.assert_array_equal(labels.numpy(), tasks.labels(points))


@pytest.mark.parametrize("values", [[0, 1, 1], [True, False], [0.0, 1.0]])
def test_labels_zero_and_one_pass(values):
    np.testing.assert_array_equal(validate_labels(np.array(values)), values)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


LINE = Boundaries(np.array([[1.0, 0.0]]), np.zeros(1))
BAD_CALLS = [
    (
        lambda: Boundaries(np.array([[1.0, 0.0], [1.0, 1.0]]), np.zeros(2)),
        "normals must have length 1, got length 1.41421 at index 1",
    ),
    (lambda: Boundaries(np.eye(2), np.zeros(3)), r"offsets must have shape \(2,\), got \(3,\)"),
    (lambda: Boundaries(np.eye(2), np.full(2, np.nan)), "offsets must be finite, got 2 NaN"),
    (
        lambda: Boundaries.from_coefficients(np.array([[1.0, 0.0], [0.0, 0.0]])),
        "coefficients must not be a zero vector, got one at index 1",
    ),
    (
        lambda: Boundaries.from_coefficients(np.eye(2), np.zeros(3)),
        r"thresholds must be one number or have shape \(2,\), got \(3,\)",
    ),
    (
        lambda: LINE.signed_distances(np.zeros((4, 3))),
        r"points must have a last axis of length 2 \(dimension\), got shape \(4, 3\)",
    ),
    (lambda: LINE.rotated(np.ones((2, 2))), "rotation must be orthogonal"),
    (lambda: LINE.take([0, 1]), "indices must lie below the number of tasks 1, got 1"),
    (lambda: evenly_spaced_lines(0), "n_tasks must be a whole number >= 1, got 0"),
    (lambda: near_parallel_lines(2, 0.0), "spread must be a finite number > 0, got 0.0"),
    (
        lambda: random_hyperplanes(2, 2, rng=np.random.default_rng(), offset_half_width=-1),
        "offset_half_width must be a finite number >= 0, got -1",
    ),
    (
        lambda: validate_labels(np.array([0, 1, 2, 3])),
        r"labels must be 0 or 1, got 2 other values \(first: 2\)",
    ),
    (lambda: validate_labels(np.array([0.0, np.nan])), "labels must be 0 or 1, got 1 other"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
