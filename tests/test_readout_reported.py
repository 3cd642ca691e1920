import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trilateration import evidence, observer, readout, tasks

SIGMA = 0.2


def streams(seed=0, n=400, n_steps=12, n_tasks=6):
    rng = np.random.default_rng(seed)
    latents = evidence.uniform_latents(n, 2, rng=rng)
    means = evidence.running_mean(evidence.observe(latents, SIGMA, n_steps, rng=rng))
    lines = tasks.evenly_spaced_lines(n_tasks)
    steps = np.arange(1, n_steps + 1)
    probits = observer.standardized_distances(means, lines, SIGMA, steps)
    return latents, means, lines, steps, probits


@given(z=st.floats(-300, 300))
def test_probits_of_a_logistic_head(z):
    (u,) = readout.reported_probits(np.array([z]), "logistic")
    pair = readout.log_reports_of(np.array([z]), "logistic")
    assert stats.norm.logcdf(u) == pytest.approx(pair.log_yes[0], rel=1e-9, abs=1e-12)
    assert stats.norm.logsf(u) == pytest.approx(pair.log_no[0], rel=1e-9, abs=1e-12)


def test_probits_of_a_probit_head_are_its_readouts():
    z = np.linspace(-12, 12, 7)
    np.testing.assert_array_equal(readout.reported_probits(z, "probit"), z)
    np.testing.assert_allclose(readout.log_reports_of(z, "probit").log_no, stats.norm.logsf(z))
    with pytest.raises(ValueError, match="head must be one of 'logistic', 'probit'"):
        readout.reported_probits(z, "linear")


@pytest.mark.parametrize("within", [None, 1.0, 2.0])
def test_posterior_reports_give_back_the_mean(within):
    _, means, lines, _, probits = streams()
    positions = readout.reported_positions(probits, lines, SIGMA, within=within)
    np.testing.assert_allclose(positions, means, atol=1e-7)


def test_weights_discount_what_is_far():
    # Far reports bent by half: the closed form is off, the cautious one hardly.
    _, means, lines, _, probits = streams()
    bent = np.where(np.abs(probits) > 3, 3 * np.sign(probits) + (probits - 3) / 2, probits)
    plain, cautious = (
        np.abs(readout.reported_positions(bent, lines, SIGMA, within=c) - means).mean()
        for c in (None, 1.0)
    )
    assert cautious < plain / 5


@settings(max_examples=20, deadline=None)
@given(power=st.floats(0, 1), gain=st.floats(0.1, 10))
def test_slopes_and_their_growth(power, gain):
    _, means, lines, steps, _ = streams(n=50)
    distances = lines.signed_distances(means)
    probits = gain * steps[:, None] ** power * distances
    slopes = readout.ruler_slopes(probits, distances, SIGMA)
    np.testing.assert_allclose(slopes, gain * steps**power)
    growth = readout.growth_exponent(slopes[None], 3)
    np.testing.assert_allclose(growth, power, atol=1e-9)


def test_the_posterior_grows_as_the_root():
    _, means, lines, steps, probits = streams()
    slopes = readout.ruler_slopes(probits, lines.signed_distances(means), SIGMA, reach=np.inf)
    np.testing.assert_allclose(slopes, np.sqrt(steps) / SIGMA)


def test_decoded_r2_of_the_mean_is_the_ceiling():
    latents, means, _, steps, _ = streams(n=4000)
    code = means[:, -1] @ np.random.default_rng(0).normal(size=(2, 5))
    got = readout.decoded_r2(code[None], latents[None], penalty=0.0)
    assert got[0] == pytest.approx(
        observer.r2_ceiling(SIGMA, len(steps), estimator="linear"), abs=0.005
    )


def test_honest_reports_have_no_calibration_error():
    latents, means, lines, steps, _ = streams(n=3000)
    honest = observer.normal_quantile(
        np.clip(observer.box_reports(means, lines, SIGMA, steps), 1e-15, 1 - 1e-15)
    )
    labels = lines.labels(latents)
    errors = readout.calibration_errors(
        np.stack([honest, 2 * honest]), np.stack([labels, labels]).astype(float)
    )
    assert errors.shape == (2, len(steps))
    assert errors[0].max() < 0.012
    assert errors[1].min() > 0.02


def test_a_clock_is_found_where_there_is_one():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(1, 200, 10, 4))
    assert readout.step_r2(noise)[0] < 0.05
    clock = noise + 5 * np.log(np.arange(1, 11))[:, None] * np.array([1, 0, 0, 0])
    assert readout.step_r2(clock)[0] > 0.9


def test_position_kept_of_a_leaky_state():
    rng = np.random.default_rng(2)
    latents = rng.uniform(-0.5, 0.5, (1, 500, 2))
    decay = 0.9 ** np.arange(15)
    hidden = latents[:, :, None] * decay[:, None] @ rng.normal(size=(2, 6)) + 3
    kept = readout.position_kept(hidden, latents, penalty=0.0)
    np.testing.assert_allclose(kept[0], decay, rtol=1e-6)


@given(t=st.integers(1, 200), tau=st.floats(0.3, 1e4))
def test_leaky_steps_is_the_sum(t, tau):
    weights = np.exp(-np.arange(t) / tau)
    direct = weights.sum() ** 2 / (weights**2).sum()
    assert observer.leaky_steps(t, tau) == pytest.approx(direct, rel=1e-6)
    assert observer.leaky_steps(t, tau) >= t * (1 - t**2 / (12 * tau**2)) - 1e-9
    assert observer.leaky_steps(t, tau) <= t * (1 + 1e-9)
