"""Trained linear classifiers against independent methods, and their invariances."""

import re

import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from trilateration import observer, readout, tasks

SIGMA, STEPS = 0.2, 20
LINKS = ("probit", "logistic")
FITS = {"probit": readout.fit_probit, "logistic": readout.fit_logistic}
LINES = tasks.evenly_spaced_lines(3)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def trials(rng):
    return readout.draw_trials(1500, LINES, SIGMA, STEPS, law="disc", rng=rng)


def noisy_labels(features, rng, n_tasks=2):
    logits = features @ rng.standard_normal((features.shape[1], n_tasks))
    return (rng.uniform(size=logits.shape) < special.expit(logits)).astype(np.int8)


# The losses


@pytest.mark.parametrize("link", LINKS)
def test_derivatives_of_the_loss_agree_with_autograd(link):
    torch = pytest.importorskip("torch")
    m = torch.linspace(-30, 30, 241, dtype=torch.float64, requires_grad=True)
    value = -torch.special.log_ndtr(m) if link == "probit" else torch.logaddexp(-m, 0 * m)
    (slope,) = torch.autograd.grad(value.sum(), m)
    ours = readout.margin_loss(m.detach().numpy(), link)
    np.testing.assert_allclose(ours.value, value.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours.pull, -slope.numpy(), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("link", LINKS)
def test_curvature_is_the_slope_of_the_pull(link):
    m, step = np.linspace(-20, 20, 401), 1e-5
    pulls = [readout.margin_loss(m + side * step, link).pull for side in (-1, 1)]
    curvature = readout.margin_loss(m, link).curvature
    np.testing.assert_allclose(curvature, (pulls[0] - pulls[1]) / (2 * step), atol=1e-8)


@given(st.floats(-1e6, 1e6))
def test_probit_curvature_lies_between_zero_and_one(m):
    loss = readout.margin_loss(np.array([m]), "probit")
    assert 0 <= loss.curvature[0] <= 1
    assert np.isfinite(loss.value[0])


def test_probit_curvature_is_one_minus_the_variance_of_a_truncated_normal():
    m = np.array([-6.0, -2, -0.3, 0, 0.7, 3])
    variance = [stats.truncnorm(-x, np.inf).var() for x in m]
    np.testing.assert_allclose(readout.margin_loss(m, "probit").curvature, 1 - np.array(variance))


# The fits


@pytest.mark.parametrize("link", LINKS)
def test_a_fit_minimises_the_plain_likelihood(link, trials):
    fit = FITS[link](trials.means, trials.labels).classifiers
    rows = np.column_stack([trials.means, np.ones(len(trials.means))])
    logcdf = stats.norm.logcdf if link == "probit" else stats.logistic.logcdf
    for task in range(LINES.n_tasks):
        signs = 2.0 * trials.labels[:, task] - 1

        def loss(theta, signs=signs):
            return -logcdf(signs * (rows @ theta)).mean()

        found = optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
        np.testing.assert_allclose(fit.parameters[task], found.x, rtol=2e-4, atol=2e-4)
        assert loss(fit.parameters[task]) <= found.fun + 1e-12


@pytest.mark.parametrize("link", LINKS)
def test_the_mean_report_equals_the_mean_label_under_the_logistic_link_only(link, trials):
    fit = FITS[link](trials.means, trials.labels).classifiers
    gap = np.abs(fit.reports(trials.means).mean(axis=0) - trials.labels.mean(axis=0)).max()
    assert (gap < 1e-8) == (link == "logistic")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LINKS), st.integers(1, 4))
def test_affine_maps_of_the_features_change_no_report(seed, link, dimension):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((300, dimension))
    y = noisy_labels(x, rng)
    matrix = rng.standard_normal((dimension, dimension)) + 3 * np.eye(dimension)
    moved = 100 * x @ matrix.T + 1e3 * rng.standard_normal(dimension)
    fits = [FITS[link](points, y).classifiers for points in (x, moved)]
    np.testing.assert_allclose(fits[0].reports(x), fits[1].reports(moved), atol=1e-6)


