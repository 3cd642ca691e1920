"""Simulated recordings: their laws, and tests that reject where they must and only there."""

import numpy as np
import pytest
from scipy import stats

from trilateration import evidence, geometry, observer
from trilateration.geometry.filters import fitted_weights, mean_lag
from trilateration.parameters import generator

SIGMA, STEPS = 0.2, 20
S2 = SIGMA**2 / STEPS


def ring_counts(neurons, n_repeats, rng, read=True):
    positions = geometry.ring_positions(8)
    states = np.repeat(positions[:, None], n_repeats, axis=1)
    if read:
        states = evidence.sample_means(states, SIGMA, STEPS, rng=rng)
    return neurons.counts(states, rng=rng), positions


def test_counts_are_poisson_and_a_gain_spreads_them():
    rng = generator(0, "poisson")
    plain = geometry.Neurons(np.zeros((1, 1)), np.array([6.0]))
    shared = geometry.Neurons(np.zeros((2, 1)), np.array([6.0, 6.0]), gain_sd=0.2)
    state = np.zeros((40_000, 1))
    counts = plain.counts(state, rng=rng)
    assert counts.mean() == pytest.approx(6, abs=0.06)
    assert counts.var() == pytest.approx(6, abs=0.2)
    both = shared.counts(state, rng=rng)
    assert np.cov(both.T)[0, 1] == pytest.approx((0.2 * 6) ** 2, abs=0.15)


def test_the_covariance_given_position_has_the_differential_term():
    """Σ = Σ₀ + s²BBᵀ, and Woodbury's identity for the inverse information."""
    rng = generator(1, "woodbury")
    neurons = geometry.draw_neurons(30, 2, rng=rng)
    limit = geometry.information_limit(neurons, 0.3)
    full = np.diag(neurons.base) + 0.3**2 * neurons.slopes @ neurons.slopes.T
    direct = np.linalg.inv(neurons.slopes.T @ np.linalg.solve(full, neurons.slopes))
    assert limit.together == pytest.approx(np.trace(direct) / 2, rel=1e-9)
    apart = neurons.slopes.T @ (neurons.slopes / np.diag(full)[:, None])
    assert limit.shuffled == pytest.approx(np.trace(np.linalg.inv(apart)) / 2, rel=1e-9)
    assert limit.together > 0.09


def test_information_saturates_and_shuffled_does_not():
    rng = generator(2, "many")
    neurons = geometry.draw_neurons(4000, 2, rng=rng)
    s = S2**0.5
    limit = geometry.information_limit(neurons, s)
    assert S2 < limit.together < 1.1 * S2
    assert limit.shuffled < 0.2 * S2
    private = geometry.information_limit(neurons, 0)
    assert private.together == pytest.approx(private.shuffled, rel=1e-9)


@pytest.mark.parametrize("kind", ["diagonal", "full"])
def test_estimates_are_unbiased_with_the_predicted_error(kind):
    rng = generator(3, kind)
    neurons = geometry.draw_neurons(40, 2, rng=rng)
    neurons = geometry.Neurons(neurons.slopes, neurons.base + 6)
    counts, positions = ring_counts(neurons, 800, rng)
    guess = geometry.unbiased_estimates(counts, positions, covariance=kind)
    slope = np.linalg.pinv(positions) @ guess.mean(axis=1)
    np.testing.assert_allclose(slope, np.eye(2), atol=0.02)
    error = (geometry.errors_given_position(guess) ** 2).mean()
    wanted = geometry.information_limit(neurons, S2**0.5).together
    assert error == pytest.approx(wanted, rel=0.08)


def test_two_halves_share_the_error_of_the_mean_and_nothing_else():
    results = {}
    for truth in geometry.SHARED_TRUTHS:
        found = [
            geometry.shared_errors_session(60, 40, truth, rng=generator(k, truth))
            for k in range(24)
        ]
        results[truth] = np.array(found)
    across = {truth: each[:, 0] for truth, each in results.items()}
    for truth, wanted in (("mean", S2), ("private", 0), ("gain", 0), ("mean and gain", S2)):
        error = across[truth].std(ddof=1) / 24**0.5
        assert abs(across[truth].mean() - wanted) < 4 * error, truth
    # A gain moves estimates along the line from the origin: 0.15² |x*|², |x*| = 0.35.
    along = results["gain"][:, 1]
    assert along.mean() == pytest.approx(0.15**2 * 0.35**2, rel=0.3)
    covered = np.abs(across["mean"] - S2) < results["mean"][:, 2]
    assert covered.mean() > 0.75
    p = results["private"][:, 3]
    assert (p <= 0.05).sum() <= stats.binom.ppf(0.999, 24, 0.05)


