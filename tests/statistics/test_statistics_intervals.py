"""Bootstrap and sign-flip intervals: identities, invariances, and coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from trilateration import statistics

# Thousandths, whose sums tie exactly or clearly do not.
DIFFERENCES = arrays(
    float, st.integers(5, 9), elements=st.integers(-1000, 1000).map(lambda x: x / 1000), unique=True
)


def within(rate, nominal, n, sds=3.5):
    return abs(rate - nominal) <= sds * np.sqrt(nominal * (1 - nominal) / n)


@settings(max_examples=40)
@given(DIFFERENCES)
def test_the_p_value_is_that_of_scipy(d):
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=2 ** len(d), vectorized=True
    )
    assert statistics.sign_flip_p(d) == pytest.approx(theirs.pvalue)


@given(DIFFERENCES, st.floats(-1, 1))
def test_the_interval_excludes_a_shift_just_if_the_test_rejects_it(d, shift):
    for level in (0.2, 0.0626):
        interval = statistics.sign_flip_interval(d, 1 - level)
        near = min(abs(shift - end) for end in interval.ends) < 1e-9
        if near or (d == shift).all():
            continue
        rejected = statistics.sign_flip_p(d - shift) <= level
        assert rejected == (shift < interval.low or shift > interval.high)


@given(DIFFERENCES, st.floats(-3, 3), st.floats(0.1, 10))
def test_intervals_move_and_stretch_with_the_data(d, shift, scale):
    before = statistics.sign_flip_interval(d, 0.9)
    after = statistics.sign_flip_interval(scale * d + shift, 0.9)
    np.testing.assert_allclose(after.ends, scale * np.array(before.ends) + shift, atol=1e-9)
    mirrored = statistics.sign_flip_interval(-d, 0.9)
    np.testing.assert_allclose(mirrored.ends, [-before.high, -before.low], atol=1e-12)


@given(DIFFERENCES, st.randoms(use_true_random=False))
def test_relabelling_seeds_and_swapping_networks(d, random):
    order = list(range(len(d)))
    random.shuffle(order)
    assert statistics.sign_flip_p(d[order]) == pytest.approx(statistics.sign_flip_p(d))
    assert statistics.sign_flip_p(-d) == pytest.approx(statistics.sign_flip_p(d))


def test_the_least_p_value_is_reached_by_one_sign():
    for n in (5, 10):
        d = np.arange(1.0, n + 1)
        assert statistics.sign_flip_p(d) == pytest.approx(statistics.least_p(n))
    interval = statistics.sign_flip_interval(np.arange(1.0, 6.0), 0.95)
    assert interval.ends == (-np.inf, np.inf)  # five seeds never reach 0.05
    d = np.random.default_rng(0).standard_normal(6)
    assert statistics.sign_flip_interval(d, 1 - 2 / 64).ends == (d.min(), d.max())


@pytest.mark.parametrize("n", [statistics.EXACT_UNITS, statistics.EXACT_UNITS + 1, 20, 40])
def test_no_p_value_is_below_the_least(n):
    rng = np.random.default_rng(n)
    one_sign = np.arange(1.0, n + 1)
    for d in (one_sign, -one_sign):
        found = statistics.sign_flip_p(d, rng=rng)
        assert found >= statistics.least_p(n)
        assert found == pytest.approx(statistics.least_p(n), rel=1e-4)
    # One seed that disagrees, by less than any other agrees, is one pattern more, if it is drawn.
    one_sign[0] = -0.5
    assert statistics.sign_flip_p(one_sign, rng=rng) >= statistics.least_p(n)


def test_drawn_patterns_set_the_least_p_value_and_not_the_units():
    # 2/2¹⁷ would be below 2/10⁵: nothing is drawn often enough to reach it.
    assert statistics.least_p(statistics.EXACT_UNITS) == 2.0 ** (1 - statistics.EXACT_UNITS)
    assert {statistics.least_p(n) for n in range(statistics.EXACT_UNITS + 1, 60)} == {2e-5}


def test_many_units_are_drawn_and_agree_with_students_t():
    d = np.random.default_rng(1).standard_normal(20) + 0.4
    p = statistics.sign_flip_p(d, rng=np.random.default_rng(2))
    assert p == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)
    interval = statistics.sign_flip_interval(d, 0.95, rng=np.random.default_rng(3))
    half = stats.t.ppf(0.975, 19) * d.std(ddof=1) / 20**0.5
    np.testing.assert_allclose(interval.ends, [d.mean() - half, d.mean() + half], atol=0.06)
    with pytest.raises(ValueError, match=r"rng must be a numpy.random.Generator"):
        statistics.sign_flip_p(d)


@pytest.mark.parametrize("law", ["normal", "laplace", "uniform"])
def test_false_positives_and_coverage_of_the_sign_flip_are_exact(law):
    rng = np.random.default_rng(5)
    d = getattr(rng, law)(size=(3000, 8), **({"low": -1} if law == "uniform" else {}))
    # 0.0547 = 14/256 and 0.0469 = 12/256: only even multiples of 1/256 can be reached.
    rate = (statistics.sign_flip_p(d) <= 0.05).mean()
    assert within(rate, 12 / 256, 3000)
    covered = [
        (lambda i: i.low <= 0 <= i.high)(statistics.sign_flip_interval(x, 0.95)) for x in d[:1500]
    ]
    assert within(np.mean(covered), 1 - 12 / 256, 1500)


def test_expanded_percentiles_cover_where_plain_ones_do_not():
    rng = np.random.default_rng(6)
    # 1500 data sets are 1500 cells of one table: units are drawn alike in all, which is as good.
    data = rng.standard_normal((1500, 10))
    for method, nominal in (("expanded", 0.95), ("percentile", 0.905)):
        interval = statistics.bootstrap_interval(data, method=method, rng=rng, n_resamples=2000)
        covered = ((interval.low <= 0) & (interval.high >= 0)).mean()
        assert abs(covered - nominal) < 0.02, method
    assert statistics.expanded_confidence(0.95, 10_000) == pytest.approx(0.95, abs=1e-4)


def test_bca_is_that_of_scipy():
    x = np.random.default_rng(7).exponential(size=15)
    ours = statistics.bootstrap_interval(x, method="BCa", rng=np.random.default_rng(8))
    theirs = stats.bootstrap(
        (x,), np.mean, method="BCa", n_resamples=4999, batch=1000, rng=np.random.default_rng(8)
    ).confidence_interval
    np.testing.assert_allclose(ours.ends, theirs)


def test_units_are_drawn_whole():
    # A common effect of the unit cancels in a difference only if cells are drawn together.
    rng = np.random.default_rng(9)
    world = 10 * rng.standard_normal(12)
    values = np.stack([world + 0.1 * rng.standard_normal(12) for _ in range(2)])
    difference = statistics.bootstrap_interval(
        values, lambda x: x[..., 0, :].mean(-1) - x[..., 1, :].mean(-1), rng=rng
    )
    assert difference.high - difference.low < 0.4
    each = statistics.bootstrap_interval(values, rng=rng)
    assert (each.high - each.low > 5).all()


def test_shifts_and_seeds_of_the_bootstrap():
    x = np.random.default_rng(10).standard_normal((3, 9))
    one = statistics.bootstrap_interval(x, rng=np.random.default_rng(1))
    again = statistics.bootstrap_interval(x + 5, rng=np.random.default_rng(1))
    other = statistics.bootstrap_interval(x, rng=np.random.default_rng(2))
    np.testing.assert_allclose(again.low, one.low + 5)
    assert (other.low != one.low).any()


def test_bad_values():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="values must be of at least 2 units, got 1"):
        statistics.bootstrap_interval(np.ones((3, 1)), rng=rng)
    with pytest.raises(ValueError, match="values must be finite, got 1 NaN"):
        statistics.bootstrap_interval(np.array([1.0, np.nan]), rng=rng)
    with pytest.raises(ValueError, match="must not all be zero"):
        statistics.sign_flip_p(np.zeros(5))