@pytest.mark.parametrize("link", LINKS)
def test_swapping_the_labels_turns_the_classifier_round(link, trials):
    one = FITS[link](trials.means, trials.labels).classifiers
    other = FITS[link](trials.means, 1 - trials.labels).classifiers
    np.testing.assert_allclose(one.parameters, -other.parameters, atol=1e-6)


@pytest.mark.parametrize("link", LINKS)
def test_weights_count_as_repetitions(link, trials, rng):
    counts = rng.integers(1, 4, len(trials.means))
    repeated = [x.repeat(counts, axis=0) for x in (trials.means, trials.labels)]
    weighted = FITS[link](trials.means, trials.labels, weights=counts)
    np.testing.assert_allclose(
        weighted.classifiers.parameters, FITS[link](*repeated).classifiers.parameters, rtol=1e-6
    )


@pytest.mark.parametrize("factor", [-40.0, 0.5, 1.0])
def test_the_minimum_is_the_same_from_every_start(factor, trials):
    ruler = readout.ruler(LINES, SIGMA, STEPS)
    start = readout.LinearClassifiers(factor * ruler.weights, ruler.intercepts + 1, "probit")
    fits = [readout.fit_probit(trials.means, trials.labels, start=s) for s in (None, start)]
    np.testing.assert_allclose(
        fits[1].classifiers.parameters, fits[0].classifiers.parameters, rtol=1e-8, atol=1e-8
    )


def test_tasks_are_trained_independently_of_each_other(trials):
    together = readout.fit_probit(trials.means, trials.labels).classifiers
    alone = readout.fit_probit(trials.means, trials.labels[:, 1:2]).classifiers
    np.testing.assert_allclose(together.parameters[1], alone.parameters[0], rtol=1e-9)


@pytest.mark.parametrize("law", ["disc", "square"])
def test_trained_on_flat_posteriors_the_probit_classifier_is_the_ruler(law):
    shifted = tasks.Boundaries(LINES.normals, np.array([0.1, -0.2, 0.3]))
    trials = readout.population(shifted, SIGMA, STEPS, law=law)
    fit = readout.fit_probit(trials.means, trials.reports, weights=trials.weights).classifiers
    ruler = readout.ruler(shifted, SIGMA, STEPS)
    np.testing.assert_allclose(fit.parameters, ruler.parameters, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        ruler.reports(trials.means), observer.reports(trials.means, shifted, SIGMA, STEPS)
    )


def test_an_elliptical_law_keeps_the_logistic_normal_exact_and_a_lopsided_one_does_not(rng):
    boundary = tasks.Boundaries.from_coefficients(np.array([1.0, 2.0]), 0.1)
    disc = readout.population(boundary, SIGMA, STEPS, law="disc")
    stretch = np.array([[1.0, 0.5], [0.0, 0.7]])
    points = disc.means @ stretch.T + 0.05
    lopsided = disc.weights * np.exp(3 * points[:, 0] - 4 * points[:, 0] * points[:, 1])
    cosines = []
    for weights in (disc.weights, lopsided):
        reports = observer.reports(points, boundary, SIGMA, 1)
        fit = readout.fit_logistic(points, reports, weights=weights).classifiers
        cosines.append((fit.weights @ boundary.normals[0])[0] / fit.steepness[0])
    assert cosines[0] == pytest.approx(1, abs=1e-12)
    assert cosines[1] < 1 - 1e-7


def test_under_a_flat_law_of_the_distance_the_logistic_steepness_is_pi_over_root_three():
    across = tasks.Boundaries.from_coefficients(np.array([1.0, 0.0]))
    trials = readout.population(across, SIGMA, STEPS, law="square")
    fit = readout.fit_logistic(trials.means, trials.reports, weights=trials.weights).classifiers
    s = SIGMA / STEPS**0.5
    assert fit.steepness[0] * s == pytest.approx(np.pi / 3**0.5, rel=1e-5)


def test_log_reports_of_a_classifier_do_not_saturate():
    far = readout.LinearClassifiers(np.array([[1.0, 0.0]]), np.zeros(1), "probit")
    points = np.array([[30.0, 0.0], [-30.0, 0.0]])
    back = observer.distances_from_log_reports(far.log_reports(points), 1.0, 1)
    np.testing.assert_allclose(back[:, 0], points[:, 0], rtol=1e-12)
    np.testing.assert_allclose(far.boundaries.normals, [[1.0, 0.0]])


