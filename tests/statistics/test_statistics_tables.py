"""What a comparison may be made of, and what is said about tables that it may not."""

import numpy as np
import pandas as pd
import pytest

from trilateration import statistics

NETWORKS, HEADS, COUNTS, SEEDS = ("rnn", "lstm", "gru"), ("logistic", "probit"), (2, 6, 24), 4


@pytest.fixture
def table():
    index = pd.MultiIndex.from_product(
        [NETWORKS, HEADS, COUNTS, range(SEEDS)], names=["network", "head", "n_tasks", "seed"]
    )
    table = index.to_frame(index=False)
    table["ood_r2"] = np.random.default_rng(0).random(len(table))
    table["diverged"] = False
    return table


def row(table, network="lstm", head="probit", n_tasks=6, seed=3):
    wanted = (table.network == network) & (table["head"] == head)
    return wanted & (table.n_tasks == n_tasks) & (table.seed == seed)


CELL = "network 'lstm', head 'probit', n_tasks 6"


def test_scores_are_found_again_whatever_the_order_of_rows(table):
    scores = statistics.paired(table.sample(frac=1, random_state=0))
    for network in NETWORKS:
        for seed in range(SEEDS):
            expected = table.loc[row(table, network, seed=seed), "ood_r2"].item()
            found = scores.of(network=network, head="probit", n_tasks=6)[seed]
            assert found == expected
    assert scores.levels("n_tasks") == COUNTS
    assert scores.units.tolist() == list(range(SEEDS))


def test_along_stacks_cells(table):
    scores = statistics.paired(table)
    curve = scores.along("n_tasks", network="gru", head="logistic")
    for k, n in enumerate(COUNTS):
        np.testing.assert_array_equal(
            curve[k], scores.of(network="gru", head="logistic", n_tasks=n)
        )


def test_contrast_is_the_mean_of_the_contrasts_in_its_cells(table):
    scores = statistics.paired(table)
    whole = scores.contrast("network", "gru", "rnn")
    parts = [
        scores.of(network="gru", head=h, n_tasks=n) - scores.of(network="rnn", head=h, n_tasks=n)
        for h in HEADS
        for n in COUNTS
    ]
    np.testing.assert_allclose(whole, np.mean(parts, axis=0))
    np.testing.assert_allclose(scores.contrast("network", "rnn", "gru"), -whole)
    one = scores.contrast("head", "probit", "logistic", network="rnn", n_tasks=[2, 24])
    two = [scores.contrast("head", "probit", "logistic", network="rnn", n_tasks=n) for n in (2, 24)]
    np.testing.assert_allclose(one, np.mean(two, axis=0))


def test_a_contrast_needs_both_sides(table):
    scores = statistics.paired(table)
    lone = scores.select(network="rnn")
    half = statistics.PairedScores(
        scores.outcome,
        scores.unit,
        pd.concat([scores.cells[:6], lone.cells], ignore_index=True)[:7],
        scores.units,
        scores.values[:7],
    )
    with pytest.raises(ValueError, match=r"network must be one of 'rnn', got 'gru'"):
        half.contrast("network", "rnn", "gru")


def test_a_missing_network_is_named(table):
    bad = table[~row(table)]
    with pytest.raises(ValueError, match=f"must be paired.* got no row for {CELL}, seed 3$"):
        statistics.paired(bad)


def test_a_missing_cell_is_named(table):
    bad = table[~((table.network == "lstm") & (table["head"] == "probit"))]
    message = r"network 'lstm', head 'probit', n_tasks 2, seed 0 \(and 11 more\)"
    with pytest.raises(ValueError, match=message):
        statistics.paired(bad)


def test_one_replicate_is_named(table):
    lone = (table.network == "lstm") & (table.n_tasks == 6) & (table["head"] == "probit")
    bad = table[~lone | (table.seed == 2)]
    with pytest.raises(
        ValueError, match=f"at least 2 values of seed in a cell, got 1 for {CELL}, seed 2"
    ):
        statistics.paired(bad)
    with pytest.raises(ValueError, match=r"got 1 for network 'rnn', head 'logistic', n_tasks 2"):
        statistics.paired(table[table.seed == 1])


def test_refits_cannot_pose_as_replicates(table):
    bad = pd.concat([table, table[row(table)]])
    with pytest.raises(
        ValueError, match=f"one row for each seed in a cell, got several for {CELL}, seed 3"
    ):
        statistics.paired(bad)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_named(table, value):
    table.loc[row(table), "ood_r2"] = value
    with pytest.raises(ValueError, match=f"ood_r2 must be finite, .* for {CELL}, seed 3$"):
        statistics.paired(table)


def test_constant_scores_are_named(table):
    constant = (table.network == "lstm") & (table.n_tasks == 6) & (table["head"] == "probit")
    table.loc[constant, "ood_r2"] = 0.5
    with pytest.raises(ValueError, match=f"got 0.5 at every one for {CELL}, seed 0 to 3"):
        statistics.paired(table)


def test_a_network_that_diverged_counts_as_planned(table):
    table.loc[row(table), ["ood_r2", "diverged"]] = [np.nan, True]
    with pytest.raises(ValueError, match=f"a diverged one: {CELL}, seed 3"):
        statistics.paired(table)
    scores = statistics.paired(table, diverged=0)
    assert scores.of(network="lstm", head="probit", n_tasks=6)[3] == 0


def test_a_floor_bounds_what_one_network_can_weigh(table):
    table.loc[row(table), "ood_r2"] = -40.0
    raw, floored = statistics.paired(table), statistics.paired(table, floor=0.0)
    cell = dict(network="lstm", head="probit", n_tasks=6)
    assert raw.of(**cell)[3] == -40
    assert floored.of(**cell)[3] == 0
    assert (floored.values >= 0).all()
    np.testing.assert_array_equal(floored.values, np.maximum(raw.values, 0))


def test_missing_columns_and_levels_are_named(table):
    with pytest.raises(ValueError, match="table must have a column 'r2', got network, head"):
        statistics.paired(table, "r2")
    with pytest.raises(ValueError, match="got an empty table"):
        statistics.paired(table[:0])
    scores = statistics.paired(table)
    with pytest.raises(ValueError, match="network must be one of 'rnn', 'lstm', 'gru', got 'mlp'"):
        scores.select(network="mlp")
    with pytest.raises(ValueError, match=r"levels must leave one cell, got 6 with network 'rnn'"):
        scores.of(network="rnn")


def test_one_factor_is_enough(table):
    one = table[(table["head"] == "probit") & (table.n_tasks == 6)]
    scores = statistics.paired(one, factors=["network"])
    assert scores.values.shape == (3, SEEDS)
