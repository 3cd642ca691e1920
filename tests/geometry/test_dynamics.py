import numpy as np
import pytest
import torch

from trilateration import geometry, training


def affine(recurrent, drive, **options):
    return geometry.RateDynamics(np.asarray(recurrent), np.asarray(drive), **options)


def random_dynamics(seed, radius, n_units=12, **options):
    """Rate networks with W of a given spectral radius and a drive of either sign."""
    rng = np.random.default_rng(seed)
    recurrent = rng.normal(size=(3, n_units, n_units))
    recurrent *= radius / np.abs(np.linalg.eigvals(recurrent)).max(axis=1)[:, None, None]
    return affine(recurrent, rng.normal(0.3, 1, (3, n_units)), **options)


def networks(n_units=16):
    own = [
        training.Configuration(
            n_tasks=3, seed=k, n_units=n_units, protocol="fast", options={"alpha": 0.7}
        )
        for k in (3, 4)
    ]
    ensemble, worlds = training.untrained(own)
    return ensemble.requires_grad_(False), worlds


def test_a_step_is_the_networks_own():
    ensemble, worlds = networks()
    dynamics = geometry.RateDynamics.at_rest(ensemble, worlds)
    run = geometry.rest(ensemble, worlds, 5, 4)
    last = run.hidden[:, :, -2]
    np.testing.assert_allclose(dynamics.step(last), run.hidden[:, :, -1], atol=2e-6)
    np.testing.assert_allclose(
        dynamics.speed(last), np.linalg.norm(run.hidden[:, :, -1] - last, axis=-1), atol=1e-5
    )


def test_trials_before_rest_are_the_trials_that_are_recorded():
    ensemble, worlds = networks()
    run = geometry.rest(ensemble, worlds, 6, 2, stream="test")
    recorded = training.record(ensemble, worlds, 6, steps=list(range(20)))
    np.testing.assert_array_equal(run.latents, recorded.latents)
    np.testing.assert_allclose(run.hidden[:, :, :20], recorded.hidden, atol=1e-6)


def test_readings_are_what_the_features_show():
    _, worlds = networks()
    readings = torch.from_numpy(worlds.readings(4, stream="x")).float()
    features = worlds.trials(4, stream="x").features
    torch.testing.assert_close(worlds.observe(readings), features.transpose(1, 2))


def test_without_noise_every_step_shows_the_same():
    ensemble, worlds = networks()
    many = geometry.rest(ensemble, worlds, 3, 1, noiseless=True).hidden
    again = geometry.rest(ensemble, worlds, 3, 1, noiseless=True, stream="other").hidden
    assert not np.allclose(many, again)  # other positions …
    here = np.zeros((3, 2))
    one, two = (
        geometry.rest(ensemble, worlds, 3, 1, noiseless=True, stream=name, latents=here).hidden
        for name in "ab"
    )
    np.testing.assert_array_equal(one, two)  # … but no noise


@pytest.mark.parametrize("options", [{}, {"keep": 0.4, "gain": 0.6}, {"keep": 1.0, "gain": 1.0}])
def test_the_jacobian_is_the_derivative(options):
    dynamics = random_dynamics(1, 0.8, **options)
    states = np.random.default_rng(2).normal(size=(3, 4, 12))
    jacobian, h = dynamics.jacobian(states), 1e-6
    for j in range(12):
        nudge = h * np.eye(12)[j]
        slope = (dynamics.step(states + nudge) - dynamics.step(states - nudge)) / (2 * h)
        np.testing.assert_allclose(jacobian[..., j], slope, atol=1e-8)


def test_other_architectures_are_refused():
    own = [training.Configuration("lstm", n_tasks=3, protocol="fast")]
    with pytest.raises(ValueError, match=r"ensemble must have a rate core .* got LSTM"):
        geometry.RateDynamics.at_rest(*training.untrained(own))
    own = [training.Configuration(n_tasks=3, protocol="authors")]
    with pytest.raises(ValueError, match="without fixation and decision steps, got 'authors'"):
        geometry.rest(*training.untrained(own), 2, 2)


def test_the_search_and_the_dynamics_agree_where_there_is_one_fixed_point():
    # |relu| is 1-Lipschitz, so a matrix of norm below 1 makes a contraction.
    rng = np.random.default_rng(5)
    recurrent = rng.normal(size=(3, 12, 12))
    recurrent *= 0.9 / np.linalg.norm(recurrent, 2, axis=(1, 2))[:, None, None]
    dynamics = affine(recurrent, rng.normal(0.3, 1, (3, 12)))
    starts = rng.normal(size=(3, 10, 12))
    found = geometry.slow_points(dynamics, starts, slow_enough=1e-10, max_steps=200)
    ends = geometry.attractors(dynamics, starts, 600)
    assert ends.speeds.max() < 1e-9
    assert found.found.any(axis=1).all()
    for own, here, there in zip(found.states, found.found, ends.states, strict=True):
        np.testing.assert_allclose(own[here], there[:1].repeat(here.sum(), 0), atol=1e-7)
        assert len(geometry.distinct_points(own[here], 1e-4)) == 1


