"""Pictures of decoders where they were not trained: bent grids, and scores against a shift."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Real
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from trilateration.figures.theme import INK, PALETTE

_DASHES = ("--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (6, 2, 1, 2, 1, 2)))
_MARKERS = "os^Dv"


def read_grid(
    ax: Axes,
    read: Float[np.ndarray, "row column 2"],
    trained: Bool[np.ndarray, "row column"],
    *,
    title: str,
    reach: float,
) -> Axes:
    """Draw where a decoder puts the points of a square grid.

    Parameters
    ----------
    ax
        Where to draw.
    read
        Decoded positions of the grid's points, in latent units.
    trained
        Which points lie where the decoder was trained: lines between two of them are solid, others
        dashed.
    title
        Name of the code.
    reach
        Half-width of the view, in latent units.
    """
    for known in (False, True):
        pairs = []
        for grid, inside in ((read, trained), (read.swapaxes(0, 1), trained.T)):
            both = (inside[:, :-1] & inside[:, 1:]) == known
            steps = np.stack([grid[:, :-1], grid[:, 1:]], axis=-2)
            pairs.append(steps[both])
        style = (
            dict(color=PALETTE[0], linestyle="-")
            if known
            else dict(color=PALETTE[1], linestyle=(0, (2, 1)))
        )
        label = "decoder trained here" if known else "not here"
        ax.add_collection(
            LineCollection(np.concatenate(pairs), linewidth=1.2, label=label, **style)
        )
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_title(title)
    ax.set(xticks=[-0.5, 0, 0.5], yticks=[-0.5, 0, 0.5])
    return ax


def against_shift(
    ax: Axes,
    shift: Real[np.ndarray, " shift"],
    networks: Mapping[str, Float[np.ndarray, "shift 3"]],
    references: Mapping[str, Sequence[float] | Float[np.ndarray, " shift"]],
    *,
    xlabel: str,
    ylabel: str,
    colors: Mapping[str, int] | None = None,
) -> Axes:
    """Draw scores of networks and of references against the size of a shift.

    Parameters
    ----------
    ax
        Where to draw.
    shift
        Its sizes.
    networks
        For each kind the median over networks and the ends of its 95 % interval, drawn as a bar;
        NaN where a kind was not run.
    references
        For each reference its score, drawn as a line; that of the ``"ideal observer"`` is solid.
    xlabel, ylabel
        Names of the axes, with units.
    colors
        A place in the palette for a name, where the order does not do.
    """
    colors = colors or {}
    for index, (name, values) in enumerate(networks.items()):
        run = ~np.isnan(values).any(axis=1)
        if not run.any():
            continue
        middle, low, high = values[run].T
        ax.errorbar(
            shift[run], middle, yerr=[middle - low, high - middle], fmt=_MARKERS[index] + "-",
            color=PALETTE[colors.get(name, index)], markersize=5, capsize=2.5, linewidth=1.3,
            label=f"{name} (bars: 95 %)", zorder=3,
        )  # fmt: skip
    for index, (name, values) in enumerate(references.items()):
        ideal = name == "ideal observer"
        color = INK if ideal else PALETTE[colors.get(name, (2 + index) % len(PALETTE))]
        style = "-" if ideal else _DASHES[index % len(_DASHES)]
        ax.plot(shift, values, color=color, linestyle=style, linewidth=1.5, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax
