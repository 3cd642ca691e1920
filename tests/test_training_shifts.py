"""Worlds with a region held out of training, and worlds changed for a test."""

import numpy as np
import pytest

from trilateration.training import Configuration, Worlds, protocol

FEW = protocol("fast", steps=10)


def latents(worlds, n_steps=8):
    return np.concatenate([worlds.batch(k).latents.numpy() for k in range(n_steps)], axis=1)


@pytest.mark.parametrize("held_out", [0.2, 0.5, 0.9])
def test_training_never_shows_the_corner_and_tests_do(held_out):
    worlds = Worlds([Configuration(seed=1, protocol=FEW, held_out=held_out)])
    positions = latents(worlds)
    assert not (positions > 0.5 - held_out).all(axis=-1).any()
    assert np.abs(positions).max() <= 0.5
    assert (worlds.trials(400).latents.numpy() > 0.5 - held_out).all(axis=-1).any()


def test_what_is_left_is_uniform():
    worlds = Worlds([Configuration(seed=1, protocol=FEW, held_out=0.5)])
    positions = latents(worlds, 60)[0]
    shares = np.bincount((positions > 0) @ [1, 2], minlength=4) / len(positions)
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 1 / 3, 0], atol=0.04)


def test_a_twin_sees_the_same_trials_elsewhere():
    twins = [Configuration(seed=3, protocol=FEW, held_out=a) for a in (0, 0.5)]
    batch = Worlds(twins).batch(2)
    whole, part = batch.latents.numpy()
    shown = ~(whole > 0).all(axis=-1)
    np.testing.assert_array_equal(whole[shown], part[shown])
    features = batch.features.numpy()
    np.testing.assert_array_equal(features[0][:, shown], features[1][:, shown])
    alone = Worlds(twins[1:]).batch(2)
    np.testing.assert_array_equal(alone.latents.numpy()[0], part)


def test_nothing_held_out_leaves_the_trials_as_they_were():
    one, other = (Worlds([c]) for c in (Configuration(protocol=FEW), Configuration(protocol=FEW)))
    np.testing.assert_array_equal(latents(one), latents(other))
    assert Configuration.from_record(Configuration(held_out=0.3).record()).held_out == 0.3


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        (-0.1, "held_out must be a finite number >= 0, got -0.1"),
        (float("nan"), "held_out must be a finite number >= 0, got nan"),
        (1.0, "held_out must be less than 1, .* nothing would be left to train on"),
    ],
)
def test_bad_regions_are_named(held_out, message):
    with pytest.raises(ValueError, match=message):
        Configuration(held_out=held_out)


def test_changed_worlds_keep_map_and_boundaries():
    worlds = Worlds([Configuration(seed=s, protocol=FEW, n_tasks=3) for s in (0, 1)])
    changed = worlds.changed(sigma=0.4, stimulus_steps=7)
    assert changed.protocol.stimulus_steps == 7
    assert changed.sigmas == [0.4, 0.4]
    points = worlds.trials(5).latents
    np.testing.assert_array_equal(worlds.observe(points), changed.observe(points))
    assert changed.trials(5).features.shape[1] == 7
    assert worlds.changed().configurations == worlds.configurations
