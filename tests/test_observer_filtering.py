"""The filter against brute-force conditioning, closed forms, chapter 4 and statsmodels."""

import numpy as np
import pytest
from scipy import linalg
from statsmodels.tsa.statespace.structural import UnobservedComponents

from trilateration import evidence, observer, tasks
from trilateration.parameters import generator

SIGMA, DRIFT, STEPS = 0.2, 0.07, 12


def readings(n_trials=5, n_steps=STEPS, dimension=2):
    return generator(3, "readings").normal(size=(n_trials, n_steps, dimension))


def flat_posterior(covariance_of_readings, covariance_with_position, wander):
    """Weights and variance of x(t) given readings 1·x(1) + Gaussian, by generalised least squares.

    The position is x(1) + w(t), the readings x(1) + e, with known covariance of (e, w(t)).
    """
    inverse = np.linalg.inv(covariance_of_readings)
    ones = np.ones(len(inverse))
    best = inverse @ ones / (ones @ inverse @ ones)
    back = inverse @ covariance_with_position
    weights = best + back - best * (ones @ back)
    joint = np.block(
        [
            [covariance_of_readings, covariance_with_position[:, None]],
            [covariance_with_position[None], np.array([[wander]])],
        ]
    )
    row = np.append(weights, -1)
    return weights, row @ joint @ row


def walk_covariances(n_steps):
    k = np.arange(n_steps)
    walked = DRIFT**2 * np.minimum.outer(k, k)
    return walked + SIGMA**2 * np.eye(n_steps), walked[:, -1], walked[-1, -1]


@pytest.mark.parametrize("n_steps", [1, 2, 5, STEPS])
def test_random_walk_is_brute_force_conditioning(n_steps):
    weights, variance = flat_posterior(*walk_covariances(n_steps))
    x = readings(n_steps=n_steps)
    found = observer.kalman_filter(x, observer.random_walk(SIGMA, DRIFT))
    np.testing.assert_allclose(found.means[:, -1], np.einsum("ntd,t->nd", x, weights), atol=1e-12)
    np.testing.assert_allclose(found.covariances[-1], variance * np.eye(2), atol=1e-14)
    np.testing.assert_allclose(
        observer.random_walk_weights(SIGMA, DRIFT, n_steps), weights, atol=1e-12
    )


def test_closed_forms_of_the_random_walk():
    gains = observer.random_walk_gain(SIGMA, DRIFT, STEPS)
    found = observer.kalman_filter(readings(), observer.random_walk(SIGMA, DRIFT))
    np.testing.assert_allclose(found.covariances[:, 0, 0], SIGMA**2 * gains, rtol=1e-12)
    h, j = observer.forgetting_rate(SIGMA, DRIFT), np.arange(1, STEPS + 1)
    closed = 2 * np.sinh(h / 2) * np.cosh((j - 0.5) * h) / np.sinh(STEPS * h)
    np.testing.assert_allclose(observer.random_walk_weights(SIGMA, DRIFT, STEPS), closed)
    # The steady state solves the algebraic Riccati equation.
    ahead = linalg.solve_discrete_are(
        np.eye(1), np.eye(1), DRIFT**2 * np.eye(1), SIGMA**2 * np.eye(1)
    )[0, 0]
    steady = observer.random_walk_gain(SIGMA, DRIFT)
    assert steady == pytest.approx(ahead / (ahead + SIGMA**2), rel=1e-9)
    assert observer.random_walk_gain(SIGMA, DRIFT, 400)[-1] == pytest.approx(steady)
    assert np.isfinite(observer.random_walk_gain(0.001, 10.0, 2000)).all()


def test_without_motion_it_is_the_running_mean():
    x = readings()
    found = observer.kalman_filter(x, observer.random_walk(SIGMA, 0))
    np.testing.assert_allclose(found.means, evidence.running_mean(x), atol=1e-12)
    k = np.arange(1, STEPS + 1)
    np.testing.assert_allclose(found.covariances[:, 1, 1], SIGMA**2 / k)
    np.testing.assert_allclose(observer.random_walk_gain(SIGMA, 0, STEPS), 1 / k)
    np.testing.assert_allclose(observer.random_walk_gain(SIGMA, 1e-7, STEPS), 1 / k, rtol=1e-6)
    assert observer.random_walk_gain(SIGMA, 0) == 0


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.7])
def test_noise_with_a_memory_is_the_generalised_mean_of_chapter_4(rho):
    x = readings()
    found = observer.kalman_filter(x, observer.autoregressive_world(SIGMA, rho))
    for k in (2, 3, STEPS):
        wanted = observer.autoregressive_mean(x[:, :k], rho)
        np.testing.assert_allclose(found.means[:, k - 1], wanted, atol=1e-10)
        variance = SIGMA**2 / observer.effective_steps(k, rho)
        np.testing.assert_allclose(found.covariances[k - 1], variance * np.eye(2), atol=1e-12)