def test_shuffled_repeats_share_nothing():
    rng = generator(4, "shuffle")
    counts, positions = ring_counts(geometry.draw_neurons(60, 2, rng=rng), 40, rng)
    apart = geometry.shuffled_repeats(counts, rng=rng)
    np.testing.assert_array_equal(np.sort(apart, axis=1), np.sort(counts, axis=1))
    found = geometry.shared_errors(apart[..., :30], apart[..., 30:], positions, rng=rng)
    assert abs(found.across) < 2 * found.half_width


def test_held_out_distances_tell_one_geometry_from_many():
    for session, same, other in (
        (geometry.quadrant_session, "position", "conjunctive"),
        (geometry.block_session, "position", "own direction"),
    ):
        good = [session(40, 100, same, rng=generator(k, same)) for k in range(4)]
        assert min(each.correlation for each in good) > 0.5
        assert max(each.p_directions for each in good) <= 0.05
        bad = [session(40, 100, other, rng=generator(k, other)) for k in range(16)]
        r = np.array([each.correlation for each in bad])
        assert abs(r.mean()) < 4 * r.std(ddof=1) / 16**0.5
        # Directions that mean nothing still carry information by accident.
        naive = np.mean([each.p_trials <= 0.05 for each in bad])
        fair = np.mean([each.p_directions <= 0.05 for each in bad])
        assert naive > fair
        assert fair <= 0.35


def test_a_second_coordinate_that_is_not_encoded_is_not_found():
    found = [
        geometry.quadrant_session(40, 200, "one task", rng=generator(k, "one")) for k in range(40)
    ]
    assert np.mean([each.p_trials <= 0.05 for each in found]) <= 0.2


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_growth_is_found(exponent):
    found = [
        geometry.growth_session(60, 400, exponent, rng=generator(k, str(exponent)))
        for k in range(12)
    ]
    b = np.array([each.exponent for each in found])
    assert np.isfinite(b).all()
    assert b.mean() == pytest.approx(exponent, abs=0.03 + 4 * b.std(ddof=1) / 12**0.5)
    errors = np.mean([each.standard_error for each in found])
    assert 0.6 < errors / b.std(ddof=1) < 1.7


def test_lost_slopes_decide_nothing():
    rng = generator(6, "lost")
    counts, steps = rng.poisson(1.0, (40, 4, 3)), np.array([3, 8, 13, 18])
    lost = [
        geometry.slope_growth(rng.permuted(counts, axis=0), rng.normal(size=(40, 2)), steps)
        for _ in range(20)
    ]
    undecided = [each for each in lost if not np.isfinite(each.exponent)]
    assert undecided
    assert undecided[0].p_value(0) == 1


def test_angles_follow_the_tasks_or_do_not():
    for truth, low, high in (("tasks", 0.5, 1.0), ("orthogonal", -0.45, 0.45)):
        rows = geometry.angle_sessions(40, 100, 200, truth, rng=generator(0, truth))
        assert low < np.corrcoef(rows.T)[0, 1] < high
    exact = generator(1, "exact").normal(size=(300, 2))
    slopes = np.array([[1.0, 0.0], [0.5, 0.5]]).T
    assert geometry.encoding_cosine(exact @ slopes.T, exact) == pytest.approx(2**-0.5)


def test_fitted_weights_return_a_filter():
    rng = generator(7, "weights")
    readings = rng.normal(size=(500, 9, 2))
    weights = observer.random_walk_weights(0.2, 0.1, 9)
    told = 3 * np.einsum("ntd,t->nd", readings, weights) + [1.0, 2.0]
    np.testing.assert_allclose(fitted_weights(told, readings), weights, atol=1e-9)
    assert mean_lag(np.full(9, 1 / 9)) == pytest.approx(4)


POSITIONS = geometry.ring_positions(4)
COUNTS = np.ones((4, 4, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: geometry.draw_neurons(0, 1, rng=rng), "n_units must be"),
        (lambda rng: geometry.ring_positions(2), "n_positions must be"),
        (lambda rng: geometry.unbiased_estimates(COUNTS[:, :3], POSITIONS), "counts must have an"),
        (
            lambda rng: geometry.unbiased_estimates(COUNTS[:2], POSITIONS[:2]),
            "positions must be more",
        ),
        (
            lambda rng: geometry.unbiased_estimates(COUNTS, POSITIONS, covariance="no"),
            "covariance must be",
        ),
        (
            lambda rng: geometry.shared_errors(COUNTS, COUNTS, 0 * POSITIONS, rng=rng),
            "positions must be points",
        ),
        (lambda rng: geometry.shared_errors_session(20, 20, "x", rng=rng), "truth must be"),
        (lambda rng: geometry.growth_session(9, 9, 0, rng=rng, n_windows=3), "n_windows must"),
        (
            lambda rng: geometry.held_out_distances(
                np.ones((4, 2)), np.ones((4, 2)), np.zeros(4, int), np.ones((1, 1, 2)), rng=rng
            ),
            "directions must have",
        ),
        (lambda rng: fitted_weights(np.zeros((5, 2)), np.ones((5, 3, 2))), "positions must depend"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(generator(0, "bad"))
