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
