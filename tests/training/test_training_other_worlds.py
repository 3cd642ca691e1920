"""Worlds with curved boundaries and other noise: what training shows is what was asked for."""

import numpy as np
import pytest

from trilateration import tasks, training

SHORT = training.protocol("fast", steps=4)


def configuration(**changes):
    return training.Configuration(**{"n_tasks": 5, "protocol": SHORT, **changes})


@pytest.mark.parametrize("kind", ["even", "random", "circles", "products"])
def test_labels_are_those_of_the_boundaries_in_any_company(kind):
    own = configuration(seed=3, tasks=kind)
    others = [configuration(tasks="circles", n_tasks=7), configuration(tasks="products")]
    alone = training.Worlds([own]).trials(400)
    together = training.Worlds([*others, own]).trials(400)
    wanted = training.boundaries_of(own).labels(alone.latents[0].numpy().astype(float))
    np.testing.assert_array_equal(alone.labels[0].numpy(), wanted)
    np.testing.assert_array_equal(together.labels[2, :, :5].numpy(), wanted)
    np.testing.assert_array_equal(together.features[2].numpy(), alone.features[0].numpy())
    assert (together.labels[2, :, 5:] == 0).all()


def test_curved_boundaries_are_nested_in_the_number_of_tasks():
    few, many = (training.boundaries_of(configuration(tasks="circles", n_tasks=n)) for n in (3, 8))
    np.testing.assert_array_equal(many.take([0, 1, 2]).centres, few.centres)
    assert isinstance(few, tasks.Circles)


@pytest.mark.parametrize(
    ("noise", "parameter"),
    [("gaussian", 0.0), ("autoregressive", 0.8), ("student", 3.5), ("anisotropic", 1.0)],
)
def test_noise_has_the_stated_law(noise, parameter):
    own = configuration(
        observation="identity", noise=noise, noise_parameter=parameter, sigma=0.3, seed=1
    )
    batch = training.Worlds([own]).trials(4_000)
    errors = (batch.features - batch.latents[:, None])[0].numpy()  # (time, trial, axis)
    assert errors.std() == pytest.approx(0.3, rel=0.08)
    between = np.corrcoef(errors[:-1].ravel(), errors[1:].ravel())[0, 1]
    assert between == pytest.approx(parameter if noise == "autoregressive" else 0, abs=0.02)
    # The median of |e|/σ: 0.674 for the normal law, 0.442 for t with 3.5 degrees of freedom.
    middle = np.median(np.abs(errors)) / 0.3
    assert middle == pytest.approx(0.674 if noise != "student" else 0.474, abs=0.03)


def test_gaussian_evidence_is_as_it_was_without_the_option():
    plain = training.Worlds([configuration(observation="identity")]).batch(0)
    mixed = training.Worlds(
        [
            configuration(observation="identity", noise="student", noise_parameter=4.0),
            configuration(observation="identity"),
        ]
    ).batch(0)
    np.testing.assert_array_equal(mixed.features[1].numpy(), plain.features[0].numpy())
    np.testing.assert_array_equal(mixed.latents[0].numpy(), plain.latents[0].numpy())
    assert (mixed.features[0] != mixed.features[1]).any()


def test_a_step_repeats_whatever_was_drawn_before():
    own = configuration(noise="autoregressive", noise_parameter=0.5, tasks="circles")
    late = training.Worlds([own]).batch(130)
    again = training.Worlds([own])
    again.batch(2)
    np.testing.assert_array_equal(again.batch(130).features.numpy(), late.features.numpy())
    np.testing.assert_array_equal(again.batch(130).labels.numpy(), late.labels.numpy())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": "pink"}, "noise must be"),
        ({"noise_parameter": 0.5}, "noise_parameter must be 0 for gaussian"),
        ({"noise": "student", "noise_parameter": 2.0}, "noise_parameter must be"),
        ({"noise": "autoregressive", "noise_parameter": 1.0}, "noise_parameter must be"),
        ({"noise": "anisotropic"}, "noise_parameter must be a finite number > 0"),
        ({"correlation": 1.0}, "correlation must be"),
        ({"correlation": -0.6, "dimension": 4, "tasks": "random"}, "correlation must leave 4"),
        ({"network_noise": -0.1}, "network_noise must be"),
        ({"tasks": "circles", "dimension": 3}, "tasks must be 'random' unless dimension is 2"),
        ({"tasks": "products", "offset_half_width": 0.1}, "tasks must be 'random' unless"),
    ],
)
def test_bad_worlds_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        configuration(**changes)


