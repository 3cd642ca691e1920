"""Effect sizes, equivalence, power, mixed model, clustered values: identities and simulations."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trilateration import statistics

SEEDS = st.integers(0, 2**32 - 1)


def within(rate, nominal, n, sds=3.5):
    return abs(rate - nominal) <= sds * np.sqrt(nominal * (1 - nominal) / n)


def test_hedges_correction():
    for m in (4, 9, 30):
        assert statistics.hedges_correction(m) == pytest.approx(1 - 3 / (4 * m - 1), abs=3e-3)
    # It removes the bias of mean/sd.
    d = 0.7 + np.random.default_rng(0).standard_normal((40_000, 8))
    sizes = d.mean(axis=1) / d.std(axis=1, ddof=1)
    assert sizes.mean() * statistics.hedges_correction(7) == pytest.approx(0.7, abs=0.01)
    assert sizes.mean() > 0.77


@settings(max_examples=25)
@given(SEEDS, st.floats(0.1, 10))
def test_effects_scale_and_flip(seed, scale):
    d = np.random.default_rng(seed).standard_normal(9) + 0.5
    one, two = statistics.paired_effect(d), statistics.paired_effect(-scale * d)
    np.testing.assert_allclose(two.difference.ends, [-scale * x for x in one.difference.ends[::-1]])
    np.testing.assert_allclose(two.d_z.ends, [-x for x in one.d_z.ends[::-1]], atol=1e-6)
    assert (one.difference.low > 0) == (one.d_z.low > 0)  # both invert the same t-test


@pytest.mark.parametrize(("n", "truth"), [(10, 0.8), (5, 2.0), (3, 2.0)])
def test_coverage_of_the_effect_size(n, truth):
    # Strong effects in few units tell an interval of δ from one that is scaled as its estimate is.
    d = truth + np.random.default_rng(1).standard_normal((300, n))
    covered = [(lambda e: e.low <= truth <= e.high)(statistics.paired_effect(x).d_z) for x in d]
    assert within(np.mean(covered), 0.95, 300)


def test_equivalence_is_an_interval_within_the_margins():
    rng = np.random.default_rng(2)
    for _ in range(50):
        d = 0.05 * rng.standard_normal(10) + rng.uniform(-0.05, 0.05)
        found = statistics.equivalence(d, 0.05)
        inside = found.interval.low >= -0.05 and found.interval.high <= 0.05
        assert (found.p <= 0.05) == inside
        assert found.p == pytest.approx(statistics.equivalence(-d, 0.05).p)


def test_error_of_equivalence_at_the_margin():
    # The worst null: the true difference is the margin itself.
    d = 0.02 + 0.01 * np.random.default_rng(3).standard_normal((1500, 10))
    rate = np.mean([statistics.equivalence(x, 0.02).p <= 0.05 for x in d])
    assert within(rate, 0.05, 1500)


def test_seeds_needed_match_the_sheet():
    # Paired t, Δ = 0.02, power 0.8; α = .05, .05/3, .05/6.
    expected = {0.015: (7, 9, 11), 0.02: (10, 14, 16), 0.03: (20, 27, 31), 0.05: (52, 69, 80)}
    for sd, seeds in expected.items():
        found = tuple(statistics.seeds_needed(0.02, sd, alpha=0.05 / m) for m in (1, 3, 6))
        assert found == seeds
    # A huge effect still needs seeds enough for a small p-value.
    assert statistics.seeds_needed(1, 0.01, alpha=0.05) == 6


@given(st.floats(0.3, 3), st.sampled_from([0.05, 0.01]))
def test_seeds_needed_is_the_least_number(ratio, alpha):
    n = statistics.seeds_needed(1, ratio, alpha=alpha)
    assert statistics.t_power(n, 1, ratio, alpha) >= 0.8
    least = int(np.ceil(1 + np.log2(1 / alpha)))
    assert n == least or statistics.t_power(n - 1, 1, ratio, alpha) < 0.8


def test_power_of_the_sign_flip_test_is_close_to_that_of_t():
    rng = np.random.default_rng(4)
    flips = statistics.sign_flip_power(12, 0.02, 0.022, rng=rng)
    assert flips == pytest.approx(statistics.t_power(12, 0.02, 0.022), abs=0.05)
    assert statistics.sign_flip_power(5, 1, 0.01, rng=rng, n_simulations=20) == 0
    assert within(statistics.sign_flip_power(8, 0, 1, rng=rng, n_simulations=2000), 12 / 256, 2000)


def scores_table(seed=0, n=12, effect=0.1):
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [("rnn", "lstm", "gru"), ("logistic", "probit"), (2, 6), range(n)],
        names=["network", "head", "n_tasks", "seed"],
    )
    table = index.to_frame(index=False)
    world = 0.05 * rng.standard_normal(n)
    table["ood_r2"] = 0.7 + world[table.seed] + 0.02 * rng.standard_normal(len(table))
    table["ood_r2"] += effect * (table.network == "gru") + 0.03 * (table["head"] == "probit")
    return table


def test_the_mixed_model_of_a_balanced_table_has_the_paired_differences():
    scores = statistics.paired(scores_table())
    model = statistics.mixed_model(scores, "network", "rnn")
    assert model.notes == ()
    for network in ("lstm", "gru"):
        mean = scores.contrast("network", network, "rnn").mean()
        assert model.contrasts.difference[network] == pytest.approx(mean, abs=1e-6)
    # Var of a difference of means of 4 cells: 2 residual variances by 4 × 12.
    expected = np.sqrt(2 * model.residual_variance / 48)
    np.testing.assert_allclose(model.contrasts.error, expected, rtol=1e-3)
    assert model.residual_variance**0.5 == pytest.approx(0.02, rel=0.2)
    assert model.intraclass_correlation == pytest.approx(0.05**2 / (0.05**2 + 0.02**2), abs=0.12)


def test_the_mixed_model_turns_with_its_reference():
    scores = statistics.paired(scores_table())
    one = statistics.mixed_model(scores, "head", "logistic").contrasts.loc["probit"]
    two = statistics.mixed_model(scores, "head", "probit").contrasts.loc["logistic"]
    assert one.difference == pytest.approx(-two.difference)
    with pytest.raises(ValueError, match=r"reference must be one of .*, got 'mlp'"):
        statistics.mixed_model(scores, "network", "mlp")


def test_sizes_of_factors():
    d = np.random.default_rng(5).standard_normal((20_000, 6)) + 0.3
    found = statistics.squared_difference(d)
    assert found.mean() == pytest.approx(0.09, abs=4 * found.std() / 20_000**0.5)
    pairs = [x * y for i, x in enumerate(d[0]) for j, y in enumerate(d[0]) if i != j]
    assert found[0] == pytest.approx(np.mean(pairs))


def test_pseudo_values_average_to_the_estimate():
    scores = statistics.paired(scores_table())
    values = statistics.size_of_factor(scores, "head")
    by_hand = [
        statistics.squared_difference(scores.contrast("head", "logistic", "probit", n_tasks=n))
        for n in (2, 6)
    ]
    assert values.mean() == pytest.approx(np.mean(by_hand))
    networks = statistics.size_of_factor(scores, "network")
    # Of three pairs two differ by 0.1.
    assert networks.mean() == pytest.approx(2 / 3 * 0.1**2, rel=0.15)


def test_parts_of_networks_are_no_networks():
    assert statistics.design_effect(20, 0) == 1
    assert statistics.design_effect(20, 1) == 20
    assert statistics.false_positive_rate(20, 0) == pytest.approx(0.05)
    rng = np.random.default_rng(6)
    none = statistics.simulated_false_positives(
        5, 4, 5, network_sd=0, quadrant_sd=0, refit_sd=1, rng=rng, n_simulations=1500
    )
    assert within(none.as_parts, 0.05, 1500)
    many = statistics.simulated_false_positives(
        30, 4, 5, network_sd=1, quadrant_sd=0, refit_sd=1, rng=rng, n_simulations=1500
    )
    assert within(many.as_parts, statistics.false_positive_rate(20, 0.5), 1500)
    assert within(many.as_networks, 0.05, 1500)


def test_bad_values():
    with pytest.raises(ValueError, match=r"must vary between units, got 0\.5 at each"):
        statistics.paired_effect(np.full(5, 0.5))
    with pytest.raises(ValueError, match="margin must be a finite number > 0, got -1"):
        statistics.equivalence(np.arange(5.0), -1)
    with pytest.raises(ValueError, match="sd must be a finite number > 0, got 0"):
        statistics.seeds_needed(0.02, 0)
    with pytest.raises(ValueError, match="difference must need at most 10000 seeds"):
        statistics.seeds_needed(1e-4, 1)
    with pytest.raises(ValueError, match="correlation must be in"):
        statistics.design_effect(4, 1.5)


def test_power_where_scipy_gives_up():
    # Two formulas meet: the noncentral t law, and simulation of the t-test.
    d = 1 + 0.3125 * np.random.default_rng(8).standard_normal((4000, 8))
    simulated = (stats.ttest_1samp(d, 0, axis=1).pvalue <= 0.01).mean()
    assert statistics.t_power(8, 1, 0.3125, 0.01) == pytest.approx(simulated, abs=0.005)
    assert statistics.t_power(5000, 1, 1) == 1


def test_the_pairing_ratio_is_that_of_the_variances_of_all_pairs():
    scores = np.random.default_rng(0).standard_normal((4, 7)) + np.arange(7)
    pairs = list(combinations(scores, 2))
    paired = np.mean([(a - b).var() for a, b in pairs])
    # All shifts of the units of one cell: the covariances add up to nothing.
    shifted = np.mean([(a - np.roll(b, k)).var() for a, b in pairs for k in range(7)])
    assert statistics.pairing_ratio(scores) == pytest.approx(paired / shifted)
    many = np.stack([scores, scores[:, ::-1], 2 * scores + 1])
    np.testing.assert_allclose(statistics.pairing_ratio(many), paired / shifted)


def test_pairing_gains_where_units_share_something_and_loses_where_they_oppose():
    rng = np.random.default_rng(1)
    world, own = rng.standard_normal((1, 5_000)), rng.standard_normal((3, 5_000))
    assert statistics.pairing_ratio(own) == pytest.approx(1, abs=0.05)
    assert statistics.pairing_ratio(world + own) == pytest.approx(0.5, abs=0.05)
    opposed = np.stack([world[0], -world[0] + 0.1 * own[0]])
    assert statistics.pairing_ratio(opposed) > 1.9
    with pytest.raises(ValueError, match="at least 2 cells and 2 units"):
        statistics.pairing_ratio(own[:1])
