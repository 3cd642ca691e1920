from dataclasses import replace

import numpy as np
import pytest
import torch

from trilateration import training
from trilateration.geometry import hold_by_hand
from trilateration.readout import fit_linear
from trilateration.sweeps import CONTESTANTS, contestant


def by_hand(network, smallness=1e-3, **changes):
    """Return states (time, trial, unit) of a network set by hand, and the readings alike."""
    configuration = replace(
        contestant(network, n_tasks=2, seed=5), observation="identity", **changes
    )
    ensemble, worlds = training.untrained([configuration])
    held = hold_by_hand(ensemble, smallness)
    readings = torch.from_numpy(worlds.readings(60)).transpose(1, 2).contiguous()
    with torch.no_grad():
        return held, ensemble.states(readings)[0].numpy(), readings[0].numpy()


def largest_error(states, target):
    """Return the largest error of the best affine map of states, the same at every step."""
    flat = states.reshape(-1, states.shape[-1])
    decoder = fit_linear(flat, target.reshape(len(flat), -1))
    return np.abs(decoder.predict(states) - target).max()


def statistic(held, readings):
    total = np.cumsum(readings, axis=0)
    steps = np.arange(1, len(readings) + 1)[:, None, None]
    return {"sum": total, "mean": total / steps, "reading": readings}[held]


@pytest.mark.parametrize("network", CONTESTANTS)
def test_a_state_set_by_hand_holds_what_it_says_at_every_step(network):
    held, states, readings = by_hand(network, 1e-4)
    expected = {"transformer": "mean", "memoryless": "reading"}.get(network.split("-")[0], "sum")
    assert held == expected
    assert largest_error(states, statistic(held, readings)) < 0.01


@pytest.mark.parametrize("network", ["rnn", "leaky", "integrator", "memoryless"])
def test_rectified_pairs_are_exact(network):
    held, states, readings = by_hand(network)
    assert largest_error(states, statistic(held, readings)) < 1e-12


@pytest.mark.parametrize(
    ("network", "order"), [("lstm", 2), ("gru", 2), ("transformer", 2), ("state-space", 1)]
)
def test_the_error_falls_as_the_proof_says(network, order):
    errors = []
    for smallness in (3e-2, 3e-3):
        held, states, readings = by_hand(network, smallness)
        errors.append(largest_error(states, statistic(held, readings)))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def test_no_state_but_attention_holds_the_mean_at_two_steps():
    for network in ("rnn", "gru", "state-space"):
        _, states, readings = by_hand(network)
        assert largest_error(states, statistic("mean", readings)) > 0.1


@pytest.mark.parametrize(("network", "least"), [("rnn", 4), ("lstm", 2), ("transformer", 6)])
def test_too_few_units_are_refused(network, least):
    options = {"options": {"n_heads": 1}} if network == "transformer" else {}
    by_hand(network, n_units=least, **options)
    with pytest.raises(ValueError, match=f"n_units must be at least {least} to hold"):
        by_hand(network, n_units=least - 1, **options)


def test_smallness_is_checked():
    with pytest.raises(ValueError, match="smallness must"):
        by_hand("rnn", smallness=0.0)
