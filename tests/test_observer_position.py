"""Trilateration: exact recovery, what is identified, and how errors travel."""

import jaxtyping
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, ortho_group

from trilateration.evidence import sample_means, uniform_latents
from trilateration.observer import (
    LogReports,
    distances_from_log_reports,
    distances_from_reports,
    log_reports,
    probability_noise_weights,
    readout_covariance,
    reports,
    trilaterate,
    trilaterate_noisy_reports,
)
from trilateration.tasks import Boundaries, evenly_spaced_lines, random_hyperplanes

SIGMA, STEPS = 0.2, 20
S = SIGMA / np.sqrt(STEPS)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("dimension", "n_tasks"), [(1, 1), (2, 2), (2, 24), (10, 11), (30, 60), (100, 150), (100, 1000)]
)
def test_recovery_is_exact_and_agrees_with_an_independent_solver(dimension, n_tasks, rng):
    tasks = random_hyperplanes(n_tasks, dimension, rng=rng, offset_half_width=0.3)
    means = rng.uniform(-0.5, 0.5, (20, dimension))
    logs = log_reports(means, tasks, SIGMA, STEPS)
    distances = distances_from_log_reports(logs, SIGMA, STEPS)
    result = trilaterate(distances, tasks)
    np.testing.assert_allclose(result.position, means, atol=1e-10)
    assert result.is_unique
    assert result.rank == dimension
    noisy = distances + rng.standard_normal(distances.shape)
    solution, *_ = scipy.linalg.lstsq(tasks.normals, (noisy + tasks.offsets).T)
    np.testing.assert_allclose(trilaterate(noisy, tasks).position, solution.T, atol=1e-10)


@pytest.mark.parametrize("side", [-1, 1])
def test_log_reports_recover_distances_of_thirty_standard_errors(side):
    task = Boundaries(np.eye(1), np.zeros(1))
    means = side * S * np.linspace(0, 30, 301)[:, None]
    logs = log_reports(means, task, SIGMA, STEPS)
    np.testing.assert_allclose(distances_from_log_reports(logs, SIGMA, STEPS), means, atol=1e-13)


def test_probabilities_recover_what_lies_within_their_range():
    task = Boundaries(np.eye(1), np.zeros(1))
    means = S * np.linspace(-30, 5, 71)[:, None]
    distances = distances_from_reports(reports(means, task, SIGMA, STEPS), SIGMA, STEPS)
    np.testing.assert_allclose(distances, means, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_rank_deficient_tasks_identify_exactly_the_row_space(seed):
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(2, 9))
    rank = int(rng.integers(1, dimension))
    subspace = ortho_group.rvs(dimension, random_state=rng)[:, :rank]
    tasks = Boundaries.from_coefficients(
        rng.standard_normal((rank + 3, rank)) @ subspace.T, rng.uniform(-0.3, 0.3, rank + 3)
    )
    point = rng.standard_normal(dimension)
    for weights in (None, rng.uniform(0.5, 2, tasks.n_tasks)):
        result = trilaterate(tasks.signed_distances(point), tasks, weights=weights)
        assert (result.rank, result.is_unique) == (rank, False)
        np.testing.assert_allclose(result.identified, subspace @ subspace.T, atol=1e-10)
        np.testing.assert_allclose(result.position, result.identified @ point, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_position_moves_and_turns_with_the_world(seed):
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(2, 6))
    tasks = random_hyperplanes(3 * dimension, dimension, rng=rng, offset_half_width=0.3)
    distances = rng.standard_normal((4, tasks.n_tasks))  # inconsistent on purpose
    rotation = ortho_group.rvs(dimension, random_state=rng)
    shift = rng.standard_normal(dimension)
    order = rng.permutation(tasks.n_tasks)
    before = trilaterate(distances, tasks).position
    moved = tasks.rotated(rotation).translated(shift).take(order)
    after = trilaterate(distances[:, order], moved).position
    np.testing.assert_allclose(after, before @ rotation.T + shift, atol=1e-9)


def test_weights_per_task_and_per_trial_solve_the_weighted_normal_equations(rng):
    tasks = random_hyperplanes(8, 3, rng=rng, offset_half_width=0.3)
    distances = rng.standard_normal((5, 8))
    weights = rng.uniform(0.1, 3, (5, 8))
    result = trilaterate(distances, tasks, weights=weights).position
    for trial in range(5):
        root = np.sqrt(weights[trial])
        expected, *_ = scipy.linalg.lstsq(
            root[:, None] * tasks.normals, root * (distances[trial] + tasks.offsets)
        )
        np.testing.assert_allclose(result[trial], expected, atol=1e-10)
        alone = trilaterate(distances[trial], tasks, weights=weights[trial]).position
        np.testing.assert_allclose(alone, expected, atol=1e-10)
    equal = trilaterate(distances, tasks, weights=np.full(8, 1e-200)).position
    np.testing.assert_allclose(equal, trilaterate(distances, tasks).position, atol=1e-10)


