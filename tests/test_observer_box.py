"""The bounded prior: closed forms, quadrature and moments against independent integrals."""

import itertools

import jaxtyping
import numpy as np
import pytest
from scipy import integrate, stats

from trilateration.evidence import sample_means, uniform_latents
from trilateration.observer import (
    axis_log_reports,
    axis_reports,
    box_posterior_mean,
    box_posterior_moments,
    box_reports,
    box_reports_monte_carlo,
    calibration_curve,
    reports,
)
from trilateration.tasks import Boundaries, evenly_spaced_lines, random_hyperplanes

H = 0.5


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def truncated(mean, s):
    return stats.truncnorm((-H - mean) / s, (H - mean) / s, loc=mean, scale=s)


def brute_axis_report(mean, threshold, s):
    """Integrate exp of the log density relative to its largest value in the box."""
    nearest = np.clip(mean, -H, H)

    def density(x):
        return np.exp(-((x - mean) ** 2 - (nearest - mean) ** 2) / (2 * s**2))

    def mass(low, high):
        marks = np.clip(nearest + s * np.array([-9, -3, -1, -0.1, 0, 0.1, 1, 3, 9]), low, high)
        edges = np.unique([low, high, *marks])
        pairs = itertools.pairwise(edges)
        return sum(integrate.quad(density, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairs)

    return mass(threshold, H) / mass(-H, H)


@pytest.mark.parametrize("s", [0.02, 0.0447, 0.2, 1.0, 50.0])
def test_axis_report_is_the_integral_of_the_truncated_density(s, rng):
    for mean in (-0.7, -0.45, 0.0, 0.2, 0.49, 0.6):
        for threshold in (-0.4, 0.1, 0.45):
            expected = brute_axis_report(mean, threshold, s)
            report = axis_reports(np.array([mean]), threshold, s, 1)[0]
            assert report == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_axis_report_far_outside_the_box_is_exponential():
    # At z standard errors outside the face the posterior is nearly exponential with scale s/z.
    s, z = 0.01, 200.0
    depth = 2 * s / z
    report = axis_reports(np.array([H + z * s]), H - depth, s, 1)[0]
    assert report == pytest.approx(1 - np.exp(-2), rel=1e-3)
    logs = axis_log_reports(np.array([-H - z * s]), -H + 10 * s / z, s, 1)
    assert logs.log_above[0] == pytest.approx(-10, abs=0.01)


def test_axis_reports_and_logarithms_agree_and_are_symmetric(rng):
    means = rng.uniform(-0.8, 0.8, 200)
    thresholds = rng.uniform(-0.6, 0.6, 200)
    report = axis_reports(means, thresholds, 0.1, 1)
    logs = axis_log_reports(means, thresholds, 0.1, 1)
    np.testing.assert_allclose(np.exp(logs.log_above), report, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(np.exp(logs.log_above) + np.exp(logs.log_below), 1, rtol=1e-12)
    np.testing.assert_allclose(axis_reports(-means, -thresholds, 0.1, 1), 1 - report, atol=1e-14)


def test_limits_of_the_bounded_prior():
    inside = np.array([0.05])
    flat = reports(inside[:, None], Boundaries(np.eye(1), np.zeros(1)), 0.0447, 1)[0, 0]
    assert axis_reports(inside, 0.0, 0.0447, 1)[0] == pytest.approx(flat, abs=1e-15)
    # With no evidence to speak of, the report is the fraction of the box beyond the boundary.
    assert axis_reports(inside, 0.2, 1e4, 1)[0] == pytest.approx(0.3, abs=1e-8)
    beyond = np.array([-0.6, 0.5, 0.9])
    np.testing.assert_array_equal(axis_reports(np.zeros(3), beyond, 0.1, 1), [1, 0, 0])


def nested_quadrature(mean, s, normal, offset):
    """Return the oblique report from scipy's truncated normals, one axis inside the other."""
    k = int(np.argmax(np.abs(normal)))
    inner, outer = truncated(mean[k], s), truncated(mean[1 - k], s)
    side = inner.sf if normal[k] > 0 else inner.cdf

    def integrand(x):
        return outer.pdf(x) * side((offset - normal[1 - k] * x) / normal[k])

    faces = [(offset + sign * normal[k] * H) / normal[1 - k] for sign in (-1, 1)]
    peak = (offset - normal[k] * mean[k]) / normal[1 - k]
    scale = s * abs(normal[k] / normal[1 - k])
    marks = [mean[1 - k] + s * q for q in (-9, -3, -1, 0, 1, 3, 9)]
    marks += [*faces, *(peak + scale * q for q in (-9, -3, 0, 3, 9))]
    edges = np.unique(np.clip([-H, H, *marks], -H, H))
    pairs = itertools.pairwise(edges)
    return sum(integrate.quad(integrand, a, b, epsabs=1e-13, epsrel=1e-11)[0] for a, b in pairs)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_oblique_reports_are_the_double_integral(rng):
    for _ in range(40):
        s = 10 ** rng.uniform(-2.5, 1)
        mean = np.clip(rng.uniform(-0.8, 0.8, 2), -H - 8 * s, H + 8 * s)
        tasks = Boundaries.from_coefficients(
            rng.standard_normal(2) * [10 ** -rng.uniform(0, 4), 1], rng.uniform(-0.4, 0.4)
        )
        report = box_reports(mean, tasks, s, 1)[0]
        expected = nested_quadrature(mean, s, tasks.normals[0], tasks.offsets[0])
        assert report == pytest.approx(expected, abs=1e-10)


def test_oblique_report_against_dblquad():
    task = Boundaries.from_coefficients(np.array([1.0, 2.0]), 0.3)
    mean, s = np.array([0.42, -0.1]), 0.15

    def density(y, x):
        return np.exp(-((x - mean[0]) ** 2 + (y - mean[1]) ** 2) / (2 * s**2))

    options = {"epsabs": 1e-13, "epsrel": 1e-12}
    above, _ = integrate.dblquad(
        density, -H, H, lambda x: np.clip((0.3 - x) / 2, -H, H), H, **options
    )
    total, _ = integrate.dblquad(density, -H, H, -H, H, **options)
    assert box_reports(mean, task, s, 1)[0] == pytest.approx(above / total, abs=1e-11)


def test_oblique_reports_turn_into_perpendicular_ones(rng):
    means = rng.uniform(-0.7, 0.7, (20, 2))
    tilted = Boundaries.from_coefficients(np.array([[1.0, 1e-9], [-1e-9, -1.0]]), 0.1)
    straight = Boundaries(np.array([[1.0, 0.0], [0.0, -1.0]]), np.full(2, 0.1))
    np.testing.assert_allclose(
        box_reports(means, tilted, 0.2, 5), box_reports(means, straight, 0.2, 5), atol=1e-7
    )


def test_box_reports_respect_the_symmetries_of_the_square(rng):
    means = rng.uniform(-0.7, 0.7, (30, 2))
    tasks = random_hyperplanes(6, 2, rng=rng, offset_half_width=0.3)
    quarter_turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    base = box_reports(means, tasks, 0.2, 5)
    turned = box_reports(means @ quarter_turn.T, tasks.rotated(quarter_turn), 0.2, 5)
    np.testing.assert_allclose(turned, base, atol=1e-12)
    swapped = Boundaries(-tasks.normals, -tasks.offsets)
    np.testing.assert_allclose(box_reports(means, swapped, 0.2, 5), 1 - base, atol=1e-12)


def test_box_reports_take_a_scale_for_every_mean(rng):
    means = rng.uniform(-0.5, 0.5, (4, 3, 2))
    tasks = evenly_spaced_lines(3)
    steps = np.array([1, 5, 20])
    together = box_reports(means, tasks, 0.2, steps)
    assert together.shape == (4, 3, 3)
    for i, t in enumerate(steps):
        np.testing.assert_allclose(together[:, i], box_reports(means[:, i], tasks, 0.2, t))


def test_box_reports_are_calibrated_where_flat_ones_are_not(rng):
    latents = uniform_latents(40_000, 2, rng=rng)
    means = sample_means(latents, 0.2, 1, rng=rng)
    task = Boundaries.from_coefficients(np.array([1.0, 0.4]), 0.45)
    worst = []
    for observer in (box_reports, reports):
        curve = calibration_curve(observer(means, task, 0.2, 1), task.labels(latents))
        filled = curve.count > 50
        deviation = (curve.frequency - curve.mean_report) / curve.standard_error
        worst.append(np.abs(deviation[filled]).max())
    assert worst[0] < 4.5
    assert worst[1] > 10


@pytest.mark.parametrize("s", [0.0447, 0.2, 1.0])
def test_moments_agree_with_scipy_where_scipy_is_accurate(s):
    means = np.linspace(-H - 3 * s, H + 3 * s, 41)
    law = truncated(means, s)
    moments = box_posterior_moments(means[:, None], s, 1)
    np.testing.assert_allclose(moments.mean[:, 0], law.mean(), atol=1e-9)
    np.testing.assert_allclose(moments.variance[:, 0], law.var(), rtol=1e-6)


def test_moments_far_outside_and_without_evidence():
    s, z = 0.01, 1000.0
    moments = box_posterior_moments(np.array([[H + z * s]]), s, 1)
    # Exponential law of scale s/z to first order, with the known next term of Mills's ratio.
    assert (H - moments.mean[0, 0]) * z / s == pytest.approx(1 - 2 / z**2, rel=1e-9)
    assert moments.variance[0, 0] * (z / s) ** 2 == pytest.approx(1 - 6 / z**2, rel=1e-9)
    flat = box_posterior_moments(np.array([[0.3]]), 1e6, 1)
    assert flat.variance[0, 0] == pytest.approx(1 / 12, rel=1e-10)
    assert flat.mean[0, 0] == pytest.approx(0, abs=1e-10)


def test_posterior_mean_is_the_estimate_of_least_error(rng):
    latents = uniform_latents(50_000, 2, rng=rng)
    means = sample_means(latents, 0.2, 2, rng=rng)
    errors = [
        np.mean((estimate - latents) ** 2)
        for estimate in (box_posterior_mean(means, 0.2, 2), np.clip(means, -H, H), means)
    ]
    assert errors == sorted(errors)


def test_monte_carlo_reports_agree_with_quadrature_within_their_error(rng):
    means = rng.uniform(-0.7, 0.7, (40, 2))
    tasks = random_hyperplanes(5, 2, rng=rng, offset_half_width=0.3)
    estimate = box_reports_monte_carlo(means, tasks, 0.2, 3, rng=rng, n_samples=400)
    exact = box_reports(means, tasks, 0.2, 3)
    sure = estimate.standard_error > 1e-5
    z = ((estimate.reports - exact) / np.where(sure, estimate.standard_error, 1))[sure]
    assert np.abs(z).max() < 5
    assert 0.75 < z.std() < 1.25
    np.testing.assert_allclose(estimate.reports[~sure], exact[~sure], atol=1e-3)
    binomial = np.sqrt(exact * (1 - exact) / 400)
    assert np.all(estimate.standard_error[sure] < 1.2 * binomial[sure])


def test_monte_carlo_reports_in_many_dimensions_and_their_seed():
    tasks = random_hyperplanes(3, 10, rng=np.random.default_rng(0))
    means = np.full((2, 10), 0.3)
    draws = [
        box_reports_monte_carlo(
            means, tasks, 0.3, 1, rng=np.random.default_rng(seed), n_samples=50
        ).reports
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_perpendicular_boundaries_need_no_sampling_in_any_dimension(rng):
    tasks = Boundaries(-np.eye(4)[:2], np.array([0.1, -0.2]))
    means = rng.uniform(-0.5, 0.5, (6, 4))
    expected = 1 - axis_reports(means[:, :2], np.array([-0.1, 0.2]), 0.2, 2)
    np.testing.assert_allclose(box_reports(means, tasks, 0.2, 2), expected, atol=1e-14)


def test_torch_agrees_and_differentiates(torch, rng):
    means = rng.uniform(-0.7, 0.7, (5, 2))
    tasks = Boundaries.from_coefficients(np.array([[1.0, 0.0], [1.0, 2.0], [-3.0, 1.0]]), 0.1)
    tensor = torch.from_numpy(means).requires_grad_()
    np.testing.assert_allclose(
        box_reports(tensor, tasks, 0.2, 3).detach().numpy(),
        box_reports(means, tasks, 0.2, 3),
        atol=1e-12,
    )
    moments = box_posterior_moments(tensor, 0.2, 3)
    np.testing.assert_allclose(
        moments.variance.detach().numpy(), box_posterior_moments(means, 0.2, 3).variance, rtol=1e-9
    )
    assert torch.autograd.gradcheck(lambda m: box_reports(m, tasks, 0.2, 3), tensor)
    assert torch.autograd.gradcheck(lambda m: box_posterior_mean(m, 0.2, 3), tensor)
    assert box_reports(tensor.detach().float(), tasks, 0.2, 3).dtype == torch.float32
    estimate = box_reports_monte_carlo(tensor.detach(), tasks, 0.2, 3, rng=rng, n_samples=50)
    assert estimate.reports.shape == (5, 3)


def test_the_gradient_is_the_posterior_covariance(torch):
    # grad_mu E[g | mu] = Cov(g, x | mu)/s², here for g = x itself on each axis.
    s = 0.2 / np.sqrt(3)
    means = torch.tensor([[0.45, -0.3]], dtype=torch.float64, requires_grad=True)
    moments = box_posterior_moments(means, 0.2, 3)
    (slope,) = torch.autograd.grad(moments.mean.sum(), means)
    np.testing.assert_allclose(slope.numpy(), moments.variance.detach().numpy() / s**2, rtol=1e-9)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


LINES = evenly_spaced_lines(2)
BAD_CALLS = [
    (
        lambda: box_reports(
            np.zeros((2, 3)), Boundaries.from_coefficients(np.array([[1, 0, 0], [1, 1, 0]])), 1, 1
        ),
        "got an oblique one at index 1; use box_reports_monte_carlo",
    ),
    (
        lambda: box_reports(np.zeros((2, 2)), LINES, 0.2, 5, half_width=0),
        "half_width must be a finite number > 0, got 0",
    ),
    (
        lambda: box_reports(np.zeros((2, 3)), LINES, 0.2, 5),
        r"means must have a last axis of length 2 \(dimension\), got shape \(2, 3\)",
    ),
    (
        lambda: box_posterior_mean(np.full((2, 2), np.nan), 0.2, 5),
        "means must be finite, got 4 NaN",
    ),
    (
        lambda: box_reports_monte_carlo(
            np.zeros((2, 2)), LINES, 0.2, 5, rng=np.random.default_rng(), n_samples=1
        ),
        "n_samples must be a whole number >= 2, got 1",
    ),
    (
        lambda: box_reports_monte_carlo(np.zeros((2, 2)), LINES, 0.2, 5, rng=0),
        "rng must be a numpy.random.Generator",
    ),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
