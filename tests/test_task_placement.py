"""Badly placed tasks and random Gram matrices: what chapter 3 proves about them, and messages."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration.observer import (
    expected_inverse_gram,
    inverse_gram_after_next,
    measured_r2,
    readout_covariance,
    sample_grams,
)
from trilateration.tasks import (
    concurrent_hyperplanes,
    correlated_hyperplanes,
    distant_hyperplanes,
    near_parallel_lines,
    random_hyperplanes,
)

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_concurrent_hyperplanes_are_central_ones_that_cross_elsewhere(seed, dimension):
    point = np.random.default_rng(seed).uniform(-0.5, 0.5, dimension)
    tasks = concurrent_hyperplanes(8, point, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(tasks.signed_distances(point), 0, atol=1e-14)
    central = random_hyperplanes(8, dimension, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(tasks.normals, central.normals)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_distant_hyperplanes_touch_one_sphere_and_beyond_the_corners_tell_nothing(dimension):
    rng = np.random.default_rng(1)
    distance = 0.51 * dimension**0.5
    tasks = distant_hyperplanes(30, dimension, distance, rng=rng)
    feet = tasks.offsets[:, None] * tasks.normals
    np.testing.assert_allclose(np.linalg.norm(feet, axis=1), distance)
    corners = np.stack(np.meshgrid(*[[-0.5, 0.5]] * dimension), -1).reshape(-1, dimension)
    assert not tasks.labels(corners).any()


@pytest.mark.parametrize("correlation", [0.3, 0.9])
def test_correlated_normals_have_that_cosine_and_two_groups_of_eigenvalues(correlation):
    dimension, n_tasks = 100, 4000
    tasks = correlated_hyperplanes(n_tasks, dimension, correlation, rng=np.random.default_rng(2))
    cosines = (tasks.normals[::2] * tasks.normals[1::2]).sum(axis=1)
    assert cosines.mean() == pytest.approx(correlation, abs=0.02)
    values = np.linalg.eigvalsh(tasks.normals.T @ tasks.normals)
    assert values[-1] / n_tasks == pytest.approx(correlation, abs=0.02)
    across = (1 / values[:-1]).mean()
    ratio = across / expected_inverse_gram(n_tasks, dimension)
    assert ratio == pytest.approx(1 / (1 - correlation), rel=0.05)


@given(seeds, st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_in_the_plane_the_readout_depends_on_the_doubled_angles_only(seed, n_tasks):
    rng = np.random.default_rng(seed)
    for tasks in (random_hyperplanes(n_tasks, 2, rng=rng), near_parallel_lines(n_tasks, 0.7)):
        directions = tasks.normals @ np.array([1, 1j])
        agreement = abs((directions**2).mean())
        per_axis = np.trace(readout_covariance(tasks, np.ones(n_tasks))) / 2
        assert per_axis == pytest.approx(2 / n_tasks / (1 - agreement**2), rel=1e-6)


@pytest.mark.parametrize("sets", [(2, 5), (6, 9), (16, 40)])
def test_moments_of_random_grams(sets):
    dimension, n_tasks = sets
    grams = sample_grams(20_000, n_tasks, dimension, rng=np.random.default_rng(3))
    np.testing.assert_allclose(np.trace(grams, axis1=1, axis2=2), n_tasks)
    scaled = grams * (dimension / n_tasks)
    np.testing.assert_allclose(scaled.mean(axis=0), np.eye(dimension), atol=0.03)
    square = ((scaled - np.eye(dimension)) ** 2).sum(axis=(1, 2)).mean()
    assert square == pytest.approx(dimension * (dimension - 1) / n_tasks, rel=0.03)
    entry = (scaled[:, 0, 1] ** 2).mean()
    assert entry == pytest.approx(dimension / ((dimension + 2) * n_tasks), rel=0.05)


@pytest.mark.parametrize("sets", [(2, 6), (3, 9), (6, 12), (6, 24)])
def test_unit_rows_lie_between_a_tight_frame_and_gaussian_rows(sets):
    dimension, n_tasks = sets
    means = {}
    for rows in ("unit", "gaussian"):
        grams = sample_grams(40_000, n_tasks, dimension, rng=np.random.default_rng(4), rows=rows)
        means[rows] = (1 / np.linalg.eigvalsh(grams)).mean()
    exact = expected_inverse_gram(n_tasks, dimension, rows="gaussian")
    assert means["gaussian"] == pytest.approx(exact, rel=0.06)
    assert dimension / n_tasks < means["unit"] < exact


@pytest.mark.parametrize("values", [[0.3], [1.0, 1.0], [1e-9, 2.0], [0.02, 0.5, 3.0, 4.0]])
def test_the_mean_over_the_next_normal_is_that_of_drawn_normals(values):
    gram = np.diag(values)
    vectors = np.random.default_rng(6).standard_normal((200_000, len(values)))
    normals = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    after = 1 / np.linalg.eigvalsh(gram + normals[:, :, None] * normals[:, None, :])
    # Medians of means, since the drawn values have heavy tails; the exact value has none.
    drawn = np.median(after.mean(axis=1).reshape(20, -1).mean(axis=1))
    if min(values) > 1e-6:
        assert inverse_gram_after_next(gram) == pytest.approx(drawn, rel=0.01)
    else:
        # Near singular, tr ≈ 1/(λ + c sin²) with c = 2/(2 + 1) from the block inverse, and the
        # mean of that over the circle is 1/√(λ(λ + c)).
        expected = 0.5 / np.sqrt(values[0] * 2 / 3)
        assert inverse_gram_after_next(gram) == pytest.approx(expected, rel=0.01)


def test_the_next_normal_in_one_dimension_and_in_a_batch():
    grams = np.array([[[2.0]], [[5.0]]])
    np.testing.assert_allclose(inverse_gram_after_next(grams), [1 / 3, 1 / 6], rtol=1e-10)
    # By symmetry a round Gram matrix λI loses 1/λ − 1/(λ + 1) whatever the normal.
    for dimension in (2, 5, 40):
        gram = 3.0 * np.eye(dimension)
        expected = (1 / 4 + (dimension - 1) / 3) / dimension
        assert inverse_gram_after_next(gram) == pytest.approx(expected, rel=1e-10)


def test_the_seed_acts_on_every_draw():
    point = np.array([0.1, 0.2, 0.3])
    for draw in (
        lambda rng: concurrent_hyperplanes(4, point, rng=rng).normals,
        lambda rng: distant_hyperplanes(4, 3, 0.4, rng=rng).normals,
        lambda rng: correlated_hyperplanes(4, 3, 0.5, rng=rng).normals,
        lambda rng: sample_grams(2, 4, 3, rng=rng),
    ):
        one, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)


def test_measured_r2_of_the_truth_of_the_centre_and_of_noise():
    rng = np.random.default_rng(5)
    latents = rng.uniform(-0.5, 0.5, (100_000, 3))
    assert measured_r2(latents, latents) == (1.0, 0.0)
    centre = measured_r2(np.zeros_like(latents), latents)
    assert abs(centre.value) < 2 * centre.uncertainty
    noisy = measured_r2(latents + 0.1 * rng.standard_normal(latents.shape), latents)
    assert abs(noisy.value - (1 - 12 * 0.01)) < 2 * noisy.uncertainty
    # The variance of a squared Gaussian is twice its square, averaged over three axes.
    expected = 1.96 * 12 * 0.01 * (2 / 3 / len(latents)) ** 0.5
    assert noisy.uncertainty == pytest.approx(expected, rel=0.03)


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


RNG = np.random.default_rng(0)
BAD_CALLS = [
    (
        lambda: concurrent_hyperplanes(3, np.array([0.0, np.inf]), rng=RNG),
        "point must be finite, got 1 NaN or infinite of 2 values",
    ),
    (
        lambda: distant_hyperplanes(3, 2, -1.0, rng=RNG),
        "distance must be a finite number >= 0, got -1.0",
    ),
    (
        lambda: correlated_hyperplanes(3, 2, 1.0, rng=RNG),
        "correlation must be a finite number strictly between 0 and 1, got 1.0",
    ),
    (lambda: sample_grams(0, 3, 2, rng=RNG), "n_sets must be a whole number >= 1, got 0"),
    (
        lambda: sample_grams(1, 3, 2, rng=RNG, rows="even"),
        "rows must be one of 'unit', 'gaussian', got 'even'",
    ),
    (
        lambda: inverse_gram_after_next(np.zeros((2, 2))),
        "grams must be positive definite, got a smallest eigenvalue of 0",
    ),
    (
        lambda: measured_r2(np.zeros((4, 2)), np.zeros((5, 2))),
        r"estimates must have shape \(5, 2\), got \(4, 2\)",
    ),
    (
        lambda: measured_r2(np.zeros((1, 2)), np.zeros((1, 2))),
        "number of trials must be a whole number >= 2, got 1",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=[m[:30] for _, m in BAD_CALLS])
@pytest.mark.usefixtures("as_users_see_it")
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
