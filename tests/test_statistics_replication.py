"""The prediction interval for the median of further networks keeps its promise for any law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilateration.statistics import PredictedMedian, predicted_median


@pytest.mark.parametrize("n_further", [1, 5])
@pytest.mark.parametrize("law", ["normal", "skewed"])
def test_the_interval_covers_as_often_as_it_says(n_further, law):
    rng = np.random.default_rng(3)
    draw = {"normal": rng.standard_normal, "skewed": lambda size: 1 - rng.exponential(size=size)}
    inside, n = 0, 4_000
    for ours, further in zip(draw[law]((n, 20)), draw[law]((n, n_further)), strict=True):
        interval = predicted_median(ours, n_further)
        inside += interval.contains(np.median(further))
    error = (interval.coverage * (1 - interval.coverage) / n) ** 0.5
    assert abs(inside / n - interval.coverage) < 4 * error


@pytest.mark.parametrize("n", [5, 20, 41])
def test_one_further_network_lies_between_the_extremes_of_n(n):
    scores = np.linspace(0, 1, n)
    interval = predicted_median(scores, 1, level=1 - 2 / (n + 1) - 1e-9)
    assert interval[:2] == (0, 1)
    assert interval.coverage == pytest.approx(1 - 2 / (n + 1))


@given(seed=st.integers(0, 99), scale=st.floats(0.1, 9), shift=st.floats(-5, 5))
def test_the_interval_moves_with_the_unit(seed, scale, shift):
    scores = np.random.default_rng(seed).uniform(size=20)
    low, high, coverage = predicted_median(scores, 5)
    moved = predicted_median(scale * scores + shift, 5)
    np.testing.assert_allclose(moved, (scale * low + shift, scale * high + shift, coverage))
    assert coverage >= 0.95


def test_more_further_networks_make_it_narrower():
    scores = np.random.default_rng(1).uniform(size=40)
    widths = [np.diff(predicted_median(scores, m)[:2]).item() for m in (1, 5, 101)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]


def test_the_offset_says_what_contains_says():
    interval = PredictedMedian(0.8, 0.9, 0.95)
    assert interval.offset(0.85) == pytest.approx(0, abs=1e-9)
    assert interval.offset(0.9) == pytest.approx(1)
    assert not interval.contains(0.91)
    assert interval.offset(0.91) == pytest.approx(1.2)
    point = PredictedMedian(0.8, 0.8, 0.95)
    assert (point.offset(0.8), point.offset(0.9)) == (0, np.inf)


@pytest.mark.parametrize(
    ("scores", "n_further", "message"),
    [
        (np.ones(20), 4, "n_further must be odd"),
        (np.ones(20), 0, "n_further must be a whole number >= 1"),
        (np.ones(1), 1, "scores must be of at least 2 networks, got 1"),
        (np.array([0.1, np.nan]), 1, "scores must be finite"),
    ],
)
def test_bad_input_is_named(scores, n_further, message):
    with pytest.raises(ValueError, match=message):
        predicted_median(scores, n_further)
