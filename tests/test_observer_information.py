"""Information, ceilings and spectra against direct computation and simulation."""

import itertools

import jaxtyping
import numpy as np
import pytest
from scipy import integrate, stats

from trilateration.evidence import sample_means, uniform_latents
from trilateration.observer import (
    autoregressive_mean_variance,
    box_bayes_error,
    box_posterior_mean,
    cramer_rao_bound,
    effective_steps,
    expected_inverse_gram,
    fisher_information,
    marchenko_pastur_cdf,
    marchenko_pastur_edges,
    marchenko_pastur_pdf,
    r2_ceiling,
    singular_value_edges,
    singular_value_pdf,
)
from trilateration.tasks import evenly_spaced_lines, random_hyperplanes


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def autoregressive_covariance(n_steps, rho):
    lags = np.abs(np.subtract.outer(np.arange(n_steps), np.arange(n_steps)))
    return rho**lags


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.7, 0.99])
@pytest.mark.parametrize("n_steps", [1, 2, 20])
def test_effective_steps_are_the_information_of_the_whole_stream(n_steps, rho):
    covariance = autoregressive_covariance(n_steps, rho)
    ones = np.ones(n_steps)
    assert effective_steps(n_steps, rho) == pytest.approx(ones @ np.linalg.solve(covariance, ones))
    assert autoregressive_mean_variance(0.3, n_steps, rho) == pytest.approx(
        0.09 * ones @ covariance @ ones / n_steps**2
    )


def test_correlated_steps_at_the_sheet_values():
    steps = effective_steps(20, 0.7)
    assert steps == pytest.approx(4.353, abs=1e-3)
    assert r2_ceiling(0.2, steps, estimator="unbiased") == pytest.approx(0.890, abs=5e-4)
    assert 1 - 12 * autoregressive_mean_variance(0.2, 20, 0.7) == pytest.approx(0.883, abs=5e-4)
    long = autoregressive_mean_variance(1.0, 10**6, 0.7) * 10**6
    assert long == pytest.approx(1.7 / 0.3, rel=1e-4)


def test_fisher_information_and_bound():
    np.testing.assert_allclose(fisher_information(0.2, 20, dimension=2), 500 * np.eye(2))
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    np.testing.assert_allclose(
        fisher_information(covariance, 20) @ covariance, 20 * np.eye(2), atol=1e-12
    )
    assert cramer_rao_bound(0.2, 20) == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("n_steps", "unbiased", "linear", "bayes"),
    [(20, 0.9760, 0.9766, 0.9779), (5, 0.904, 0.912, 0.920), (1, 0.52, 0.68, 0.69)],
)
def test_ceilings_at_the_sheet_values(n_steps, unbiased, linear, bayes):
    expected = {"unbiased": unbiased, "linear": linear, "bayes": bayes}
    for estimator, value in expected.items():
        ceiling = r2_ceiling(0.2, n_steps, estimator=estimator)
        assert ceiling == pytest.approx(value, abs=5e-3 if n_steps == 1 else 6e-4)


@pytest.mark.parametrize("s", [0.0447, 0.2, 2.0])
def test_box_bayes_error_is_the_integral_and_the_simulated_error(s, rng):
    def weighted(m):
        a, b = (-0.5 - m) / s, (0.5 - m) / s
        law = stats.truncnorm(a, b, loc=m, scale=s)
        return (stats.norm.cdf(b) - stats.norm.cdf(a)) * law.var()

    edges = np.linspace(-0.5 - 6 * s, 0.5 + 6 * s, 9)
    direct = sum(
        integrate.quad(weighted, a, b, epsabs=1e-9)[0] for a, b in itertools.pairwise(edges)
    )
    assert box_bayes_error(s, 1) == pytest.approx(direct, rel=1e-5)
    latents = uniform_latents(40_000, 1, rng=rng)
    estimate = box_posterior_mean(sample_means(latents, s, 1, rng=rng), s, 1)
    assert np.mean((estimate - latents) ** 2) == pytest.approx(box_bayes_error(s, 1), rel=0.03)


def test_box_bayes_error_between_its_limits():
    assert box_bayes_error(1e-4, 1) == pytest.approx(1e-8, rel=1e-3)
    assert box_bayes_error(1e3, 1) == pytest.approx(1 / 12, rel=1e-5)
    assert box_bayes_error(0.4, 1, half_width=1.0) == pytest.approx(4 * box_bayes_error(0.2, 1))