def test_a_weight_of_zero_drops_the_task(rng):
    tasks = random_hyperplanes(6, 2, rng=rng)
    distances = rng.standard_normal(6)
    weights = np.array([1, 1, 0, 1, 0, 1.0])
    kept = [0, 1, 3, 5]
    np.testing.assert_allclose(
        trilaterate(distances, tasks, weights=weights).position,
        trilaterate(distances[kept], tasks.take(kept)).position,
        atol=1e-12,
    )


def test_error_of_trilateration_is_that_of_the_mean_whatever_the_tasks(rng):
    latents = uniform_latents(20_000, 3, rng=rng)
    means = sample_means(latents, SIGMA, STEPS, rng=rng)
    for n_tasks in (3, 12):
        tasks = random_hyperplanes(n_tasks, 3, rng=rng)
        logs = log_reports(means, tasks, SIGMA, STEPS)
        position = trilaterate(distances_from_log_reports(logs, SIGMA, STEPS), tasks).position
        error = np.mean((position - latents) ** 2)
        assert error == pytest.approx(SIGMA**2 / STEPS, rel=0.03)


def test_readout_covariance_is_the_spread_of_positions(rng):
    tasks = random_hyperplanes(6, 2, rng=rng)
    factor = rng.standard_normal((6, 6))
    covariance = factor @ factor.T / 6 + 0.1 * np.eye(6)
    noise = rng.multivariate_normal(np.zeros(6), covariance, 100_000) * S
    weights = rng.uniform(0.5, 2, 6)
    for w in (None, weights):
        position = trilaterate(noise, tasks, weights=w).position
        expected = readout_covariance(tasks, covariance, weights=w, standard_error=S)
        np.testing.assert_allclose(np.cov(position.T), expected, atol=0.02 * np.trace(expected))


def test_optimal_weights_are_optimal_and_follow_the_closed_form(rng):
    tasks = random_hyperplanes(9, 3, rng=rng)
    variances = rng.uniform(0.1, 5, 9)
    optimal = readout_covariance(tasks, variances, weights="optimal")
    expected = np.linalg.inv(tasks.normals.T @ np.diag(1 / variances) @ tasks.normals)
    np.testing.assert_allclose(optimal, expected, rtol=1e-10)
    np.testing.assert_allclose(
        readout_covariance(tasks, variances, weights=1 / variances), optimal, rtol=1e-10
    )
    for weights in (None, rng.uniform(0.5, 2, 9)):
        excess = readout_covariance(tasks, variances, weights=weights) - optimal
        assert np.linalg.eigvalsh(excess)[0] > -1e-12
    even = readout_covariance(evenly_spaced_lines(24), np.ones(24))
    np.testing.assert_allclose(even, 2 / 24 * np.eye(2), atol=1e-14)


def test_probability_noise_weights_follow_error_propagation():
    u = np.array([-2.0, 0.0, 1.0])
    p, step = norm.cdf(u), 1e-6
    slope = (distances_from_reports(p + step, 1, 1) - distances_from_reports(p - step, 1, 1)) / (
        2 * step
    )
    weights = probability_noise_weights(p, SIGMA, STEPS, 0.02)
    np.testing.assert_allclose(weights, 1 / (S * slope * 0.02) ** 2, rtol=1e-6)


@pytest.mark.parametrize(("noise_sd", "expected"), [(1e-4, 0.976), (0.02, 0.973)])
def test_prior_information_rescues_the_readout_from_probability_noise(noise_sd, expected, rng):
    latents = uniform_latents(5000, 2, rng=rng)
    tasks = evenly_spaced_lines(24)
    means = sample_means(latents, SIGMA, STEPS, rng=rng)
    exact = reports(means, tasks, SIGMA, STEPS)
    noisy = exact + noise_sd * rng.standard_normal(exact.shape)
    result = trilaterate_noisy_reports(noisy, tasks, SIGMA, STEPS, noise_sd)
    assert 1 - 12 * np.mean((result.position - latents) ** 2) == pytest.approx(expected, abs=0.003)
    plain = distances_from_reports(np.clip(noisy, 1e-12, 1 - 1e-12), SIGMA, STEPS)
    assert 1 - 12 * np.mean((trilaterate(plain, tasks).position - latents) ** 2) < expected - 0.05


