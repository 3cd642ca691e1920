"""Worlds that fail: each option does what it says; networks without it see the same trials."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from trilateration import training

SHORT = training.protocol("fast", steps=12)
# Five standard errors, so that a test fails by chance once in a million.
FIVE = 5


def configuration(**changes):
    return training.Configuration(**{"n_tasks": 6, "protocol": SHORT, **changes})


def batches(own, steps=12):
    worlds = training.Worlds([own])
    drawn = [worlds.batch(step) for step in range(steps)]
    return worlds, [
        np.concatenate([getattr(b, name)[0].numpy() for b in drawn], axis=axis)
        for name, axis in (("latents", 0), ("features", 1), ("labels", 0))
    ]


@pytest.mark.parametrize("epsilon", [0.05, 0.3])
def test_labels_are_flipped_as_often_as_asked_in_training_only(epsilon):
    worlds, (latents, features, labels) = batches(configuration(label_noise=epsilon))
    _, (twin_latents, twin_features, true) = batches(configuration())
    np.testing.assert_array_equal(latents, twin_latents)
    np.testing.assert_array_equal(features, twin_features)
    error = math.sqrt(epsilon * (1 - epsilon) / labels.size)
    assert (labels != true).mean() == pytest.approx(epsilon, abs=FIVE * error)
    test = worlds.trials(500)
    np.testing.assert_array_equal(
        test.labels[0].numpy(), worlds.boundaries[0].labels(test.latents[0].numpy())
    )


def test_blurred_labels_follow_the_normal_law_of_the_distance():
    blur = 0.1
    worlds, (latents, _, labels) = batches(configuration(label_blur=blur), steps=60)
    distances = worlds.boundaries[0].signed_distances(latents)
    for low, high in pairwise((-0.3, -0.1, 0.0, 0.1, 0.3)):
        here = (distances > low) & (distances < high)
        wanted = norm.cdf(distances[here] / blur).mean()
        error = 0.5 / math.sqrt(here.sum())
        assert labels[here].mean() == pytest.approx(wanted, abs=FIVE * error)


def test_a_pool_shows_the_same_few_trials_for_ever():
    own = configuration(pool=20, label_noise=0.2)
    worlds, (latents, features, labels) = batches(own, steps=40)
    rows = np.hstack([latents, features.swapaxes(0, 1).reshape(len(latents), -1), labels])
    assert len(np.unique(rows, axis=0)) == 20
    # Each trial has one label, however often it is drawn.
    assert len(np.unique(latents, axis=0)) == 20
    shown = worlds.trials(200, as_trained=True)
    assert {tuple(x) for x in shown.latents[0].numpy()} <= {tuple(x) for x in latents}
    fresh = worlds.trials(200)
    assert not {tuple(x) for x in fresh.latents[0].numpy()} & {tuple(x) for x in latents}
    np.testing.assert_array_equal(
        training.Worlds([own]).batch(30).features, training.Worlds([own]).batch(30).features
    )


def test_drift_is_a_random_walk_that_ends_at_the_position():
    drift, sigma = 0.05, 1e-3
    own = configuration(observation="identity", drift=drift, sigma=sigma)
    batch = training.Worlds([own]).trials(4_000)
    off = (batch.features - batch.latents[:, None])[0].numpy()
    steps = len(off)
    back = np.arange(steps)[::-1]
    spread = off.std(axis=(1, 2))
    np.testing.assert_allclose(
        spread, np.sqrt(sigma**2 + back * drift**2), rtol=FIVE / math.sqrt(2 * 8_000)
    )
    jumps = np.diff(off, axis=0)
    assert np.corrcoef(jumps[3].ravel(), jumps[4].ravel())[0, 1] == pytest.approx(0, abs=0.06)
    still = training.Worlds([configuration(observation="identity", sigma=sigma)]).trials(4_000)
    np.testing.assert_array_equal(batch.latents, still.latents)
    np.testing.assert_allclose(batch.features[:, -1], still.features[:, -1], atol=1e-6)


def test_parallel_and_shifted_tasks():
    narrow = training.boundaries_of(configuration(tasks="parallel", task_spread=10.0))
    angles = np.degrees(np.arctan2(*narrow.normals.T[::-1]))
    assert np.ptp(angles) == pytest.approx(10 * 5 / 6)
    far = training.boundaries_of(configuration(tasks="random", offset_shift=0.8))
    near = training.boundaries_of(configuration(tasks="random"))
    np.testing.assert_array_equal(far.normals, near.normals)
    assert (far.offsets == 0.8).all()
    _, (_, _, labels) = batches(configuration(tasks="random", offset_shift=0.8, dimension=2))
    assert labels.mean() == 0


def test_weights_of_tasks_have_mean_one_and_follow_the_blocks():
    heavy = training.Worlds([configuration(first_weight=4.0), configuration(n_tasks=8)])
    weights = heavy.task_weights(0).numpy()
    np.testing.assert_allclose(weights[0], [24 / 9] + [6 / 9] * 5 + [0, 0], rtol=1e-6)
    np.testing.assert_allclose(weights[1], 1)
    in_turn = training.Worlds([configuration(blocks=3)])
    seen = np.stack([in_turn.task_weights(step)[0].numpy() for step in range(12)])
    assert (seen.mean(axis=1) == 1).all()
    np.testing.assert_array_equal(seen.argmax(axis=1), np.repeat([0, 2, 4], 4))
    assert training.Worlds([configuration()]).task_weights(0) is None


def weights_of(configurations, replicate=0):
    trained = training.train(configurations, progress=False, records=1)
    heads = trained.ensemble.heads
    return heads.weight[replicate].numpy(), trained


def test_blocks_ask_every_task_once_alone_as_in_company():
    first, _ = training.untrained([configuration(blocks=6)])
    start = first.heads.weight[0].detach().numpy().copy()
    alone, _ = weights_of([configuration(blocks=6)])
    company, _ = weights_of([configuration(seed=4), configuration(blocks=6)], replicate=1)
    np.testing.assert_allclose(alone, company, atol=1e-6)
    assert (np.abs(alone - start).max(axis=0) > 0).all()


def test_equal_weights_are_no_weights():
    plain, _ = weights_of([configuration()])
    # A neighbour with weights makes the loss a weighted one; a weight of 1 changes no bit.
    weighted, _ = weights_of([configuration(), configuration(seed=1, first_weight=2.0)])
    np.testing.assert_array_equal(plain, weighted)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_noise": 0.5}, "label_noise must be less than 1/2, got 0.5"),
        ({"label_noise": -0.1}, "label_noise must be"),
        ({"label_blur": -1.0}, "label_blur must be"),
        ({"label_blur": 0.1, "tasks": "circles"}, "label_blur must be 0 unless boundaries are"),
        ({"pool": -1}, "pool must be a whole number >= 0"),
        ({"drift": math.nan}, "drift must be"),
        ({"blocks": 7}, "blocks must be at most n_tasks, 6, got 7"),
        ({"blocks": 0}, "blocks must be a whole number >= 1"),
        ({"first_weight": 0.0}, "first_weight must be"),
        ({"task_spread": 5.0}, "task_spread must be > 0 for 'parallel' tasks and 0 for all"),
        ({"tasks": "parallel"}, "task_spread must be > 0 for 'parallel' tasks"),
        ({"offset_shift": 0.5}, "tasks must be 'random' unless dimension is 2"),
    ],
)
def test_bad_failures_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        configuration(**changes)


def test_trials_as_trained_take_no_positions():
    worlds = training.Worlds([configuration()])
    with pytest.raises(ValueError, match="latents must be None for trials as trained"):
        worlds.trials(10, latents=np.zeros((10, 2)), as_trained=True)


def test_records_keep_what_fails():
    own = configuration(label_noise=0.1, pool=50, drift=0.01, blocks=2, first_weight=3, n_tasks=4)
    assert training.Configuration.from_record(own.record()) == own
