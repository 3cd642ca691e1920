import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = figures.new()
    yield ax
    plt.close(figure)


def test_curves_and_what_they_are_compared_with_share_colour_and_marker(ax):
    sizes = np.array([1, 10, 100])
    curves = {"rnn": (sizes, 1 / sizes), "lstm": (sizes, 2 / sizes)}
    reference = {"lstm": (sizes, np.full(3, 5.0))}
    assert figures.cost_curves(ax, curves, xlabel="networks", reference=reference) is ax
    rnn, lstm, loop = ax.lines
    np.testing.assert_array_equal(rnn.get_ydata(), 1 / sizes)
    np.testing.assert_array_equal(loop.get_ydata(), 5.0)
    assert loop.get_color() == lstm.get_color() != rnn.get_color()
    assert loop.get_marker() == lstm.get_marker() != rnn.get_marker()
    assert loop.get_linestyle() == ":"
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert ax.get_legend_handles_labels()[1] == ["rnn", "lstm"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10", "100"]


def test_a_line_shows_what_was_measured_by_markers_and_the_prediction_by_a_line(ax):
    sizes = np.array([1, 10])
    curves = {"rnn": (sizes, sizes * 2.0, sizes * 3.0)}
    figures.costs_along_a_line(ax, curves, xlabel="tasks")
    measured, predicted = ax.lines
    assert measured.get_linestyle() == "None"
    np.testing.assert_array_equal(measured.get_ydata(), [2, 20])
    np.testing.assert_array_equal(predicted.get_ydata(), [3, 30])
    assert measured.get_color() == predicted.get_color()


def test_ratios_lie_in_the_band_exactly_if_the_error_does(ax):
    measured, predicted = np.array([1.0, 2, 4]), np.array([1.2, 2, 5.2])
    figures.predicted_against_measured(ax, {"training": (measured, predicted)}, band=0.25)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1.2, 1, 1.3])
    low, high = ax.patches[0].get_extents().transformed(ax.transData.inverted()).intervaly
    assert (low, high) == (pytest.approx(0.75), pytest.approx(1.25))
    assert "training (n = 3)" in ax.get_legend_handles_labels()[1]


def test_shares_fill_every_bar(ax):
    parts = {"products": np.array([1.0, 3]), "calls": np.array([1.0, 1])}
    figures.shares(ax, ["a", "b"], parts)
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(2, 2)
    np.testing.assert_allclose(widths, [[50, 75], [50, 25]])
    np.testing.assert_allclose(widths.sum(0), 100)


def test_the_frontier_never_falls_and_ends_at_the_best(ax):
    score = np.array([0.5, 0.9, 0.7])
    figures.score_for_cost(
        ax, ["a", "b", "c"], np.array([1.0, 3, 2]), score, np.full(3, 0.1), xlabel="x", ylabel="y"
    )
    frontier = ax.lines[0].get_ydata()
    np.testing.assert_array_equal(frontier, [0.5, 0.7, 0.9])
