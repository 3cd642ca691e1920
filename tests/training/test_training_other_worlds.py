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
    ("noise", "parameter"), [("gaussian", 0.0), ("autoregressive", 0.8), ("student", 3.5)]
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
        ({"tasks": "circles", "dimension": 3}, "tasks must be 'random' unless dimension is 2"),
        ({"tasks": "products", "offset_half_width": 0.1}, "tasks must be 'random' unless"),
    ],
)
def test_bad_worlds_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        configuration(**changes)


def test_records_keep_the_world():
    own = configuration(tasks="circles", noise="student", noise_parameter=3.0)
    assert training.Configuration.from_record(own.record()) == own