def test_better_estimators_have_higher_ceilings_and_rank_scales_them():
    for n_steps in (1, 5, 20):
        names = ("unbiased", "linear", "bayes")
        values = [r2_ceiling(0.2, n_steps, estimator=name) for name in names]
        assert values == sorted(values)
    half = r2_ceiling(0.2, 20, estimator="linear", identified_fraction=0.5)
    assert half == pytest.approx(0.5 * r2_ceiling(0.2, 20, estimator="linear"))


@pytest.mark.parametrize("gamma", [0.02, 0.5, 1.0, 2.0, 10.0])
def test_marchenko_pastur_density_and_distribution_agree(gamma):
    low, high = marchenko_pastur_edges(gamma)
    atom = max(0.0, 1 - 1 / gamma)
    for x in np.linspace(low, high, 6):
        mass, _ = integrate.quad(marchenko_pastur_pdf, low, x, args=(gamma,), limit=200)
        assert marchenko_pastur_cdf(x, gamma) == pytest.approx(atom + mass, abs=1e-7)
    np.testing.assert_allclose(marchenko_pastur_cdf(np.array([-1, high + 1]), gamma), [0, 1])


@pytest.mark.parametrize(("n_tasks", "dimension"), [(400, 100), (100, 200)])
def test_random_tasks_have_the_marchenko_pastur_spectrum(n_tasks, dimension, rng):
    normals = random_hyperplanes(n_tasks, dimension, rng=rng).normals
    gamma = dimension / n_tasks
    values = np.linalg.eigvalsh(gamma * normals.T @ normals)
    low, high = marchenko_pastur_edges(gamma)
    grid = np.linspace(low, high, 20)
    empirical = np.searchsorted(values, grid, side="right") / dimension
    np.testing.assert_allclose(empirical, marchenko_pastur_cdf(grid, gamma), atol=0.03)
    singular = np.linalg.svd(normals, compute_uv=False)
    edges = singular_value_edges(n_tasks, dimension)
    assert singular[0] == pytest.approx(edges.high, rel=0.03)
    assert singular[-1] == pytest.approx(edges.low, rel=0.1)


def test_singular_value_density_integrates_to_one():
    edges = singular_value_edges(400, 100)
    mass, _ = integrate.quad(singular_value_pdf, *edges, args=(400, 100), limit=200)
    assert mass == pytest.approx(1, abs=1e-7)


def test_expected_inverse_gram_matches_simulation(rng):
    dimension, n_tasks = 8, 24

    def average(draw):
        grams = (rows.T @ rows for rows in (draw() for _ in range(400)))
        return np.mean([np.trace(np.linalg.inv(gram)) for gram in grams]) / dimension

    unit = average(lambda: random_hyperplanes(n_tasks, dimension, rng=rng).normals)
    assert unit == pytest.approx(expected_inverse_gram(n_tasks, dimension), rel=0.07)
    gaussian = average(lambda: rng.standard_normal((n_tasks, dimension)) / np.sqrt(dimension))
    exact = expected_inverse_gram(n_tasks, dimension, rows="gaussian")
    assert gaussian == pytest.approx(exact, rel=0.03)
    normals = evenly_spaced_lines(24).normals
    assert np.trace(np.linalg.inv(normals.T @ normals)) / 2 == pytest.approx(
        expected_inverse_gram(24, 2, rows="even")
    )


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


BAD_CALLS = [
    (
        lambda: r2_ceiling(0.2, 20, estimator="flat"),
        "estimator must be one of 'unbiased', 'linear', 'bayes', got 'flat'",
    ),
    (
        lambda: r2_ceiling(0.2, 20, identified_fraction=0),
        r"identified_fraction must be in \(0, 1\], got 0",
    ),
    (lambda: fisher_information(0.2, 20), "dimension must be given with a number as noise"),
    (lambda: fisher_information(-np.eye(2), 20), "noise must be positive definite"),
    (lambda: effective_steps(20, 1.0), "rho must be a finite number strictly between -1 and 1"),
    (lambda: marchenko_pastur_edges(0), "gamma must be a finite number > 0, got 0"),
    (lambda: expected_inverse_gram(3, 3), "n_tasks must be a whole number >= 4, got 3"),
    (
        lambda: expected_inverse_gram(8, 3, rows="even"),
        "dimension must be 2 for evenly spaced lines, got 3",
    ),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
