"""Decoders where they were not trained: splits, closed forms against simulation, and warnings."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trilateration.evidence import sample_means, uniform_latents
from trilateration.observer import box_posterior_mean, mean_radius_power
from trilateration.readout import (
    FEW_TESTS,
    FEW_TRIALS,
    PENALTIES,
    corner_transfer,
    correlated_latents,
    correlation_shift_r2,
    descend,
    extrapolation_r2,
    fit_linear,
    in_corner,
    left_out_predictions,
    length_shift_r2,
    mean_over_networks,
    median_over_networks,
    noise_shift_r2,
    orthants,
    prior_r2,
    report_code,
    transfer,
    within_r2,
)
from trilateration.tasks import evenly_spaced_lines

SIGMA, STEPS = 0.2, 20
S = SIGMA / STEPS**0.5


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def world(rng):
    """Two replicates of trials: positions, and the means of their evidence."""
    latents = rng.uniform(-0.5, 0.5, (2, 900, 2))
    return latents, sample_means(latents, SIGMA, STEPS, rng=rng)


@given(side=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_the_corners_have_their_share_of_the_box(side, seed):
    latents = uniform_latents(4000, 2, rng=np.random.default_rng(seed))
    share = in_corner(latents, side).mean()
    assert abs(share - side**2) < 5 * (side**2 * (1 - side**2) / 4000) ** 0.5 + 1e-3
    flipped = in_corner(-latents, side, signs=(-1, -1))
    np.testing.assert_array_equal(flipped, in_corner(latents, side))


def test_a_corner_of_half_the_box_is_the_papers_orthant(world):
    latents, means = world
    scores = corner_transfer(means, latents, 0.5)
    for replicate in range(2):
        groups = orthants(latents[replicate])
        read = left_out_predictions(means[replicate], latents[replicate], groups, penalty=PENALTIES)
        assert scores.prior[replicate] == pytest.approx(prior_r2(latents[replicate], read).value)
        within = within_r2(latents[replicate], read, groups).value
        assert scores.within[replicate] == pytest.approx(within)
    assert scores.notes == ()


def test_an_affine_code_is_read_alike_wherever_it_is_held_out(rng):
    latents = rng.uniform(-0.5, 0.5, (1, 900, 2))
    code = latents @ rng.standard_normal((2, 5)) + 1
    for side in (0.2, 0.5, 0.9):
        assert corner_transfer(code, latents, side).within[0] == pytest.approx(1, abs=1e-6)
    far = transfer(code, latents, 10 * code - 9, 10 * latents)
    assert far.within[0] == pytest.approx(1, abs=1e-6)


def test_a_unit_that_is_silent_in_training_fools_no_least_norm_decoder(rng):
    latents = rng.uniform(-0.5, 0.5, (1, 900, 2))
    corner = in_corner(latents, 0.5)
    silent = np.where(corner, latents.sum(axis=-1), 0)[..., None]
    code = np.concatenate([latents, silent], axis=-1)
    seen, unseen = ~corner[0], corner[0]
    decoder = fit_linear(code[0, seen], latents[0, seen])
    np.testing.assert_allclose(decoder.predict(code[0, unseen]), latents[0, unseen], atol=1e-9)
    # Another decoder, as exact in training, is wrong in the corner: affine extension needs more.
    other = decoder.weights.copy()
    other[2] += 1
    there = code[0, seen] @ other + decoder.intercept
    np.testing.assert_allclose(there, latents[0, seen], atol=1e-9)
    assert np.abs(code[0, unseen] @ other + decoder.intercept - latents[0, unseen]).max() > 0.5


def test_few_trials_are_named_and_none_are_an_error(rng):
    latents = rng.uniform(-0.5, 0.5, (1, 40, 2))
    code = rng.standard_normal((1, 40, 64))
    scores = transfer(code, latents, code[:, :20], latents[:, :20])
    assert scores.notes == (FEW_TESTS, FEW_TRIALS)
    with pytest.raises(ValueError, match="no data left"):
        transfer(code[:, :0], latents[:, :0], code, latents)
    with pytest.raises(ValueError, match=r"side must be less than the box's 1, got 1: .*nothing"):
        corner_transfer(code, latents, 1)
    with pytest.raises(ValueError, match=r"each corner holds a trial, got 0\.01 with 40 trials"):
        corner_transfer(code, latents, 0.01)
    with pytest.raises(ValueError, match="two orthants or more"):
        transfer(code, np.abs(latents), code, latents)
    refused = (ValueError, jaxtyping.TypeCheckError)
    with pytest.raises(refused, match=r"replicates and trials|Type-check error"):
        transfer(code, latents[:, :3], code, latents)
    with pytest.raises(refused, match=r"same 1 replicates, got 2|Type-check error"):
        transfer(code, latents, *(np.repeat(x, 2, axis=0) for x in (code, latents)))


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.99])
def test_correlated_latents_have_their_correlation_and_uniform_margins(rho, rng):
    latents = correlated_latents(20_000, rho, rng=rng)
    assert np.corrcoef(latents.T)[0, 1] == pytest.approx(rho, abs=0.02)
    for axis in latents.T:
        assert stats.kstest(axis + 0.5, "uniform").pvalue > 1e-4


def simulated(kind, box_scale, rng, n_tasks=96):
    """Simulate extrapolation: isotropic decoder, gain fitted on the unit square, many lines."""
    lines = evenly_spaced_lines(n_tasks)
    scores = []
    gain = None
    for scale in (1.0, box_scale):
        latents = uniform_latents(40_000, 2, rng=rng, half_width=scale / 2)
        means = sample_means(latents, SIGMA, STEPS, rng=rng)
        if kind == "clipped":
            read, gain = np.clip(means, -0.5, 0.5), 1.0
        else:
            read = report_code(means @ lines.normals.T / S, kind) @ lines.normals
        if gain is None:
            gain = (read * latents).sum() / (read**2).sum()
        scores.append(1 - 6 * ((gain * read - latents) ** 2).sum(axis=1).mean() / scale**2)
    return scores[-1]


@pytest.mark.parametrize("kind", ["probit", "logit", "sign", "clipped"])
@pytest.mark.parametrize("box_scale", [1.0, 1.5, 2.5])
def test_extrapolation_is_what_simulation_finds(kind, box_scale, rng):
    predicted = extrapolation_r2(kind, box_scale, S)
    # The gain is fitted on 40 000 trials, and its error grows with the square of the box.
    tolerance = 0.004 + 0.025 * (1 - predicted)
    assert simulated(kind, box_scale, rng) == pytest.approx(predicted, abs=tolerance)


@settings(max_examples=4, deadline=None)
@given(box_scale=st.floats(1, 3))
def test_extrapolation_without_noise_is_the_closed_form(box_scale):
    side, s = box_scale, 1e-4
    one, three = mean_radius_power(1), mean_radius_power(3)
    four = 2 / 80 + 2 / 144  # E(x² + y²)² on the unit square
    closed = {
        "probit": 1.0,
        "sign": 6 * one**2 * (2 * side - 1) / side**2,
        "logit": 6 * three**2 / four * side * (2 - side),
        "clipped": 1 - (1 - 1 / side) ** 3,
    }
    for kind, value in closed.items():
        assert extrapolation_r2(kind, side, s) == pytest.approx(value, abs=4e-3), kind


def test_an_observer_who_knows_only_the_box_clips(rng):
    means = 1.5 * uniform_latents(500, 2, rng=rng)
    believed = box_posterior_mean(means, 0.01, 1)
    np.testing.assert_allclose(believed, np.clip(means, -0.5, 0.5), atol=0.01)


@pytest.mark.parametrize(("trained", "tested"), [(0.9, 0.9), (0.9, -0.9), (0.99, 0.0)])
def test_correlation_shift_is_what_least_squares_does(trained, tested, rng):
    there = correlated_latents(60_000, trained, rng=rng)
    here = correlated_latents(60_000, tested, rng=rng)
    decoder = fit_linear(sample_means(there, SIGMA, STEPS, rng=rng), there)
    read = decoder.predict(sample_means(here, SIGMA, STEPS, rng=rng))
    measured = prior_r2(here, read).value
    # At 0.99 the decoder itself varies: its weights along the short diagonal are poorly known.
    assert correlation_shift_r2(trained, tested, S) == pytest.approx(measured, abs=0.02)


@pytest.mark.parametrize("tested", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("adaptive", [False, True])
def test_noise_shift_is_what_the_code_does(tested, adaptive, rng):
    latents = uniform_latents(40_000, 2, rng=rng)
    means = sample_means(latents, tested, STEPS, rng=rng)
    read = means * (SIGMA / tested if adaptive else 1)
    closed = noise_shift_r2(SIGMA, STEPS, tested, adaptive=adaptive)
    assert prior_r2(latents, read).value == pytest.approx(closed, abs=0.03 * (1 - closed) + 1e-3)


@pytest.mark.parametrize("exponent", [0, 0.5, 1])
def test_length_shift_is_what_the_code_does(exponent, rng):
    latents = uniform_latents(40_000, 2, rng=rng)
    read = sample_means(latents, SIGMA, 40, rng=rng) * 2**exponent
    closed = length_shift_r2(SIGMA, STEPS, 40, exponent)
    assert prior_r2(latents, read).value == pytest.approx(closed, abs=0.03 * (1 - closed) + 1e-3)
    assert length_shift_r2(SIGMA, STEPS, STEPS, exponent) == pytest.approx(1 - 12 * S**2)


def test_descent_ends_near_least_squares(rng):
    features = rng.standard_normal((800, 4))
    targets = features @ rng.standard_normal((4, 2)) + 0.1 * rng.standard_normal((800, 2)) + 1
    exact = fit_linear(features, targets)
    found = descend(features, targets, rng=rng, n_batches=3000)
    np.testing.assert_allclose(found.weights, exact.weights, atol=0.05)
    np.testing.assert_allclose(found.intercept, exact.intercept, atol=0.05)


def test_descent_is_torchs_adam(rng):
    torch = pytest.importorskip("torch")
    features, targets = rng.standard_normal((50, 3)), rng.standard_normal((50, 2))
    found = descend(features, targets, rng=np.random.default_rng(3), n_batches=40)
    again = np.random.default_rng(3)
    weights = torch.tensor(again.uniform(-(3**-0.5), 3**-0.5, (4, 2)), requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=3e-3)
    rows = torch.tensor(np.column_stack([features, np.ones(50)]))
    for chosen in again.integers(50, size=(40, 16)):
        optimiser.zero_grad()
        torch.mean((rows[chosen] @ weights - torch.tensor(targets[chosen])) ** 2).backward()
        optimiser.step()
    np.testing.assert_allclose(found.weights, weights.detach().numpy()[:3], atol=1e-9)


def test_descent_keeps_its_start_where_the_code_is_silent(rng):
    features = rng.standard_normal((200, 3)) * [1, 1, 0]
    found = descend(features, features[:, :2], rng=rng, n_batches=500)
    assert np.abs(found.weights[2]).max() > 1e-3
    assert np.all(fit_linear(features, features[:, :2]).weights[2] == 0)


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (10, 2), (20, 6)])
def test_the_interval_of_a_median_covers_it(n, rank, rng):
    values = rng.standard_normal(n)
    interval = median_over_networks(values)
    ordered = np.sort(values)
    assert interval == (np.median(values), ordered[rank - 1], ordered[n - rank])
    assert 1 - 2 * stats.binom.cdf(rank - 1, n, 0.5) >= 0.95
    assert 1 - 2 * stats.binom.cdf(rank, n, 0.5) < 0.95


def test_the_interval_of_a_mean_is_students(rng):
    values = rng.standard_normal(8)
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    score = mean_over_networks(values)
    assert score.value - score.uncertainty == pytest.approx(interval.low)
    assert score.value + score.uncertainty == pytest.approx(interval.high)


def test_few_networks_have_no_interval():
    with pytest.raises(ValueError, match="at least 6 networks for a 95 % interval, got 5"):
        median_over_networks(np.arange(5.0))
    with pytest.raises(ValueError, match="at least 2 networks, got 1"):
        mean_over_networks(np.arange(1.0))
