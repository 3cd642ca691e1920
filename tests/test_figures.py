"""Figures as they are shown: a palette changes the weight of a picture, not what is seen."""

import base64
import io

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from trilateration import figures


def shown(monkeypatch, **options):
    outputs = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: outputs.append(data))
    figures.use_theme()
    figure, ax = figures.new()
    x = np.linspace(0, 1, 50)
    for index in range(3):
        figures.predicted_and_simulated(ax, x, x**index, x**index, index=index, label=str(index))
    ax.legend()
    figures.show(figure, "Three powers of a number between zero and one", **options)
    (data,) = outputs
    png = data["image/png"]
    return png if isinstance(png, bytes) else base64.b64decode(png)


def on(ground, png):
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    page = Image.new("RGBA", picture.size, ground)
    return np.asarray(Image.alpha_composite(page, picture).convert("L"), dtype=float)


@pytest.mark.parametrize("ground", ["white", "black"])
def test_line_art_looks_the_same_and_weighs_half(ground, monkeypatch):
    full, light = shown(monkeypatch), shown(monkeypatch, line_art=True)
    assert len(light) < len(full) / 2
    difference = np.abs(on(ground, full) - on(ground, light))
    assert difference.mean() < 1
    assert difference.max() < 48
    assert shown(monkeypatch, line_art=True) == light


def test_dots_sit_in_rows_from_top_to_bottom():
    figure, ax = figures.new()
    values, half = np.array([1.0, np.nan, 3.0]), np.zeros(3)
    figures.rows_of_dots(ax, ["a", "b", "c"], values, values, half)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.yaxis_inverted()
    plt.close(figure)


def test_the_two_terms_of_an_error_balance_add_up():
    s = np.geomspace(0.01, 0.1, 5)
    total = 2 * s**2 + 0.001 / s
    figure, ax = figures.new()
    figures.error_balance(ax, s, total, 0 * s, total, total, best=0.03)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    parts = lines["evidence, $2s^2$"] + lines["reports, many lines"]
    np.testing.assert_allclose(parts, lines["sum of both"])
    plt.close(figure)
