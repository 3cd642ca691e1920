"""The book's one theme: sizes, colours, and how a figure is shown with its alternative text."""

import io

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure
from PIL import Image  # comes with Matplotlib

# Inches and points are chosen for a screen 400 px wide: there one inch is about 72 px, so that
# text of 10 points is still 10 px high.
WIDTH = 5.2
DPI = 200
PALETTE = sns.color_palette("colorblind")
INK = "#1f2328"
FAINT = "#8a8f98"


def use_theme() -> None:
    """Set seaborn's theme for the book; call it once, before the first figure."""
    sns.set_theme(
        context="notebook",
        style="ticks",
        palette="colorblind",
        rc={
            "figure.figsize": (WIDTH, 3.3),
            "figure.dpi": DPI / 2,
            "figure.facecolor": "none",
            "figure.constrained_layout.use": True,
            "axes.facecolor": "none",
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.labelsize": 11,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "savefig.facecolor": "none",
        },
    )


def new(height: float = 3.3, rows: int = 1, columns: int = 1, **kwargs: object) -> tuple:
    """Return a figure of the book's width and its axes, as ``plt.subplots`` does.

    Parameters
    ----------
    height
        Height of the whole figure, in inches.
    rows, columns
        Panels; stack them (``rows``) rather than shrink them, so that they read on a telephone.
    **kwargs
        Passed on to :func:`matplotlib.pyplot.subplots`.
    """
    return plt.subplots(rows, columns, figsize=(WIDTH, height), **kwargs)


def show(figure: Figure, alt: str, *, line_art: bool = False) -> None:
    """Display a figure with its alternative text, and close it.

    Parameters
    ----------
    figure
        The figure.
    alt
        What a reader who cannot see the figure needs to know: what is drawn and what it shows.
    line_art
        Store the picture with a palette of 256 colours, at a third of the size. For lines, markers
        and text only: a continuous map would show bands.

    Raises
    ------
    ValueError
        If the alternative text is too short to describe anything.
    """
    if len(alt.split()) < 6:
        raise ValueError(f"alt must describe the figure in at least six words, got {alt!r}")
    from IPython.display import display

    buffer = io.BytesIO()
    # No software name and no date: the same figure gives the same bytes.
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    width = int(figure.get_size_inches()[0] * DPI / 2)
    plt.close(figure)
    picture = _with_palette(buffer) if line_art else buffer.getvalue()
    display(
        {"image/png": picture, "text/plain": f"[figure] {alt}"},
        raw=True,
        metadata={"image/png": {"alt": alt, "width": width}, "needs_background": "light"},
    )


def _with_palette(png: io.BytesIO) -> bytes:
    """Return a PNG with 256 colours, transparency kept and nothing dithered."""
    image = Image.open(png).convert("RGBA")
    # The fast octree is the one method that keeps transparency.
    image = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    image.save(small, "PNG", optimize=True)
    return small.getvalue()
