"""The number of tasks needed: crossings by hand, censoring, and errors on null data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilateration import statistics

COUNTS = np.array([1, 2, 4, 8, 16])


def curves(midpoints, rng, noise=0.02, counts=COUNTS):
    """Return logistic curves in log₂ N, one a unit."""
    x = np.log2(counts)[:, None] - np.log2(midpoints)[None]
    return 1 / (1 + np.exp(-2 * x)) + noise * rng.standard_normal(x.shape)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([0, 0, 0, 1, 1], [2**2.5] * 2),  # half-way between 4 and 8 in the logarithm
        ([0, 0.25, 0.75, 1, 1], [2**1.5] * 2),
        ([0, 1, 0.25, 0.75, 1], [2**2.5] * 2),  # reaches it twice; the last counts
        ([0, 0, 0.1, 0.2, 0.3], [16, np.inf]),
        ([0.6, 0.7, 0.8, 0.9, 1], [1, 1]),
        ([0, 0.5, 0.6, 0.7, 0.8], [2, 2]),  # at the target is there
    ],
)
def test_crossings_by_hand(curve, expected):
    found = statistics.crossing(COUNTS, np.array(curve, float), 0.5)
    np.testing.assert_allclose(found, expected)


@given(st.floats(0, 1), st.integers(1, 30), st.integers(1, 30))
def test_lines_in_n_cross_later_than_lines_in_its_logarithm(share, left, gap):
    counts, curve = np.array([left, left + gap]), np.array([0.0, 1.0])
    log, linear = (
        statistics.crossing(counts, curve, share, scale=scale)[0] for scale in ("log", "linear")
    )
    if share == 0:  # never below the target: bounds, whatever the scale
        assert log == linear == 1
        return
    assert linear == pytest.approx(left + share * gap)
    assert log == pytest.approx(left * (1 + gap / left) ** share)
    assert linear >= log * (1 - 1e-12)
    if gap <= left:  # a factor of 2 at most
        assert linear <= log * 2 / (np.e * np.log(2)) * (1 + 1e-12)


def test_there_are_two_scales_and_no_others():
    for scale in ("log", "linear"):  # censored numbers do not depend on the scale
        found = statistics.crossing(COUNTS, np.zeros(5), 0.5, scale=scale)
        np.testing.assert_array_equal(found, [16, np.inf])
    with pytest.raises(ValueError, match="scale must be one of 'log', 'linear', got 'sqrt'"):
        statistics.crossing(COUNTS, np.zeros(5), 0.5, scale="sqrt")


def test_a_curve_that_starts_above_the_target_has_a_bound():
    found = statistics.crossing(np.array([2, 4]), np.array([0.9, 0.95]), 0.5)
    np.testing.assert_allclose(found, [1, 2])


@given(st.floats(1.2, 14), st.floats(0.1, 10), st.floats(-3, 3))
def test_a_crossing_does_not_care_for_units(midpoint, scale, shift):
    curve = curves(np.array([midpoint]), np.random.default_rng(0), noise=0)[:, 0]
    before = statistics.crossing(COUNTS, curve, 0.5)
    after = statistics.crossing(COUNTS, scale * curve + shift, scale * 0.5 + shift)
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_texts_tell_of_censoring():
    rng = np.random.default_rng(0)
    reached = statistics.tasks_needed(COUNTS, curves(np.full(8, 3.0), rng), 0.5, rng=rng)
    assert reached.exact
    assert 2.5 < reached.low < 3 < reached.high < 3.6
    never = statistics.tasks_needed(COUNTS, 0.2 * curves(np.full(8, 3.0), rng), 0.5, rng=rng)
    assert never.text == "> 16 [16, ∞)"
    early = statistics.tasks_needed(COUNTS[1:], 1 + curves(np.full(8, 3.0), rng)[1:], 0.5, rng=rng)
    assert early.text == "≤ 2 [1, 2]"


def test_a_ratio_of_censored_numbers_has_the_bounds_that_follow():
    rng = np.random.default_rng(1)
    fast, slow = curves(np.full(8, 2.0), rng), curves(np.full(8, 60.0), rng)
    ratio = statistics.tasks_ratio(COUNTS, fast, slow, 0.5, rng=rng)
    assert ratio.at_least == 0  # the other may need any number
    assert ratio.at_most == pytest.approx(2 / 16, rel=0.1)
    both = statistics.tasks_ratio(COUNTS, slow, slow + 1e-3, 0.5, rng=rng)
    assert (both.low, both.high) == (0, np.inf)


def test_ratios_turn_over_when_networks_are_swapped():
    rng = np.random.default_rng(2)
    a, b = curves(rng.uniform(2, 3, 9), rng), curves(rng.uniform(4, 6, 9), rng)
    one = statistics.tasks_ratio(COUNTS, a, b, 0.5, rng=np.random.default_rng(3))
    two = statistics.tasks_ratio(COUNTS, b, a, 0.5, rng=np.random.default_rng(3))
    np.testing.assert_allclose([one.low, one.high], [1 / two.high, 1 / two.low])
    p = [statistics.swap_p(COUNTS, *x, 0.5, rng=rng) for x in ((a, b), (b, a))]
    assert p[0] == p[1] == statistics.least_p(9)


def test_coverage_of_the_interval():
    rng = np.random.default_rng(4)
    truth, covered = 3.0, []
    for _ in range(300):
        # The mean curve is the parameter: symmetric noise about one curve.
        scores = curves(np.full(20, truth), rng, noise=0.1)
        found = statistics.tasks_needed(COUNTS, scores, 0.5, rng=rng, n_resamples=400)
        exact = statistics.crossing(COUNTS, curves(np.array([truth]), rng, noise=0)[:, 0], 0.5)[0]
        covered.append(found.low <= exact <= found.high)
    # Percentiles of 20 units are a little narrow: √(19/20) and normal tails give 0.93.
    assert 0.89 <= np.mean(covered) <= 0.98


def test_error_of_the_swap_test_on_null_data():
    rng = np.random.default_rng(5)
    rejected = []
    for _ in range(600):
        world = rng.uniform(2, 6, 8)
        first, second = (curves(world, rng, noise=0.1) for _ in range(2))
        rejected.append(statistics.swap_p(COUNTS, first, second, 0.5, rng=rng) <= 0.05)
    assert np.mean(rejected) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
    assert np.mean(rejected) > 0.02


def test_fewer_tasks_as_a_hypothesis():
    rng = np.random.default_rng(6)
    fast, slow = curves(rng.uniform(2, 3, 8), rng), curves(rng.uniform(5, 6, 8), rng)
    for first, second, expected in ((fast, slow, "supported"), (slow, fast, "not supported")):
        h = statistics.FewerTasks("fewer", COUNTS, first, second, 0.5, 0.75)
        found = statistics.judge([h], rng=rng)["fewer"]
        assert found.finding == expected
    alike = statistics.FewerTasks("a", COUNTS, fast, fast + 1e-6 * slow, 0.5, 0.75)
    assert statistics.judge([alike], rng=rng)["a"].finding == "not supported"
    never = statistics.FewerTasks("b", COUNTS, 0.1 * fast, 0.1 * slow, 0.5, 0.75)
    assert statistics.judge([never], rng=rng)["b"].finding == "undecided at this power"


def test_bad_curves():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"counts must ascend from 1 or more, got \[4, 2\]"):
        statistics.tasks_needed(np.array([4, 2]), np.ones((2, 3)), 0.5, rng=rng)
    with pytest.raises(ValueError, match=r"scores must have shape \(5, units\) .* got \(5, 1\)"):
        statistics.tasks_needed(COUNTS, np.ones((5, 1)), 0.5, rng=rng)
