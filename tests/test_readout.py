"""Linear decoders against independent solvers, scores and splits by their definitions."""

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, linalg, special

from trilateration.evidence import sample_means, uniform_latents
from trilateration.observer import mean_radius_power
from trilateration.readout import (
    CODES,
    choose_penalty,
    dense_line_ceiling,
    distance_fraction,
    error_ratio,
    fit_linear,
    held_out_quadrant_r2,
    left_out_predictions,
    logistic_constant,
    mean_error,
    orthants,
    prior_r2,
    radial_response,
    random_groups,
    report_code,
    within_r2,
)
from trilateration.tasks import evenly_spaced_lines

SIGMA, STEPS = 0.2, 20
S = SIGMA / STEPS**0.5


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture
def problem(rng):
    features = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)) + 3
    targets = features[:, :2] @ rng.standard_normal((2, 3)) + rng.standard_normal((200, 3))
    return features, targets


def test_without_penalty_it_is_least_squares(problem):
    features, targets = problem
    solution, *_ = linalg.lstsq(np.column_stack([features, np.ones(200)]), targets)
    decoder = fit_linear(features, targets)
    np.testing.assert_allclose(decoder.weights, solution[:-1], atol=1e-10)
    np.testing.assert_allclose(decoder.intercept, solution[-1], atol=1e-9)


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_with_penalty_it_is_ridge_regression(problem, penalty):
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, targets = problem
    alpha = penalty * len(features) * features.var(axis=0).mean()
    ridge = linear_model.Ridge(alpha=alpha).fit(features, targets)
    decoder = fit_linear(features, targets, penalty=penalty)
    np.testing.assert_allclose(decoder.weights, ridge.coef_.T, atol=1e-10)
    np.testing.assert_allclose(decoder.predict(features), ridge.predict(features), atol=1e-9)


@given(
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-1e2, 1e2),
    penalty=st.sampled_from([0.0, 1e-3, 1.0]),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_units_and_order_of_trials_do_not_matter(scale, shift, penalty, seed):
    rng = np.random.default_rng(seed)
    features, targets = rng.standard_normal((40, 4)), rng.standard_normal((40, 2))
    order = rng.permutation(40)
    one = fit_linear(features, targets, penalty=penalty).predict(features)
    moved = scale * features[order] + shift
    two = fit_linear(moved, targets[order], penalty=penalty).predict(scale * features + shift)
    np.testing.assert_allclose(one, two, atol=1e-7)


def test_a_direction_that_is_only_rounding_gets_no_weight(rng):
    features = rng.standard_normal((100, 1)) * np.ones(3)
    features[:, 2] += 1e-9 * rng.standard_normal(100)
    targets = features[:, :1] + 0.1 * rng.standard_normal((100, 1))
    weights = fit_linear(features, targets).weights
    np.testing.assert_allclose(weights, weights.mean(), rtol=1e-5)
    far = np.array([[1.0, 1.0, 1.01]])
    assert abs(fit_linear(features, targets).predict(far).item() - 1) < 0.2


def test_left_out_predictions_never_saw_their_group(problem, rng):
    features, targets = problem
    groups = random_groups(200, 4, rng=rng)
    assert np.bincount(groups).tolist() == [50] * 4
    before = left_out_predictions(features, targets, groups)
    spoiled = targets.copy()
    spoiled[groups == 2] = 1e3
    after = left_out_predictions(features, spoiled, groups)
    np.testing.assert_array_equal(before[groups == 2], after[groups == 2])
    assert not np.allclose(before[groups == 1], after[groups == 1])
    again = fit_linear(features[groups != 2], targets[groups != 2]).predict(features[groups == 2])
    np.testing.assert_allclose(before[groups == 2], again, atol=1e-10)


def test_the_penalty_is_chosen_without_the_held_out_region(rng):
    x = rng.uniform(-0.5, 0.5, (120, 2))
    features = np.column_stack([x, rng.standard_normal((120, 60))])
    targets = x + 0.05 * rng.standard_normal(x.shape)
    groups = orthants(x)
    train = groups != 3
    chosen = choose_penalty(features[train], targets[train], groups[train])
    assert chosen > 0
    spoiled = targets.copy()
    spoiled[~train] = -100
    picked = left_out_predictions(features, spoiled, groups, penalty=(0.0, chosen))
    direct = fit_linear(features[train], targets[train], penalty=chosen)
    np.testing.assert_allclose(picked[~train], direct.predict(features[~train]), atol=1e-10)


