"""Worlds: trials by their laws, labels by the boundaries, and nothing that depends on company."""

import jaxtyping
import numpy as np
import pytest
import torch
from scipy import stats

from trilateration.networks import LINKS, architectures
from trilateration.training import Configuration, Worlds, boundaries_of, protocol, record, untrained

SHORT = protocol("authors", stimulus_steps=4, batch=3)


def world(*configurations, **shared):
    shared = {"protocol": SHORT} | shared
    return Worlds([Configuration(**shared, **own) for own in configurations or ({},)])


def test_evidence_is_gaussian_around_positions_that_fill_the_box():
    own = [{"seed": 1, "sigma": 0.2}, {"seed": 2, "sigma": 0.05}]
    batch = world(*own, protocol="dense", observation="identity").trials(3000)
    positions = batch.latents.double().numpy()
    for axis in range(2):
        assert stats.kstest(positions[0, :, axis], stats.uniform(-0.5, 1).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(positions[0].T)[0, 1]) < 0.05
    noise = batch.features.double().numpy() - positions[:, None]
    for sigma, own in zip((0.2, 0.05), noise, strict=True):
        assert own.mean() == pytest.approx(0, abs=4 * sigma / own.size**0.5)
        assert own.std() == pytest.approx(sigma, rel=0.01)
        assert stats.kstest(own.ravel()[::7], stats.norm(0, sigma).cdf).pvalue > 1e-3
        across_time = np.corrcoef(own[:, :, 0])
        assert np.abs(across_time - np.eye(20)).max() < 0.1
    # A replicate's noise and positions have nothing to do with one another, nor with a neighbour's.
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(noise[0].mean(0).ravel(), positions[0].ravel())[0, 1]) < 0.05


RANDOM = {"tasks": "random", "dimension": 3, "offset_half_width": 0.3}


@pytest.mark.parametrize("shared", [{}, RANDOM], ids=["even", "random"])
def test_labels_are_those_of_the_boundaries(shared):
    worlds = world({"seed": 1, "n_tasks": 3}, {"seed": 2, "n_tasks": 7}, **shared)
    for batch in (worlds.batch(5), worlds.trials(100)):
        for replicate, (own, n) in enumerate(zip(worlds.boundaries, (3, 7), strict=True)):
            expected = own.labels(batch.latents[replicate].numpy())
            np.testing.assert_array_equal(batch.labels[replicate, :, :n], expected)
            assert (batch.labels[replicate, :, n:] == 0).all()


def test_random_task_sets_are_nested():
    largest = boundaries_of(Configuration(seed=5, n_tasks=12, **RANDOM))
    for n in (1, 5, 11):
        own = boundaries_of(Configuration(seed=5, n_tasks=n, **RANDOM))
        np.testing.assert_array_equal(own.normals, largest.normals[:n])
        np.testing.assert_array_equal(own.offsets, largest.offsets[:n])
    assert 0.1 < np.abs(largest.offsets).max() <= 0.3
    other = boundaries_of(Configuration(seed=6, n_tasks=12, **RANDOM))
    assert not np.any(other.normals == largest.normals)


def test_one_seed_is_one_world_in_every_architecture_and_head():
    first = world({"seed": 4}).batch(7)
    for name in architectures():
        for head in LINKS:
            batch = world({"seed": 4}, architecture=name, head=head, n_units=8).batch(7)
            assert all(torch.equal(a, b) for a, b in zip(first, batch, strict=True))


def test_trials_do_not_depend_on_company_or_on_what_was_drawn_before():
    own = [{"seed": k, "n_tasks": 1 + k % 5, "sigma": 0.1 * (1 + k % 3)} for k in range(7)]
    together = world(*own)
    for k in (0, 4, 6):
        alone = world(own[k])
        for step in (70, 0, 1, 130, 70):
            many, one = together.batch(step), alone.batch(step)
            assert torch.equal(many.latents[k], one.latents[0])
            assert torch.equal(many.features[k], one.features[0])
            assert torch.equal(many.labels[k, :, : 1 + k % 5], one.labels[0])


