"""Diagnosis: each statistic on data with known answers, and verdicts that are what they must be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trilateration import evidence, geometry, observer, tasks
from trilateration.geometry.diagnosis import causes, examples, symptoms

N_STEPS, SIGMA, N_TRIALS = 20, 0.2, 800
S = SIGMA / N_STEPS**0.5
LINES = tasks.evenly_spaced_lines(6)


def positions(n_trials=N_TRIALS, dimension=2, seed=0):
    return evidence.uniform_latents(n_trials, dimension, rng=np.random.default_rng(seed))


def seen(boundaries=LINES, seed=0, *, sigma=SIGMA, n_steps=N_STEPS, latents=None, rate=0.0):
    """Return trials and the ideal observer's answers to them; it holds the mean in its units."""
    rng = np.random.default_rng(seed)
    x = positions(dimension=boundaries.dimension, seed=seed + 1) if latents is None else latents
    readings = evidence.observe(x, sigma, n_steps, rng=rng)
    labels = boundaries.labels(x)
    wrong = rng.random(labels.shape) < rate
    labels = np.where(wrong, 1 - labels, labels)
    means = evidence.running_mean(readings)
    steps = np.arange(1, n_steps + 1)[:, None]
    probits = boundaries.signed_distances(means) * steps**0.5 / sigma
    probits = stats.norm.ppf(rate + (1 - 2 * rate) * stats.norm.cdf(probits)) if rate else probits
    # Every coordinate twice, so that any unit can be spared.
    hidden = np.concatenate([means, means + 1, -means], axis=-1)
    hidden = hidden + 1e-3 * rng.standard_normal(hidden.shape)
    return geometry.Trials(readings, labels, x), geometry.Answers(probits, hidden)


def ideal(boundaries=LINES, seed=0, *, of_use=None, **kinds):
    """Return the arguments of ``diagnose`` for an ideal observer."""
    training, before = seen(boundaries, seed, **kinds)
    kinds |= of_use or {}
    fresh, after = seen(boundaries, seed + 50, **(kinds | {"rate": 0.0, "latents": None}))
    if kinds.get("rate"):
        after = seen(boundaries, seed + 50, **kinds)[1]
    data = geometry.Data(training, fresh, kinds.get("sigma", SIGMA) if not of_use else SIGMA)
    return geometry.Behaviour(before, after), boundaries, data


def diagnosed(*arguments, **kinds):
    return geometry.diagnose(*ideal(*arguments, **kinds))


# Statistics of tasks and data.


def test_rank_and_spread_are_those_of_the_singular_values():
    flat = tasks.Boundaries(np.array([[1.0, 0], [-1, 0]]), np.array([0, 0.2]))
    found = causes.directions(flat, S, 1 / 12)
    assert (found.rank, found.missing, found.condition) == (1, 0.5, np.inf)
    narrow = tasks.near_parallel_lines(12, 0.1)
    found = causes.directions(narrow, S, 1 / 12)
    trace = np.trace(np.linalg.inv(narrow.normals.T @ narrow.normals))
    cost = S**2 * trace / 2
    assert found.spread == pytest.approx(cost / (cost + 1 / 12))
    # Evenly spaced lines are a tight frame: tr(AᵀA)⁻¹ = D²/N.
    even = causes.directions(LINES, S, 1 / 12)
    assert even.spread == pytest.approx(S**2 * 2 / 6 / (S**2 * 2 / 6 + 1 / 12))
    assert even.condition == pytest.approx(1)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5])
def test_labels_lack_what_their_entropy_says(share):
    labels = (np.arange(1000) < 1000 * share)[:, None]
    bits = stats.entropy([share, 1 - share], base=2)
    assert causes.constant_labels(labels.astype(float)) == pytest.approx(1 - bits)


def test_graded_reports_are_a_strip_of_the_box():
    x = positions(20_000)
    axis = tasks.Boundaries(np.array([[1.0, 0]]), np.array([0.4]))
    assert causes.graded_share(axis, x, 0.05) == pytest.approx(0.3, abs=0.02)
    assert causes.saturation(0.04) == pytest.approx(0.5)
    assert causes.saturation(0.5) == 0


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_the_ratio_of_noise_is_seen_through_an_affine_map(ratio):
    rng = np.random.default_rng(0)
    x, mixing = positions(), rng.standard_normal((2, 5))
    before, after = (
        evidence.observe(x, sigma, N_STEPS, rng=rng) @ mixing + 3 for sigma in (0.1, 0.1 * ratio)
    )
    assert causes.noise_ratio(before, after) == pytest.approx(ratio, rel=0.05)
    assert np.isnan(causes.noise_ratio(before[:, :1], after[:, :1]))