def test_equal_penalties_yield_the_largest(rng):
    x = rng.standard_normal((30, 1))
    groups = np.arange(30) % 3
    assert choose_penalty(np.zeros((30, 1)) + x * 0, x, groups, (0.0, 0.1, 1.0)) == 1.0


def test_orthants_are_the_binary_number_of_the_signs():
    points = np.array([[-1, -1, -1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]]) / 4
    assert orthants(points).tolist() == [0, 1, 2, 7]


def test_the_two_scores_differ_by_four_in_a_quadrant(rng):
    x = uniform_latents(200_000, 2, rng=rng)
    guess = x + 0.1 * rng.standard_normal(x.shape)
    paper, textbook = prior_r2(x, guess), within_r2(x, guess, orthants(x))
    assert paper.value == pytest.approx(1 - 12 * 0.01, abs=2 * paper.uncertainty)
    assert 1 - textbook.value == pytest.approx(4 * (1 - paper.value), rel=0.01)
    assert within_r2(x, guess).value == pytest.approx(paper.value, abs=2e-3)
    assert within_r2(x, np.tile(x.mean(axis=0), (len(x), 1))).value == pytest.approx(0, abs=1e-12)


def test_the_interval_of_a_score_covers_its_value():
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = uniform_latents(400, 2, rng=rng)
        score = prior_r2(x, x + 0.1 * rng.standard_normal(x.shape))
        hits += abs(score.value - 0.88) < score.uncertainty
    assert 178 <= hits <= 199


def test_the_error_ratio_cancels_what_two_estimates_share(rng):
    common = rng.standard_normal((20_000, 2)) ** 2
    ratio = error_ratio(0.5 * common, common)
    assert ratio.value == pytest.approx(0.5)
    assert ratio.uncertainty < 1e-12
    apart = error_ratio(rng.standard_normal((20_000, 2)) ** 2, common)
    # Two independent means of 40000 squares, each of relative standard deviation √2.
    assert apart.uncertainty == pytest.approx(1.96 * (2 * 2 / 40_000) ** 0.5, rel=0.05)
    assert abs(apart.value - 1) < 2 * apart.uncertainty
    assert mean_error(common).value == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("s", [S, 0.2])
def test_exact_distances_in_the_held_out_quadrant(s, rng):
    x = uniform_latents(200_000, 2, rng=rng)
    mean = sample_means(x, s, 1, rng=rng)
    score = prior_r2(x, left_out_predictions(mean, x, orthants(x)))
    assert score.value == pytest.approx(held_out_quadrant_r2(s), abs=2 * score.uncertainty)
    assert held_out_quadrant_r2(0) == pytest.approx(1)


@given(st.floats(-1, 1), st.floats(-1, 0.4), st.floats(0.5, 1))
def test_the_distance_fraction_is_the_same_for_both_scores(score, sign, probit):
    def within(r2):
        return 1 - 4 * (1 - r2)

    one = distance_fraction(score, sign, probit)
    assert one == pytest.approx(distance_fraction(within(score), within(sign), within(probit)))
    assert distance_fraction(probit, sign, probit) == 1
    assert distance_fraction(sign, sign, probit) == 0


@given(st.floats(0.01, 30))
def test_codes_are_odd_and_the_logit_has_its_slope_and_tail(u):
    u = np.array([u, -u])
    for kind in CODES:
        code = report_code(u, kind) - 0.5 * (kind == "probability")
        assert code[0] == pytest.approx(-code[1], rel=1e-9)
        assert code[0] > 0
    logit = report_code(u, "logit")[0]
    if u[0] < 5:
        assert logit == pytest.approx(special.logit(special.ndtr(u[0])), rel=1e-7)
    assert logit > 8 / np.sqrt(2 * np.pi) / 2 * u[0] * (1 - 1e-9)
    assert u[0] ** 2 / 2 < logit


