"""Pictures of what experiments cost."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"
_STYLES = ("-", "--", "-.", ":")


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
        style = dict(color=PALETTE[index], marker=_MARKERS[index % 5], markersize=5)
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


def costs_along_a_line(
    ax: Axes,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    xlabel: str,
) -> Axes:
    """Draw measured and predicted costs of one network's step against a size, logarithmically.

    Parameters
    ----------
    ax
        Where to draw.
    curves
        For each name its sizes, its measured and its predicted milliseconds; markers and lines.
    xlabel
        What the size is.
    """
    every_size = set()
    for index, (name, (sizes, measured, predicted)) in enumerate(curves.items()):
        color, style = PALETTE[index], _STYLES[index % 4]
        ax.plot(sizes, measured, _MARKERS[index % 5], color=color, markersize=5, label=name)
        ax.plot(sizes, predicted, style, color=color, linewidth=1.4)
        every_size |= set(np.asarray(sizes).tolist())
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="ms per network\nand step")
    ax.set_xticks(sorted(every_size), [f"{size:g}" for size in sorted(every_size)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    return ax


def predicted_against_measured(
    ax: Axes, groups: Mapping[str, tuple[np.ndarray, np.ndarray]], *, band: float
) -> Axes:
    """Draw predicted over measured times, with the band that was asked for.

    Parameters
    ----------
    ax
        Where to draw.
    groups
        For each name its measured and its predicted milliseconds.
    band
        Relative error at the edges of the band.
    """
    for index, (name, (measured, predicted)) in enumerate(groups.items()):
        ax.plot(
            measured,
            predicted / measured,
            _MARKERS[index % 5],
            color=PALETTE[index],
            markersize=4,
            alpha=0.7,
            markeredgewidth=0,
            label=f"{name} (n = {len(measured)})",
        )
    ax.axhline(1, color=INK, linewidth=1)
    ax.axhspan(1 - band, 1 + band, color=FAINT, alpha=0.2, label=f"within {100 * band:.0f} %")
    ax.set(xscale="log", xlabel="measured (ms of one core)", ylabel="predicted / measured")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return ax


def shares(ax: Axes, names: Sequence[str], parts: Mapping[str, Float[np.ndarray, " name"]]) -> Axes:
    """Draw how each of several totals divides into parts, as stacked bars in per cent.

    Parameters
    ----------
    ax
        Where to draw.
    names
        One bar each, from top to bottom.
    parts
        Amount of each part in each of them, in any unit that they share.
    """
    amounts = np.array(list(parts.values()), dtype=float)
    percent = 100 * amounts / amounts.sum(axis=0)
    rows, left = np.arange(len(names)), np.zeros(len(names))
    hatches = ("", "//", "..", "\\\\", "xx", "--", "oo", "++")
    for index, (name, widths) in enumerate(zip(parts, percent, strict=True)):
        ax.barh(
            rows,
            widths,
            left=left,
            color=PALETTE[index],
            hatch=hatches[index % 8],
            edgecolor="white",
            linewidth=0,
            label=name,
        )
        left = left + widths
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set(xlabel="share of the predicted time (%)", xlim=(0, 100))
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2)
    return ax


def score_for_cost(
    ax: Axes,
    names: Sequence[str],
    cost: Float[np.ndarray, " name"],
    score: Float[np.ndarray, " name"],
    half_width: Float[np.ndarray, " name"],
    *,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw scores with bars against costs, and the frontier of what nothing cheaper beats.

    Parameters
    ----------
    ax
        Where to draw.
    names, cost, score, half_width
        One network each; the bar is the 95 % interval of its score.
    xlabel, ylabel
        As in Matplotlib.
    """
    order = np.argsort(cost)
    best = np.maximum.accumulate(score[order])
    ax.step(cost[order], best, where="post", color=INK, linewidth=1, linestyle="--")
    ax.plot([], [], "--", color=INK, linewidth=1, label="frontier")
    for index, name in enumerate(names):
        filled = {} if index < 5 else {"fillstyle": "none"}
        ax.errorbar(
            cost[index],
            score[index],
            yerr=half_width[index],
            fmt=_MARKERS[index % 5],
            color=PALETTE[index % len(PALETTE)],
            markersize=6,
            capsize=2.5,
            linewidth=1.3,
            label=name,
            **filled,
        )
    ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return ax