def test_tilts_are_the_angles_by_which_boundaries_were_turned():
    turns = np.array([1e-9, -0.2, 3.0])
    cos, sin = np.cos(turns), np.sin(turns)
    (x, y) = LINES.normals.T
    turned = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    classifiers = readout.LinearClassifiers(7 * turned, np.zeros(3), "probit")
    np.testing.assert_allclose(readout.tilts(classifiers, LINES), turns, rtol=1e-6)


# Separability


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 14), st.integers(1, 3))
def test_separability_agrees_with_the_max_margin_problem(seed, n_trials, dimension):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_trials, dimension))
    y = (rng.uniform(size=(n_trials, 1)) < 0.4).astype(np.int8)
    if np.linalg.matrix_rank(x - x.mean(axis=0)) < dimension:
        return
    # In general position nothing is separable with ties only.
    try:
        margins = (2 * y[:, 0] - 1) * readout.max_margin(x, y).decision_values(x)[:, 0]
        separable = bool(margins.min() > 1 - 1e-6)
    except ValueError:
        separable = False
    assert readout.is_separable(x, y)[0] == separable
    for fit in FITS.values():
        assert fit(x, y).separable[0] == separable


def test_a_tie_on_the_boundary_is_separable_too():
    x = np.array([[-2.0], [-1], [0], [0], [1], [2]])
    y = np.array([[0], [0], [0], [1], [1], [1]])
    assert readout.is_separable(x, y)[0]
    assert readout.fit_probit(x, y).separable[0]
    assert not readout.is_separable(x, y[::-1] ^ np.array([[0], [1], [0], [0], [1], [0]]))[0]


@pytest.mark.parametrize("link", LINKS)
def test_separable_tasks_are_named_and_the_others_still_trained(link, trials):
    labels = trials.labels.copy()
    labels[:, 1] = 1
    fit = FITS[link](trials.means, labels)
    np.testing.assert_array_equal(fit.separable, [False, True, False])
    np.testing.assert_array_equal(fit.converged, [True, False, True])
    np.testing.assert_array_equal(np.isnan(fit.weights).all(axis=1), [False, True, False])
    with pytest.raises(ValueError, match=r"got separable labels in task 1 \(1 of 3 tasks\)$"):
        _ = fit.classifiers


def test_too_few_iterations_are_an_error_and_not_a_classifier(trials):
    fit = readout.fit_probit(trials.means, trials.labels, max_iterations=2)
    assert not fit.separable.any()
    with pytest.raises(ValueError, match="max_iterations must suffice"):
        _ = fit.classifiers