@pytest.mark.parametrize("step", [0.0, 0.05, 0.2])
def test_a_walk_is_seen_under_the_noise(step):
    rng = np.random.default_rng(1)
    walk = step * rng.standard_normal((N_TRIALS, N_STEPS, 2)).cumsum(axis=1)
    found = causes.walk(walk + SIGMA * rng.standard_normal(walk.shape))
    if step:
        assert found.ratio == pytest.approx(step / SIGMA, rel=0.1)
        assert found.z > 4
    else:
        assert abs(found.z) < 4


def test_averaging_a_walk_costs_the_variance_of_its_mean():
    rng = np.random.default_rng(2)
    way = rng.standard_normal((40_000, N_STEPS)).cumsum(axis=1)
    variance = (way.mean(axis=1) - way[:, -1]).var()
    assert causes.walk_variance(1.0, N_STEPS) == pytest.approx(variance, rel=0.03)
    assert causes.walk_variance(1.0, 1) == 0


def test_cover_is_that_of_the_thinnest_direction():
    x = positions()
    found = causes.cover(x * [1, 0.1], x)
    assert found.thinnest == pytest.approx(0.01)
    assert found.outside > 0.8
    same = causes.cover(x, positions(seed=1))
    assert same.thinnest == pytest.approx(1, abs=0.15)
    assert same.outside < 0.05
    noisy = x * [1, 0.1] + np.random.default_rng(0).normal(0, 0.05, x.shape)
    assert causes.cover(noisy, x, 0.05**2).thinnest == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize(("correlation", "degenerate"), [(0.5, False), (0.9, True)])
def test_correlated_positions_leave_part_of_the_box_outside(correlation, degenerate):
    x = positions(4000)
    found = causes.cover(evidence.correlate(x + 0.5, correlation) - 0.5, x)
    assert found.thinnest == pytest.approx(1 - correlation, rel=0.1)
    assert (found.outside > 0.4) == degenerate


def test_a_fold_hides_a_direction_and_a_bend_does_not():
    x, rng = positions(), np.random.default_rng(3)
    readings = evidence.observe(x, SIGMA, N_STEPS, rng=rng)
    for name, hidden in (("folded", True), ("swirl", False), ("relu", False)):
        make = {"relu": evidence.maps.ReluMap}.get(name)
        f = make(2, rng=rng) if make else evidence.maps.MAPS[name](2, rng)
        assert (causes.sight(f(readings), x).unseen > 0.6) == hidden, name
    plain = causes.sight(readings, x)
    assert plain.error == pytest.approx(S**2, rel=0.25)


@pytest.mark.parametrize(("rate", "blur"), [(0.1, 0), (0, 0.1), (0.1, 0.1), (0, 0)])
def test_wrong_and_blurred_labels_are_told_apart(rate, blur):
    rng = np.random.default_rng(4)
    d = LINES.signed_distances(positions())
    labels = d + blur * rng.standard_normal(d.shape) > 0
    labels = labels ^ (rng.random(d.shape) < rate)
    found = causes.label_errors(labels.astype(float), d)
    assert (found.evidence_rate > 3) == (rate > 0)
    assert (found.evidence_blur > 3) == (blur > 0)
    if rate:
        assert found.rate == pytest.approx(rate, abs=0.015)
    if blur:
        assert found.blur == pytest.approx(blur, rel=0.15)


def test_the_cost_of_wrong_labels_is_a_divergence_and_0_without_them():
    d = LINES.signed_distances(positions())
    assert causes.label_cost(d, S, 0.0, 0.0) == pytest.approx(0, abs=1e-9)
    # Far from boundaries what is lost is −log(1 − ε), and all of log 2 was known.
    far = np.tile([-5.0, 5.0], 50)[:, None]
    assert causes.label_cost(far, S, 0.1, 0.0) == pytest.approx(-np.log(0.9) / np.log(2), rel=1e-6)


# Statistics of the model.


