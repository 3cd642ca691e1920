"""How figures reach the page: light, transparent, the same bytes each time."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from trilateration import figures
from trilateration.figures.theme import _light_png


@pytest.fixture
def drawing():
    with plt.rc_context():
        figures.use_theme()
        figure, ax = figures.new()
        for index, color in enumerate(figures.PALETTE):
            ax.fill_between([0, 1], index, index + 1, color=color, alpha=0.5)
            ax.plot([0, 1], [index, index + 0.5], color=color, label=str(index))
        ax.legend()
        yield figure
        plt.close(figure)


def rgba(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=float)


def over(image, ground):
    """Return the colours seen when a transparent image lies on a ground from 0 to 255."""
    alpha = image[..., 3:] / 255
    return alpha * image[..., :3] + (1 - alpha) * ground


def test_a_figure_looks_the_same_on_either_ground_at_a_fraction_of_the_bytes(drawing):
    full = io.BytesIO()
    drawing.savefig(full, format="png", dpi=figures.DPI)
    light = _light_png(drawing)
    assert len(light) < len(full.getvalue()) / 2
    for ground in (0, 255):
        gap = np.abs(over(rgba(light), ground) - over(rgba(full.getvalue()), ground))
        assert gap.mean() < 1
        assert (gap.max(axis=-1) > 48).mean() < 0.001
    assert rgba(light)[0, 0, 3] == 0


def test_the_same_figure_gives_the_same_bytes(drawing):
    assert _light_png(drawing) == _light_png(drawing)
