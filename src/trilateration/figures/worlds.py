"""Pictures of other worlds: what is left unexplained, tasks against axes, rulers, responses."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"
_LEFT = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]


def unexplained(ax: Axes, table: pd.DataFrame, column: str, *, title: str) -> Axes:
    """Draw 1 − r² of reports, hidden units and raw observations, a row a world, ticks for ideal.

    Parameters
    ----------
    ax
        Where to draw.
    table
        Means and half-widths as of :func:`~trilateration.geometry.summary`.
    column
        ``"inside"`` or ``"outside"``.
    title
        Of the panel.
    """
    worlds = list(dict.fromkeys(table.index.get_level_values("world")))
    at = np.arange(len(worlds))
    ideal = 1 - table.xs("ideal", level="code")[column].to_numpy()
    ax.plot(ideal, at, "|", color=INK, markersize=13, markeredgewidth=1.6, zorder=1)
    for index, code in enumerate(("reports", "hidden", "raw")):
        rows = table.xs(code, level="code")
        values, half = 1 - rows[column].to_numpy(), rows[f"{column}_half"].to_numpy()
        # A bar must not reach 0 on a logarithmic axis.
        half = np.minimum(half, 0.9 * values)
        style = dict(fmt=_MARKERS[index], color=PALETTE[index], markersize=5, capsize=2)
        ax.errorbar(values, at + 0.27 * (index - 1), xerr=half, label=code, **style)
    ax.set(yticks=at, yticklabels=worlds, ylim=(len(worlds) - 0.5, -0.5))
    ax.axvline(0.5, color=FAINT, linestyle=":", linewidth=1)
    ax.set(title=title, xscale="log", xlim=(0.018, 6), xticks=_LEFT, xticklabels=_LEFT)
    ax.minorticks_off()
    return ax


def tasks_per_axis(
    ax: Axes,
    counts: Mapping[str, Float[np.ndarray, "point 2"]],
    networks: Mapping[str, Float[np.ndarray, "point 3"]],
    ceiling: float,
) -> Axes:
    """Draw r² against N/D: exact reports of several dimensions, codes of networks, and theory.

    Parameters
    ----------
    ax
        Where to draw.
    counts
        By label, N/D and r² from exact reports.
    networks
        By label, N/D, mean r² and its half-width.
    ceiling
        r² where the tasks have full rank.
    """
    x = np.geomspace(0.4, 10, 200)
    ax.plot(x, np.minimum(x, 1) * ceiling, color=INK, linewidth=1.2, label="theory")
    for index, (label, points) in enumerate(counts.items()):
        style = dict(color=INK, markerfacecolor="none", markersize=9 - 2 * index)
        ax.plot(*points.T, "sD^v"[index % 4], label=label, **style)
    for index, (label, points) in enumerate(networks.items()):
        # Side by side, where several codes have the same number of tasks.
        place = points[:, 0] * 1.07 ** (index - 1)
        style = dict(fmt=_MARKERS[index] + ":", color=PALETTE[index], markersize=5, capsize=2)
        ax.errorbar(place, points[:, 1], points[:, 2], label=label, **style)
    ax.set(xscale="log", xlabel="tasks per axis $N/D$", ylabel="$r^2$ in distribution")
    ax.set_xticks([0.5, 1, 2, 8], ["1/2", "1", "2", "8"])
    ax.minorticks_off()
    ax.set_ylim(0, 1.05)
    ax.legend(loc="lower right")
    return ax


def rulers(
    ax: Axes,
    angles: Float[np.ndarray, " task"],
    theory: Float[np.ndarray, " task"],
    naive: Float[np.ndarray, " task"],
    networks: Float[np.ndarray, "network task"],
) -> Axes:
    """Draw how many probits a latent unit is worth, against the direction of a line's normal.

    Parameters
    ----------
    ax
        Where to draw.
    angles
        Of the normals to the first axis, in degrees.
    theory, naive
        Of the ideal observer, and of one who takes the noise to be alike in all directions.
    networks
        One row a network: the mean is drawn with its 95 % interval as a band of ± 2 standard
        errors.
    """
    order = np.argsort(angles)
    mean, error = networks.mean(axis=0), networks.std(axis=0, ddof=1) / len(networks) ** 0.5
    low, high = (mean - 2 * error)[order], (mean + 2 * error)[order]
    ax.plot(angles[order], theory[order], color=INK, label="ideal observer")
    ax.plot(angles[order], naive[order], "--", color=FAINT, label="if noise were alike")
    ax.fill_between(angles[order], low, high, color=PALETTE[0], alpha=0.3, lw=0)
    ax.plot(angles[order], mean[order], "o-", color=PALETTE[0], markersize=4, label="networks")
    ax.set(xlabel="direction of the normal (degrees from the first axis)")
    ax.set(ylabel="probits per latent unit", ylim=(0, None), xticks=np.arange(0, 181, 45))
    ax.legend()
    return ax


def response_law(
    ax: Axes,
    distance: Float[np.ndarray, " bin"],
    law: Float[np.ndarray, " bin"],
    watchers: Mapping[str, Float[np.ndarray, "replicate bin"]],
) -> Axes:
    """Draw a mean of answers against distance from the boundary, over what theory predicts.

    Parameters
    ----------
    ax
        Where to draw.
    distance
        |d| of the bins, in latent units.
    law
        What theory predicts.
    watchers
        By label, one row a replicate; the mean with 95 % bars of ± 2 standard errors.
    """
    ax.plot(distance, law, color=INK, linewidth=1.2, label="theory", zorder=1)
    for index, (label, values) in enumerate(watchers.items()):
        half = 2 * values.std(axis=0, ddof=1) / len(values) ** 0.5
        style = dict(fmt=_MARKERS[index] + ":", color=PALETTE[index], markersize=5, capsize=2)
        ax.errorbar(distance, values.mean(axis=0), half, label=label, **style)
    ticks = [0.05, 0.1, 0.2, 0.5]
    ax.set(xscale="log", xticks=ticks, xticklabels=ticks)
    ax.minorticks_off()
    return ax
