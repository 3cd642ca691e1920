"""Other worlds: predictions have their spread, codes are what they say, leaks are found."""

import numpy as np
import pandas as pd
import pytest

from trilateration import evidence, geometry, observer, tasks, training

N_STEPS = 20
SHORT = training.protocol("fast", steps=3, batch=8)
GAUSSIAN_WORLDS = [
    {},
    {"noise": "autoregressive", "noise_parameter": 0.7},
    {"noise": "anisotropic", "noise_parameter": 3.0},
    {"tasks": "random", "dimension": 3, "noise": "anisotropic", "noise_parameter": 0.4},
]


def configuration(**changes):
    base = {"n_tasks": 6, "protocol": SHORT, "n_units": 8, "head": "probit"}
    return training.Configuration(**{**base, **changes})


def readings_of(own, n_trials=6_000, seed=0):
    rng = np.random.default_rng(seed)
    x = evidence.uniform_latents(n_trials, own.dimension, rng=rng)
    return x, evidence.observe(x, training.noise_of(own), N_STEPS, rng=rng)


@pytest.mark.parametrize("changes", GAUSSIAN_WORLDS)
def test_a_probit_is_a_distance_in_standard_errors_of_that_distance(changes):
    own = configuration(**changes)
    x, readings = readings_of(own)
    true = training.boundaries_of(own).signed_distances(x) * geometry.probit_slopes(own, N_STEPS)
    errors = geometry.ideal_probits(own, readings) - true
    # Mean 0 and standard deviation 1, task by task, within five standard errors.
    np.testing.assert_allclose(errors.mean(axis=0), 0, atol=5 / 6_000**0.5)
    np.testing.assert_allclose(errors.std(axis=0), 1, atol=5 / 12_000**0.5)


def test_knowing_the_correlation_is_worth_something():
    own = configuration(noise="autoregressive", noise_parameter=0.9, sigma=0.4)
    x, readings = readings_of(own)
    known = ((geometry.sufficient_mean(own, readings) - x) ** 2).mean()
    assert known < ((readings.mean(axis=1) - x) ** 2).mean()
    wanted = own.sigma**2 / observer.effective_steps(N_STEPS, 0.9)
    assert known == pytest.approx(wanted, rel=0.06)


def test_heavy_tails_have_the_slope_of_their_information():
    own = configuration(noise="student", noise_parameter=3.0)
    # 1/(σ²I) = (ν − 2)(ν + 3)/(ν(ν + 1)) = 1/2.
    expected = (2 * N_STEPS) ** 0.5 / own.sigma
    np.testing.assert_allclose(geometry.probit_slopes(own, N_STEPS), expected)


def test_curved_boundaries_have_the_observers_own_reports():
    readings = readings_of(configuration(), 50)[1]
    mean = readings.mean(axis=1)
    own = configuration(tasks="circles")
    wanted = observer.circle_probits(mean, training.boundaries_of(own), own.sigma, N_STEPS)
    np.testing.assert_array_equal(geometry.ideal_probits(own, readings), wanted)
    crosses = geometry.ideal_probits(configuration(tasks="products"), readings)
    mirrored = geometry.ideal_probits(configuration(tasks="products"), -readings)
    np.testing.assert_allclose(crosses, mirrored)
    with pytest.raises(ValueError, match="tasks must be lines or hyperplanes, got 'circles'"):
        geometry.probit_slopes(own, N_STEPS)
    bent = configuration(tasks="circles", noise="student", noise_parameter=3.0)
    with pytest.raises(ValueError, match="noise must be 'gaussian' where boundaries are curved"):
        geometry.ideal_probits(bent, readings)


@pytest.mark.parametrize(("dimension", "n_tasks"), [(4, 2), (4, 12)])
def test_exact_reports_give_the_share_of_the_ceiling_that_tasks_span(dimension, n_tasks):
    rng = np.random.default_rng(1)
    score = geometry.exact_reports_score(dimension, n_tasks, 0.2, N_STEPS, n_trials=20_000, rng=rng)
    wanted = min(n_tasks / dimension, 1) * (1 - 12 * 0.04 / N_STEPS)
    assert score.value == pytest.approx(wanted, abs=2.5 * score.uncertainty)


