"""Reports without tasks: positions up to an affine map, or up to a motion."""

import re

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import procrustes
from scipy.stats import ortho_group

from trilateration.observer import (
    positions_up_to_affine,
    positions_up_to_motion,
    standardized_distances,
)
from trilateration.tasks import Boundaries, evenly_spaced_lines, random_hyperplanes

SIGMA, STEPS = 0.2, 20
S = SIGMA / np.sqrt(STEPS)
SEEDS = st.integers(0, 2**32 - 1)


def world(seed, spare=4):
    """Return normals spread over the sphere, means, and the probits of the reports."""
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(1, 6))
    n_tasks = dimension * (dimension + 1) // 2 + spare
    tasks = random_hyperplanes(n_tasks, dimension, rng=rng, offset_half_width=0.3)
    means = rng.uniform(-0.5, 0.5, (dimension + 20, dimension))
    return tasks, means, standardized_distances(means, tasks, SIGMA, STEPS)


def misfit_of_affine_map(source, target):
    columns = np.column_stack([source, np.ones(len(source))])
    fit, *_ = np.linalg.lstsq(columns, target, rcond=None)
    return np.abs(columns @ fit - target).max()


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_affine_positions_are_an_invertible_affine_image_of_the_means(seed):
    _, means, probits = world(seed)
    positions, weights, biases = positions_up_to_affine(probits, means.shape[1])
    assert misfit_of_affine_map(means, positions) < 1e-8
    assert misfit_of_affine_map(positions, means) < 1e-8
    np.testing.assert_allclose(positions @ weights.T + biases, probits, atol=1e-10)
    np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(weights.T @ weights, np.eye(means.shape[1]), atol=1e-10)
    assert np.all(weights.max(axis=0) == np.abs(weights).max(axis=0))
    scatter = positions.T @ positions
    np.testing.assert_allclose(scatter, np.diag(np.diag(scatter)), atol=1e-8)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_isotropic_noise_fixes_all_but_a_motion(seed):
    tasks, means, probits = world(seed, spare=8)
    found = positions_up_to_motion(probits, means.shape[1], standard_error=S)
    centred = means - means.mean(axis=0)
    np.testing.assert_allclose(found.positions @ found.positions.T, centred @ centred.T, atol=1e-6)
    np.testing.assert_allclose(
        found.boundaries.normals @ found.boundaries.normals.T,
        tasks.normals @ tasks.normals.T,
        atol=1e-6,
    )
    distances = found.boundaries.signed_distances(found.positions)
    np.testing.assert_allclose(distances, S * probits, atol=1e-6)


def test_three_even_lines_suffice_in_the_plane_and_the_unit_is_the_standard_error():
    means = np.random.default_rng(1).uniform(-0.5, 0.5, (30, 2))
    probits = standardized_distances(means, evenly_spaced_lines(3), SIGMA, STEPS)
    in_errors = positions_up_to_motion(probits, 2).positions
    assert procrustes(means, in_errors)[2] < 1e-20
    spread = np.linalg.norm(in_errors[0] - in_errors[1])
    assert spread == pytest.approx(np.linalg.norm(means[0] - means[1]) / S)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_turning_the_unseen_world_changes_no_report(seed):
    tasks, means, probits = world(seed)
    dimension = means.shape[1]
    rng = np.random.default_rng(seed)
    rotation = np.atleast_2d(ortho_group.rvs(dimension, random_state=rng))
    shift = rng.standard_normal(dimension)
    moved = tasks.rotated(rotation).translated(shift)
    again = standardized_distances(means @ rotation.T + shift, moved, SIGMA, STEPS)
    np.testing.assert_allclose(again, probits, atol=1e-10)


def test_small_errors_of_the_probits_move_the_positions_a_little():
    rng = np.random.default_rng(4)
    tasks = random_hyperplanes(30, 3, rng=rng, offset_half_width=0.3)
    means = rng.uniform(-0.5, 0.5, (200, 3))
    probits = standardized_distances(means, tasks, SIGMA, STEPS)
    found = positions_up_to_motion(
        probits + 0.01 * rng.standard_normal(probits.shape), 3, standard_error=S
    )
    assert procrustes(means, found.positions)[2] < 1e-5


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def on_a_cone(n_tasks):
    """Return normals with a·S a = 0 for S = diag(1, 1, −2): their products do not span."""
    angles = np.linspace(0, 2 * np.pi, n_tasks, endpoint=False)
    return Boundaries.from_coefficients(
        np.column_stack([np.cos(angles), np.sin(angles), np.full(n_tasks, 0.5**0.5)])
    )


RNG = np.random.default_rng(0)
MEANS = RNG.uniform(-0.5, 0.5, (40, 3))
FLAT = MEANS * [1, 1, 0]
BAD_CALLS = [
    (
        lambda: positions_up_to_motion(
            standardized_distances(MEANS, on_a_cone(12), SIGMA, STEPS), 3
        ),
        "probits must come from tasks whose normals fix 6 symmetric products in dimension 3, got "
        "5 from 12 tasks",
    ),
    (
        lambda: positions_up_to_motion(
            standardized_distances(MEANS[:, :2], evenly_spaced_lines(2), SIGMA, STEPS), 2
        ),
        "probits must come from tasks whose normals fix 3 symmetric products in dimension 2, got "
        "2 from 2 tasks",
    ),
    (
        lambda: positions_up_to_affine(
            standardized_distances(FLAT, random_hyperplanes(9, 3, rng=RNG), SIGMA, STEPS), 3
        ),
        "probits must vary in 3 directions over trials, got 2; the tasks or the positions do not",
    ),
    (
        lambda: positions_up_to_affine(np.zeros((3, 9)), 3),
        "probits must hold at least 4 trials and 3 tasks for dimension 3, got shape (3, 9)",
    ),
    (
        # A triangle with sides a, b and 0.3(a + b), all of length 1, does not exist.
        lambda: positions_up_to_motion(MEANS[:, :2] @ np.array([[1.0, 0, 0.3], [0, 1, 0.3]]), 2),
        "probits must fit isotropic noise, got some that no unit normals explain",
    ),
    (
        lambda: positions_up_to_motion(np.column_stack([MEANS, np.ones(40)]), 2),
        "probits must vary over trials in every task, got one value only in task 3",
    ),
    (
        lambda: positions_up_to_motion(np.zeros((9, 9)), 2, standard_error=0),
        "standard_error must be a finite number > 0, got 0",
    ),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:40] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        call()
    assert "\n" not in str(error.value)