def test_noisy_trilateration_finds_the_minimum_and_knows_its_error(rng):
    tasks = evenly_spaced_lines(24)
    means = rng.uniform(-0.05, 0.05, (4000, 2))
    noisy = reports(means, tasks, SIGMA, STEPS) + 0.02 * rng.standard_normal((4000, 24))
    result = trilaterate_noisy_reports(noisy, tasks, SIGMA, STEPS, 0.02)

    def cost(position):
        misfit = (noisy - reports(position, tasks, SIGMA, STEPS)) / 0.02
        return np.sum(misfit**2, axis=-1) + 12 * np.sum(position**2, axis=-1)

    for direction in np.vstack([np.eye(2), -np.eye(2)]):
        assert np.all(cost(result.position + 1e-4 * direction) > cost(result.position))
    error = result.position - means
    whitened = np.einsum("ti,tij,tj->t", error, np.linalg.inv(result.covariance), error)
    assert whitened.mean() == pytest.approx(2, abs=0.15)


def test_torch_agrees_keeps_dtype_and_differentiates(torch, rng):
    tasks = random_hyperplanes(5, 3, rng=rng, offset_half_width=0.2)
    distances = rng.standard_normal((4, 5))
    weights = rng.uniform(0.5, 2, (4, 5))
    tensor = torch.from_numpy(distances).requires_grad_()
    for w in (None, weights, weights[0]):
        result = trilaterate(tensor, tasks, weights=w)
        expected = trilaterate(distances, tasks, weights=w)
        np.testing.assert_allclose(result.position.detach(), expected.position, atol=1e-12)
    assert trilaterate(tensor.float(), tasks, weights=weights).position.dtype == torch.float32
    assert torch.autograd.gradcheck(
        lambda d: trilaterate(d, tasks, weights=torch.from_numpy(weights)).position, tensor
    )
    p = torch.from_numpy(rng.uniform(0.1, 0.9, (4, 5))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: distances_from_reports(x, 0.2, 5), p)
    both = [
        trilaterate_noisy_reports(x, tasks, 0.2, 5, 0.05).position
        for x in (p.detach(), p.detach().numpy())
    ]
    np.testing.assert_allclose(both[0].numpy(), both[1], atol=1e-9)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


ONE = Boundaries(np.array([[1.0, 0.0]]), np.zeros(1))
LINES = evenly_spaced_lines(3)
BAD_CALLS = [
    (
        lambda: distances_from_reports(np.array([0.5, 1.0, 0.0]), 0.2, 5),
        "reports must lie strictly between 0 and 1, got 2 that are exactly 0 or 1; use log_reports",
    ),
    (
        lambda: distances_from_reports(np.array([0.5, -0.1, np.nan]), 0.2, 5),
        r"reports must lie in \[0, 1\], got 2 of 3 values outside",
    ),
    (
        lambda: distances_from_log_reports(LogReports(np.array([0.1]), np.array([-1.0])), 0.2, 5),
        "log_reports.log_yes must be <= 0, got 1 values above 0",
    ),
    (
        lambda: trilaterate(np.zeros((2, 4)), LINES),
        r"distances must have a last axis of length 3 \(task\), got shape \(2, 4\)",
    ),
    (
        lambda: trilaterate(np.zeros(1), ONE, require_full_rank=True),
        "boundaries must have rank 2 to determine a position, got rank 1 from 1 tasks",
    ),
    (
        lambda: trilaterate(np.zeros((2, 3)), LINES, weights=np.array([1.0, -1.0, 1.0])),
        "weights must be >= 0, got 1 negative values",
    ),
    (
        lambda: trilaterate(np.zeros((2, 3)), LINES, weights=np.array([[1.0, 0, 0], [1, 1, 0]])),
        "weights must leave every position determined, got 1 trials where they do not",
    ),
    (
        lambda: trilaterate(np.zeros((2, 3)), LINES, weights=np.zeros(3)),
        "weights must not all be 0, got 1 trials with no weight at all",
    ),
    (
        lambda: readout_covariance(LINES, np.eye(2)),
        r"task_covariance must be 3 x 3, got shape \(2, 2\)",
    ),
    (
        lambda: readout_covariance(LINES, np.eye(3), weights="best"),
        "weights must be None, 'optimal' or an array, got 'best'",
    ),
    (
        lambda: probability_noise_weights(np.array([0.5]), 0.2, 5, 0),
        "noise_sd must be a finite number > 0, got 0",
    ),
    (
        lambda: trilaterate_noisy_reports(np.zeros((2, 3)), LINES, 0.2, 5, 0.1, n_iterations=0),
        "n_iterations must be a whole number >= 1, got 0",
    ),
]


@pytest.mark.usefixtures("as_users_see_it")
@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