def test_statsmodels_agrees_once_its_prior_is_forgotten():
    x = readings(n_trials=1, n_steps=60, dimension=1)[0, :, 0]
    model = UnobservedComponents(x, "local level")
    model.ssm.initialize_approximate_diffuse(1e5)
    theirs = model.smooth([SIGMA**2, DRIFT**2])
    ours = observer.kalman_filter(x[None, :, None], observer.random_walk(SIGMA, DRIFT, 1))
    np.testing.assert_allclose(ours.means[0, :, 0], theirs.filtered_state[0], atol=1e-5)
    np.testing.assert_allclose(
        ours.covariances[:, 0, 0], theirs.filtered_state_cov[0, 0], atol=1e-7
    )


def test_probits_are_calibrated_and_affine():
    rng = generator(5, "walk")
    n, t = 40_000, 6
    lines = tasks.evenly_spaced_lines(3)
    # A flat prior on a wide box: nothing depends on where the walk is.
    steps = DRIFT * rng.standard_normal((n, t, 2))
    path = 5 * rng.uniform(-1, 1, (n, 1, 2)) + steps.cumsum(axis=1)
    x = path + SIGMA * rng.standard_normal(path.shape)
    found = observer.kalman_filter(x, observer.random_walk(SIGMA, DRIFT))
    u = observer.filter_probits(found, lines)
    np.testing.assert_allclose(
        (u * SIGMA * observer.random_walk_gain(SIGMA, DRIFT, t)[:, None] ** 0.5),
        found.means @ lines.normals.T,
        atol=1e-9,
    )
    surprise = (lines.labels(path) - observer.normal_cdf(u))[np.abs(u) < 2]
    assert abs(surprise.mean()) < 4 * 0.5 / len(surprise) ** 0.5
    gap = ((path - found.means) ** 2).mean(axis=(0, 2)) / found.covariances[:, 0, 0]
    np.testing.assert_allclose(gap, 1, atol=4 * (2 / (2 * n)) ** 0.5)


def test_the_cost_of_other_weights():
    flat = np.full(STEPS, 1 / STEPS)
    t = STEPS
    formula = SIGMA**2 / t + DRIFT**2 * (t - 1) * (2 * t - 1) / (6 * t)
    assert observer.weights_error(flat, SIGMA, DRIFT) == pytest.approx(formula)
    best = observer.random_walk_weights(SIGMA, DRIFT, t)
    least = observer.weights_error(best, SIGMA, DRIFT)
    assert least == pytest.approx(SIGMA**2 * observer.random_walk_gain(SIGMA, DRIFT, t)[-1])
    rng = generator(1, "others")
    for _ in range(20):
        other = best + 0.05 * (rng.normal(size=t) @ (np.eye(t) - 1 / t))
        assert observer.weights_error(other, SIGMA, DRIFT) > least
    steady = observer.leaky_weights(observer.random_walk_gain(SIGMA, DRIFT), 80)
    assert observer.weights_error(steady, SIGMA, DRIFT) == pytest.approx(
        SIGMA**2 * observer.random_walk_gain(SIGMA, DRIFT), rel=1e-6
    )
    assert observer.leaky_weights(0.3, 5).sum() == pytest.approx(1)


def test_confidence_of_summed_evidence():
    assert observer.evidence_probit(3.0, 9) == pytest.approx(1)
    # A Gaussian prior on the distance, by a sum over a grid.
    d = np.linspace(-6, 6, 40_001)
    k, total, tau = 4, 1.3, 0.8
    log = -k / 2 * (total / k - d) ** 2 - d**2 / (2 * tau**2)
    weight = np.exp(log - log.max())
    share = weight[d > 0].sum() / weight.sum()
    found = observer.normal_cdf(observer.evidence_probit(total, k, prior_ratio=1 / tau**2))
    assert found == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: observer.random_walk(0, 0.1), "sigma must be"),
        (lambda: observer.random_walk(0.1, -1), "drift must be"),
        (lambda: observer.autoregressive_world(0.1, 1), "rho must be"),
        (lambda: observer.random_walk_gain(0.1, 0.1, 0), "n_steps must be"),
        (lambda: observer.leaky_weights(1.5, 3), "gain must be"),
        (lambda: observer.weights_error(np.ones(3), 0.1, 0.1), "weights must add up to 1"),
        (
            lambda: observer.kalman_filter(np.zeros((2, 3, 1)), observer.random_walk(0.1, 0.1)),
            "evidence must have",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
