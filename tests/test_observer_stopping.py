"""Free response times: the first passage, and that stopping does not spoil calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration import evidence, observer, tasks


def test_the_answer_is_given_at_the_first_passage():
    probits = np.array([[0.5, -0.1], [1.5, -0.2], [-2.5, 0.3], [3.0, 0.4]])  # (time, task)
    found = observer.respond(probits, 1.2)
    np.testing.assert_array_equal(found.steps, [2, 4])
    np.testing.assert_array_equal(found.probits, [1.5, 0.4])
    np.testing.assert_array_equal(found.reached, [True, False])


def test_agrees_with_a_loop_and_keeps_leading_axes():
    walk = np.random.default_rng(0).standard_normal((3, 4, 30, 5)).cumsum(axis=-2)
    found = observer.respond(walk, 2.0)
    for index in np.ndindex(3, 4, 5):
        path = walk[index[:2]][:, index[2]]
        first = next((k for k, u in enumerate(path) if abs(u) >= 2.0), len(path) - 1)
        assert found.steps[index] == first + 1
        assert found.probits[index] == path[first]


def test_a_gaussian_prior_stays_calibrated_at_the_response():
    # The prior N(0, 1) is proper, so the mean confidence equals the share of right choices.
    rng = np.random.default_rng(1)
    latents = rng.standard_normal((20_000, 1))
    line = tasks.Boundaries(np.ones((1, 1)), np.zeros(1))
    means = evidence.running_mean(evidence.observe(latents, 2.0, 40, rng=rng))
    u = observer.standardized_distances(means, line, 2.0, np.arange(1, 41), prior_sd=1.0)
    found = observer.respond(u, 1.0)
    confidence = observer.normal_cdf(np.abs(found.probits))
    right = (found.probits > 0) == (latents > 0)
    # Five standard errors of a share near 0.85.
    assert confidence.mean() == pytest.approx(right.mean(), abs=5 * 0.36 / 20_000**0.5)
    assert 0.2 < found.reached.mean() <= 1


@pytest.mark.parametrize("bound", [0.0, -1.0, np.nan])
def test_a_bad_bound_is_named(bound):
    with pytest.raises(ValueError, match="bound must be"):
        observer.respond(np.zeros((3, 1)), bound)


def test_a_bound_on_evidence_is_a_bound_on_the_sum():
    walk = np.random.default_rng(2).standard_normal((5, 30, 4)).cumsum(axis=-2)
    clock = np.arange(1, 31)[:, None]
    found = observer.respond(walk / clock**0.5, 3.0, rule="evidence")
    wanted = observer.respond(walk, 3.0)
    np.testing.assert_array_equal(found.steps, wanted.steps)
    np.testing.assert_array_equal(found.reached, wanted.reached)
    np.testing.assert_allclose(found.probits * found.steps**0.5, wanted.probits)
    with pytest.raises(ValueError, match="rule must be one of 'confidence', 'evidence', got"):
        observer.respond(walk, 3.0, rule="sum")


@given(st.floats(0, 5), st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_walds_identity_joins_accuracy_and_time(drift, bound):
    # The mean of the sum at the end, b(2p - 1), is the drift times the mean number of steps.
    law = observer.drift_diffusion(drift, bound, overshoot=0)
    assert bound * (2 * law.accuracy - 1) == pytest.approx(drift * law.steps, abs=1e-9)
    assert 0.5 <= law.accuracy <= 1
    assert law.steps <= bound**2 * (1 + 1e-9)


def test_without_drift_a_choice_is_a_guess_after_the_square_of_the_bound():
    law = observer.drift_diffusion(np.array([0.0, 1e-9]), 2.0, overshoot=0)
    np.testing.assert_allclose(law.accuracy, 0.5, atol=1e-8)
    np.testing.assert_allclose(law.steps, 4.0)


@pytest.mark.parametrize("drift", [0.0, 0.1, 0.3])
def test_walks_in_discrete_steps_follow_the_law(drift):
    rng = np.random.default_rng(3)
    walk = (drift + rng.standard_normal((8_000, 150, 1))).cumsum(axis=-2)
    found = observer.respond(walk, 3.0)
    assert found.reached.mean() > 0.999
    law = observer.drift_diffusion(drift, 3.0)
    # The correction is of first order: a few per cent are left, and 5 standard errors of sampling.
    steps = found.steps.mean()
    assert steps == pytest.approx(law.steps, rel=0.03, abs=5 * found.steps.std() / 8_000**0.5)
    assert (found.probits > 0).mean() == pytest.approx(
        law.accuracy, abs=0.01 + 5 * 0.5 / 8_000**0.5
    )


def test_times_tell_the_position_where_the_bound_is_met_exactly():
    rng = np.random.default_rng(4)
    position, sigma, bound = np.array([0.3, -0.1]), 0.4, 2.0
    steps = rng.integers(1, 30, 6)
    side = rng.choice([-1.0, 1.0], 6)
    normals = tasks.random_hyperplanes(6, 2, rng=rng).normals
    lines = tasks.Boundaries(normals, normals @ position - side * bound * sigma / steps**0.5)
    answers = observer.Responses(steps, side * bound, np.ones(6, bool))
    found = observer.timed_positions(answers, lines, sigma, bound)
    np.testing.assert_allclose(found, position)
    # It is the time that tells, not how far the probit went beyond the bound.
    beyond = answers._replace(probits=answers.probits * rng.uniform(1, 3, 6))
    np.testing.assert_array_equal(observer.timed_positions(beyond, lines, sigma, bound), found)
