"""Pictures of comparisons: profiles, differences with their intervals, numbers of tasks needed."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT, INK, PALETTE

_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (6, 2, 1, 2, 1, 2)))
_MARKERS = "os^Dv"
_FINDINGS = {
    "supported": dict(marker="o", color=PALETTE[0], markerfacecolor=PALETTE[0]),
    "not supported": dict(marker="X", color=PALETTE[3], markerfacecolor=PALETTE[3]),
    "undecided at this power": dict(marker="o", color=FAINT, markerfacecolor="white"),
}


def performance_profiles(
    ax: Axes,
    thresholds: Float[np.ndarray, " threshold"],
    profiles: Mapping[str, Float[np.ndarray, "3 threshold"]],
    *,
    xlabel: str,
) -> Axes:
    """Draw which share of networks scores above each threshold, with bands.

    Parameters
    ----------
    ax
        Where to draw.
    thresholds
        Scores.
    profiles
        For each group the share, and the ends of its interval, at each threshold.
    xlabel
        Name of the score.
    """
    for index, (name, (middle, low, high)) in enumerate(profiles.items()):
        color = PALETTE[index % len(PALETTE)]
        ax.fill_between(thresholds, low, high, color=color, alpha=0.18, linewidth=0)
        style = _STYLES[index % len(_STYLES)]
        ax.plot(thresholds, middle, color=color, linestyle=style, label=name)
    ax.set(xlabel=xlabel, ylabel="share of networks above", ylim=(-0.02, 1.02))
    ax.set_xlim(thresholds[0], thresholds[-1])
    return ax


def forest(
    ax: Axes,
    names: Sequence[str],
    intervals: Float[np.ndarray, "row 3"],
    findings: Sequence[str],
    *,
    margin: float,
    xlabel: str,
) -> Axes:
    """Draw one difference a row with its interval, and a band of differences that do not matter.

    Parameters
    ----------
    ax
        Where to draw.
    names
        What the rows are, from top to bottom.
    intervals
        Estimate and both ends; an infinite end is drawn to the edge.
    findings
        What each came to, which gives its mark.
    margin
        Half-width of the band.
    xlabel
        Name of the difference, with its unit.
    """
    ax.axvspan(-margin, margin, color=FAINT, alpha=0.2, linewidth=0)
    ax.axvline(0, color=INK, linewidth=1)
    known = intervals[np.isfinite(intervals)]
    reach = 1.1 * max(np.abs(known).max(), margin)
    drawn = np.clip(intervals, -10 * reach, 10 * reach)
    labels = set()
    for row, ((value, low, high), finding) in enumerate(zip(drawn, findings, strict=True)):
        style = _FINDINGS[finding]
        label = None if finding in labels else finding
        labels.add(finding)
        ax.plot([low, high], [row, row], color=style["color"], linewidth=1.5, zorder=3)
        ax.plot(value, row, linestyle="none", markersize=6, label=label, zorder=4, **style)
    ax.set(xlim=(-reach, reach), ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    ax.set_yticks(range(len(names)), names)
    return ax


def needed_tasks(
    ax: Axes,
    names: Sequence[str],
    groups: Mapping[str, Float[np.ndarray, "row 4"]],
    counts: Sequence[int],
) -> Axes:
    """Draw how many tasks each network needs, one row a network; arrows where it is a bound.

    Parameters
    ----------
    ax
        Where to draw.
    names
        Of the networks, from top to bottom.
    groups
        For each group, one row a network: bounds of the estimate (equal if it is known), and both
        ends of its interval.
    counts
        Numbers of tasks tried, which are the ticks.
    """
    edge = counts[-1] * 1.8
    for index, (label, rows) in enumerate(groups.items()):
        shift = 0.26 * (index - (len(groups) - 1) / 2)
        color = PALETTE[(0, 1, 2, 4)[index]]
        marker = _MARKERS[index]
        for row, (least, most, low, high) in enumerate(rows):
            y = row + shift
            ax.plot([max(low, 0.8), min(high, edge)], [y, y], color=color, linewidth=1.5)
            if np.isinf(most):
                ax.plot(least, y, marker=">", color=color, markersize=7, markerfacecolor="white")
            elif least < most:
                ax.plot(most, y, marker="<", color=color, markersize=7, markerfacecolor="white")
            else:
                ax.plot(least, y, marker=marker, color=color, markersize=5)
        ax.plot([], [], marker=marker, color=color, markersize=5, label=label)
    ax.plot([], [], marker=">", color=INK, markerfacecolor="white", linestyle="none", label="more")
    ax.plot([], [], marker="<", color=INK, markerfacecolor="white", linestyle="none", label="fewer")
    ax.set(xscale="log", xlim=(0.8, edge), ylim=(len(names) - 0.5, -0.5))
    ax.set_xticks(counts, counts)
    ax.minorticks_off()
    ax.set_yticks(range(len(names)), names)
    return ax
