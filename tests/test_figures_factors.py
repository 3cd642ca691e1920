"""Pictures of counted factors draw what they are given, and compute nothing."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_plateaus_draw_every_code_and_every_level(ax):
    codes = {"probits": np.array([0.9, 0.9, 0.2]), "logits": np.linspace(1, 0, 20)}
    levels = {"first step": 0.9, "second step": 0.81}
    assert figures.plateaus(ax, codes, levels, shown=5) is ax
    points = [line.get_ydata() for line in ax.lines[:2]]
    np.testing.assert_array_equal(points[0], codes["probits"])
    np.testing.assert_array_equal(points[1], codes["logits"][:5])
    assert [line.get_ydata()[0] for line in ax.lines[2:]] == [0.9, 0.81]
    assert [text.get_text() for text in ax.texts] == list(levels)


def test_shares_have_their_intervals_and_predictions(ax):
    counts, share = np.array([5, 8, 12]), {"ω = 1": np.array([0.2, 0.6, 1.0])}
    ends = {"ω = 1": np.array([[0.1, 0.5, 0.9], [0.3, 0.7, 1.0]])}
    predicted = {"ω = 1": np.array([0.25, 0.55, 0.99])}
    assert figures.counted_right(ax, counts, predicted, share, ends) is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), predicted["ω = 1"])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), share["ω = 1"])
    bars = ax.collections[0].get_segments()
    np.testing.assert_allclose([bar[:, 1] for bar in bars], ends["ω = 1"].T)
    assert ax.get_legend_handles_labels()[1] == ["ω = 1"]
