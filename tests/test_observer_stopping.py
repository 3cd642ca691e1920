"""Free response times: the first passage, and that stopping does not spoil calibration."""

import numpy as np
import pytest

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
