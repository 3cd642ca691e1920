"""Pictures of what experiments cost."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from trilateration.figures.theme import PALETTE


def cost_curves(
    ax: Axes,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    xlabel: str,
    reference: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
) -> Axes:
    """Draw the cost of one network's step against a size, on logarithmic axes.

    Parameters
    ----------
    ax
        Where to draw.
    curves
        For each name its sizes and its milliseconds per network and step; full lines.
    xlabel
        What the size is.
    reference
        The same for what the curves are compared with, under the same names; dotted lines.
    """
    reference = reference or {}
    every_size = set()
    for index, (name, (sizes, milliseconds)) in enumerate(curves.items()):
        style = dict(color=PALETTE[index], marker="os^Dv"[index % 5], markersize=5)
        ax.plot(sizes, milliseconds, label=name, **style)
        if name in reference:
            ax.plot(*reference[name], linestyle=":", **style | {"fillstyle": "none"})
        every_size |= set(np.asarray(sizes).tolist())
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="ms per network\nand step")
    ax.set_xticks(sorted(every_size), [f"{size:g}" for size in sorted(every_size)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    return ax
