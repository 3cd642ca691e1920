"""Families judged as a whole: Holm against its definition, and its error on null data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration import statistics

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8).map(np.array)


def holm_by_definition(p, alpha):
    """Return which of the hypotheses are rejected, step by step."""
    rejected = np.zeros(len(p), bool)
    for k, i in enumerate(np.argsort(p, kind="stable")):
        if p[i] > alpha / (len(p) - k):
            break
        rejected[i] = True
    return rejected


# Few: statsmodels collects garbage at every call.
@settings(max_examples=15)
@given(P_VALUES)
def test_levels_and_corrected_p_values_are_holms_steps(p):
    expected = holm_by_definition(p, 0.05)
    np.testing.assert_array_equal(p <= statistics.holm_levels(p, 0.05), expected)
    corrected = statistics.holm(p)
    clear = np.abs(corrected - 0.05) > 1e-9
    np.testing.assert_array_equal((corrected <= 0.05)[clear], expected[clear])
    assert (corrected >= p).all()


def test_by_hand():
    np.testing.assert_allclose(statistics.holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(
        statistics.holm_levels(np.array([0.01, 0.04, 0.03]), 0.05), [0.05 / 3, 0.025, 0.025]
    )


def test_family_wise_error_on_null_data():
    # Six dependent null hypotheses: all networks share the world of their seed.
    rng = np.random.default_rng(0)
    n, family, simulations = 10, 6, 1500
    scores = rng.standard_normal((simulations, family + 1, n))
    scores += rng.standard_normal((simulations, 1, n))
    p = statistics.sign_flip_p(scores[:, 1:] - scores[:, :1])
    rejected = [row <= statistics.holm_levels(row, 0.05) for row in p]
    any_false = np.array(rejected).any(axis=1).mean()
    alone = (p <= 0.05).any(axis=1).mean()
    error = np.sqrt(0.05 * 0.95 / simulations)
    assert any_false <= 0.05 + 3 * error
    assert any_false >= 0.02  # not an empty test
    assert alone > 0.12  # what it would be without correction


def test_findings_follow_the_plan():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(12)
    noise = 0.005 * (noise - noise.mean()) / noise.std()
    wide = 40 * noise
    family = [
        statistics.Higher("up", 0.1 + noise, 0.02),
        statistics.Higher("down", -0.1 + noise, 0.02),
        statistics.Higher("nothing", noise + 1e-4, 0.02),
        statistics.Higher("noisy", wide + 1e-4, 0.02),
        statistics.Equal("same", noise + 1e-4, 0.02),
        statistics.Equal("apart", noise + 0.1, 0.02),
        statistics.Equal("unclear", wide + 1e-4, 0.02),
    ]
    found = {k: v.finding for k, v in statistics.judge(family, rng=rng).items()}
    assert found == {
        "up": "supported",
        "down": "not supported",
        "nothing": "not supported",
        "noisy": "undecided at this power",
        "same": "supported",
        "apart": "not supported",
        "unclear": "undecided at this power",
    }


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_intervals_at_holms_level_tell_the_finding(seed):
    rng = np.random.default_rng(seed)
    effects = rng.choice([0, 0.5, 2], size=4)
    family = [
        statistics.Higher(str(k), e + rng.standard_normal(9), 0.1) for k, e in enumerate(effects)
    ]
    family.append(statistics.Equal("equal", 0.2 * rng.standard_normal(9), 0.3))
    for h, found in zip(family, statistics.judge(family, rng=rng).values(), strict=True):
        low, high = found.interval.ends
        rejected = found.p_holm <= 0.05
        if isinstance(h, statistics.Higher):
            assert rejected == (low > 0 or high < 0)
        else:
            assert rejected == (low >= -h.margin and high <= h.margin)


def test_swapping_networks_flips_the_finding():
    rng = np.random.default_rng(2)
    d = 0.1 + 0.05 * rng.standard_normal(10)
    one = statistics.judge([statistics.Higher("a", d, 0.02)], rng=rng)["a"]
    other = statistics.judge([statistics.Higher("a", -d, 0.02)], rng=rng)["a"]
    assert (one.finding, other.finding) == ("supported", "not supported")
    assert one.p == other.p
    np.testing.assert_allclose(one.interval.ends, [-x for x in reversed(other.interval.ends)])


def test_bad_families():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="hypotheses must have different names"):
        statistics.judge([], rng=rng)
    with pytest.raises(ValueError, match="margin must be a finite number > 0, got 0"):
        statistics.Higher("a", np.ones(3), 0)
    with pytest.raises(ValueError, match="p must lie in"):
        statistics.holm(np.array([0.1, 1.2]))