def test_tasks_and_noise_leave_positions_and_encoder_as_they_are():
    plain = world({"n_tasks": 2, "sigma": 0.1}, observation="identity").batch(3)
    other = world({"n_tasks": 9, "sigma": 0.3}, observation="identity").batch(3)
    assert torch.equal(plain.latents, other.latents)
    stimulus = slice(1, 5)
    noise = [b.features[:, stimulus] - b.latents[:, None] for b in (plain, other)]
    torch.testing.assert_close(noise[1], 3 * noise[0])


def test_every_step_and_every_stream_has_trials_of_its_own():
    worlds = world({"seed": 1}, {"seed": 2})
    seen = [worlds.batch(step).latents for step in range(0, 200, 7)]
    seen += [worlds.trials(3, stream=name).latents for name in ("test", "train", "encoder")]
    seen = torch.cat([latents.flatten(0, 1) for latents in seen])
    assert len(torch.unique(seen, dim=0)) == len(seen)
    assert torch.equal(worlds.trials(3).latents, worlds.trials(3).latents)


def test_networks_rest_before_and_after_the_evidence():
    worlds = world({"seed": 1}, {"seed": 2})
    features = worlds.batch(0).features
    rest = worlds.encoders(torch.zeros(2, 1, 3, 2))
    torch.testing.assert_close(features[:, :1], rest)
    torch.testing.assert_close(features[:, -1:], rest)
    assert features.shape == (2, 6, 3, 40)
    assert (features[:, 1:5] != rest).any(dim=-1).all()


def test_both_observations_see_the_same_evidence():
    relu, identity = world({"seed": 3}), world({"seed": 3}, observation="identity")
    torch.testing.assert_close(
        relu.batch(2).features, relu.observe(identity.batch(2).features), rtol=1e-5, atol=1e-6
    )
    assert identity.n_features == 2


def test_positions_can_be_chosen_and_keep_the_noise():
    worlds = world({"seed": 1}, {"seed": 2}, observation="identity")
    corner = np.full((5, 2), 0.4)
    moved, plain = worlds.trials(5, latents=corner), worlds.trials(5)
    torch.testing.assert_close(moved.latents, torch.full((2, 5, 2), 0.4))
    shift = (moved.features - plain.features)[:, 1:-1]
    torch.testing.assert_close(shift, (moved.latents - plain.latents)[:, None].expand_as(shift))
    each = np.stack([corner, -corner])
    torch.testing.assert_close(worlds.trials(5, latents=each).latents, torch.tensor(each).float())


def test_bfloat16_features_are_those_of_float32_rounded():
    exact, near = world({"seed": 1}).batch(0), world({"seed": 1}, precision="bfloat16").batch(0)
    torch.testing.assert_close(near.features, exact.features, rtol=0.03, atol=0.01)
    assert torch.equal(near.labels, exact.labels)


def test_a_recording_is_what_the_networks_do_on_test_trials():
    configurations = [
        Configuration(seed=k, n_tasks=2 + k, n_units=8, protocol=SHORT) for k in (0, 1)
    ]
    ensemble, worlds = untrained(configurations)
    recording = record(ensemble, worlds, 10, steps=[1, 4, 5], stream="other")
    batch = worlds.trials(10, stream="other")
    activity = ensemble(batch.features.transpose(1, 2), 5)  # the channel is 1 until the decision
    np.testing.assert_array_equal(recording.latents, batch.latents)
    np.testing.assert_array_equal(recording.labels, batch.labels)
    hidden = activity.hidden[:, :, [1, 4, 5]].detach().numpy()
    readouts = activity.readouts[:, :, [1, 4, 5]].detach().numpy()
    np.testing.assert_allclose(recording.hidden, hidden, atol=1e-6)
    np.testing.assert_allclose(recording.readouts, readouts, atol=1e-6)
    np.testing.assert_array_equal(
        recording.features, batch.features.transpose(1, 2)[:, :, [1, 4, 5]]
    )
    last = record(ensemble, worlds, 10, stream="other")
    np.testing.assert_array_equal(last.hidden, recording.hidden[:, :, -1:])


@pytest.mark.parametrize("shape", [(5, 3), (4, 2), (1, 5, 2), (3, 5, 2), (2,)])
def test_positions_of_another_shape_are_refused(shape, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    message = r"latents must have shape \(5, 2\), or that with 2 replicates before, got"
    with pytest.raises(ValueError, match=message):
        world({"seed": 1}, {"seed": 2}).trials(5, latents=np.zeros(shape))
