"""Pictures of filters and of recordings: a trial, weights of readings, errors, power."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Real
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trilateration._arrays import Scalar
from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"


def tracked(
    ax: Axes,
    path: Float[np.ndarray, " time"],
    readings: Float[np.ndarray, " time"],
    estimates: Mapping[str, Float[np.ndarray, " time"]],
    band: Float[np.ndarray, " time"],
) -> Axes:
    """Draw one coordinate of a moving latent state, its readings and estimates of it over a trial.

    Parameters
    ----------
    ax
        Where to draw.
    path, readings
        x(k) and X(k).
    estimates
        By label; the first has the band.
    band
        Half-width about the first estimate.
    """
    k = np.arange(1, len(path) + 1)
    ax.plot(k, readings, "x", color=FAINT, markersize=5, label="readings")
    ax.plot(k, path, color=INK, linewidth=1.2, label="latent state")
    for index, (label, values) in enumerate(estimates.items()):
        if index == 0:
            low, high = values - band, values + band
            ax.fill_between(k, low, high, color=PALETTE[0], alpha=0.2, lw=0)
        ax.plot(k, values, ["-", "--", ":"][index % 3], color=PALETTE[index], label=label)
    ax.set(xlabel="step", ylabel="first coordinate (latent units)")
    return ax


def equal_confidence(
    ax: Axes,
    steps: Real[np.ndarray, " time"],
    bounds: Mapping[str, Float[np.ndarray, "level time"]],
) -> Axes:
    """Draw the evidence that gives one confidence against time, for several observers.

    Parameters
    ----------
    ax
        Where to draw.
    steps
        k.
    bounds
        By label, the evidence at each of a few levels of confidence.
    """
    for index, (label, levels) in enumerate(bounds.items()):
        style = dict(color=PALETTE[index], linestyle=["-", "--", ":"][index % 3])
        for row, values in enumerate(levels):
            ax.plot(steps, values, label=label if row == 0 else None, **style)
    ax.set(xlabel="step $k$", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def reading_weights(
    ax: Axes,
    theory: Mapping[str, Float[np.ndarray, " time"]],
    networks: Mapping[str, Float[np.ndarray, "replicate time"]],
) -> Axes:
    """Draw the weight of each reading in an estimate against how long ago it came.

    Parameters
    ----------
    ax
        Where to draw.
    theory, networks
        By label: the weights that are best, and those of networks, mean ± 2 standard errors, in
        the same order of worlds.
    """
    for index, (label, weights) in enumerate(theory.items()):
        lag = np.arange(len(weights))[::-1]
        ax.plot(lag, weights, ["-", "--"][index % 2], color=INK, linewidth=1.2, label=label)
    for index, (label, rows) in enumerate(networks.items()):
        lag = np.arange(rows.shape[1])[::-1]
        half = 2 * rows.std(axis=0, ddof=1) / len(rows) ** 0.5
        style = dict(fmt=_MARKERS[index], color=PALETTE[index], markersize=4, capsize=2)
        ax.errorbar(lag, rows.mean(axis=0), half, label=label, **style)
    ax.set(xlabel="readings ago", ylabel="weight of a reading", ylim=(-0.01, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def decoding_errors(
    ax: Axes,
    counts: Real[np.ndarray, " size"],
    curves: Mapping[str, tuple[Float[np.ndarray, " size"], Float[np.ndarray, "population size"]]],
    floor: Scalar,
) -> Axes:
    """Draw the error of decoding against the number of neurons, predicted and simulated.

    Parameters
    ----------
    ax
        Where to draw.
    counts
        Numbers of neurons.
    curves
        By label: what is predicted, and what was simulated with one row a population, drawn as mean
        ± 2 standard errors.
    floor
        s².
    """
    for index, (label, (law, rows)) in enumerate(curves.items()):
        half = 2 * rows.std(axis=0, ddof=1) / len(rows) ** 0.5
        style = dict(fmt=_MARKERS[index], color=PALETTE[index], markersize=5, capsize=2)
        ax.plot(counts, law, color=PALETTE[index], linewidth=1.2)
        ax.errorbar(counts, rows.mean(axis=0), half, label=label, **style)
    ax.axhline(floor, color=INK, linestyle=":", linewidth=1, label="$s^2$")
    ax.set(xscale="log", yscale="log", xlabel="neurons", xticks=counts, xticklabels=counts)
    ax.set(ylabel="squared error per axis\n(latent units²)")
    ax.minorticks_off()
    return ax


def rejection_rows(
    ax: Axes, rows: Sequence[tuple[str, float, float, float, bool]], alpha: Scalar
) -> Axes:
    """Draw rates of rejection with their intervals, a row an experiment.

    Parameters
    ----------
    ax
        Where to draw.
    rows
        Label, rate, lower and upper end, and whether the theory under test is true there; filled
        marks are power, open ones false positives.
    alpha
        Level of the tests, a dotted line.
    """
    for at, (_, rate, low, high, true) in enumerate(rows):
        colour = PALETTE[0] if true else PALETTE[1]
        ax.plot([low, high], [at, at], color=colour, linewidth=1.5)
        face = colour if true else "white"
        ax.plot(rate, at, "o" if true else "s", color=colour, markerfacecolor=face, markersize=6)
    ax.axvline(alpha, color=FAINT, linestyle=":", linewidth=1)
    ax.set(yticks=range(len(rows)), yticklabels=[row[0] for row in rows])
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-0.02, 1.02))
    return ax
