"""Pictures of factors that nobody counted: spectra over the edge of the noise, and transfer."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"


def spectra(
    ax: Axes,
    eigenvalues: Mapping[str, Float[np.ndarray, " factor"]],
    edge: float,
    *,
    shown: int = 10,
) -> Axes:
    """Draw eigenvalues, falling, over the edge that noise alone stays below.

    Parameters
    ----------
    ax
        Where to draw.
    eigenvalues
        Falling, by name.
    edge
        Of the noise.
    shown
        Number of eigenvalues to show.
    """
    for index, (name, values) in enumerate(eigenvalues.items()):
        rank = np.arange(1, min(shown, len(values)) + 1) + 0.09 * (index - 1)
        ax.plot(
            rank, values[: len(rank)], marker=_MARKERS[index], color=PALETTE[index],
            markersize=5.5, linewidth=1, label=name,
        )  # fmt: skip
    ax.axhline(edge, color=INK, linestyle="--", linewidth=1.2, label="edge of the noise")
    ax.axhspan(ax.get_ylim()[0], edge, color=FAINT, alpha=0.12, linewidth=0)
    ax.set(yscale="log", xlabel="rank of the eigenvalue", ylabel="variance (probits²)")
    ax.set_xticks(np.arange(1, shown + 1))
    return ax


def transfer(
    ax: Axes,
    counts: Int[np.ndarray, " count"],
    predicted: Mapping[str, Float[np.ndarray, " count"]],
    measured: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Axes:
    """Draw how well a left-out task is predicted against the number of tasks.

    Parameters
    ----------
    ax
        Where to draw.
    counts
        Numbers of tasks of the predictions.
    predicted
        Predicted R² by name, drawn as lines.
    measured
        Numbers of tasks and R² of single networks, by the same names, drawn as points.
    """
    for index, (name, values) in enumerate(predicted.items()):
        color = PALETTE[index]
        ax.plot(counts, values, color=color, linewidth=1.3, label=name)
        at, own = measured[name]
        spread = 1.03 ** (index - (len(predicted) - 1) / 2)
        ax.plot(
            np.asarray(at) * spread, own, _MARKERS[index], color=color, markersize=5, alpha=0.75,
            markeredgewidth=0,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="number of tasks $N$", ylabel="$R^2$ of a task left out")
    ticks = sorted({int(n) for at, _ in measured.values() for n in at})
    ax.set_xticks(ticks, [str(n) for n in ticks])
    ax.minorticks_off()
    return ax


def guesses(
    axes: np.ndarray,
    truth: Int[np.ndarray, " world"],
    estimates: Mapping[str, Int[np.ndarray, " world"]],
    *,
    most: int = 12,
) -> np.ndarray:
    """Draw guessed against true numbers of factors, one panel an estimator; areas are counts.

    Parameters
    ----------
    axes
        One an estimator.
    truth
        True numbers.
    estimates
        Guesses by name; those above ``most`` are drawn there.
    most
        Largest guess shown.
    """
    for ax, (name, values) in zip(np.ravel(axes), estimates.items(), strict=True):
        pairs = np.stack([truth, np.minimum(values, most)], axis=1)
        points, count = np.unique(pairs, axis=0, return_counts=True)
        right = points[:, 0] == points[:, 1]
        for chosen, color in ((right, PALETTE[0]), (~right, PALETTE[1])):
            ax.scatter(*points[chosen].T, s=9 * count[chosen], color=color, linewidths=0, zorder=2)
        ends = [truth.min(), truth.max()]
        ax.plot(ends, ends, color=FAINT, linewidth=1, zorder=1)
        ax.set_title(name, pad=3)
        ax.set(ylim=(-0.6, most + 0.6))
    return axes


def plateaus(
    ax: Axes,
    correlations: Mapping[str, Float[np.ndarray, " direction"]],
    levels: Mapping[str, float],
    *,
    shown: int = 12,
) -> Axes:
    """Draw canonical correlations between two streams, falling, over the levels of theory.

    Parameters
    ----------
    ax
        Where to draw.
    correlations
        By name of the code, falling.
    levels
        Heights of horizontal lines, by the names written at them.
    shown
        Number of correlations to show.
    """
    for index, (name, values) in enumerate(correlations.items()):
        values = values[:shown]
        rank = np.arange(1, len(values) + 1) + 0.12 * (index - (len(correlations) - 1) / 2)
        ax.plot(rank, values, _MARKERS[index], color=PALETTE[index], markersize=5.5, label=name)
    for name, height in levels.items():
        ax.axhline(height, color=INK, linestyle=":", linewidth=1.1, zorder=0)
        ax.annotate(
            name, (shown + 0.4, height), xytext=(0, 2), textcoords="offset points", ha="right",
            va="bottom", fontsize=10,
        )  # fmt: skip
    ax.set(xlabel="rank of the correlation", ylabel="correlation of two streams")
    ax.set_xticks(np.arange(1, shown + 1))
    ax.set_xlim(0.5, shown + 0.5)
    return ax


def counted_right(
    ax: Axes,
    counts: Int[np.ndarray, " count"],
    predicted: Mapping[str, Float[np.ndarray, " count"]],
    measured: Mapping[str, Float[np.ndarray, " count"]],
    intervals: Mapping[str, Float[np.ndarray, "end count"]],
) -> Axes:
    """Draw how often the factors are counted right against the number of tasks.

    Parameters
    ----------
    ax
        Where to draw.
    counts
        Numbers of tasks.
    predicted, measured
        Shares by name: lines, and points.
    intervals
        Ends of their intervals, by the same names.
    """
    for index, (name, values) in enumerate(predicted.items()):
        color = PALETTE[index]
        ax.plot(counts, values, color=color, linewidth=1.4)
        ends = np.abs(np.asarray(intervals[name]) - measured[name])
        ax.errorbar(
            counts, measured[name], yerr=ends, fmt=_MARKERS[index], color=color, markersize=5,
            linewidth=1, label=name,
        )  # fmt: skip
    ax.set(xlabel="number of tasks $N$", ylabel="share counted right", ylim=(-0.04, 1.04))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax
