"""From evidence means to reports and back: what trilateration owes to a change of description.

That a turned, moved and reordered world gives a turned and moved position is tested for arbitrary
distances in test_observer_position.py; here the reports are in between, and the other ways to
describe one and the same world join in.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from trilateration.observer import (
    LogReports,
    distances_from_log_reports,
    log_reports,
    trilaterate,
)
from trilateration.tasks import Boundaries, random_hyperplanes

STEPS = 20
SEEDS = st.integers(0, 2**32 - 1)
worlds = given(SEEDS, st.integers(1, 6), st.floats(0.05, 2))


def draw(seed, dimension, n_tasks):
    """Return a generator, tasks and a few means."""
    rng = np.random.default_rng(seed)
    tasks = random_hyperplanes(n_tasks, dimension, rng=rng, offset_half_width=0.3)
    return rng, tasks, rng.uniform(-0.5, 0.5, (3, dimension))


def motion(dimension, rng):
    """Return a random orthogonal matrix and a random shift."""
    rotation = np.atleast_2d(ortho_group.rvs(dimension, random_state=rng))
    return rotation, rng.standard_normal(dimension)


def there_and_back(means, tasks, sigma):
    """Return what is trilaterated from the reports about ``means``."""
    logs = log_reports(means, tasks, sigma, STEPS)
    return trilaterate(distances_from_log_reports(logs, sigma, STEPS), tasks)


@worlds
@settings(max_examples=30, deadline=None)
def test_reports_and_position_follow_a_motion_and_a_reordering(seed, dimension, sigma):
    rng, tasks, means = draw(seed, dimension, 3 * dimension)
    rotation, shift = motion(dimension, rng)
    order = rng.permutation(tasks.n_tasks)
    moved = tasks.rotated(rotation).translated(shift).take(order)
    moved_means = means @ rotation.T + shift
    before = log_reports(means, tasks, sigma, STEPS)
    after = log_reports(moved_means, moved, sigma, STEPS)
    np.testing.assert_allclose(after.log_yes, before.log_yes[:, order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after.log_no, before.log_no[:, order], rtol=1e-9, atol=1e-12)
    position = trilaterate(distances_from_log_reports(after, sigma, STEPS), moved).position
    np.testing.assert_allclose(position, moved_means, atol=1e-9)


@worlds
@settings(max_examples=30, deadline=None)
def test_what_too_few_tasks_identify_turns_with_the_world_but_the_rest_stays_at_zero(
    seed, dimension, sigma
):
    dimension += 1
    rng, tasks, means = draw(seed, dimension, n_tasks=dimension - 1)
    rotation, shift = motion(dimension, rng)
    before = there_and_back(means, tasks, sigma)
    moved = tasks.rotated(rotation).translated(shift)
    after = there_and_back(means @ rotation.T + shift, moved, sigma)
    projector = rotation @ before.identified @ rotation.T
    np.testing.assert_allclose(after.identified, projector, atol=1e-8)
    np.testing.assert_allclose(
        after.position, before.position @ rotation.T + projector @ shift, atol=1e-7
    )


@worlds
@settings(max_examples=30, deadline=None)
def test_swapping_the_labels_of_a_task_swaps_its_reports_and_nothing_else(seed, dimension, sigma):
    rng, tasks, means = draw(seed, dimension, 3 * dimension)
    signs = rng.choice([-1.0, 1.0], tasks.n_tasks)
    swapped = Boundaries(tasks.normals * signs[:, None], tasks.offsets * signs)
    before = log_reports(means, tasks, sigma, STEPS)
    after = LogReports(
        np.where(signs > 0, before.log_yes, before.log_no),
        np.where(signs > 0, before.log_no, before.log_yes),
    )
    position = trilaterate(distances_from_log_reports(after, sigma, STEPS), swapped).position
    np.testing.assert_allclose(position, means, atol=1e-9)


@worlds
@settings(max_examples=30, deadline=None)
def test_the_unit_of_length_does_not_matter(seed, dimension, sigma):
    rng, tasks, means = draw(seed, dimension, 3 * dimension)
    factor = rng.uniform(0.01, 100)
    scaled = Boundaries(tasks.normals, factor * tasks.offsets)
    logs = log_reports(factor * means, scaled, factor * sigma, STEPS)
    np.testing.assert_allclose(
        logs.log_yes, log_reports(means, tasks, sigma, STEPS).log_yes, rtol=1e-9, atol=1e-12
    )
    distances = distances_from_log_reports(logs, factor * sigma, STEPS)
    position = trilaterate(distances, scaled).position
    np.testing.assert_allclose(position / factor, means, atol=1e-9)


@worlds
@settings(max_examples=30, deadline=None)
def test_asking_a_question_twice_or_in_other_coefficients_changes_nothing(seed, dimension, sigma):
    rng, tasks, means = draw(seed, dimension, 3 * dimension)
    lengths = rng.uniform(0.01, 100, tasks.n_tasks)
    rescaled = Boundaries.from_coefficients(
        tasks.normals * lengths[:, None], tasks.offsets * lengths
    )
    asked = rescaled.take(rng.integers(0, tasks.n_tasks, 20 * tasks.n_tasks))
    result = there_and_back(means, asked, sigma)
    np.testing.assert_allclose(result.position, means @ result.identified, atol=1e-8)