def test_the_ideal_observer_has_skill_1_and_its_expected_loss():
    trials, answers = seen()
    d = LINES.signed_distances(trials.latents)
    expected = causes.ideal_losses(d, S)
    excess = symptoms.losses(answers.probits[:, -1], trials.labels) - expected
    error = excess.mean(axis=1).std() / N_TRIALS**0.5
    assert abs(excess.mean()) < 4 * error
    found = symptoms.skills(excess, expected, trials.labels)
    assert found.each == pytest.approx(np.ones(6), abs=0.1)
    known = observer.binary_entropy(trials.labels.mean(axis=0)) - expected.mean(axis=0)
    np.testing.assert_allclose(found.known, known)
    nothing = np.zeros_like(answers.probits[:, -1])
    excess = symptoms.losses(nothing, trials.labels) - expected
    assert symptoms.skills(excess, expected, trials.labels).each == pytest.approx(0, abs=0.02)


def test_gain_is_the_factor_of_probits():
    trials, answers = seen()
    d, u = LINES.signed_distances(trials.latents), answers.probits[:, -1]
    assert symptoms.gain(u, d, S) == pytest.approx(1, abs=0.05)
    for factor in (0.2, 5.0):
        assert symptoms.gain(factor * u, d, S) == pytest.approx(factor * symptoms.gain(u, d, S))


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_reports_level_off_at_the_rate_of_wrong_labels(rate):
    trials, answers = seen(rate=rate)
    d = LINES.signed_distances(trials.latents)
    assert symptoms.plateau(answers.probits[:, -1], d, S) == pytest.approx(rate, rel=0.01)
    clean = seen()[1].probits[:, -1]
    assert symptoms.plateau(clean, d, S) < 1e-4


def test_a_unit_is_dear_if_no_other_knows_what_it_knows():
    x = positions()
    d = LINES.signed_distances(x)
    twice = np.column_stack([x, x @ [[1, 1], [1, -1]]])
    twice = twice + 1e-3 * np.random.default_rng(0).standard_normal(twice.shape)
    spared, needed = symptoms.units(twice, d), symptoms.units(x, d)
    assert spared.dearest < 0.01
    assert needed.dearest == pytest.approx(0.5, abs=0.05)
    silent = np.column_stack([x, np.ones(len(x))])
    assert symptoms.units(silent, d).alive == 2
    assert symptoms.units(np.ones((len(x), 3)), d) == (0, 0.0, 0.0)


def test_profiles_tell_the_loud_task_and_the_late_ones():
    known = np.ones(6)
    loud = symptoms.profile(symptoms.Skills(np.array([1.0, 0.4, 0.3, 0.4, 0.5, 0.4]), known, 1, 0))
    assert (loud.best, loud.lead) == (0, pytest.approx(0.6))
    assert loud.late < 0.1
    late = symptoms.profile(symptoms.Skills(np.array([-0.5, 0.1, -0.3, 0.0, 1, 0.9]), known, 1, 0))
    assert late.n_late == 2
    assert late.late == pytest.approx(0.95 + 0.7 / 4)
    assert late.below == pytest.approx(0.8 / 6)


# Verdicts.


@pytest.mark.parametrize("sigma", [0.1, 0.3])
@pytest.mark.parametrize("dimension", [2, 3])
def test_nothing_is_wrong_with_the_ideal_observer(sigma, dimension):
    planes = tasks.random_hyperplanes(
        12, dimension, rng=np.random.default_rng(5), offset_half_width=0.2
    )
    found = diagnosed(planes, sigma=sigma)
    assert found.healthy
    assert found.first == "healthy"
    assert abs(found.lost) < 0.03
    assert found.table().columns[0] == "failure"
    assert len(found.table(everything=True)) == len(geometry.FAILURES)


BROKEN = {
    "dependent tasks": {"boundaries": tasks.near_parallel_lines(6, 1e-9)},
    "near-parallel tasks": {"boundaries": tasks.near_parallel_lines(6, 0.1)},
    "distant boundaries": {
        "boundaries": tasks.distant_hyperplanes(6, 2, 0.5, rng=np.random.default_rng(0))
    },
    "hard signs": {"sigma": 0.01},
    "misjudged noise": {"of_use": {"sigma": 2 * SIGMA}},
    "short trials": {"n_steps": 2},
    "wrong labels": {"rate": 0.1},
    "degenerate latents": {"latents": positions() * [1.0, 0.02]},
}


@pytest.mark.parametrize("failure", BROKEN)
def test_what_is_wrong_with_tasks_and_data_is_named_first(failure):
    found = diagnosed(**BROKEN[failure])
    assert found.first == failure
    first = found.findings[0]
    assert first.severity > first.threshold
    assert first.cure == geometry.EXPLANATIONS[failure].cure


