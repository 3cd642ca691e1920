"""The atlas of failures: closed forms, limits, and what each cure gives back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilateration import geometry, observer, training
from trilateration.evidence import standard_error
from trilateration.geometry import atlas
from trilateration.observer import normal_cdf, readout_covariance
from trilateration.tasks import evenly_spaced_lines

S = float(standard_error(atlas.SIGMA, atlas.N_STEPS))
CEILING = 1 - 12 * S**2


def mean_of(failure, strength, n_worlds=12):
    found = geometry.outcomes(failure, [strength], seed=5, n_worlds=n_worlds)
    return [float(x[0]) for x in found]


def close(value, half, wanted):
    # 95 % half-widths of 12 worlds; three of them are seldom left.
    assert value == pytest.approx(wanted, abs=3 * half + 0.002)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_tasks_of_lower_rank_give_their_share(rank):
    broken, cured, half, cured_half = mean_of(atlas.rank_deficient, rank)
    close(broken, half, rank / 4 * CEILING)
    close(cured, cured_half, CEILING)


@pytest.mark.parametrize("spread", [20.0, 60.0, 180.0])
def test_near_parallel_lines_amplify_as_their_gram_matrix_says(spread):
    from trilateration.tasks import near_parallel_lines

    lines = near_parallel_lines(atlas.N_TASKS, np.radians(spread)).normals
    error = S**2 * (1 + np.trace(np.linalg.inv(lines.T @ lines)) / 2)
    broken, _, half, _ = mean_of(atlas.near_parallel, spread)
    close(broken, half, 1 - 12 * error)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 4.0])
def test_a_wrong_sigma_is_a_gain(ratio):
    gain = 1 / ratio
    wanted = 1 - 12 * ((gain - 1) ** 2 / 12 + gain**2 * S**2)
    broken, cured, half, cured_half = mean_of(atlas.misjudged, ratio)
    close(broken, half, wanted)
    close(cured, cured_half, 1 / (1 + 12 * S**2))


@pytest.mark.parametrize("n_steps", [1, 4, 20])
def test_short_trials_and_shrinkage(n_steps):
    s = float(standard_error(atlas.SIGMA, n_steps))
    broken, cured, half, cured_half = mean_of(atlas.short, n_steps)
    close(broken, half, 1 - 12 * s**2)
    close(cured, cured_half, 1 / (1 + 12 * s**2))


@pytest.mark.parametrize("blur", [0.0, 0.1])
def test_blurred_labels_are_a_gain(blur):
    gain = S / np.hypot(S, blur)
    broken, cured, half, cured_half = mean_of(atlas.blurred, blur)
    close(broken, half, 1 - 12 * ((gain - 1) ** 2 / 12 + gain**2 * S**2))
    close(cured, cured_half, 1 / (1 + 12 * S**2))


def walk_covariance(n_steps, sigma, drift):
    """Return the covariance of X(k) − x*(t) between steps: its noise, and the way still to go."""
    left = np.arange(n_steps)[::-1]
    return sigma**2 * np.eye(n_steps) + drift**2 * np.minimum(left[:, None], left)


@pytest.mark.parametrize("drift", [0.0, 0.02, 0.08])
def test_a_walking_state_costs_what_its_covariance_says(drift):
    plain = np.full(atlas.N_STEPS, 1 / atlas.N_STEPS)
    covariance = walk_covariance(atlas.N_STEPS, atlas.SIGMA, drift)
    best = 1 / np.linalg.inv(covariance).sum()
    broken, cured, half, cured_half = mean_of(atlas.drifting, drift)
    close(broken, half, 1 - 12 * plain @ covariance @ plain)
    close(cured, cured_half, 1 - 12 * best)


def test_a_fold_inside_loses_and_outside_does_not():
    middle, outside = (mean_of(atlas.folded, fold)[0] for fold in (0.0, 0.6))
    assert middle < 0.5 < 0.97 < outside
    assert mean_of(atlas.folded, 0.0)[1] == pytest.approx(0.976, abs=0.005)


def test_noise_behind_a_narrow_map_counts_for_more():
    broken, cured, half, cured_half = mean_of(atlas.squeezed, 0.2)
    axes = [1 / (1 + 12 * S**2 / gain**2) for gain in (1, 0.2)]
    longer = [1 / (1 + 12 * S**2 / 10 / gain**2) for gain in (1, 0.2)]
    close(broken, half, np.mean(axes))
    close(cured, cured_half, np.mean(longer))


def test_storing_saturates_only_where_noise_is_small():
    rows = geometry.outcomes(atlas.saturated, [0.01, 0.1, 2.0], seed=2, n_worlds=4)
    # The limit of hard signs, from 24 even lines; an exact reader has no such limit.
    assert rows.broken[0] == pytest.approx(0.888, abs=0.01)
    assert rows.cured[0] > 0.999
    assert rows.broken[2] == pytest.approx(rows.cured[2], abs=1e-3)


def test_decoders_of_a_line_fail_off_it_and_far_boundaries_say_nothing():
    assert mean_of(atlas.on_a_line, 0.99)[0] < 0.8 < mean_of(atlas.on_a_line, 0.5)[0]
    assert mean_of(atlas.distant, 0.9)[0] < 0.05
    assert mean_of(atlas.flipped, 0.2)[0] < mean_of(atlas.flipped, 0.0)[0] - 0.03


@settings(max_examples=50, deadline=None)
@given(
    reports=st.lists(st.floats(0, 1), min_size=1, max_size=9),
    epsilon=st.floats(0, 0.45),
)
def test_wrong_labels_can_be_taken_out_again(reports, epsilon):
    reports = np.array(reports)
    learned = geometry.flipped_reports(reports, epsilon)
    assert (learned >= epsilon - 1e-12).all()
    assert (learned <= 1 - epsilon + 1e-12).all()
    np.testing.assert_allclose(geometry.unflipped_reports(learned, epsilon), reports, atol=1e-12)


def test_flipped_reports_are_calibrated_for_flipped_labels():
    rng = np.random.default_rng(3)
    u = rng.standard_normal(400_000) * 2
    labels = (u + rng.standard_normal(len(u)) > 0) ^ (rng.random(len(u)) < 0.15)
    learned = geometry.flipped_reports(normal_cdf(u), 0.15)
    for low in (0.2, 0.4, 0.6):
        here = (learned > low) & (learned < low + 0.15)
        assert labels[here].mean() == pytest.approx(learned[here].mean(), abs=0.01)


@settings(max_examples=30, deadline=None)
@given(
    n_steps=st.integers(1, 30),
    sigma=st.floats(0.05, 2),
    drift=st.floats(0, 0.5),
)
def test_weights_of_a_walk_are_those_of_its_covariance(n_steps, sigma, drift):
    covariance = walk_covariance(n_steps, sigma, drift)
    raw = np.linalg.solve(covariance, np.ones(n_steps))
    weights = observer.random_walk_weights(sigma, drift, n_steps)
    np.testing.assert_allclose(weights, raw / raw.sum(), rtol=1e-6, atol=1e-9)
    assert observer.weights_error(weights, sigma, drift) == pytest.approx(1 / raw.sum(), rel=1e-6)


def test_symptoms_of_small_networks_and_their_signatures():
    short = training.protocol("fast", steps=60)
    kinds = {"none": {}, "far": {"tasks": "random", "offset_shift": 0.6}, "few": {"pool": 8}}
    networks = training.train(
        [
            training.Configuration(n_tasks=4, n_units=16, seed=k, protocol=short, **own)
            for own in kinds.values()
            for k in range(3)
        ],
        progress=False,
    )
    seen = geometry.network_symptoms(networks, 400)
    names = np.repeat(list(kinds), 3)
    balance = seen["balance"].groupby(names).mean()
    assert balance["far"] < 0.05 < 0.4 < balance["none"]
    gap = seen["gap"].groupby(names).mean()
    assert gap["few"] > gap["none"] + 0.05
    table = geometry.signatures(seen, names, "none")
    assert list(table.index) == ["far", "few"]
    assert table.loc["far", "balance"] < -3
    with pytest.raises(ValueError, match="healthy must name at least 3 rows"):
        geometry.signatures(seen, names, "fine")
    with pytest.raises(ValueError, match="faults must name 9 rows"):
        geometry.signatures(seen, names[:4], "none")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometry.flipped_reports(np.array([1.2]), 0.1), "reports must"),
        (lambda: geometry.flipped_reports(np.array([0.2]), 0.5), "label_noise must be less than"),
        (lambda: mean_of(atlas.rank_deficient, 0), "rank must be"),
        (lambda: mean_of(atlas.on_a_line, 1.0), "correlation must be"),
        (lambda: geometry.outcomes(atlas.short, [3], seed=1, n_worlds=1), "n_worlds must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("ratio", [0.5, 1.0, 10.0, 30.0])
def test_one_hard_task_costs_what_gauss_and_markov_say(ratio):
    lines = evenly_spaced_lines(atlas.N_TASKS)
    covariance = np.diag(np.r_[ratio, np.ones(atlas.N_TASKS - 1)] ** 2)
    wanted = [
        1 - 12 * (S**2 + np.trace(readout_covariance(lines, covariance, **own)) * S**2 / 2)
        for own in ({}, {"weights": "optimal"})
    ]
    broken, cured, half, cured_half = mean_of(atlas.uneven, ratio)
    close(broken, half, wanted[0])
    close(cured, cured_half, wanted[1])


def test_drift_ends_in_the_steady_state():
    sigma, drift = 0.2, 0.05
    steady = drift * (np.sqrt(drift**2 + 4 * sigma**2) - drift) / 2
    best = [observer.random_walk_weights(sigma, drift, t) for t in (1, 5, 20, 200)]
    variances = [observer.weights_error(own, sigma, drift) for own in best]
    assert np.all(np.diff(variances) < 0)
    assert variances[-1] == pytest.approx(steady, rel=1e-9)
    for t in (1, 7, 40):
        plain = observer.weights_error(np.full(t, 1 / t), sigma, drift)
        assert plain == pytest.approx(sigma**2 / t + drift**2 * (t - 1) * (2 * t - 1) / (6 * t))


def test_new_heads_bring_back_forgotten_tasks_and_change_little_where_nothing_was_forgotten():
    short = training.protocol("fast", steps=200)
    networks = training.train(
        [
            training.Configuration(n_tasks=4, n_units=16, seed=k, protocol=short, blocks=blocks)
            for blocks in (1, 4)
            for k in range(2)
        ],
        progress=False,
    )
    heads = geometry.renewed_heads(networks, n_trials=1000)
    gain = (heads["new"] - heads["old"]).to_numpy()
    assert (gain[2:] > 0.03).all()
    assert np.abs(gain[:2]).max() < 0.03
    with pytest.raises(ValueError, match="task must be less than 4"):
        geometry.renewed_heads(networks, task=4)
    # Nothing is taken out of reports that were learned from true labels.
    scores = geometry.flips_taken_out(networks, 400)
    np.testing.assert_allclose(scores["old"], scores["new"], atol=1e-6)
    assert (scores["beyond"] == 0).all()