def test_the_minimax_constant_is_the_textbook_one():
    u = np.linspace(-8, 8, 10_001)
    error = np.abs(special.expit(logistic_constant() * u) - special.ndtr(u)).max()
    assert logistic_constant() == pytest.approx(1.7017, abs=1e-4)
    assert error == pytest.approx(0.009457, abs=1e-6)
    for other in (1.69, 1.71):
        assert np.abs(special.expit(other * u) - special.ndtr(u)).max() > error


@pytest.mark.parametrize("harmonic", [1, 3, 5])
@pytest.mark.parametrize("kind", CODES)
def test_radial_response_is_the_fourier_integral(kind, harmonic):
    radius = 0.3
    value, _ = integrate.quad(
        lambda a: (
            report_code(np.array(radius * np.cos(a) / S), kind) * np.cos(harmonic * a) * 2 / np.pi
        ),
        0,
        np.pi,
        points=[np.pi / 2],
        limit=200,
    )
    result = radial_response(np.array(radius), kind, S, harmonic=harmonic)
    assert result == pytest.approx(value, abs=1e-4)


def test_radial_response_is_what_many_lines_read():
    lines = evenly_spaced_lines(600)
    mean = np.array([[0.2, 0.1]])
    for kind in CODES:
        code = report_code(lines.signed_distances(mean) / S, kind) - 0.5 * (kind == "probability")
        read = 2 / 600 * code @ lines.normals
        expected = radial_response(np.linalg.norm(mean, axis=-1), kind, S)
        assert np.linalg.norm(read) == pytest.approx(expected[0], rel=2e-3)
        across = read[0] @ [-mean[0, 1], mean[0, 0]]
        assert across == pytest.approx(0, abs=2e-3 * expected[0])


def test_ceilings_of_probits_and_of_noise_free_signs_are_known():
    probit = dense_line_ceiling("probit", SIGMA, STEPS, n_harmonics=1)
    assert probit == pytest.approx(1 / (1 + 12 * S**2), abs=1e-9)
    signs = dense_line_ceiling("sign", 1e-9, 1, n_harmonics=1)
    assert signs == pytest.approx(6 * mean_radius_power(1) ** 2, abs=1e-4)
    many = dense_line_ceiling("sign", 1e-9, 1, n_harmonics=12)
    assert many == pytest.approx(8 / 9, abs=4e-4)
    assert many < 8 / 9 + 1e-4


@pytest.mark.parametrize("kind", ["sign", "probability", "logit"])
def test_least_squares_on_many_lines_reaches_the_ceiling(kind, rng):
    x = uniform_latents(20_000, 2, rng=rng)
    mean = sample_means(x, SIGMA, STEPS, rng=rng)
    code = report_code(evenly_spaced_lines(48).signed_distances(mean) / S, kind)
    score = prior_r2(x, left_out_predictions(code, x, random_groups(len(x), 4, rng=rng)))
    assert score.value == pytest.approx(dense_line_ceiling(kind, SIGMA, STEPS), abs=0.004)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_linear(np.zeros((3, 1)), np.zeros((4, 1))), "same number of trials"),
        (lambda: fit_linear(np.zeros((3, 1)), np.zeros((3, 1)), penalty=-1), "penalty must be a"),
        (lambda: report_code(np.zeros(1), "odds"), "kind must be one of 'sign', 'probability'"),
        (lambda: radial_response(np.ones(1), "sign", 0.1, harmonic=2), "harmonic must be odd"),
        (lambda: prior_r2(np.zeros((3, 2)), np.zeros((3, 1))), "predictions must have the shape"),
        (lambda: within_r2(np.zeros((3, 2)), np.ones((3, 2))), "targets must differ within"),
        (lambda: distance_fraction(0.5, 0.7, 0.7), "probit must differ from sign, got 0.7"),
        (
            lambda: left_out_predictions(np.ones((4, 1)), np.ones((4, 1)), np.zeros(4, dtype=int)),
            "groups must hold at least 2 groups, got 1",
        ),
        (
            lambda: left_out_predictions(
                np.ones((4, 1)), np.ones((4, 1)), np.array([0, 0, 1, 1]), penalty=(0.0, 1.0)
            ),
            "groups must hold at least 3 groups, got 2",
        ),
    ],
)
def test_bad_input_is_named_in_one_line(call, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(Exception, match=message) as error:
        call()
    assert isinstance(error.value, ValueError)
    assert "\n" not in str(error.value)
