"""Counting factors: known answers, the laws of random matrices, and where they must fail."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spans import spanned_shares

from trilateration import geometry, tasks
from trilateration.parameters import generator


def low_rank(n, p, strengths, noise_sd, *words):
    """Return a code with orthonormal directions of the given variances, and noise."""
    rng = generator(7, *words)
    ways = np.linalg.qr(rng.standard_normal((p, len(strengths))))[0].T
    factors = rng.standard_normal((n, len(strengths))) * np.sqrt(strengths)
    return factors @ ways + noise_sd * rng.standard_normal((n, p))


def test_the_edge_is_that_of_marchenko_and_pastur_and_noise_seldom_crosses_it():
    from trilateration.observer import marchenko_pastur_edges

    plain = geometry.noise_edge(101, 25, 2.0, corrected=False)
    assert plain == pytest.approx(4 * marchenko_pastur_edges(0.25).high)
    assert geometry.noise_edge(101, 25, 2.0) > plain
    crossed = [
        geometry.count_factors(low_rank(200, 20, [], 0.5, "null", str(k)), 0.5).count > 0
        for k in range(500)
    ]
    # 1 % of 500, with five standard errors.
    assert np.mean(crossed) < 0.01 + 5 * (0.01 / 500) ** 0.5


@pytest.mark.parametrize("strength", [1.0, 3.0, 20.0])
def test_a_visible_factor_lies_where_it_is_predicted(strength):
    n, p, noise = 500, 60, 1.0
    assert strength > geometry.least_visible(n, p, noise)
    seen = [
        geometry.count_factors(low_rank(n, p, [strength], noise, "spike", str(k)), noise)
        for k in range(60)
    ]
    top = np.mean([own.eigenvalues[0] for own in seen])
    assert top == pytest.approx(float(geometry.seen_eigenvalue(strength, n, p, noise)), rel=0.04)
    assert all(own.count == 1 for own in seen)


def test_a_factor_below_the_transition_is_not_seen():
    n, p = 500, 60
    weak = geometry.least_visible(n, p, 1.0) / 3
    counts = [
        geometry.count_factors(low_rank(n, p, [weak], 1.0, "weak", str(k)), 1.0).count
        for k in range(100)
    ]
    assert np.mean(counts) < 0.1
    assert geometry.seen_eigenvalue(weak, n, p, 1.0) == pytest.approx(
        geometry.noise_edge(n, p, 1.0, corrected=False)
    )


@settings(max_examples=25, deadline=None)
@given(factors=st.integers(0, 5), seed=st.integers(0, 10**6), shift=st.floats(-3, 3))
def test_counts_do_not_change_under_rotation_shift_and_order(factors, seed, shift):
    rng = np.random.default_rng(seed)
    code = low_rank(150, 12, [30.0] * factors, 1.0, str(seed))
    turned = code @ np.linalg.qr(rng.standard_normal((12, 12)))[0] + shift
    counted = geometry.count_factors(code, 1.0)
    np.testing.assert_allclose(
        geometry.count_factors(turned, 1.0).eigenvalues, counted.eigenvalues, rtol=1e-8, atol=1e-8
    )
    assert geometry.count_factors(rng.permutation(code), 1.0).count == counted.count
    scaled = geometry.count_factors(7 * code, 7.0)
    assert scaled.count == counted.count == factors


def test_three_estimators_agree_where_factors_are_plain():
    code = low_rank(400, 20, [40.0, 30.0, 25.0], 1.0, "plain")
    assert geometry.count_factors(code, 1.0).count == 3
    assert geometry.parallel_analysis(code, rng=generator(1)).count == 3
    rank, errors = geometry.cross_validated_rank(code, rng=generator(1))
    assert rank == 3
    assert errors[0] == 1
    assert errors[3] == errors.min()


def test_cross_validation_counts_nothing_in_noise():
    rank, errors = geometry.cross_validated_rank(low_rank(300, 16, [], 1.0, "n"), rng=generator(2))
    assert rank == 0
    assert (np.diff(errors) > 0).all()


@pytest.mark.parametrize("n_tasks", [2, 3, 5, 7])
def test_transfer_is_the_share_that_other_tasks_span(n_tasks):
    # Exact probits of isotropic Gaussian means: R² is the squared length of a projection.
    boundaries = tasks.random_hyperplanes(n_tasks, 4, rng=generator(3, str(n_tasks)))
    means = generator(4).standard_normal((40_000, 4))
    found = geometry.left_out_transfer(boundaries.signed_distances(means), rng=generator(5))
    shares = spanned_shares(boundaries.normals)
    np.testing.assert_allclose(found, shares, atol=0.02)
    if n_tasks > 4:
        np.testing.assert_allclose(shares, 1)


@pytest.mark.parametrize("dimension", [3, 6])
def test_mean_transfer_grows_by_one_share_a_task(dimension):
    for n_tasks in (2, dimension, dimension + 2):
        shares = np.array([
            spanned_shares(
                tasks.random_hyperplanes(
                    n_tasks, dimension, rng=generator(6, str(n_tasks), str(k))
                ).normals
            )
            for k in range(400)
        ])  # fmt: skip
        wanted = geometry.expected_transfer(n_tasks, dimension)
        error = shares.mean(axis=1).std() / 20
        assert shares.mean() == pytest.approx(float(wanted), abs=5 * error + 1e-9)


def test_a_task_asked_twice_transfers_and_adds_no_factor():
    once = tasks.random_hyperplanes(3, 5, rng=generator(8))
    twice = once.take([0, 1, 2, 0])
    shares = spanned_shares(twice.normals)
    np.testing.assert_allclose(shares[[0, 3]], 1)
    assert (shares[[1, 2]] < 1).all()
    strengths = geometry.factor_strengths(twice, 0.2, 20)
    assert (strengths > 1e-9).sum() == 3


def test_strengths_are_those_of_simulated_reports():
    boundaries = tasks.random_hyperplanes(6, 3, rng=generator(9))
    code = geometry.noisy_reports(boundaries, 0.2, 20, 1e-6, 100_000, rng=generator(10))
    seen = np.linalg.eigvalsh(np.cov(code.T))[::-1]
    np.testing.assert_allclose(
        seen[:3], geometry.factor_strengths(boundaries, 0.2, 20)[:3], rtol=0.02
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometry.count_factors(np.ones((9, 3)), 1.0), "codes must differ between trials"),
        (lambda: geometry.count_factors(np.eye(9), 0.0), "noise_sd must be"),
        (lambda: geometry.noise_edge(1, 3, 1.0), "n_trials must be a whole number >= 2"),
        (lambda: geometry.seen_eigenvalue(-1.0, 9, 3, 1.0), "strength must be"),
        (
            lambda: geometry.left_out_transfer(np.eye(6), rng=generator(0)),
            "codes must have 2 tasks",
        ),
        (lambda: geometry.cross_validated_rank(np.eye(6)[:, :1], rng=generator(0)), "codes must"),
        (lambda: geometry.parallel_analysis(np.eye(6), rng=generator(0), confidence=1.0), "confid"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
