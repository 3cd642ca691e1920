"""The observer behind a map: as in Part I where the map is straight, and at its own limits."""

import numpy as np
import pytest

from trilateration.evidence import maps, sample_means, uniform_latents
from trilateration.observer import (
    GridObserver,
    box_posterior_moments,
    box_reports,
    fisher_information,
    likelihood_errors,
    log_ratio,
    mapped_information,
    matched_noise,
    normal_quantile,
)
from trilateration.tasks import Boundaries, evenly_spaced_lines

SIGMA, STEPS = 0.2, 20


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def linear():
    return maps.LinearMap(2, 6, rng=np.random.default_rng(1))


def test_behind_an_isometry_everything_is_as_in_part_one(linear, rng):
    means = sample_means(uniform_latents(50, 2, rng=rng), SIGMA, STEPS, rng=rng)
    observer = GridObserver(linear, SIGMA, STEPS, n_cells=192)
    moments = observer.moments(linear(means))
    exact = box_posterior_moments(means, SIGMA, STEPS)
    np.testing.assert_allclose(moments.mean, exact.mean, atol=2e-4)
    variances = np.diagonal(moments.covariance, axis1=1, axis2=2)
    np.testing.assert_allclose(variances, exact.variance, rtol=0.01)
    lines = evenly_spaced_lines(5)
    probits = observer.probits(linear(means), lines)
    expected = box_reports(means, lines, SIGMA, STEPS)
    near = (expected > 1e-3) & (expected < 1 - 1e-3)
    np.testing.assert_allclose(probits[near], normal_quantile(expected[near]), atol=0.02)


def test_noise_in_directions_off_the_image_does_not_matter(linear, rng):
    mean = linear(np.array([[0.1, 0.2]]))
    off = rng.standard_normal(6)
    off -= linear.embedding.T @ (linear.embedding @ off)
    observer = GridObserver(linear, SIGMA, STEPS)
    one, two = observer.log_posterior(mean), observer.log_posterior(mean + off)
    np.testing.assert_allclose(one, two, atol=1e-8)


def test_information_of_an_isometry_and_of_a_covariance(linear):
    expected = fisher_information(SIGMA, STEPS, dimension=2)
    found = mapped_information(linear, np.zeros(2), SIGMA, STEPS)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    covariance = SIGMA**2 * np.eye(6)
    np.testing.assert_allclose(
        mapped_information(linear, np.zeros((1, 2)), covariance, STEPS)[0], expected, atol=1e-9
    )
    assert matched_noise(linear, SIGMA) == pytest.approx(SIGMA)


def test_matched_noise_follows_a_change_of_scale():
    one = maps.TanhMap(2, gain=1e-3, rng=np.random.default_rng(2))
    two = maps.TanhMap(2, gain=2e-3, rng=np.random.default_rng(2))
    assert matched_noise(two, SIGMA) == pytest.approx(2 * matched_noise(one, SIGMA), rel=1e-4)


def test_information_is_the_variance_of_the_numerical_score(rng):
    f, x, noise = maps.TanhMap(2, 5, rng=rng), np.array([0.2, -0.3]), 0.4
    observed = f(x) + noise * rng.standard_normal((100_000, 5))

    def log_likelihood(y):
        return -((observed - f(y)) ** 2).sum(axis=1) / (2 * noise**2)

    step = 1e-5 * np.eye(2)
    score = np.stack([(log_likelihood(x + e) - log_likelihood(x - e)) / 2e-5 for e in step])
    np.testing.assert_allclose(np.cov(score), mapped_information(f, x, noise, 1), rtol=0.03)


def test_errors_reach_the_bound_in_the_limit_and_not_before(rng):
    f = maps.SwirlMap(2, rng=np.random.default_rng(3))
    points = uniform_latents(1500, 2, rng=rng)
    late = likelihood_errors(f, points, SIGMA, 50_000, rng=rng)
    early = likelihood_errors(f, points, SIGMA, 5, rng=rng)
    assert late.mean() == pytest.approx(1, abs=5 * late.std() / 1500**0.5)
    assert early.mean() > 2


def test_log_ratio_is_exact_for_affine_maps_only(linear, rng):
    step = np.array([0.02, -0.03])
    pair = log_ratio(linear, np.array([0.1, 0.2]), step, SIGMA, STEPS, rng=rng)
    np.testing.assert_allclose(pair.exact, pair.local, atol=1e-12)
    bent = maps.SwirlMap(2, rng=np.random.default_rng(4))
    pair = log_ratio(bent, np.array([0.1, 0.2]), step, SIGMA, STEPS, rng=rng)
    assert np.abs(pair.exact - pair.local).mean() > 0.01
    # Likelihood ratios have expectation 1.
    many = log_ratio(bent, np.zeros(2), step, SIGMA, STEPS, rng=rng, n_trials=100_000)
    ratio = np.exp(many.exact)
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / 100_000**0.5)


def test_behind_a_fold_the_posterior_is_symmetric(rng):
    f = maps.FoldedMap(2, rng=np.random.default_rng(5))
    observer = GridObserver(f, SIGMA, STEPS, n_cells=64)
    observed = f(uniform_latents(20, 2, rng=rng)) + 0.05 * rng.standard_normal((20, f.n_features))
    posterior = np.exp(observer.log_posterior(observed)).reshape(20, 64, 64)
    np.testing.assert_allclose(posterior, posterior[:, :, ::-1], atol=1e-12)
    crease = Boundaries.from_coefficients(np.array([1.0, 0.0]))
    np.testing.assert_allclose(observer.probits(observed, crease), 0, atol=1e-9)


def test_bad_input_is_named(linear):
    deep = maps.LinearMap(3, rng=np.random.default_rng(6))
    with pytest.raises(ValueError, match=r"^observation must have dimension 2, got 3"):
        GridObserver(deep, SIGMA, STEPS)
    with pytest.raises(ValueError, match=r"^feature_noise must be"):
        GridObserver(linear, -1.0, STEPS)
    outside = Boundaries.from_coefficients(np.array([1.0, 0.0]), 2.0)
    with pytest.raises(ValueError, match=r"^boundaries must cut the box"):
        GridObserver(linear, SIGMA, STEPS).probits(linear(np.zeros((1, 2))), outside)
