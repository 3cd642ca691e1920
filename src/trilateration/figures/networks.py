"""Pictures of trained networks: curves over an ensemble, reports over time, sheets of states."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trilateration.figures.theme import FAINT, INK, PALETTE

_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))


def network_curves(
    ax: Axes,
    x: Float[np.ndarray, " x"] | Int[np.ndarray, " x"],
    curves: Mapping[str, Float[np.ndarray, "replicate x"]],
    *,
    first_color: int = 0,
) -> Axes:
    """Draw one curve for each ensemble: the median over networks, in a band that spans them all.

    Parameters
    ----------
    ax
        Where to draw.
    x
        Abscissa of the points.
    curves
        Label of an ensemble and its values, one row a network.
    first_color
        Place in the palette of the first ensemble.
    """
    for index, (label, values) in enumerate(curves.items(), start=first_color):
        color = PALETTE[index % len(PALETTE)]
        ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, lw=0)
        style = _STYLES[index % len(_STYLES)]
        ax.plot(x, np.median(values, axis=0), linestyle=style, color=color, label=label)
    return ax


def reference_curves(
    ax: Axes,
    x: Float[np.ndarray, " x"] | Int[np.ndarray, " x"],
    curves: Mapping[str, Float[np.ndarray, " x"]],
) -> Axes:
    """Draw curves that are no network's, in ink: the first solid, the others broken and thin.

    Parameters
    ----------
    ax, x
        As in :func:`network_curves`.
    curves
        Label and values.
    """
    for index, (label, values) in enumerate(curves.items()):
        color = INK if index == 0 else FAINT
        style = ("-", "--", ":", "-.")[index % 4]
        ax.plot(x, values, linestyle=style, color=color, linewidth=1.3, label=label, zorder=1)
    return ax


def reports_over_time(
    ax: Axes,
    network: Float[np.ndarray, "time task"],
    ideal: Float[np.ndarray, "time task"],
) -> Axes:
    """Draw the reports of a network in one trial, step by step, over those of the ideal observer.

    Parameters
    ----------
    ax
        Where to draw.
    network, ideal
        Probabilities, shape ``(time, task)``.
    """
    steps = np.arange(1, len(network) + 1)
    for task in range(network.shape[1]):
        color, marker = PALETTE[task % len(PALETTE)], "os^Dv"[task % 5]
        ax.plot(steps, ideal[:, task], "--", color=color, linewidth=1.4)
        ax.plot(steps, network[:, task], "-", marker=marker, markersize=4, color=color)
    ax.plot([], [], "-", color=INK, marker="o", markersize=4, label="network")
    ax.plot([], [], "--", color=INK, label="ideal observer")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(ylim=(-0.02, 1.02), xlabel="step $k$", ylabel="report: probability of label 1")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=2)
    return ax


def sheets(
    ax: Axes,
    moments: Sequence[Float[np.ndarray, "row column 3"]],
    labels: Sequence[str],
    *,
    end: Float[np.ndarray, "3"],
) -> Axes:
    """Draw lattices of states in three dimensions, one a moment, and the point where they end.

    Parameters
    ----------
    ax
        Three-dimensional axes.
    moments
        States of a lattice of latent positions, in principal axes.
    labels
        A name for each moment.
    end
        The fixed point.
    """
    for index, (sheet, label) in enumerate(zip(moments, labels, strict=True)):
        color = PALETTE[index]
        ax.plot_wireframe(*np.moveaxis(sheet, -1, 0), color=color, linewidth=0.9)
        ax.plot([], [], [], color=color, label=label)
    ax.plot(*end[:, None], "o", color=INK, markersize=7, label="fixed point")
    span = np.ptp(np.concatenate([sheet.reshape(-1, 3) for sheet in moments]), axis=0)
    ax.set_box_aspect(span, zoom=1.25)
    ax.set(xlabel="axis 1", ylabel="axis 2", zlabel="axis 3")
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_ticklabels([])
        axis.pane.set_alpha(0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.08), ncols=2)
    return ax


def log_steps(ax: Axes, n_steps: int, y_ticks: Sequence[float]) -> Axes:
    """Give both axes logarithmic scales, with plain numbers at few ticks.

    Parameters
    ----------
    ax
        Where to draw.
    n_steps
        Last step on the horizontal axis.
    y_ticks
        Ticks of the vertical axis.
    """
    steps = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= n_steps]
    ax.set(xscale="log", yscale="log", xlabel="step $k$")
    ax.set_xticks(steps, [f"{k}" for k in steps])
    ax.set_yticks(y_ticks, [f"{y:g}" for y in y_ticks])
    ax.minorticks_off()
    return ax
