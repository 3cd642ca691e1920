import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from trilateration import evidence, observer, tasks


def test_ceilings_of_one_axis_agree_with_a_one_dimensional_integral():
    sigma, n_steps, h, offset = 0.2, 20, 0.5, 0.1
    s = sigma / n_steps**0.5

    def density(m):
        return (stats.norm.cdf((h - m) / s) - stats.norm.cdf((-h - m) / s)) / (2 * h)

    def report(m):
        return float(observer.axis_reports(np.float64(m), offset, sigma, n_steps))

    def integral(function):
        edges = np.linspace(-h - 8 * s, h + 8 * s, 60)
        pairs = itertools.pairwise(edges)
        return sum(integrate.fixed_quad(np.vectorize(function), a, b, n=12)[0] for a, b in pairs)

    accuracy = integral(lambda m: density(m) * max(report(m), 1 - report(m)))
    loss = integral(lambda m: density(m) * stats.bernoulli.entropy(report(m)))
    boundary = tasks.Boundaries(np.array([[1.0, 0.0]]), np.array([offset]))
    ceilings = observer.decision_ceilings(boundary, sigma, n_steps)
    # max(p, 1 - p) has a kink, which limits both quadratures.
    np.testing.assert_allclose(ceilings.accuracy, accuracy, atol=3e-4)
    np.testing.assert_allclose(ceilings.log_loss, loss, atol=1e-6)


@pytest.mark.parametrize("n_tasks", [2, 3])
def test_ceilings_agree_with_simulated_trials(n_tasks):
    rng = np.random.default_rng(0)
    lines = tasks.evenly_spaced_lines(n_tasks)
    latents = evidence.uniform_latents(40_000, 2, rng=rng)
    means = evidence.sample_means(latents, 0.2, 20, rng=rng)
    reports, labels = observer.box_reports(means, lines, 0.2, 20), lines.labels(latents)
    ceilings = observer.decision_ceilings(lines, 0.2, 20)
    right = ((reports > 0.5) == labels).mean(axis=1)
    losses = observer.log_loss(reports, labels, axis=1)
    for values, expected in ((right, ceilings.accuracy), (losses, ceilings.log_loss)):
        assert abs(values.mean() - expected) < 4 * values.std() / len(values) ** 0.5


def test_more_nodes_change_nothing_and_noise_hurts():
    lines = tasks.evenly_spaced_lines(4)
    coarse = observer.decision_ceilings(lines, 0.2, 20)
    fine = observer.decision_ceilings(lines, 0.2, 20, n_nodes=320)
    np.testing.assert_allclose(coarse, fine, atol=2e-4)
    noisy = observer.decision_ceilings(lines, 0.4, 20)
    assert noisy.accuracy < coarse.accuracy
    assert noisy.log_loss > coarse.log_loss


def test_hopeless_evidence_leaves_a_coin():
    ceilings = observer.decision_ceilings(tasks.evenly_spaced_lines(3), 1e4, 1)
    np.testing.assert_allclose(ceilings, (0.5, np.log(2)), atol=1e-3)


def test_only_the_plane_is_integrated():
    boundaries = tasks.random_hyperplanes(3, 3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"boundaries\.normals must have a last axis of length 2"):
        observer.decision_ceilings(boundaries, 0.2, 20)