def test_an_unstable_fixed_point_is_found_only_by_the_search():
    # One unit, F(h) = 2 h − 1 above ½ and 0 below: fixed points 1, repelling, and 0.
    dynamics = affine([[[2.0]]], [[-1.0]])
    starts = np.array([[[0.9], [1.1], [0.3]]])
    found = geometry.slow_points(dynamics, starts, slow_enough=1e-12)
    np.testing.assert_allclose(found.states.ravel(), [1, 1, 0], atol=1e-9)
    assert found.found.all()
    ends = geometry.attractors(dynamics, starts, 8).states.ravel()
    np.testing.assert_allclose(ends, [0, 1 + 0.1 * 2**8, 0], atol=1e-9)


def test_a_line_of_fixed_points_keeps_where_the_search_began():
    # W = projection: every positive multiple of v is a fixed point, with eigenvalue 1 along v.
    v = np.array([0.6, 0.8])
    dynamics = affine([np.outer(v, v)], np.zeros((1, 2)))
    along = np.array([[[1.0], [2.0], [3.0]]])
    starts = along * v + 0.1 * np.array([0.8, -0.6])
    found = geometry.slow_points(dynamics, starts, slow_enough=1e-10)
    np.testing.assert_allclose(found.states, along * v, atol=1e-6)
    values = geometry.spectra(dynamics.jacobian(found.states))
    np.testing.assert_allclose(values, np.broadcast_to([1, 0], values.shape), atol=1e-9)
    assert np.isinf(geometry.time_constants(np.array([1.0, -1.0]))).all()


def test_slow_points_stop_where_it_is_slow():
    # A leak of 1 % a step: the search stops on the way, as soon as the speed is low enough.
    dynamics = affine([0.99 * np.eye(2)], np.zeros((1, 2)))
    starts = np.array([[[1.0, 2.0]]])
    assert geometry.slow_points(dynamics, starts, slow_enough=0.03).states == pytest.approx(starts)
    slower = geometry.slow_points(dynamics, starts, slow_enough=1e-9)
    assert slower.found.all()
    np.testing.assert_allclose(slower.states, 0, atol=1e-6)


def test_time_constants():
    np.testing.assert_allclose(
        geometry.time_constants(np.exp(-1 / np.array([1.0, 20.0, 300.0]))), [1, 20, 300]
    )
    assert geometry.time_constants(np.array([1.1]))[0] < 0
    turned = 0.9 * np.exp(1j * np.array([0.3, 2.0]))
    np.testing.assert_allclose(geometry.time_constants(turned), -1 / np.log(0.9))


def test_spectra_are_sorted_and_complete():
    matrices = np.random.default_rng(0).normal(size=(2, 5, 5))
    values = geometry.spectra(matrices)
    assert (np.diff(np.abs(values), axis=-1) <= 1e-12).all()
    np.testing.assert_allclose(values.sum(-1).real, np.trace(matrices, axis1=-2, axis2=-1))


def test_distinct_points():
    points = np.array([[0.0, 0], [0.005, 0], [1, 0], [1, 0.009], [0, 1]])
    np.testing.assert_array_equal(geometry.distinct_points(points, 0.01), points[[0, 2, 4]])
    assert geometry.distinct_points(points[:0], 0.01).shape == (0, 2)
    with pytest.raises(ValueError, match="distance must be a finite number > 0"):
        geometry.distinct_points(points, 0)


def test_bad_starts():
    dynamics = random_dynamics(0, 0.5)
    bad = np.full((3, 2, 12), np.nan)
    with pytest.raises(ValueError, match="starts must be finite"):
        geometry.slow_points(dynamics, bad, slow_enough=1e-6)
    with pytest.raises(ValueError, match="starts must be finite"):
        geometry.attractors(dynamics, bad, 5)
    for shape in ((1, 2, 12), (3, 2, 11)):
        with pytest.raises(ValueError, match="with 3 replicates and 12 units, got"):
            geometry.attractors(dynamics, np.zeros(shape), 5)
    with pytest.raises(ValueError, match="slow_enough must be a finite number > 0"):
        geometry.slow_points(dynamics, np.zeros((3, 2, 12)), slow_enough=0.0)
    with pytest.raises(ValueError, match="states must have a last axis of length 12"):
        dynamics.step(np.zeros((3, 2, 11)))


def test_principal_axes_of_a_known_cloud():
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    spread = np.array([5.0, 2.0, 1.0, 0, 0, 0])
    states = (rng.normal(size=(4, 500, 6)) * spread) @ turn + 7
    frame = geometry.principal_axes(states, 3)
    np.testing.assert_allclose(frame.axes @ frame.axes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.abs(frame.axes @ turn[:3].T), np.eye(3), atol=0.05)
    np.testing.assert_allclose(frame.shares, spread[:3] ** 2 / 30, atol=0.03)
    np.testing.assert_allclose(frame.mean, states.reshape(-1, 6).mean(0))
