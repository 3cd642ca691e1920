"""Accuracy and time by distance: the sums are those of a loop, and an ideal walk obeys Wald."""

import numpy as np
import pytest

from trilateration import observer, readout


def answers(rng, shape, bound=2.0, n_steps=60, sigma=0.3):
    distances = rng.uniform(-0.5, 0.5, shape)
    walk = distances[:, :, None] / sigma + rng.standard_normal((*shape[:2], n_steps, shape[2]))
    return distances, observer.respond(walk.cumsum(axis=2), bound)


def test_curves_are_those_of_a_loop():
    distances, found = answers(np.random.default_rng(0), (3, 50, 4))
    edges = np.array([0.05, 0.1, 0.3, 0.45])
    curves = readout.response_curves(found, distances, edges, least=10)
    for replicate in range(3):
        for k in range(3):
            size = np.abs(distances[replicate])
            where = (edges[k] <= size) & (size < edges[k + 1])
            count = where.sum()
            assert curves.count[replicate, k] == count
            if count < 10:
                assert np.isnan(curves.accuracy[replicate, k])
                continue
            right = (found.probits[replicate] > 0) == (distances[replicate] > 0)
            assert curves.accuracy[replicate, k] == pytest.approx(right[where].mean())
            assert curves.steps[replicate, k] == pytest.approx(found.steps[replicate][where].mean())
            reached = found.reached[replicate][where].mean()
            assert curves.reached[replicate, k] == pytest.approx(reached)
            assert edges[k] <= curves.distance[k] < edges[k + 1]


def test_a_walk_of_readings_is_a_drift_diffusion():
    distances, found = answers(np.random.default_rng(1), (1, 20_000, 1), 3.0, 80, 1.0)
    curves = readout.response_curves(found, distances, np.array([0.05, 0.1, 0.2, 0.3, 0.4]))
    law = observer.drift_diffusion(curves.distance, 3.0)
    # First-order correction for discrete steps, a bin's width, and sampling.
    np.testing.assert_allclose(curves.steps[0], law.steps, rtol=0.05)
    np.testing.assert_allclose(curves.accuracy[0], law.accuracy, atol=0.02)


def test_bad_input_is_named():
    distances, found = answers(np.random.default_rng(2), (2, 5, 3))
    with pytest.raises(ValueError, match="responses must have the shape"):
        readout.response_curves(found, distances[:, :4], np.array([0.0, 1.0]))
    for edges in ([0.1], [0.2, 0.1]):
        with pytest.raises(ValueError, match="edges must increase and be at least two"):
            readout.response_curves(found, distances, np.array(edges))
