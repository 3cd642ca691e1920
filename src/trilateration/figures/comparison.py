"""Pictures of a comparison of networks: a panel for each, the others faint behind it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"
_STYLES = ("-", "--", "-.", ":")
_REFERENCES = ("-", (0, (5, 2)), (0, (1, 1)))


class Estimates(NamedTuple):
    """Estimates along a row of points, with the ends of their 95 % intervals.

    Attributes
    ----------
    at
        Abscissae, or rows.
    middle, low, high
        Values; NaN leaves a point out.
    """

    at: Real[np.ndarray, " point"]
    middle: Float[np.ndarray, " point"]
    low: Float[np.ndarray, " point"]
    high: Float[np.ndarray, " point"]


def panel_each(
    axes: np.ndarray,
    panels: Mapping[str, Mapping[str, Estimates]],
    *,
    references: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    marks: Mapping[str, float] | None = None,
    ticks: Sequence[float],
    others: bool = True,
) -> np.ndarray:
    """Draw one panel a network: its estimates with bars, the medians of all others faint behind.

    Parameters
    ----------
    axes
        Array of axes with at least as many panels as networks; those left over are hidden.
    panels
        For each network its curves by name, the same names in all.
    references
        Curves that are no network's, abscissae and values by name, the same in every panel.
    marks
        For a network an abscissa to mark by a vertical line.
    ticks
        Ticks of the logarithmic horizontal axis.
    others
        Whether the other networks are drawn.
    """
    flat = np.ravel(axes)
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    for ax, (name, curves) in zip(flat, panels.items(), strict=False):
        for other in panels.values() if others else ():
            first = next(iter(other.values()))
            ax.plot(first.at, first.middle, color=FAINT, linewidth=0.7, alpha=0.45, zorder=1)
        for style, (label, (x, y)) in zip(_REFERENCES, (references or {}).items(), strict=False):
            ax.plot(x, y, color=INK, linestyle=style, linewidth=1.1, label=label, zorder=2)
        for index, (label, own) in enumerate(curves.items()):
            # Moved a little apart, so that bars of two curves do not hide one another.
            ax.errorbar(
                np.asarray(own.at, float) * 1.04 ** (index - (len(curves) - 1) / 2), own.middle,
                yerr=[own.middle - own.low, own.high - own.middle],
                fmt=_MARKERS[index], linestyle=_STYLES[index], color=PALETTE[(0, 1, 2, 4)[index]],
                markersize=4.5, linewidth=1.3, capsize=2, label=label, zorder=3,
            )  # fmt: skip
        if marks:
            ax.axvline(marks[name], color=INK, linestyle=":", linewidth=1.2, zorder=1)
        ax.set_title(name, pad=3)
        ax.set(xscale="log")
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    return axes


def rows_with_bars(
    ax: Axes, names: Sequence[str], groups: Mapping[str, Estimates], *, zero: bool = False
) -> Axes:
    """Draw one row a name, in it one estimate with its interval for each group.

    Parameters
    ----------
    ax
        Where to draw.
    names
        Of the rows, from top to bottom.
    groups
        Estimates of each group, one a row in the order of ``names``; ``at`` is not used.
    zero
        Whether to draw a line at zero.
    """
    rows = np.arange(len(names))
    if zero:
        ax.axvline(0, color=INK, linewidth=1, zorder=1)
    for index, (label, own) in enumerate(groups.items()):
        shift = 0.24 * (index - (len(groups) - 1) / 2)
        ax.errorbar(
            own.middle, rows + shift, xerr=[own.middle - own.low, own.high - own.middle],
            fmt=_MARKERS[index], color=PALETTE[(0, 1, 2, 4)[index]], markersize=5, capsize=2,
            linewidth=1.3, label=label, zorder=3,
        )  # fmt: skip
    ax.set(yticks=rows, yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    return ax
