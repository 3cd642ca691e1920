"""What precision, report noise and unexpected evidence noise leave of a distance."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from trilateration import evidence
from trilateration.observer import (
    FLOAT32,
    FLOAT64,
    autoregressive_mean,
    best_standard_error,
    binary_places,
    calibration_curve,
    dense_line_error,
    dense_line_information,
    effective_steps,
    line_error,
    location_log_density,
    location_posterior_mean,
    mean_efficiency,
    mean_radius_power,
    mean_variance,
    scatter_reports,
)
from trilateration.tasks import Boundaries, evenly_spaced_lines

LOCATION = [
    evidence.GaussianNoise(0.2),
    evidence.LaplaceNoise(0.2),
    evidence.StudentNoise(0.2, 3.0),
    evidence.StudentNoise(0.2, 5.0),
    evidence.GumbelNoise(0.2),
]


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def test_ranges_are_those_of_the_numbers_themselves():
    assert FLOAT64.range.high == pytest.approx(8.292361, abs=1e-6)
    assert FLOAT64.range.low == pytest.approx(-38.4854, abs=1e-4)
    assert FLOAT32.range.high == pytest.approx(5.419983, abs=1e-6)
    assert FLOAT32.range.low == pytest.approx(-14.17019, abs=1e-5)
    assert binary_places(8).range.high == pytest.approx(stats.norm.ppf(1 - 2**-9))
    assert binary_places(8).range.low == pytest.approx(-binary_places(8).range.high)


@pytest.mark.parametrize("form", [FLOAT64, FLOAT32, binary_places(4), binary_places(12)])
def test_a_report_saturates_exactly_outside_its_range(form):
    for end, value, inward in ((form.range.low, 0, 1), (form.range.high, 1, -1)):
        step = 1e-4 * inward
        assert form.round(np.array(end - step)) == value
        assert form.round(np.array(end + step)) != value
        assert bool(form.saturated(form.round(np.array(end - step))))


def test_stored_reports_are_the_numbers_of_their_format():
    z = np.linspace(-13, 5, 1001)
    np.testing.assert_array_equal(
        FLOAT32.round(z), special.ndtr(z).astype(np.float32).astype(np.float64)
    )
    stored = binary_places(6).round(z) * 64
    np.testing.assert_array_equal(stored, np.round(stored))
    assert np.abs(stored / 64 - special.ndtr(z)).max() <= 2**-7


@given(places=st.integers(2, 40), z=st.floats(-9, 9))
@settings(deadline=None)
def test_the_error_of_an_unsaturated_probit_is_bounded_by_the_grid(places, z):
    form = binary_places(places)
    stored = form.round(np.array(z))
    if form.saturated(stored):
        assert not form.range.low < z < form.range.high
        return
    read = float(form.probits(stored))
    # Mean value theorem: the density between z and the reading is at least that at the outer one.
    bound = 2.0 ** -(places + 1) / stats.norm.pdf(max(abs(z), abs(read)))
    assert abs(read - z) <= bound * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize("form", [FLOAT64, FLOAT32, binary_places(5)])
def test_saturated_reports_read_as_the_ends_of_the_range(form):
    np.testing.assert_array_equal(form.probits(np.array([0.0, 1.0])), form.range)
    last = 1 - 2.0**-form.places
    assert special.ndtr(-form.probits(np.array(last))) == pytest.approx(2.0**-form.places)
    assert form.range.high - 0.7 < form.probits(np.array(last)) < form.range.high


def test_mean_radii_of_the_square():
    for power in (1, 2, 3):
        value, _ = integrate.dblquad(
            lambda y, x, p=power: 4 * (x * x + y * y) ** (p / 2), 0, 0.5, 0, 0.5
        )
        assert mean_radius_power(power) == pytest.approx(value, rel=1e-7)
    with pytest.raises(ValueError, match="power must be one of 1, 2, 3, got 4"):
        mean_radius_power(4)


@pytest.mark.parametrize("radius", [0.01, 0.1, 0.5])
def test_dense_information_is_the_average_over_lines(radius):
    s, eta = 0.05, 0.02
    lines = evenly_spaced_lines(2000)
    each = np.exp(-((lines.signed_distances(np.array([radius, 0.0])) / s) ** 2))
    matrix = (each * lines.normals.T) @ lines.normals / (2 * np.pi * (s * eta) ** 2) / 2000
    information = dense_line_information(np.array(radius), s, eta)
    expected = np.diag([information.radial, information.tangential])
    np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-6 * expected.max())


def test_best_standard_error_is_the_minimum_and_the_leading_order():
    n, eta = 96, 0.02
    best = best_standard_error(n, eta)

    def leading(s):
        return 2 * s**2 + 4 * np.pi**1.5 * eta**2 * mean_radius_power(3) / (n * s)

    for factor in (0.9, 1.1):
        assert leading(best) < leading(best * factor)
    found = optimize.minimize_scalar(
        lambda s: dense_line_error(n, s, eta), bounds=(1e-3, 0.1), method="bounded"
    ).x
    assert found == pytest.approx(best, rel=0.005)
    assert best_standard_error(8 * n, eta) == pytest.approx(best / 2)
    assert best_standard_error(n, 8 * eta) == pytest.approx(best * 4)


def test_line_error_tends_to_the_dense_error():
    for s in (0.03, 0.1):
        exact = line_error(evenly_spaced_lines(384), s, 0.02, prior_sd=1e3)
        assert exact == pytest.approx(dense_line_error(384, s, 0.02), rel=1e-3)
    sparse = line_error(evenly_spaced_lines(6), 0.003, 0.02, prior_sd=1e3)
    assert sparse > 10 * dense_line_error(6, 0.003, 0.02)


@pytest.mark.parametrize("noise", LOCATION, ids=repr)
def test_densities_are_those_that_the_noise_is_drawn_from(noise, rng):
    norm, _ = integrate.quad(
        lambda e: np.exp(location_log_density(noise, np.array(e))), -6, 6, points=[0], limit=200
    )
    sample = noise.sample((4000, 1, 1), rng).ravel()

    def distribution(values):
        return np.array(
            [
                integrate.quad(
                    lambda e: np.exp(location_log_density(noise, np.array(e))) / norm,
                    -6,
                    v,
                    points=[0],
                    limit=200,
                )[0]
                for v in values
            ]
        )

    grid = np.linspace(-0.5, 0.5, 41)
    empirical = np.searchsorted(np.sort(sample), grid) / len(sample)
    assert np.abs(distribution(grid) - empirical).max() < 1.9 / len(sample) ** 0.5


@pytest.mark.parametrize("noise", LOCATION, ids=repr)
def test_efficiency_is_one_over_the_variance_times_the_information(noise):
    sigma, h = noise.standard_deviation, 1e-5

    def parts(e):
        density = np.exp(location_log_density(noise, np.array(e)))
        score = (
            location_log_density(noise, np.array(e + h))
            - location_log_density(noise, np.array(e - h))
        ) / (2 * h)
        return density, score

    # The mass inside (−h, h) is left out: there the Laplace score has its jump. Light tails end
    # before −5σ; the heavy ones of Student's t are symmetric, so one side is enough.
    heavy = isinstance(noise, evidence.StudentNoise)
    sides = ((h, 1.0), (1.0, 200.0)) if heavy else ((-1.0, -h), (h, 4.0))

    def integral(integrand):
        return sum(integrate.quad(integrand, *side, limit=400)[0] for side in sides)

    mass = integral(lambda e: parts(e)[0])
    information = integral(lambda e: parts(e)[0] * parts(e)[1] ** 2)
    assert 1 / (sigma**2 * information / mass) == pytest.approx(mean_efficiency(noise), rel=2e-3)


ANY_NOISE = [
    *LOCATION[:2],
    evidence.AnisotropicNoise(np.array([[0.06, 0.02], [0.02, 0.01]])),
    evidence.AutoregressiveNoise(0.2, 0.6),
    evidence.StateDependentNoise(0.2, 2.0),
]


@pytest.mark.parametrize("noise", ANY_NOISE, ids=repr)
def test_the_error_of_the_plain_mean_is_the_predicted_one(noise, rng):
    latents = evidence.uniform_latents(20_000, 2, rng=rng)
    readings = evidence.observe(latents, noise, 8, rng=rng)
    error = ((readings.mean(axis=1) - latents) ** 2).mean()
    assert error == pytest.approx(mean_variance(noise, 8), rel=0.05)


def test_fewer_nodes_give_the_same_posterior_mean(rng):
    for noise in (evidence.LaplaceNoise(0.2), evidence.StudentNoise(0.2, 5.0)):
        readings = noise.sample((50, 20, 2), rng)
        fine = location_posterior_mean(readings, noise, n_nodes=2001)
        np.testing.assert_allclose(location_posterior_mean(readings, noise), fine, atol=1e-3 * 0.2)


def test_posterior_mean_of_gaussian_readings_is_their_mean(rng):
    readings = rng.standard_normal((5, 7, 3))
    estimate = location_posterior_mean(readings, evidence.GaussianNoise(1.0))
    np.testing.assert_allclose(estimate, readings.mean(axis=-2), atol=1e-9)


def test_posterior_mean_of_gumbel_readings_has_its_closed_form(rng):
    noise = evidence.GumbelNoise(0.2)
    readings = noise.sample((20, 6, 2), rng)
    scale = 0.2 * 6**0.5 / np.pi
    # e^{m/b} Σ e^{−X/b} is Gamma(t), so E[m] = b(ψ(t) − log Σ e^{−X/b}), m = x − γb.
    exact = scale * (special.digamma(6) - special.logsumexp(-readings / scale, axis=-2))
    estimate = location_posterior_mean(readings, noise, reach=10.0, n_nodes=401)
    np.testing.assert_allclose(estimate, exact + np.euler_gamma * scale, atol=1e-5)


@given(shift=st.floats(-5, 5), seed=st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_estimates_move_with_the_readings(shift, seed):
    readings = np.random.default_rng(seed).laplace(size=(2, 5, 2))
    for estimate in (
        lambda x: location_posterior_mean(x, evidence.LaplaceNoise(1.4)),
        lambda x: autoregressive_mean(x, 0.6),
    ):
        np.testing.assert_allclose(
            estimate(readings + shift), estimate(readings) + shift, atol=1e-8
        )


@pytest.mark.parametrize(("n_steps", "rho"), list(itertools.product([1, 2, 9], [-0.5, 0.0, 0.7])))
def test_autoregressive_mean_is_generalised_least_squares(n_steps, rho, rng):
    readings = rng.standard_normal((4, n_steps, 2))
    covariance = rho ** np.abs(np.subtract.outer(np.arange(n_steps), np.arange(n_steps)))
    weights = np.linalg.solve(covariance, np.ones(n_steps))
    np.testing.assert_allclose(
        autoregressive_mean(readings, rho),
        np.einsum("btd,t->bd", readings, weights) / weights.sum(),
        atol=1e-12,
    )
    assert weights.sum() == pytest.approx(effective_steps(n_steps, rho))


def test_scatter_reports_are_calibrated_whatever_the_noise(rng):
    line = Boundaries.from_coefficients(np.array([1.0, 0.5]), 0.1)
    # A wide latent law stands in for the flat prior, and σ spreads over two decades.
    latents = rng.uniform(-30, 30, (400_000, 2))
    latents = latents[np.abs(line.signed_distances(latents)[:, 0]) < 2]
    sigma = np.exp(rng.uniform(-2, 2, len(latents)))[:, None, None]
    readings = latents[:, None, :] + sigma * rng.standard_normal((len(latents), 4, 2))
    reports = scatter_reports(readings, line)[:, 0]
    near = np.abs(line.signed_distances(readings.mean(axis=1))[:, 0]) < 1e-1 * sigma[:, 0, 0]
    curve = calibration_curve(reports[near], line.labels(latents)[near, 0], 5)
    assert curve.largest_gap < 4
    with pytest.raises(ValueError, match="evidence must have at least 2 steps, got 1"):
        scatter_reports(readings[:, :1], line)


def test_scatter_reports_turn_into_reports_with_many_steps(rng):
    line = Boundaries.from_coefficients(np.array([1.0, 0.5]), 0.1)
    readings = 0.2 * rng.standard_normal((3, 20_000, 2)) + [0.09, 0.02]
    known = special.ndtr(line.signed_distances(readings.mean(axis=1)) * 20_000**0.5 / 0.2)
    np.testing.assert_allclose(scatter_reports(readings, line), known, atol=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binary_places(53), "places must be at most 52, got 53"),
        (lambda: binary_places(0), "places must be a whole number >= 1, got 0"),
        (lambda: FLOAT64.probits(np.array([1.5])), r"reports must lie in \[0, 1\], got 1 of 1"),
        (lambda: mean_efficiency(evidence.AutoregressiveNoise(0.2, 0.5)), "noise must be Gaussian"),
        (
            lambda: mean_variance(evidence.StateDependentNoise(0.2, np.exp), 3),
            "noise must have a number as slope, got a function",
        ),
        (lambda: dense_line_error(5, 0.0, 0.1), "standard_error must be a finite number > 0"),
        (lambda: best_standard_error(5, -1.0), "report_noise must be a finite number > 0"),
        (
            lambda: autoregressive_mean(np.zeros((3, 2)), 1.0),
            "rho must be a finite number strictly",
        ),
    ],
)
def test_bad_input_is_named_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
