"""Ranks without a known noise, two streams, bends, and when to stop asking."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from spans import spanned_shares

from trilateration import evidence, geometry, observer, tasks
from trilateration.parameters import generator
from trilateration.readout import CODES, report_code


def low_rank(n, p, strengths, noise_sd, *words):
    """Return a code with orthonormal directions of the given variances, and noise."""
    rng = generator(7, *words)
    ways = np.linalg.qr(rng.standard_normal((p, len(strengths))))[0].T
    factors = rng.standard_normal((n, len(strengths))) * np.sqrt(strengths)
    return factors @ ways + noise_sd * rng.standard_normal((n, p))


def two_means(n, dimension, s, rng, gaussian=False):
    """Return the means of two streams of the same latent states."""
    x = (
        rng.standard_normal((n, dimension)) / 12**0.5
        if gaussian
        else evidence.uniform_latents(n, dimension, rng=rng)
    )
    return [x + s * rng.standard_normal(x.shape) for _ in range(2)]


def test_noise_alone_is_seldom_taken_for_a_factor():
    found = [
        geometry.rank_by_spectrum(low_rank(200, p, [], 0.7, "null", str(p), str(k))).rank > 0
        for p in (2, 3, 8, 20)
        for k in range(150)
    ]
    # 1 % of 600, with five standard errors.
    assert np.mean(found) < 0.01 + 5 * (0.01 / 600) ** 0.5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5), st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-3, 3))
def test_rank_ignores_turns_shifts_units_and_order(factors, seed, unit, shift):
    rng = np.random.default_rng(seed)
    code = low_rank(200, 10, [40.0] * factors, 1.0, str(seed))
    own = geometry.rank_by_spectrum(code)
    turned = unit * (code @ np.linalg.qr(rng.standard_normal((10, 10)))[0]) + shift
    other = geometry.rank_by_spectrum(rng.permutation(turned))
    assert other.rank == own.rank >= factors
    assert own.decided
    assert other.noise_variance == pytest.approx(unit**2 * own.noise_variance)


def test_noise_and_strengths_are_recovered():
    strengths = [50.0, 10.0, 3.0]
    own = [
        geometry.rank_by_spectrum(low_rank(600, 30, strengths, 2.0, "shrink", str(k)))
        for k in range(40)
    ]
    assert {each.rank for each in own} <= {3, 4}
    assert np.mean([each.noise_variance for each in own]) == pytest.approx(4, rel=0.02)
    found = np.mean([each.strengths[:3] for each in own], axis=0)
    np.testing.assert_allclose(found, strengths, rtol=0.08)
    raw = np.mean([each.eigenvalues[:3] for each in own], axis=0)
    seen = geometry.seen_eigenvalue(np.array(strengths), 600, 30, 2.0)
    np.testing.assert_allclose(raw, seen, rtol=0.05)


@given(st.floats(0.01, 100), st.integers(20, 2000), st.integers(2, 60), st.floats(0.1, 5))
def test_strength_inverts_the_seen_eigenvalue(strength, n, p, noise):
    seen = geometry.seen_eigenvalue(strength, n, p, noise)
    back = geometry.strength_of_eigenvalue(seen, n, p, noise)
    if strength > 1.01 * geometry.least_visible(n, p, noise):
        assert back == pytest.approx(strength, rel=1e-4)
    else:
        assert back <= 1.5 * geometry.least_visible(n, p, noise)


def test_full_rank_and_too_few_tasks_are_not_decided():
    rng = generator(1)
    few = tasks.random_hyperplanes(4, 6, rng=rng)
    codes = geometry.noisy_reports(few, 0.2, 20, 0.3, 800, rng=rng)
    assert not geometry.rank_by_spectrum(codes).decided
    exact = few.signed_distances(rng.standard_normal((300, 6)))
    assert not geometry.rank_by_spectrum(exact).decided
    many = tasks.random_hyperplanes(9, 6, rng=rng)
    exact = geometry.rank_by_spectrum(many.signed_distances(rng.standard_normal((300, 6))))
    assert exact.decided
    assert exact.rank == 6


def test_a_factor_below_the_transition_is_not_found_and_one_above_is():
    n, p = 500, 30
    least = geometry.least_visible(n, p, 1.0)
    for share, low, high in ((0.4, 0.0, 0.1), (4.0, 0.95, 1.0)):
        hits = np.mean(
            [
                geometry.rank_by_spectrum(low_rank(n, p, [share * least], 1.0, "w", str(k))).rank
                for k in range(100)
            ]
        )
        assert low <= hits <= high + 0.1
        assert low <= geometry.detection_probability(share * least, n, p, 1.0) <= high


@pytest.mark.parametrize("share", [1.8, 2.2, 2.6])
def test_power_is_about_what_is_measured(share):
    n, p = 400, 20
    strength = share * geometry.least_visible(n, p, 1.0)
    hits = np.mean(
        [
            geometry.count_factors(low_rank(n, p, [strength], 1.0, "p", str(k)), 1.0).count >= 1
            for k in range(300)
        ]
    )
    # The Gaussian law of the eigenvalue is a limit; near the transition it is rough.
    assert hits == pytest.approx(geometry.detection_probability(strength, n, p, 1.0), abs=0.18)


@pytest.mark.parametrize("ratio", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("n_tasks", [4, 10, 25])
def test_noisy_transfer_is_the_mean_over_random_tasks(ratio, n_tasks):
    grams = observer.sample_grams(4000, n_tasks, 10, rng=generator(2, str(n_tasks)))
    left = np.trace(np.linalg.inv(np.eye(10) + ratio * grams), axis1=1, axis2=2) / 10
    expected = geometry.noisy_transfer(n_tasks, 10, ratio)
    assert expected == pytest.approx(1 - left.mean(), abs=0.015)


def test_noisy_transfer_without_noise_is_the_share_of_dimensions():
    counts = np.arange(0, 13)
    np.testing.assert_allclose(
        geometry.noisy_transfer(counts, 6, 1e9), np.minimum(counts / 6, 1), atol=1e-3
    )


def test_streams_of_a_gaussian_have_the_powers_of_mehler():
    # With a wide box next to wide noise the numbers are those of an independent Monte Carlo.
    s = 0.3
    levels = observer.stream_correlations(s, levels=4)
    assert (np.diff(levels) < 0).all()
    first, second = two_means(400_000, 1, s, generator(3))
    powers = [np.hstack([m, m**2, m**3, m**4, m**5]) for m in (first, second)]
    measured = geometry.rank_by_streams(*powers).correlations[:3]
    np.testing.assert_allclose(measured, levels[:3], atol=0.006)
    # Linear functions cannot do better than the best function, and nearly reach it.
    linear = (1 / 12) / (1 / 12 + s**2)
    assert linear <= levels[0] < linear + 0.02
    # Narrow noise: the heat flow between reflecting walls.
    narrow = observer.stream_correlations(0.04, levels=3)
    np.testing.assert_allclose(1 - narrow, (np.pi * 0.04 * np.arange(1, 4)) ** 2, rtol=0.25)


def test_second_level_of_a_box_is_below_the_square_of_the_first():
    for s in (0.03, 0.1, 0.3, 1.0):
        levels = observer.stream_correlations(s)
        assert levels[1] <= levels[0] ** 2 * (1 + 1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 4, 7])
@pytest.mark.parametrize("bend", ["logit", "cubes", "waves"])
def test_two_streams_see_through_bends(dimension, bend):
    rng = generator(4, str(dimension), bend)
    s = 0.0894
    boundaries = tasks.random_hyperplanes(24, dimension, rng=rng, offset_half_width=0.3)
    codes = []
    for mean in two_means(4000, dimension, s, rng):
        u = boundaries.signed_distances(mean) / s
        codes.append(
            {"logit": report_code(u, "logit"), "cubes": u + 0.02 * u**3, "waves": u + np.sin(u)}[
                bend
            ]
        )
    found = geometry.rank_by_streams(*codes)
    assert found.rank == dimension
    assert found.decided
    if bend == "logit" and dimension > 1:
        assert geometry.rank_by_spectrum(codes[0]).rank > dimension


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_two_streams_do_not_change_under_invertible_maps(seed):
    rng = np.random.default_rng(seed)
    first, second = two_means(500, 3, 0.1, rng)
    mix, shift = rng.standard_normal((3, 3)) + 2 * np.eye(3), rng.standard_normal(3)
    own = geometry.rank_by_streams(first, second).correlations
    mixed = geometry.rank_by_streams(first @ mix + shift, second @ mix + shift).correlations
    np.testing.assert_allclose(mixed, own, atol=1e-6)


def test_two_streams_fail_where_a_factor_is_seen_much_worse_than_another():
    rng = generator(5)
    first, second = two_means(6000, 2, 0.1, rng, gaussian=True)
    blur = np.array([0.0, 0.3])
    worse = [m + blur * rng.standard_normal(m.shape) for m in (first, second)]
    bent = [np.hstack([m, m**2, m**3]) for m in worse]
    assert geometry.rank_by_streams(*worse).rank == 1
    # The square of the well-seen factor has more in common between streams than the other factor.
    assert geometry.rank_by_streams(*bent).correlations[1] == pytest.approx(
        ((1 / 12) / (1 / 12 + 0.01)) ** 2, abs=0.02
    )


def test_streams_that_share_nothing_have_no_factor():
    rng = generator(6)
    found = geometry.rank_by_streams(
        rng.standard_normal((50, 1)), -np.ones((50, 1)) + 0.0 * 1 + rng.standard_normal((50, 1))
    )
    assert found.rank in (0, 1)
    mirrored = rng.standard_normal((50, 2))
    assert geometry.rank_by_streams(mirrored, -mirrored).rank == 0


def test_hermite_variances_are_those_of_a_sample():
    u = 2.0 * generator(8).standard_normal(400_000)
    for code in CODES:
        variances = geometry.hermite_variances(code, 2.0, degree=21)
        values = report_code(u, code)
        # The sign has a long tail of degrees.
        total = values.var()
        assert variances.sum() <= total * 1.01
        assert variances.sum() >= total * (0.85 if code == "sign" else 0.98)
        assert variances[0] == pytest.approx(np.cov(values, u / 2.0)[0, 1] ** 2, rel=0.02)
        np.testing.assert_allclose(variances[1::2], 0, atol=1e-10)
    assert geometry.hermite_variances("sign", 1.0)[0] == pytest.approx(2 / np.pi, rel=1e-3)
    np.testing.assert_allclose(geometry.hermite_variances("probit", 3.0), [9] + [0] * 6, atol=1e-9)


def test_bent_covariance_is_that_of_a_sample_and_its_rank_counts_monomials():
    boundaries = tasks.random_hyperplanes(30, 2, rng=generator(9))
    means = generator(10).standard_normal((200_000, 2))
    variances = geometry.hermite_variances("logit", 2.0, degree=9)
    codes = report_code(2.0 * boundaries.signed_distances(means), "logit")
    wanted = geometry.bent_covariance(boundaries.normals, variances)
    np.testing.assert_allclose(np.cov(codes.T), wanted, atol=0.03 * wanted.max())
    for dimension in (2, 3):
        many = tasks.random_hyperplanes(60, dimension, rng=generator(11, str(dimension)))
        for degrees in ((1,), (1, 3), (2,), (1, 2, 3)):
            some = np.isin(np.arange(1, 4), degrees).astype(float)
            rank = np.linalg.matrix_rank(geometry.bent_covariance(many.normals, some), tol=1e-8)
            # Degree k holds degree k − 2 times the squared length, which is 1: they may share.
            assert rank <= sum(comb(dimension + k - 1, k) for k in degrees)


def test_rank_curve_of_nested_tasks_rises_to_the_dimension():
    rng = generator(12)
    boundaries = tasks.random_hyperplanes(12, 4, rng=rng)
    codes = geometry.noisy_reports(boundaries, 0.2, 20, 0.5, 800, rng=rng)
    curve = geometry.rank_curve(codes, 0.5)
    assert (curve[:4] <= np.arange(1, 5)).all()
    assert (curve[5:] == 4).all()


@pytest.mark.parametrize("rare", [0.1, 0.3])
def test_the_rule_stops_too_soon_no_more_often_than_it_says(rare):
    missing, level = 0.08 if rare == 0.1 else 0.25, 0.1
    rng, wrong = generator(13, str(rare)), 0
    runs = 400
    for _ in range(runs):
        # Factor 2 is asked about by a share of the tasks; its chance exceeds what may be missing.
        new = np.cumsum(rng.random(200) < rare) > 0
        stopped = geometry.enough_tasks(1 + new.astype(int), missing, level=level)
        wrong += stopped.stopped and stopped.rank == 1
    assert wrong / runs <= level + 4 * (level / runs) ** 0.5
    assert wrong > 0


def test_the_rule_by_hand():
    run = geometry.run_needed(1, 0.5, level=0.25)
    assert run == 3  # 2/0.25 = 8 = 2^3
    told = geometry.enough_tasks(np.array([1, 1, 1, 1, 2]), 0.5, level=0.25)
    assert told == (4, 1, True)
    assert geometry.enough_tasks(np.array([1, 1, 2, 2]), 0.5, level=0.25) == (4, 2, False)
    assert geometry.run_needed(9, 0.5) > geometry.run_needed(1, 0.5)


def test_witnesses_are_tasks_outside_the_span_of_the_others():
    normals = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
    assert geometry.only_witnesses(normals).tolist() == [False, False, False, True]
    assert geometry.only_witnesses(normals[[0, 1, 3]]).all()
    shares = spanned_shares(normals)
    np.testing.assert_array_equal(shares < 1 - 1e-9, geometry.only_witnesses(normals))


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_neighbours_give_the_dimension_of_a_bent_sheet_and_noise_deceives_them(dimension):
    x = generator(14).random((3000, dimension))
    bent = np.hstack([x, x**2, np.sin(3 * x)])
    found = geometry.nearest_neighbour_dimension(bent)
    assert found == pytest.approx(dimension, rel=0.12)
    noisy = bent + 0.05 * generator(15).standard_normal(bent.shape)
    assert geometry.nearest_neighbour_dimension(noisy) > 1.3 * dimension


def test_normal_tail_is_scipys():
    # The power of a factor exactly at the corrected edge is one half.
    n, p = 500, 30
    edge = geometry.noise_edge(n, p, 1.0)
    at = geometry.strength_of_eigenvalue(edge, n, p, 1.0)
    assert geometry.detection_probability(at, n, p, 1.0) == pytest.approx(
        stats.norm.sf(0), abs=1e-6
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometry.rank_by_spectrum(np.eye(5)), "codes must hold at least 2 tasks"),
        (
            lambda: geometry.rank_by_streams(np.eye(5), np.eye(5)),
            "first and second must hold the same units",
        ),
        (
            lambda: geometry.rank_by_streams(np.eye(6)[:, :2], np.eye(6)[:, :2], exponent=2),
            "exponent must be",
        ),
        (lambda: geometry.nearest_neighbour_dimension(np.eye(6)[[0, 0, 1, 2]]), "codes must be of"),
        (lambda: geometry.noisy_transfer(3, 2, 0.0), "ratio must be"),
        (lambda: geometry.noisy_transfer(-1, 2, 1.0), "n_others must be"),
        (lambda: geometry.hermite_variances("sine", 1.0), "code must be one of"),
        (lambda: geometry.run_needed(0, 0.1), "rank must be"),
        (lambda: geometry.run_needed(1, 1.0), "missing must be"),
        (lambda: geometry.enough_tasks(np.array([0.5]), 0.1), "ranks must be"),
        (lambda: geometry.detection_probability(0.0, 9, 3, 1.0), "strength must be"),
        (lambda: observer.stream_correlations(0.0), "standard_error must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
