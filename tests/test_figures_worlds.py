"""Pictures of other worlds: what is drawn is what was given, in every row and bin."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def points(container):
    return container.lines[0].get_xydata()


def test_rows_are_one_minus_the_score_and_ticks_are_the_ideal(ax):
    codes = ("ideal", "reports", "hidden", "raw")
    index = pd.MultiIndex.from_product([["flat", "bent"], codes], names=["world", "code"])
    values = np.array([0.97, 0.9, 0.8, 0.7, 0.96, 0.5, 0.4, -1.0])
    table = pd.DataFrame({"inside": values, "inside_half": 0.6}, index=index)
    figures.unexplained(ax, table, "inside", title="here")
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0.03, 0.04])
    drawn = {c.get_label(): points(c)[:, 0] for c in ax.containers}
    np.testing.assert_allclose(drawn["reports"], [0.1, 0.5])
    np.testing.assert_allclose(drawn["raw"], [0.3, 2.0])
    for container in ax.containers:  # no bar reaches the end of a logarithmic axis
        for segment in container.lines[2][0].get_segments():
            assert (segment[:, 0] > 0).all()


def test_theory_rises_in_proportion_and_stays_at_the_ceiling(ax):
    exact = {"exact": np.array([[0.5, 0.48], [1.0, 0.97]])}
    networks = {"reports": np.array([[0.5, 0.4, 0.01], [8.0, 0.9, 0.01]])}
    figures.tasks_per_axis(ax, exact, networks, 0.97)
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(y, 0.97 * np.minimum(x, 1))
    np.testing.assert_allclose(points(ax.containers[0])[:, 1], [0.4, 0.9])


def test_rulers_are_drawn_in_the_order_of_their_angles(ax):
    angles = np.array([90.0, 0.0, 45.0])
    networks = np.array([[3.0, 1.0, 2.0], [5.0, 1.0, 2.0]])
    figures.rulers(ax, angles, np.array([6.0, 2.0, 3.0]), np.full(3, 4.0), networks)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 45, 90])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2, 3, 6])
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), [1, 2, 4])


def test_answers_are_means_over_replicates_beside_the_law(ax):
    distance, law = np.array([0.1, 0.2]), np.array([5.0, 3.0])
    watchers = {"networks": np.array([[6.0, 4.0], [8.0, 2.0]]), "ideal": np.ones((2, 2))}
    figures.response_law(ax, distance, law, watchers)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.column_stack([distance, law]))
    np.testing.assert_array_equal(points(ax.containers[0])[:, 1], [7, 3])
    assert {t.get_text() for t in ax.get_xticklabels()} == {"0.05", "0.1", "0.2", "0.5"}
