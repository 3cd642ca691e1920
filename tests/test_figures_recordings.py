"""Pictures of filters and recordings: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_a_trial_is_its_path_readings_and_estimates(ax):
    path = np.array([0.1, 0.2, 0.3])
    estimates = {"filter": path + 0.01, "mean": path - 0.01}
    figures.tracked(ax, path, path + 0.1, estimates, np.full(3, 0.05))
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(drawn["latent state"], path)
    np.testing.assert_allclose(drawn["filter"], path + 0.01)
    (band,) = ax.collections
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(0.36)


def test_equal_confidence_has_a_line_a_level(ax):
    steps = np.arange(1, 5)
    figures.equal_confidence(ax, steps, {"flat": np.stack([steps**0.5, 2 * steps**0.5])})
    assert len(ax.lines) == 2
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 2 * steps**0.5)


def test_weights_are_drawn_against_lag(ax):
    weights = np.array([0.1, 0.3, 0.6])
    networks = np.stack([weights, weights[::-1]])
    figures.reading_weights(ax, {"best": weights}, {"networks": networks})
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [2, 1, 0])
    drawn = ax.containers[0].lines[0]
    np.testing.assert_allclose(drawn.get_ydata(), networks.mean(axis=0))


def test_errors_are_law_and_mean(ax):
    counts, law = np.array([10, 20, 40]), np.array([0.3, 0.2, 0.1])
    rows = np.stack([law, law + 0.02])
    figures.decoding_errors(ax, counts, {"all": (law, rows)}, 0.05)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), law)
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), law + 0.01)


def test_rows_are_filled_where_the_theory_is_true(ax):
    rows = [("power", 0.8, 0.7, 0.9, True), ("null", 0.04, 0.01, 0.1, False)]
    figures.rejection_rows(ax, rows, 0.05)
    marks = [line for line in ax.lines if line.get_marker() in "os"]
    assert [mark.get_xdata()[0] for mark in marks] == [0.8, 0.04]
    assert marks[0].get_markerfacecolor() != "white"
    assert marks[1].get_markerfacecolor() == "white"
