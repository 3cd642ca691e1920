import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration import evidence, observer, tasks


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n_steps=st.integers(1, 30), sigma=st.floats(0.02, 2))
def test_single_readings_and_their_mean_give_one_report(seed, n_steps, sigma):
    rng = np.random.default_rng(seed)
    readings = evidence.observe(rng.uniform(-0.5, 0.5, 2), sigma, n_steps, rng=rng)
    boundaries = tasks.random_hyperplanes(2, 2, rng=rng, offset_half_width=0.3)
    slow = observer.brute_force_reading_reports(readings, boundaries, sigma)
    fast = observer.reports(readings.mean(axis=0), boundaries, sigma, n_steps)
    np.testing.assert_allclose(slow, fast, atol=1e-10)


@given(seed=st.integers(0, 1000))
def test_discrete_posterior_is_bayes_rule(seed):
    rng = np.random.default_rng(seed)
    points, prior = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(5))
    mean = rng.normal(size=3)
    likelihood = np.exp(-((mean - points) ** 2).sum(axis=1) / (2 * 0.5**2 / 4))
    expected = prior * likelihood / (prior * likelihood).sum()
    posterior = observer.discrete_posterior(points, prior, mean, 0.5, 4)
    np.testing.assert_allclose(posterior, expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("shape", [(2,), (4, 3)])
def test_bad_means_are_named(shape):
    with pytest.raises(ValueError, match="means must have"):
        observer.brute_force_box_reports.__wrapped__(
            np.zeros(shape), tasks.evenly_spaced_lines(2), 0.2, 20
        )
