"""Weights that networks give to readings, and what the halves of their units share."""

import numpy as np
import pytest

from trilateration import geometry, training

CONFIGURATIONS = [
    training.Configuration(
        n_tasks=8,
        head="probit",
        seed=k,
        n_units=24,
        observation="identity",
        drift=drift,
        protocol=training.protocol("fast", steps=150, batch=16),
    )
    for k, drift in enumerate((0.0, 0.15))
]


@pytest.fixture(scope="module")
def trained():
    return training.train(CONFIGURATIONS, progress=False)


def test_weights_add_up_and_networks_of_a_moving_world_forget(trained):
    weights = geometry.network_weights(trained, 500)
    assert weights.shape == (2, 20)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    still, drifting = geometry.mean_lag(weights)
    assert drifting < still


def test_units_spike_in_proportion(trained):
    counts = geometry.ring_spikes(trained, 40, spikes=5.0, seed=1)
    assert len(counts) == 2
    for own in counts:
        assert own.shape[:2] == (8, 40)
        assert own.shape[2] <= 24
        assert (own >= 0).all()
        assert (own == own.round()).all()
        np.testing.assert_allclose(own.mean(axis=(0, 1)), 5, atol=6 * (5 / 320) ** 0.5)
    again = geometry.ring_spikes(trained, 40, spikes=5.0, seed=1)
    np.testing.assert_array_equal(counts[0], again[0])


def test_halves_of_a_network_share_errors(trained):
    counts = geometry.ring_spikes(trained, 60, spikes=50.0)
    found = geometry.network_shared_errors(counts)
    assert len(found) == 2
    # Nothing that is computed from the readings has less than σ²/t.
    assert found[0].across > 0.04 / 20 * 0.7
    assert found[0].p_value <= 0.05


def test_bad_input_is_named(trained):
    with pytest.raises(ValueError, match="n_repeats must be"):
        geometry.ring_spikes(trained, 0)
    with pytest.raises(ValueError, match="spikes must be"):
        geometry.ring_spikes(trained, 4, spikes=0.0)
