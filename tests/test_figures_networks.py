import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from trilateration import figures


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_curves_are_medians_in_bands_that_span_all_networks(ax):
    values = np.array([[1.0, 2, 3], [2, 3, 9], [0, 1, 4]])
    figures.network_curves(ax, np.arange(3), {"some": values})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 2, 4])
    outline = ax.collections[0].get_paths()[0].vertices
    for column in range(3):
        heights = outline[outline[:, 0] == column, 1]
        assert (heights.min(), heights.max()) == (values[:, column].min(), values[:, column].max())


def test_ensembles_differ_by_line_and_not_only_by_colour(ax):
    curves = {str(i): np.zeros((2, 2)) for i in range(5)}
    figures.network_curves(ax, np.arange(2), curves)
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in ax.lines}) == 5


def test_data_on_the_page_are_whole_numbers_and_cannot_end_the_script(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    values = np.array([-2.0, 0.1, 2.0])
    figures.embed("some-data", {"grid": figures.on_grid(values, 2.0), "text": "</script>"})
    html = shown[0]["text/html"]
    inside = re.fullmatch(r'<script type="application/json" id="some-data">(.*)</script>', html)
    assert "</" not in inside[1]
    assert json.loads(inside[1]) == {"grid": [-999, 50, 999], "text": "</script>"}
    with pytest.raises(ValueError, match="grid must hold whole numbers, got dtype float64"):
        figures.embed("some-data", {"grid": values})


def test_a_kind_that_was_not_run_leaves_a_gap_in_the_bars(ax):
    scores = np.array([[0.5, 0.4, 0.6], [np.nan] * 3, [0.8, 0.7, 0.9]])
    kinds = {"run": scores, "never run": np.full((3, 3), np.nan)}
    lines = {"ideal observer": [1, 1, 1]}
    figures.against_shift(ax, np.array([2, 3, 6]), kinds, lines, xlabel="x", ylabel="y")
    bars = [c for c in ax.containers if c.get_label().startswith("run")]
    np.testing.assert_array_equal(bars[0].lines[0].get_xdata(), [2, 6])
    assert not any("never" in text for text in ax.get_legend_handles_labels()[1])