def test_max_margin_agrees_with_a_general_solver(rng):
    x = rng.uniform(-1, 1, (30, 2))
    y = (x[:, :1] - 0.3 * x[:, 1:] > 0.1).astype(np.int8)
    z = (2.0 * y - 1) * np.column_stack([x, np.ones(30)])
    found = optimize.minimize(
        lambda theta: theta @ theta / 2,
        readout.max_margin(x, y).parameters[0] * 1.3,
        jac=lambda theta: theta,
        constraints={"type": "ineq", "fun": lambda t: z @ t - 1, "jac": lambda t: z},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(readout.max_margin(x, y).parameters[0], found.x, rtol=1e-5)


# Gradient flow


@pytest.mark.parametrize("link", LINKS)
def test_flow_is_gradient_descent_with_small_steps(link, rng):
    x = rng.uniform(-1, 1, (20, 2))
    y = noisy_labels(x, rng, n_tasks=1)
    rows, step = np.column_stack([x, np.ones(20)]), 1e-3
    z, theta = (2.0 * y - 1) * rows, np.zeros(3)
    for _ in range(2000):
        theta = theta + step * readout.margin_loss(z @ theta, link).pull @ z / len(z)
    path = readout.gradient_flow(x, y, [1.0, 2.0], link=link)
    np.testing.assert_allclose(path.parameters[1, 0], theta, rtol=2e-3)


def test_flow_ends_at_the_minimum_where_there_is_one(trials):
    path = readout.gradient_flow(trials.means, trials.labels, [1e8])
    fit = readout.fit_logistic(trials.means, trials.labels).classifiers
    np.testing.assert_allclose(path.at(0).parameters, fit.parameters, rtol=1e-5, atol=1e-5)


def test_flow_on_separable_labels_keeps_the_bounds_of_its_proof(rng):
    x = rng.uniform(-0.5, 0.5, (25, 2))
    y = LINES.labels(x)[:, :1]
    times = np.logspace(-2, 12, 29)
    path = readout.gradient_flow(x, y, times)
    best = readout.max_margin(x, y).parameters[0]
    radius = np.linalg.norm(np.column_stack([x, np.ones(25)]), axis=1).max()
    c = (1 - 2.0**-25) / (25 * np.log(2)) / np.linalg.norm(best)
    assert np.all(path.losses[:, 0] >= 1 / (radius**2 * times + 1 / np.log(2)) - 1e-12)
    assert np.all(path.losses[:, 0] <= 1 / (c**2 * times + 1 / np.log(2)) + 1e-12)
    length = np.linalg.norm(path.parameters[:, 0], axis=1)
    per_log = (length[-1] - length[-5]) / np.log(times[-1] / times[-5])
    assert per_log == pytest.approx(np.linalg.norm(best), rel=0.05)
    assert path.parameters[-1, 0] @ best / (length[-1] * np.linalg.norm(best)) > 0.999


# Asymptotics


def test_information_of_a_label_agrees_with_integration():
    across = readout.LinearClassifiers(np.array([[1 / 0.05, 0.0]]), np.array([0.4]), "probit")
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = np.stack([0.5 * nodes, np.zeros(400)], axis=1)
    ours = readout.fisher_information_of_labels(across, x, weights=weights)

    def score_square(point, power):
        u = point / 0.05 + 0.4
        p = stats.norm.cdf(u) * stats.norm.sf(u)
        return point**power * stats.norm.pdf(u) ** 2 / p

    for power, entry in ((0, ours[0, 2, 2]), (1, ours[0, 0, 2]), (2, ours[0, 0, 0])):
        brute = integrate.quad(score_square, -0.5, 0.5, args=(power,), points=[-0.02], limit=200)[0]
        assert entry == pytest.approx(brute, rel=1e-7)


def test_variances_of_unit_and_zero_tend_to_their_laws():
    # Information about (w, w₀) across a line with density p₀ of d: s p₀ χ_j in units of s.
    s, density = 0.01, 2 / (0.5 * np.pi)
    chi0, chi2 = (
        integrate.quad(
            lambda u, j=j: u**j * stats.norm.pdf(u) ** 2 / special.ndtr([u, -u]).prod(), -12, 12
        )[0]
        for j in (0, 2)
    )
    across = tasks.Boundaries(np.array([[1.0, 0.0]]), np.zeros(1))
    disc = readout.population(across, s, 1, law="disc", n_nodes=400)
    line = readout.ruler(across, s, 1)
    information = readout.fisher_information_of_labels(line, disc.means, weights=disc.weights)[0]
    variances = np.diag(np.linalg.inv(information))
    assert s**2 * variances[0] == pytest.approx(1 / (s * density * chi2), rel=0.01)
    assert s**2 * variances[2] == pytest.approx(s / (density * chi0), rel=0.01)


def test_the_sandwich_is_the_inverse_information_where_the_model_is_right(rng):
    trials = readout.draw_trials(100_000, LINES, SIGMA, STEPS, law="disc", rng=rng)
    ruler = readout.ruler(LINES, SIGMA, STEPS)
    sandwich = readout.parameter_covariance(ruler, trials.means, trials.labels)
    information = readout.fisher_information_of_labels(ruler, trials.means)
    for task in range(LINES.n_tasks):
        root = np.linalg.cholesky(information[task])
        whitened = root.T @ sandwich[task, :, task] @ root
        np.testing.assert_allclose(whitened, np.eye(3), atol=0.1)
    np.testing.assert_allclose(sandwich, sandwich.transpose(2, 3, 0, 1), atol=1e-8)


def test_trained_classifiers_scatter_as_the_sandwich_says(rng):
    # A coarse ruler, so that few trials are many.
    steps = 2
    pilot = readout.draw_trials(50_000, LINES, SIGMA, steps, law="disc", rng=rng)
    ruler = readout.ruler(LINES, SIGMA, steps)
    predicted = readout.parameter_covariance(ruler, pilot.means, pilot.labels) / 2000
    thetas = readout.repeat_training(150, 2000, LINES, SIGMA, steps, law="disc", rng=rng)
    errors = (thetas - ruler.parameters).reshape(150, -1)
    whitened = np.linalg.solve(np.linalg.cholesky(predicted.reshape(9, 9)), errors.T)
    assert (whitened**2).mean() == pytest.approx(1, abs=5 * (2 / whitened.size) ** 0.5 + 0.05)


# Trials


def test_laws_of_the_mean(rng):
    s2, n = SIGMA**2 / STEPS, 200_000
    for law, variance in (("disc", 1 / 16), ("square", 1 / 12), ("box", 1 / 12 + s2)):
        trials = readout.draw_trials(n, LINES, SIGMA, STEPS, law=law, rng=rng)
        whole = readout.population(LINES, SIGMA, STEPS, law=law)
        assert trials.means.var() == pytest.approx(variance, rel=0.01)
        assert whole.weights @ whole.means[:, 0] ** 2 == pytest.approx(variance, rel=1e-6)
        assert (trials.latents - trials.means).var() == pytest.approx(s2, rel=0.01)
        share = whole.weights @ whole.reports
        np.testing.assert_allclose(trials.labels.mean(axis=0), share, atol=0.006)


def test_the_seed_acts():
    draws = [
        readout.repeat_training(1, 300, LINES, SIGMA, 2, law="box", rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(draws[0] - draws[2]).max() > 1e-3


# Messages

ONES = np.ones((3, 1))
BAD = [
    (dict(features=np.zeros((3, 2))), "features must not lie in a hyperplane, got 3 trials"),
    (dict(features=np.array([[0.0], [np.nan], [1]])), "features must be finite, got 1 NaN"),
    (dict(targets=2 * ONES), "targets must lie in [0, 1], got 3 of 3 values outside"),
    (dict(weights=np.array([1.0, -1, 1])), "weights must be >= 0 and not all 0, got a least"),
    (dict(max_iterations=0), "max_iterations must be a whole number >= 1, got 0"),
]


@pytest.mark.parametrize(("bad", "message"), BAD, ids=lambda x: str(x)[:40])
@pytest.mark.parametrize("link", LINKS)
def test_bad_input_is_named(link, bad, message):
    good = dict(features=np.array([[0.0], [1], [2]]), targets=np.array([[0], [1], [0]]))
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        FITS[link](**(good | bad))
    assert "\n" not in str(error.value)


def test_a_missing_row_of_targets_is_named(monkeypatch):
    # Without the run-time checker of the tests, as a user calls it.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="targets must have one row for each of the 3 trials, got"):
        readout.fit_probit(np.array([[0.0], [1], [2]]), ONES[:2])


def test_bad_choices_are_named(rng):
    with pytest.raises(ValueError, match="times must rise"):
        readout.gradient_flow(np.eye(3)[:, :2], np.eye(3, dtype=int), [2.0, 1.0])
    with pytest.raises(ValueError, match="labels must be separable, got task 0, which is not"):
        readout.max_margin(np.array([[0.0], [1], [2]]), np.array([[0], [1], [0]]))
    start = readout.ruler(LINES, SIGMA, STEPS)
    with pytest.raises(ValueError, match=re.escape("shape (1, 3), got (3, 3)")):
        readout.fit_probit(np.eye(3)[:, :2], np.eye(3, dtype=int)[:, :1], start=start)
    three = tasks.Boundaries(np.eye(3), np.zeros(3))
    with pytest.raises(ValueError, match="boundaries must be two-dimensional, got 3"):
        readout.population(three, SIGMA, STEPS, law="disc")
    with pytest.raises(ValueError, match="weights must be finite"):
        readout.LinearClassifiers(np.array([[np.inf]]), np.zeros(1), "probit")
