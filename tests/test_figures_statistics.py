"""What the pictures of comparisons show, read back from the drawn objects."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_forests_show_unbounded_intervals_and_the_margin(ax):
    rows = np.array([[0.1, 0.05, 0.2], [0.0, -np.inf, np.inf]])
    findings = ["supported", "undecided at this power"]
    figures.forest(ax, ["a", "b"], rows, findings, margin=0.02, xlabel="difference")
    _, first, point, second, _ = ax.lines
    np.testing.assert_allclose(first.get_xdata(), [0.05, 0.2])
    assert point.get_xdata() == [0.1]
    left, right = ax.get_xlim()
    assert second.get_xdata()[0] < left
    assert second.get_xdata()[1] > right
    assert left < -0.02 < 0.02 < right
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]


def test_bounds_are_arrows(ax):
    rows = np.array([[6, 6, 4, 9], [24, np.inf, 20, np.inf], [1, 2, 1, 3]], float)
    figures.needed_tasks(ax, ["a", "b", "c"], {"logistic": rows}, (2, 6, 24))
    markers = [line.get_marker() for line in ax.lines]
    assert markers[:6] == ["None", "o", "None", ">", "None", "<"]
    assert ax.lines[3].get_xdata() == [24]
    assert max(ax.lines[2].get_xdata()) == ax.get_xlim()[1]


def test_profiles_draw_their_bands(ax):
    grid = np.linspace(0, 1, 5)
    profile = np.stack([1 - grid, np.clip(0.9 - grid, 0, 1), np.clip(1.1 - grid, 0, 1)])
    figures.performance_profiles(ax, grid, {"rnn": profile}, xlabel="score")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 1 - grid)
    assert len(ax.collections) == 1
