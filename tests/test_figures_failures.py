import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from trilateration import figures
from trilateration.geometry import Outcomes


@pytest.fixture
def ax():
    figure, ax = figures.new()
    yield ax
    plt.close(figure)


def test_scores_below_the_axis_lie_on_its_end_without_an_interval(ax):
    scores = Outcomes(*(np.array(x) for x in ([-3.0, 0.5], [0.9, 0.9], [1.0, 0.1], [0.02, 0.02])))
    shown = figures.fault_and_cure(ax, (1, 2), scores, xlabel="wrong by", theory=(-2.0, 0.6))
    assert shown is ax
    predicted = ax.lines[0]
    np.testing.assert_array_equal(predicted.get_ydata(), [0, 0.6])
    broken, cured = ax.containers
    np.testing.assert_array_equal(broken.lines[0].get_ydata(), [0, 0.5])
    bars = broken.lines[2][0].get_segments()
    np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in bars], [0, 0.2])
    np.testing.assert_array_equal(cured.lines[0].get_ydata(), [0.9, 0.9])
    assert broken.lines[0].get_color() != cured.lines[0].get_color()
    assert broken.lines[0].get_marker() != cured.lines[0].get_marker()


def test_a_signature_has_a_number_where_a_symptom_moves_and_can_be_read_on_any_colour(ax):
    table = pd.DataFrame({"gap": [2.9, -250.0], "r2": [-5.0, 2000.0]}, index=["none", "much"])
    assert figures.signature_table(ax, table) is ax
    texts = {text.get_position(): text for text in ax.texts}
    assert [texts[at].get_text() for at in ((0, 0), (1, 0), (0, 1), (1, 1))] == [
        "·", "-5", "-250", "999",
    ]  # fmt: skip
    assert texts[(0, 0)].get_color() == "black"
    assert texts[(0, 1)].get_color() == texts[(1, 1)].get_color() == "white"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", "much"]