def test_the_grid_knows_the_posterior_of_a_gaussian_prior():
    s, prior = 0.05, np.array([[1.0, 0.9], [0.9, 1.0]]) / 12
    lines, means = tasks.evenly_spaced_lines(5), np.array([[0.1, 0.02], [-0.2, 0.1]])
    posterior = np.linalg.inv(np.linalg.inv(prior) + np.eye(2) / s**2)
    spread = np.sqrt(np.einsum("id,de,ie->i", lines.normals, posterior, lines.normals))
    wanted = means @ posterior.T @ lines.normals.T / s**2 / spread
    found = geometry.grid_probits(means, lines, prior, s)
    close = np.abs(wanted) < 3
    assert close.sum() >= 4
    np.testing.assert_allclose(found[close], wanted[close], atol=0.03)


def test_codes_are_the_networks_own_and_raw_is_what_they_saw():
    members = [configuration(seed=k, n_tasks=3 + k, observation="identity") for k in range(2)]
    trained = training.train(members, progress=False)
    codes = geometry.codes_of(trained, 200)
    seen = training.record(trained.ensemble, trained.worlds, 200)
    for k, own in enumerate(codes):
        assert own.reports.shape == own.ideal.shape == own.signs.shape == (200, 3 + k)
        np.testing.assert_array_equal(own.hidden, seen.code[k])
        np.testing.assert_array_equal(own.latents, seen.latents[k])
        # Seen as they are, averaged observations are the mean, of which probits are a multiple.
        lines = training.boundaries_of(members[k])
        slope = N_STEPS**0.5 / 0.2
        np.testing.assert_allclose(own.ideal, lines.signed_distances(own.raw) * slope, atol=1e-3)
    paths = geometry.probit_paths(training.train([members[0]], progress=False), 200)
    np.testing.assert_allclose(paths.ideal[0, :, -1], codes[0].ideal, atol=1e-3)
    # The raw decoder is nearly the identity here; a probit at the edge of the box is about 11.
    np.testing.assert_allclose(paths.raw, paths.ideal, atol=1.0)
    np.testing.assert_allclose(paths.networks[0, :, -1], codes[0].reports, atol=1e-5)


def test_untrained_codes_are_of_the_same_trials_and_of_where_training_began():
    protocol = training.protocol("fast", steps=1, batch=8, learning_rate=1e-9)
    members = [
        configuration(seed=k, n_tasks=3 + k, observation="waves", protocol=protocol)
        for k in range(2)
    ]
    trained = geometry.codes_of(training.train(members, progress=False), 100)
    newborn = geometry.untrained_codes(members, 100)
    for before, after in zip(newborn, trained, strict=True):
        for same in ("latents", "ideal", "raw"):
            np.testing.assert_array_equal(getattr(before, same), getattr(after, same))
        # One step of almost no size hardly leaves the start, which is no silent network.
        for own in ("reports", "hidden"):
            np.testing.assert_allclose(getattr(before, own), getattr(after, own), atol=1e-6)
            assert getattr(before, own).std() > 1e-3
    with pytest.raises(ValueError, match="n_units must be the same in one ensemble"):
        geometry.untrained_codes([members[0], configuration(n_units=9)], 100)


def synthetic(reports, latents, ideal=None, hidden=None):
    ideal = reports if ideal is None else ideal
    return geometry.Codes(latents, ideal, reports, latents if hidden is None else hidden, latents)


