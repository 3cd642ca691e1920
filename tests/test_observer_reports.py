"""Reports: Φ of the standardised distance, its invariances, calibration, and the fast path."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.stats import multivariate_normal, norm, ortho_group

from trilateration.evidence import observe, running_mean, sample_means
from trilateration.observer import (
    anisotropic_reports,
    calibration_curve,
    gaussian_posterior,
    log_reports,
    noise_along_normals,
    normal_quantile,
    reports,
    reports_over_time,
    standardized_distances,
)
from trilateration.observer.streaming import _FastCdf
from trilateration.tasks import Boundaries, evenly_spaced_lines, random_hyperplanes

SIGMA = 0.2


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def world(seed):
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(1, 6))
    tasks = random_hyperplanes(int(rng.integers(1, 9)), dimension, rng=rng, offset_half_width=0.3)
    return rng, tasks, rng.uniform(-0.5, 0.5, (4, 3, dimension))


def test_report_is_the_posterior_mass_beyond_the_boundary():
    task = Boundaries(np.array([[0.6, 0.8]]), np.array([0.1]))
    mean, s = np.array([0.13, 0.02]), SIGMA / np.sqrt(20)
    posterior = multivariate_normal(mean, s**2 * np.eye(2))
    mass, _ = integrate.dblquad(
        lambda y, x: posterior.pdf([x, y]),
        -0.3,
        0.6,
        lambda x: (0.1 - 0.6 * x) / 0.8,
        0.6,
        epsabs=1e-10,
    )
    assert reports(mean, task, SIGMA, 20)[0] == pytest.approx(mass, abs=1e-8)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_reports_are_invariant_under_motions_and_task_order(seed):
    rng, tasks, means = world(seed)
    before = reports(means, tasks, SIGMA, 5)
    shift = rng.standard_normal(tasks.dimension)
    moved, points = tasks.translated(shift), means + shift
    if tasks.dimension > 1:
        rotation = ortho_group.rvs(tasks.dimension, random_state=rng)
        moved, points = moved.rotated(rotation), points @ rotation.T
    order = rng.permutation(tasks.n_tasks)
    after = reports(points, moved.take(order), SIGMA, 5)
    np.testing.assert_allclose(after, before[..., order], atol=1e-11)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_swapping_the_sides_swaps_the_reports(seed):
    _, tasks, means = world(seed)
    swapped = Boundaries(-tasks.normals, -tasks.offsets)
    both = reports(means, tasks, SIGMA, 5) + reports(means, swapped, SIGMA, 5)
    np.testing.assert_allclose(both, 1, atol=1e-15)
    logs, mirrored = log_reports(means, tasks, SIGMA, 5), log_reports(means, swapped, SIGMA, 5)
    np.testing.assert_array_equal(logs.log_yes, mirrored.log_no)


def test_more_evidence_on_one_side_gives_more_certainty():
    task = Boundaries(np.array([[1.0]]), np.zeros(1))
    answers = reports(np.full((30, 1), 0.05), task, SIGMA, np.arange(1, 31))[:, 0]
    assert np.all(np.diff(answers) > 0)
    assert answers[0] > 0.5


def test_log_reports_stay_finite_where_reports_saturate():
    task = Boundaries(np.array([[1.0]]), np.zeros(1))
    mean = np.array([30.0])
    assert reports(mean, task, 1.0, 1)[0] == 1.0
    logs = log_reports(mean, task, 1.0, 1)
    assert logs.log_no[0] == pytest.approx(norm.logsf(30.0), rel=1e-13)
    assert logs.log_yes[0] == pytest.approx(-norm.sf(30.0), rel=1e-10)


def test_steps_meet_the_time_axis(rng):
    tasks = evenly_spaced_lines(3)
    means = running_mean(observe(np.zeros((6, 2)), SIGMA, 4, rng=rng))
    together = reports(means, tasks, SIGMA, np.arange(1, 5))
    for step in range(4):
        alone = reports(means[:, step], tasks, SIGMA, step + 1)
        np.testing.assert_allclose(together[:, step], alone, rtol=1e-14)


def test_reports_are_calibrated(rng):
    latents = rng.uniform(-5, 5, (100_000, 2))  # wide, so that the flat prior is right inside
    tasks = evenly_spaced_lines(5)
    means = sample_means(latents, 1.0, 4, rng=rng)
    for i in range(tasks.n_tasks):
        task = tasks.take([i])
        curve = calibration_curve(reports(means, task, 1.0, 4), task.labels(latents))
        deviation = (curve.frequency - curve.mean_report) / curve.standard_error
        assert np.abs(deviation).max() < 4.5


def test_gaussian_prior_is_exact():
    task = Boundaries(np.array([[1.0]]), np.array([0.1]))
    mean, s, tau = 0.17, SIGMA / np.sqrt(3), 0.3

    def moment(power, low):
        def weighted(x):
            return x**power * norm.pdf(mean, x, s) * norm.pdf(x, 0, tau)

        return integrate.quad(weighted, low, 3, points=[0.0, mean], epsabs=1e-14)[0]

    report = reports(np.array([mean]), task, SIGMA, 3, prior_sd=tau)[0]
    assert report == pytest.approx(moment(0, 0.1) / moment(0, -3), abs=1e-10)
    posterior = gaussian_posterior(np.array([mean]), SIGMA, 3, prior_sd=tau)
    assert posterior.mean[0] == pytest.approx(moment(1, -3) / moment(0, -3), abs=1e-10)


def test_a_very_wide_gaussian_prior_is_flat(rng):
    means = rng.standard_normal((5, 2))
    tasks = evenly_spaced_lines(4)
    np.testing.assert_allclose(
        reports(means, tasks, SIGMA, 7, prior_sd=1e8), reports(means, tasks, SIGMA, 7), atol=1e-12
    )


def test_anisotropic_noise_measures_distances_in_its_own_metric(rng):
    factor = rng.standard_normal((3, 3))
    covariance = factor @ factor.T
    tasks = random_hyperplanes(5, 3, rng=rng, offset_half_width=0.3)
    means = rng.standard_normal((4, 3))
    # Whitening the world turns the noise into unit noise and keeps the half-spaces.
    whiten = np.linalg.inv(np.linalg.cholesky(covariance))
    white = Boundaries.from_coefficients(tasks.normals @ np.linalg.inv(whiten), tasks.offsets)
    np.testing.assert_allclose(
        anisotropic_reports(means, tasks, covariance, 7),
        reports(means @ whiten.T, white, 1.0, 7),
        atol=1e-12,
    )
    np.testing.assert_allclose(noise_along_normals(tasks, 0.04 * np.eye(3)), 0.2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3,), (1000,), (7, 5), ()])
def test_fast_path_agrees_with_the_plain_one(shape, dtype, rng):
    tasks = evenly_spaced_lines(24).translated(np.array([0.1, -0.05]))
    evidence = observe(rng.uniform(-0.5, 0.5, (*shape, 2)), SIGMA, 20, rng=rng)
    fast = reports_over_time(evidence, tasks, SIGMA, dtype=dtype, n_threads=2)
    plain = reports(running_mean(evidence), tasks, SIGMA, np.arange(1, 21))
    assert fast.dtype == dtype
    assert fast.shape == (*shape, 20, 24)
    np.testing.assert_allclose(fast, plain, atol=1e-12 if dtype == np.float64 else 3e-6)


def test_fast_path_writes_into_the_array_it_is_given(rng):
    tasks = evenly_spaced_lines(3)
    evidence = observe(rng.uniform(-0.5, 0.5, (5, 4, 2)), SIGMA, 6, rng=rng)
    out = np.empty((5, 4, 6, 3), np.float32)
    assert reports_over_time(evidence, tasks, SIGMA, out=out) is out
    np.testing.assert_allclose(out, reports_over_time(evidence, tasks, SIGMA), atol=3e-6)


def test_fast_path_takes_no_trials_and_long_streams():
    tasks = evenly_spaced_lines(2)
    assert reports_over_time(np.zeros((0, 3, 2)), tasks, SIGMA).shape == (0, 3, 2)
    long = reports_over_time(np.zeros((1, 30_000, 2), np.float32), tasks, SIGMA)
    np.testing.assert_allclose(long, 0.5, atol=1e-6)


def test_single_precision_cdf_is_accurate_everywhere():
    z = np.linspace(-14, 14, 1_000_001).astype(np.float32)
    exact = norm.cdf(z.astype(np.float64))
    fast = z.copy()
    _FastCdf(48_000)(fast)
    np.testing.assert_allclose(fast, exact, atol=3e-7)
    tail = (z < 0) & (z > -12)
    np.testing.assert_allclose(fast[tail], exact[tail], rtol=1e-5)
    extremes = np.array([-1e30, -200, 200, 1e30], np.float32)
    with np.errstate(over="ignore"):
        _FastCdf(10)(extremes)
    np.testing.assert_array_equal(extremes, [0, 0, 1, 1])


def test_torch_agrees_with_numpy_and_keeps_dtype(torch, rng):
    tasks = random_hyperplanes(5, 3, rng=rng, offset_half_width=0.3)
    evidence = observe(rng.uniform(-0.5, 0.5, (6, 3)), SIGMA, 4, rng=rng)
    tensor = torch.from_numpy(evidence)
    np.testing.assert_allclose(
        reports_over_time(tensor, tasks, SIGMA).numpy(),
        reports_over_time(evidence, tasks, SIGMA),
        atol=1e-13,
    )
    steps = torch.arange(1, 5)
    means = running_mean(tensor.float())
    assert reports(means, tasks, SIGMA, steps).dtype == torch.float32
    assert log_reports(means, tasks, np.float64(SIGMA), 4).log_yes.dtype == torch.float32
    assert standardized_distances(means.numpy(), tasks, np.float64(SIGMA), 4).dtype == np.float32


def test_reports_are_differentiable(torch):
    tasks = evenly_spaced_lines(3)
    means = torch.tensor([[0.1, -0.2], [0.3, 0.05]], dtype=torch.float64, requires_grad=True)
    sigma = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m, s: reports(m, tasks, s, 5), (means, sigma))
    assert torch.autograd.gradcheck(lambda m: log_reports(m, tasks, 0.2, 5).log_no, means)


def test_probit_of_a_report_is_the_distance_in_standard_errors(rng):
    tasks = evenly_spaced_lines(4)
    means = rng.uniform(-0.1, 0.1, (10, 2))
    u = normal_quantile(reports(means, tasks, SIGMA, 20))
    np.testing.assert_allclose(u, tasks.signed_distances(means) / (SIGMA / np.sqrt(20)), atol=1e-9)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


LINES = evenly_spaced_lines(2)
BAD_CALLS = [
    (
        lambda: reports(np.zeros((3, 2)), LINES, -1, 5),
        "sigma must be a finite number > 0, got -1",
    ),
    (
        lambda: reports(np.zeros((3, 2)), LINES, 0.2, 0),
        "n_steps must be a finite number >= 1, got 0",
    ),
    (
        lambda: reports(np.full((3, 2), np.nan), LINES, 0.2, 1),
        "means must be finite, got 6 NaN or infinite of 6 values",
    ),
    (
        lambda: reports(np.zeros((3, 4)), LINES, 0.2, 1),
        r"points must have a last axis of length 2 \(dimension\), got shape \(3, 4\)",
    ),
    (
        lambda: reports(np.zeros((3, 2)), LINES, 0.2, np.arange(1, 5)),
        r"sigma and n_steps must broadcast against the leading shape \(3,\) of means, got shape",
    ),
    (
        lambda: reports(np.zeros((3, 2)), LINES, 0.2, 1, prior_sd=0),
        "prior_sd must be a finite number > 0, got 0",
    ),
    (
        lambda: anisotropic_reports(np.zeros((3, 2)), LINES, np.eye(3), 1),
        r"covariance must be 2 x 2, got shape \(3, 3\)",
    ),
    (
        lambda: reports_over_time(np.zeros((3, 5, 3)), LINES, 0.2),
        r"evidence must have a last axis of length 2 \(dimension\), got shape \(3, 5, 3\)",
    ),
    (
        lambda: reports_over_time(np.zeros((3, 5, 2)), LINES, 0.2, dtype=int),
        "dtype must be numpy.float32 or numpy.float64, got int64",
    ),
    (
        lambda: reports_over_time(np.zeros((3, 5, 2)), LINES, 0.2, n_threads=0),
        "n_threads must be a whole number >= 1, got 0",
    ),
    (
        lambda: reports_over_time(np.zeros((3, 5, 2)), LINES, 0.2, out=np.zeros((3, 5, 3))),
        r"out must be a contiguous float64 array of shape \(3, 5, 2\), got float64 of shape",
    ),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