def test_records_keep_the_world():
    own = configuration(
        tasks="circles", noise="student", noise_parameter=3.0, correlation=0.5, network_noise=0.1
    )
    assert training.Configuration.from_record(own.record()) == own


@pytest.mark.parametrize("dimension", [2, 3])
def test_anisotropic_noise_keeps_the_root_mean_square(dimension):
    own = configuration(
        observation="identity", noise="anisotropic", noise_parameter=3.0, sigma=0.3,
        dimension=dimension, tasks="random",
    )  # fmt: skip
    batch = training.Worlds([own]).trials(5_000)
    errors = (batch.features - batch.latents[:, None])[0].numpy().reshape(-1, dimension)
    deviations = errors.std(axis=0)
    # The relative error of a deviation from 10^5 numbers is 0.2 %.
    np.testing.assert_allclose(deviations[0] / deviations[1:], 3.0, rtol=0.02)
    assert (errors**2).mean() ** 0.5 == pytest.approx(0.3, rel=0.02)
    off = np.corrcoef(errors.T) - np.eye(dimension)
    assert np.abs(off).max() < 0.02
    variances = np.square(training.noise_of(own).standard_deviation)
    assert variances.mean() == pytest.approx(0.3**2)


def training_positions(own, steps=40):
    worlds = training.Worlds([own])
    return np.concatenate([worlds.batch(step).latents[0].numpy() for step in range(steps)])


def test_training_positions_are_correlated_and_tests_are_not():
    own = configuration(correlation=0.7, seed=2)
    shown = training_positions(own)
    n = len(shown)
    assert np.corrcoef(shown.T)[0, 1] == pytest.approx(0.7, abs=5 * (1 - 0.7**2) / n**0.5)
    # Uniform on each axis: Kolmogorov's distance is below 1.95/sqrt(n) but once in a thousand.
    for axis in shown.T:
        gap = np.abs(np.sort(axis) + 0.5 - np.arange(1, n + 1) / n).max()
        assert gap < 1.95 / n**0.5
    twin = training.Worlds([configuration(seed=2)])
    test = training.Worlds([own]).trials(300)
    np.testing.assert_array_equal(test.latents.numpy(), twin.trials(300).latents.numpy())
    # The same numbers make both, so the first coordinate is the twin's.
    np.testing.assert_allclose(
        training.Worlds([own]).batch(3).latents[0, :, 0], twin.batch(3).latents[0, :, 0], atol=1e-6
    )


def test_a_held_out_corner_stays_empty_under_correlation():
    shown = training_positions(configuration(correlation=0.8, held_out=0.5))
    assert not (shown > 0).all(axis=1).any()


def weights_after(configurations):
    trained = training.train(configurations, progress=False, records=1)
    return {name: w.detach().numpy() for name, w in trained.ensemble.named_parameters()}, trained


def test_network_noise_is_each_replicates_own_and_nothing_to_the_others():
    quiet, noisy = configuration(seed=4), configuration(seed=5, network_noise=0.3)
    alone, noisy_alone = weights_after([quiet])[0], weights_after([noisy])[0]
    together, trained = weights_after([quiet, noisy])
    for name, weights in together.items():
        np.testing.assert_array_equal(weights[0], alone[name][0])
        np.testing.assert_array_equal(weights[1], noisy_alone[name][0])
    calm = weights_after([configuration(seed=5)])[0]
    assert any((calm[name] != noisy_alone[name]).any() for name in calm)
    # A recording repeats, under the same name, and differs under another.
    first, again, other = (
        training.record(trained.ensemble, trained.worlds, 20, stream=stream).hidden
        for stream in ("a", "a", "b")
    )
    np.testing.assert_array_equal(first, again)
    assert (first[1] != other[1]).any()


def test_network_noise_has_its_size_and_is_independent():
    worlds = training.Worlds([configuration(network_noise=0.25), configuration()])
    noise = worlds.network_noise(64, 32, "x").numpy()
    assert noise.shape == (2, 20, 64, 32)
    assert (noise[1] == 0).all()
    assert noise[0].std() == pytest.approx(0.25, rel=0.02)
    assert abs(np.corrcoef(noise[0, 0].ravel(), noise[0, 1].ravel())[0, 1]) < 0.08
    assert (worlds.network_noise(64, 32, "y").numpy()[0] != noise[0]).any()
    assert training.Worlds([configuration()]).network_noise(64, 32, "x") is None