def test_scores_are_the_ceiling_for_ideal_reports_and_pairs_are_differences():
    own = configuration()
    x, readings = readings_of(own, 2_000)
    u = geometry.ideal_probits(own, readings)
    half = synthetic(u / 2 + np.random.default_rng(2).standard_normal(u.shape), x, ideal=u)
    table = geometry.world_scores([synthetic(u, x), half])
    table["world"] = "plain"
    assert set(table["code"]) == set(geometry.CODES)
    ceiling = 1 - 12 * 0.04 / N_STEPS
    ideal = table[table["code"] == "ideal"]
    np.testing.assert_allclose(ideal["inside"], ceiling, atol=0.004)
    np.testing.assert_allclose(ideal["outside"], ceiling, atol=0.01)
    found = geometry.summary(table).loc[("plain", "reports")]
    values = table[table["code"] == "reports"]["inside"].to_numpy()
    assert found["inside"] == pytest.approx(values.mean())
    assert found["inside_half"] == pytest.approx(12.706 * values.std(ddof=1) / 2**0.5, rel=1e-3)
    lost = geometry.paired(table, "inside", ("plain", "reports"), ("plain", "ideal"))
    assert lost[0] == 0
    assert lost[1] < 0
    some = geometry.world_scores([synthetic(u, x), half], names=("hidden", "reports"))
    chosen = table[table["code"] == "reports"].drop(columns="world").reset_index(drop=True)
    same = some[some["code"] == "reports"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, chosen)
    assert set(some["code"]) == {"hidden", "reports"}
    with pytest.raises(ValueError, match="code must be"):
        geometry.world_scores([half], names=("moon",))
    with pytest.raises(ValueError, match="table must hold the code 'ideal' of world 'moon'"):
        geometry.paired(table, "inside", ("plain", "reports"), ("moon", "ideal"))
    assert isinstance(geometry.summary(table), pd.DataFrame)


def test_slopes_and_gains_of_a_known_code_are_found():
    own = configuration(noise="anisotropic", noise_parameter=3.0)
    x, readings = readings_of(own, 500)
    u = geometry.ideal_probits(own, readings)
    weights = np.array([[3.0, 0.0, 4.0], [0.0, 5.0, 0.0]])
    codes = synthetic(0.7 * u, x, ideal=u, hidden=x @ weights + 1)
    found = geometry.measured_slopes([codes], [own], N_STEPS)
    np.testing.assert_allclose(found[0], 0.7 * geometry.probit_slopes(own, N_STEPS))
    assert geometry.state_gain(codes) == pytest.approx(5.0)


def test_a_leak_is_what_is_odd_in_the_position():
    own = configuration(tasks="products", n_tasks=12)
    x, readings = readings_of(own, 1_500)
    u = geometry.ideal_probits(own, readings)
    rng = np.random.default_rng(3)
    honest = geometry.symmetry_leak(synthetic(u, x), rng=rng)
    assert honest.linear_share < 0.01
    assert honest.linear_size < 0.3
    assert honest.blurred < 0.05
    assert honest.squares > 0.8
    # An odd part of a tenth of the standard deviation is a hundredth of the variance.
    odd = x @ rng.standard_normal((2, 12))
    odd *= 0.1 * u.std() / odd.std()
    leaky = geometry.symmetry_leak(synthetic(u + odd, x), rng=rng)
    assert leaky.linear_size == pytest.approx((leaky.linear_share * (u + odd).var(0).mean()) ** 0.5)
    assert leaky.linear_share == pytest.approx(honest.linear_share + 0.01, abs=0.004)
    assert leaky.blurred > honest.blurred


def test_times_help_a_decoder_where_the_bound_is_met():
    rng = np.random.default_rng(4)
    x = rng.uniform(-0.5, 0.5, (2, 1_500, 2))
    distances = tasks.evenly_spaced_lines(8).signed_distances(x)
    steps = np.clip((2 * 0.2 / np.abs(distances)) ** 2, 1, 400).astype(int)
    answers = observer.Responses(steps, 2.0 * np.sign(distances), steps < 400)
    scores = geometry.timing_scores(answers, x)
    assert scores.shape == (2, 2)
    assert (scores[:, 1] > scores[:, 0] + 0.05).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": training.protocol("authors", steps=1)}, "protocol must have no steps before"),
        ({"noise": "student", "noise_parameter": 3.0}, "noise must be 'gaussian' for all"),
    ],
)
def test_paths_are_of_plain_readings_only(changes, message):
    trained = training.train([configuration(**changes)], progress=False)
    with pytest.raises(ValueError, match=message):
        geometry.probit_paths(trained, 20)