def test_wrong_labels_are_read_from_reports_where_positions_are_not_known():
    model, boundaries, data = ideal(rate=0.1)
    blind = data._replace(training=data.training._replace(latents=None))
    found = geometry.diagnose(model, boundaries, blind)
    assert found.first == "wrong labels"
    assert "level off at 0.1" in found.findings[0].evidence
    assert set(found.not_judged) == {"blurred labels"}


def test_positions_of_training_are_decoded_where_they_are_not_known():
    model, boundaries, data = ideal(latents=positions() * [1.0, 0.02])
    blind = data._replace(training=data.training._replace(latents=None))
    found = geometry.diagnose(model, boundaries, blind)
    assert found.first == "degenerate latents"
    guess = causes.decoded(*(data.fresh[k] for k in (0, 2)), data.training.observations)
    assert (guess - data.training.latents).std() == pytest.approx(S, rel=0.1)


NARROW_AND_WRONG = ideal(tasks.near_parallel_lines(6, 0.2), rate=0.05)


@settings(max_examples=4, deadline=None)
@given(angle=st.floats(0, 2 * np.pi), order=st.permutations(range(6)))
def test_turning_the_world_or_the_order_of_tasks_turns_no_verdict(angle, order):
    model, boundaries, data = NARROW_AND_WRONG
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    order = list(order)
    turned = geometry.Data(
        *(t._replace(latents=t.latents @ turn.T, labels=t.labels[:, order]) for t in data[:2]),
        data.sigma,
    )
    answers = geometry.Behaviour(
        *(each._replace(probits=each.probits[..., order]) for each in model)
    )
    first = geometry.diagnose(model, boundaries, data)
    second = geometry.diagnose(answers, boundaries.rotated(turn).take(order), turned)
    assert [each.failure for each in first.findings] == [each.failure for each in second.findings]
    for one, other in zip(first.findings, second.findings, strict=True):
        assert one.severity == pytest.approx(other.severity, abs=1e-3)


def test_a_function_will_do_for_a_model():
    model, boundaries, data = ideal()

    def network(observations):
        return model.training if observations is data.training.observations else model.fresh

    assert geometry.diagnose(network, boundaries, data) == geometry.diagnose(*ideal())


def test_bad_input_is_named():
    model, boundaries, data = ideal()
    cases = [
        (model, boundaries, data._replace(sigma=0), "data.sigma must be"),
        (
            model,
            boundaries,
            data._replace(fresh=data.fresh._replace(latents=None)),
            "data.fresh must have latents",
        ),
        (
            model,
            boundaries,
            data._replace(fresh=geometry.Trials(*(x[:100] for x in data.fresh))),
            "at least 200 trials, got 100",
        ),
        (
            model,
            boundaries,
            data._replace(training=data.training._replace(labels=data.training.labels[:, :3])),
            r"data.training.labels must have axes \(trial, task\) of shape \(800, 6\)",
        ),
        (
            model._replace(fresh=model.fresh._replace(probits=model.fresh.probits[:, -1])),
            boundaries,
            data,
            "model.fresh.probits must have axes",
        ),
        (
            model._replace(fresh=model.fresh._replace(probits=np.nan * model.fresh.probits)),
            boundaries,
            data,
            "model.fresh.probits must not be NaN",
        ),
    ]
    for *arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            geometry.diagnose(*arguments)
    with pytest.raises(ValueError, match="failure must be one of"):
        examples.broken("bad luck", 0.5, 0)
    with pytest.raises(ValueError, match=r"strength must lie in \[0, 1\]"):
        examples.broken("hard signs", 1.5, 0)


# Trained networks.


@pytest.mark.parametrize("failure", geometry.FAILURES)
def test_broken_networks_differ_from_their_healthy_twin_in_one_thing(failure):
    for strength in (0, 0.3, 0.7, 1):
        case = examples.broken(failure, strength, 7)
        twin = examples.healthy(7)
        assert case != twin
        assert case.configuration.seed == twin.configuration.seed
        assert case == examples.broken(failure, strength, 7)


def test_trained_networks_are_diagnosed():
    same = {"architecture": "rnn", "head": "probit", "n_tasks": 6, "dimension": 2, "tasks": "even"}
    same |= {"offset_half_width": 0.0, "sigma": 0.2}
    cases = [
        examples.healthy(3, **same),
        examples.broken("wrong labels", 0.5, 4, **same),
        examples.broken("few trials", 0.8, 5, **same),
    ]
    table = examples.examine(cases, n_trials=400)
    assert list(table["truth"]) == list(table["first"])
    assert table["correct"].all()
