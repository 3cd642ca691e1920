"""Predictions as lines and simulations as markers, along a sweep or in rows."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT, INK, PALETTE

_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")


def predicted_and_simulated(
    ax: Axes,
    x: Float[np.ndarray, " point"],
    predicted: Float[np.ndarray, " point"],
    simulated: Float[np.ndarray, " point"],
    *,
    index: int,
    label: str,
    half: Float[np.ndarray, " point"] | None = None,
) -> Axes:
    """Draw one curve of a sweep: the prediction as a line, the simulation as markers on it.

    Parameters
    ----------
    ax
        Where to draw.
    x
        What is swept.
    predicted, simulated
        Values at ``x``; NaN leaves a point out.
    index
        Number of the curve, which picks its colour, line style and marker together.
    label
        Name in the legend.
    half
        Half-widths of 95 % intervals of ``simulated``, drawn as bars if given.
    """
    color, marker = PALETTE[index], _MARKERS[index % 4]
    ax.plot(x, predicted, _STYLES[index % 4], color=color)
    ax.errorbar(
        x,
        simulated,
        yerr=half,
        fmt=marker,
        color=color,
        markersize=4.5,
        capsize=2,
        linewidth=1.2,
        label=label,
    )
    return ax


def rows_of_dots(
    ax: Axes,
    names: Sequence[str],
    predicted: Float[np.ndarray, " row"],
    measured: Float[np.ndarray, " row"],
    half: Float[np.ndarray, " row"],
    *,
    index: int = 0,
    label: str | None = None,
) -> Axes:
    """Draw one row a name: a tick where the prediction is, a dot where the measurement is.

    Parameters
    ----------
    ax
        Where to draw.
    names
        One a row, from top to bottom.
    predicted, measured
        Values; NaN leaves the tick or the dot out.
    half
        Half-widths of 95 % intervals of ``measured``.
    index
        Picks colour and marker together.
    label
        Name of the dots in the legend.
    """
    at = np.arange(len(names))
    ax.plot(predicted, at, "|", color=INK, markersize=15, markeredgewidth=1.6, zorder=1)
    ax.errorbar(
        measured,
        at,
        xerr=half,
        fmt=_MARKERS[index % 4],
        color=PALETTE[index],
        markersize=6,
        capsize=2,
        label=label,
    )
    ax.set(yticks=at, yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    return ax


def error_balance(
    ax: Axes,
    s: Float[np.ndarray, " point"],
    simulated: Float[np.ndarray, " point"],
    half: Float[np.ndarray, " point"],
    total: Float[np.ndarray, " point"],
    local: Float[np.ndarray, " point"],
    *,
    best: float,
) -> Axes:
    """Draw the error of noisy reports as a falling and a rising term, with their sum.

    Parameters
    ----------
    ax
        Where to draw.
    s
        Standard errors of the evidence, in latent units.
    simulated, half
        Simulated squared error of both axes together, and its 95 % half-width.
    total
        Predicted error for lines in all directions; the evidence's part is 2 s².
    local
        Prediction for the lines at hand.
    best
        s*, where ``total`` is predicted to be smallest.
    """
    thin = {"color": INK, "linewidth": 1.2}
    ax.plot(s, 2 * s**2, ":", label="evidence, $2s^2$", **thin)
    ax.plot(s, total - 2 * s**2, "--", label="reports, many lines", **thin)
    ax.plot(s, total, color=PALETTE[0], label="sum of both")
    ax.plot(s, local, "-.", color=PALETTE[1], label="local, these lines")
    ax.errorbar(s, simulated, half, fmt="o", color=PALETTE[2], label="simulated, 95 %")
    ax.axvline(best, color=FAINT, linewidth=1, label="$s^*$")
    ax.set(xscale="log", yscale="log", ylabel="squared error, both axes")
    return ax
