"""Rates of rejection and their interval."""

import numpy as np
import pytest

from trilateration import statistics
from trilateration.parameters import generator


def test_a_rate_counts_what_is_at_most_alpha():
    rate = statistics.rejection_rate(np.array([0.01, 0.05, 0.06, 0.9]))
    assert rate.value == 0.5
    assert rate.low < 0.5 < rate.high
    assert rate.interval == (rate.low, rate.high)


@pytest.mark.parametrize(("p", "value"), [(1.0, 0.0), (0.0, 1.0)])
def test_none_and_all_have_intervals(p, value):
    rate = statistics.rejection_rate(np.full(100, p))
    assert rate.value == value
    assert rate.low <= value <= rate.high
    assert rate.high - rate.low == pytest.approx(0.037, abs=0.002)  # z²/(n + z²)


def test_wilson_covers():
    rng = generator(0, "wilson")
    rates = [statistics.rejection_rate(rng.random(60), 0.3) for _ in range(300)]
    assert np.mean([rate.low <= 0.3 <= rate.high for rate in rates]) > 0.9


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="p_values must hold"):
        statistics.rejection_rate(np.array([]))
    with pytest.raises(ValueError, match="p_values must lie"):
        statistics.rejection_rate(np.array([1.5]))
    with pytest.raises(ValueError, match="alpha must be"):
        statistics.rejection_rate(np.array([0.5]), 1.5)
