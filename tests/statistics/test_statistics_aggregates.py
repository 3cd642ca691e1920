"""Aggregates against values computed by hand, and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trilateration import statistics

SCORES = np.array([[0.1, 0.9, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8]])


def test_by_hand():
    # Sorted: .1 .2 | .4 .5 .6 .7 | .8 .9
    assert statistics.interquartile_mean(SCORES) == pytest.approx(0.55)
    profile = statistics.performance_profile(SCORES, np.array([0.0, 0.4, 0.65, 0.9]))
    np.testing.assert_allclose(profile, [1, 5 / 8, 3 / 8, 0])
    other = np.array([[0.3, 0.3, 0.3, 0.3], [0.2, 0.2, 1.0, 1.0]])
    # First cell: 3 of 4 win against each; second: pairs .2 (½ ½ 0 0), .4, .6, .8 (1 1 0 0).
    assert statistics.probability_of_improvement(SCORES, other) == pytest.approx(
        (12 / 16 + (1 + 2 + 2 + 2) / 16) / 2
    )
    assert statistics.paired_improvement(SCORES, other) == pytest.approx((3 / 4 + 1.5 / 4) / 2)


def test_whole_cells_are_cut_from_the_pooled_mean_and_not_from_that_of_cells():
    apart = np.array([[0.0] * 4, [1.0] * 4, [5.0] * 4])
    assert statistics.interquartile_mean(apart) == pytest.approx((0 + 4 * 1 + 5) / 6)
    assert statistics.mean_of_interquartile_means(apart) == pytest.approx(2)
    both = np.stack([apart, SCORES.repeat(2)[:12].reshape(3, 4)])
    each = [statistics.mean_of_interquartile_means(own) for own in both]
    np.testing.assert_allclose(statistics.mean_of_interquartile_means(both), each)
    one = SCORES[:1]
    assert statistics.mean_of_interquartile_means(one) == statistics.interquartile_mean(one)


def test_probability_of_improvement_is_the_mann_whitney_statistic():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 1, 12))
    u = stats.mannwhitneyu(x[0], y[0]).statistic
    assert statistics.probability_of_improvement(x, y) == pytest.approx(u / 144)


@given(st.integers(0, 2**32 - 1))
def test_complements_and_monotone_transforms(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 3, 5))
    for improvement in (statistics.probability_of_improvement, statistics.paired_improvement):
        assert improvement(x, y) + improvement(y, x) == pytest.approx(1)
        assert improvement(np.exp(x), np.exp(y)) == improvement(x, y)


def test_leading_axes_are_kept():
    stack = np.stack([SCORES, SCORES + 1])
    np.testing.assert_allclose(statistics.interquartile_mean(stack), [0.55, 1.55])
    profiles = statistics.performance_profile(stack, np.array([0.4, 1.4]))
    np.testing.assert_allclose(profiles, [[5 / 8, 0], [1, 5 / 8]])
    np.testing.assert_allclose(statistics.probability_of_improvement(stack, stack[::-1]), [0, 1])
    assert statistics.improvement_of_first(stack) == 0


def test_the_area_under_a_profile_is_the_mean():
    grid = np.linspace(0, 1, 20_001)
    profile = statistics.performance_profile(SCORES, grid)
    assert np.trapezoid(profile, grid) == pytest.approx(SCORES.mean(), abs=1e-4)
