import numpy as np
import pandas as pd
import pytest
import torch

from trilateration.networks import flops
from trilateration.sweeps import CONTESTANTS, comparison, comparison_grid, contestant
from trilateration.training import step_products, untrained


def parameters_below_the_heads(configuration):
    ensemble, _ = untrained([configuration])
    sizes = {name: p.numel() for name, p in ensemble.named_parameters()}
    kept = sum(size for name, size in sizes.items() if not name.startswith("heads."))
    if "core.position" in sizes:  # rows beyond the trial are never used
        kept -= (256 - configuration.protocol.n_steps) * configuration.n_units
    return kept


@pytest.mark.parametrize("network", CONTESTANTS)
def test_matched_networks_have_as_many_parameters_as_the_authors_network(network):
    reference = parameters_below_the_heads(contestant("rnn", n_tasks=6, seed=0))
    assert reference == 40 * 64 + 2 * 64 + 64 * 64
    own = parameters_below_the_heads(contestant(network, n_tasks=6, seed=0))
    assert abs(own / reference - 1) < 0.07


@pytest.mark.parametrize("network", CONTESTANTS)
def test_equal_compute_is_equal_arithmetic(network):
    own = contestant(network, n_tasks=24, seed=0, setting="compute", steps=1000)
    reference = contestant("rnn", n_tasks=24, seed=0, setting="compute", steps=1000)
    assert own.n_units == reference.n_units == 64
    spent = [c.protocol.steps * flops(step_products(c)) for c in (own, reference)]
    assert spent[0] / spent[1] == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("network", ["lstm", "transformer-2", "memoryless"])
@pytest.mark.parametrize("head", ["logistic", "probit"])
def test_a_seed_has_one_world_whatever_the_network_and_the_head(network, head):
    _, own = untrained([contestant(network, n_tasks=3, seed=7, head=head)])
    _, reference = untrained([contestant("rnn", n_tasks=3, seed=7)])
    for a, b in zip(own.batch(5), reference.batch(5), strict=True):
        assert torch.equal(a, b)


def test_the_grid_is_the_product_of_its_lists():
    labels, configurations = comparison_grid(
        networks=["rnn", "gru"], n_tasks=(2, 3), seeds=(4, 9), heads=("probit", "logistic")
    )
    assert list(labels.columns) == ["setting", "network", "head", "n_tasks", "seed"]
    assert len(labels) == 16
    assert not labels.duplicated().any()
    for row, configuration in zip(labels.itertuples(), configurations, strict=True):
        assert (row.n_tasks, row.seed, row.head) == (
            configuration.n_tasks, configuration.seed, configuration.head,
        )  # fmt: skip
        assert CONTESTANTS[row.network].architecture == configuration.architecture


def test_the_table_has_labels_and_scores(tmp_path):
    table = comparison(
        networks=["rnn", "memoryless"], n_tasks=(2, 3), seeds=(0, 1), steps=3,
        directory=tmp_path, progress=False,
    )  # fmt: skip
    assert len(table) == 8
    assert (table["steps"] == 3).all()
    scores = ["r2", "ood_r2", "within_r2", "readout_ood_r2", "accuracy", "decision_loss"]
    assert np.isfinite(table[scores]).all(axis=None)
    again = comparison(
        networks=["memoryless"], n_tasks=(3,), seeds=(1,), steps=3, directory=tmp_path,
        progress=False,
    )  # fmt: skip
    pd.testing.assert_frame_equal(again, table.iloc[[-1]].reset_index(drop=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": ["rnn", "perceptron"]}, "network must be one of .*perceptron"),
        ({"networks": "rnn"}, "networks must list"),
        ({"seeds": []}, "seeds must list at least one"),
        ({"n_tasks": [2, 2]}, "n_tasks must list each value once"),
        ({"heads": ["linear"]}, "heads must be one of .*linear"),
        ({"setting": "width"}, "setting must be one of .*width"),
        ({"steps": 0}, "steps must be"),
        ({"learning_rates": [-1.0]}, "learning_rate must be"),
    ],
)
def test_bad_grids_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        comparison_grid(**changes)
