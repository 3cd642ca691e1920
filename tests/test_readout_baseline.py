"""The raw baseline: exact where theory says so, bounded where it says so."""

import numpy as np
import pytest

from trilateration.evidence import maps, uniform_latents
from trilateration.readout import (
    PENALTIES,
    choose_penalty,
    code_scores,
    fit_linear,
    held_out_quadrant_r2,
    left_out_predictions,
    mapped_trials,
    raw_ceiling,
)

SIGMA, STEPS = 0.2, 20


@pytest.fixture
def latents():
    return uniform_latents(2_000, 2, rng=np.random.default_rng(1))


def test_readings_are_the_same_whatever_the_map(latents):
    one, two = (
        mapped_trials(f, latents, SIGMA, STEPS, rng=np.random.default_rng(2))
        for f in (
            maps.LinearMap(2, rng=np.random.default_rng(3)),
            maps.SwirlMap(2, rng=np.random.default_rng(4)),
        )
    )
    np.testing.assert_array_equal(one.means, two.means)
    error = (one.means - latents).std() * (STEPS**0.5 / SIGMA)
    assert error == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("make", [maps.LinearMap, maps.QuadraticMap])
def test_raw_averages_hold_the_mean_where_coordinates_are_combinations(make, latents):
    f = make(2, rng=np.random.default_rng(5))
    trials = mapped_trials(f, latents, SIGMA, STEPS, rng=np.random.default_rng(6))
    decoded = fit_linear(trials.raw_means, trials.means).predict(trials.raw_means)
    np.testing.assert_allclose(decoded, trials.means, atol=1e-9)


def test_scores_of_the_mean_itself(latents):
    f = maps.LinearMap(2, rng=np.random.default_rng(5))
    means = mapped_trials(f, latents, SIGMA, STEPS, rng=np.random.default_rng(6)).means
    scores = code_scores(means, latents, rng=np.random.default_rng(7))
    expected = held_out_quadrant_r2(SIGMA / STEPS**0.5)
    assert scores.outside.value == pytest.approx(expected, abs=0.005)
    # In a quadrant of the plane 1 − R² = 4(1 − r²), up to the sampled variance.
    assert 1 - scores.within.value == pytest.approx(4 * (1 - scores.outside.value), rel=0.05)


@pytest.mark.parametrize("name", maps.CURVED)
def test_the_baseline_fails_on_the_curved_maps_and_stays_below_its_bound(name, latents):
    f = maps.catalogue(np.random.default_rng(8))[name]
    trials = mapped_trials(f, latents, SIGMA, STEPS, rng=np.random.default_rng(9))
    scores = code_scores(trials.raw_means, latents, rng=np.random.default_rng(10))
    assert scores.outside.value + scores.outside.uncertainty < 0.5
    assert scores.inside.value < raw_ceiling(f, SIGMA) + 2 * scores.inside.uncertainty


def test_bound_of_the_fold_and_of_blurred_waves():
    fold = maps.FoldedMap(2, rng=np.random.default_rng(11))
    assert raw_ceiling(fold, SIGMA) == pytest.approx(0.5, abs=0.005)
    # Sines are blurred to e^{−ω²σ²/2} times themselves, which no linear decoder minds.
    waves = maps.WaveMap(2, frequency=5.0, rng=np.random.default_rng(12))
    assert raw_ceiling(waves, SIGMA) == pytest.approx(raw_ceiling(waves, 1e-6), abs=1e-3)


def test_a_penalty_is_chosen_as_by_fitting_every_one(latents):
    rng = np.random.default_rng(13)
    groups = rng.integers(0, 4, len(latents))
    code = latents @ rng.standard_normal((2, 6)) + 0.3 * rng.standard_normal((len(latents), 6))
    errors = [
        ((left_out_predictions(code, latents, groups, penalty=p) - latents) ** 2).mean()
        for p in PENALTIES
    ]
    assert choose_penalty(code, latents, groups) == PENALTIES[int(np.argmin(errors))]
