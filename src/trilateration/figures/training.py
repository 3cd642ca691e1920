"""Pictures of trained classifiers: their data, their distances, and how both improve."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from trilateration.figures.theme import INK, PALETTE


def labelled_means(
    ax: Axes, means: Float[np.ndarray, "trial 2"], labels: Int[np.ndarray, " trial"]
) -> Axes:
    """Draw training trials in the plane: filled circles for label 1, open squares for label 0.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`trilateration.figures.plane`.
    means
        μ of each trial, in latent units.
    labels
        0 or 1.
    """
    for label, style in (
        (1, dict(marker="o", color=PALETTE[0])),
        (0, dict(marker="s", color=PALETTE[1], fillstyle="none")),
    ):
        points = means[labels == label]
        ax.plot(*points.T, linestyle="none", markersize=4, label=f"label {label}", **style)
    return ax


def read_distances(
    ax: Axes,
    true: Float[np.ndarray, " point"],
    read: Float[np.ndarray, " point"],
    *,
    marker: str,
    color: object,
    label: str,
) -> Axes:
    """Draw distances read off reports against true ones, with the diagonal.

    Parameters
    ----------
    ax
        Where to draw.
    true, read
        Signed distances, in latent units.
    marker, color, label
        As in Matplotlib.
    """
    if not ax.lines:
        ends = [true.min(), true.max()]
        ax.plot(ends, ends, color=INK, linestyle="--", linewidth=1.2, zorder=3, label="exact")
    ax.plot(
        true, read, marker, color=color, markersize=3, alpha=0.6, label=label, markeredgewidth=0
    )
    ax.set(
        xlabel="signed distance $d$ (latent units)",
        ylabel="read off the report (latent units)",
    )
    ax.legend(markerscale=2)
    return ax


def learning_curves(
    ax: Axes,
    sizes: Int[np.ndarray, " size"],
    errors: Float[np.ndarray, "curve size replicate"],
    predicted: Float[np.ndarray, "curve size"],
    *,
    labels: Sequence[str],
) -> Axes:
    """Draw root-mean-square errors against the number of trials, with their predicted lines.

    Parameters
    ----------
    ax
        Where to draw.
    sizes
        Numbers of training trials.
    errors
        Root-mean-square error of each training set; the marker is the root of the mean square over
        the sets, the bar spans the middle 80 % of them.
    predicted
        The errors predicted for many trials.
    labels
        A name for each curve.
    """
    for index, (curve, line, label) in enumerate(zip(errors, predicted, labels, strict=True)):
        middle = np.sqrt((curve**2).mean(axis=1))
        low, high = np.quantile(curve, [0.1, 0.9], axis=1)
        color, marker = PALETTE[index], "os^"[index]
        bars = np.maximum([middle - low, high - middle], 0)
        ax.errorbar(
            sizes,
            middle,
            yerr=bars,
            fmt=marker,
            color=color,
            markersize=5,
            capsize=2.5,
            linewidth=1.3,
            label=f"{label} (bars: 80 % of sets)",
        )
        ax.plot(sizes, line, "--" if index else "-", color=color, label=f"{label}, predicted")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="training trials $n$",
        ylabel="error (latent units)",
    )
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    return ax


def unit_and_zero(
    axes: Sequence[Axes] | np.ndarray,
    scales: Float[np.ndarray, " scale"],
    unit_error: Float[np.ndarray, "scale replicate"],
    zero_error: Float[np.ndarray, "scale replicate"],
    unit_law: Float[np.ndarray, " scale"],
    zero_law: Float[np.ndarray, " scale"],
    separable: Float[np.ndarray, " scale"],
) -> Sequence[Axes] | np.ndarray:
    """Draw the error of a ruler's unit and of its zero against the noise, in two panels.

    Parameters
    ----------
    axes
        Two axes, one above the other.
    scales
        Standard errors s, in latent units.
    unit_error, zero_error
        Errors of each training set, NaN where its labels were separable. Markers are medians of
        the absolute error divided by 0.674, bars span its middle 80 %.
    unit_law, zero_law
        Predicted standard deviations.
    separable
        Share of separable training sets, written below the markers where it is not 0.
    """
    panels = (
        (unit_error, unit_law, "relative error of the unit"),
        (zero_error, zero_law, "error of the zero\n(latent units)"),
    )
    for index, (ax, (error, law, name)) in enumerate(zip(axes, panels, strict=True)):
        # The median of |N(0, 1)| is 0.674, so that a Gaussian error is drawn at its standard
        # deviation and a few wild training sets do not move the marker.
        size = np.nanmedian(np.abs(error), axis=1) / 0.674
        low, high = np.nanquantile(np.abs(error), [0.1, 0.9], axis=1)
        ax.errorbar(
            scales,
            size,
            yerr=np.maximum([size - low, high - size], 0),
            fmt="os"[index],
            color=PALETTE[index],
            markersize=5,
            capsize=2.5,
            linewidth=1.3,
            label="trained (bars: 80 % of sets)",
        )
        ax.plot(scales, law, "--", color=INK, linewidth=1.3, label="predicted")
        ax.set(xscale="log", yscale="log", ylabel=name)
        ax.legend(loc="upper right" if index == 0 else "upper left")
    low, _ = axes[0].get_ylim()
    axes[0].set_ylim(low / 3, None)
    for s, share in zip(scales, separable, strict=True):
        if share >= 0.005:
            axes[0].text(s, low / 1.2, f"{100 * share:.0f} %", ha="center", va="top", fontsize=10)
    axes[0].text(scales[-1], low / 1.2, "of sets are separable", ha="right", va="top", fontsize=10)
    axes[0].set_xlim(scales[0] / 1.6, scales[-1] * 1.6)
    axes[-1].set_xlabel("standard error $s$ of the evidence (latent units)")
    return axes


def weight_growth(
    ax: Axes,
    times: Float[np.ndarray, " time"],
    without_noise: Sequence[float],
    with_noise: Sequence[float],
    asymptote: Float[np.ndarray, " time"],
) -> Axes:
    """Draw how steep two classifiers become while they are trained.

    Parameters
    ----------
    ax
        Where to draw.
    times
        Training times, drawn in logarithmic scale.
    without_noise, with_noise
        |w| at these times, per latent unit.
    asymptote
        Predicted growth of the first, up to a constant; drawn so that it ends where the first ends.
    """
    curve = np.asarray(without_noise)
    ax.plot(times, curve, color=PALETTE[1], label="without noise")
    line = asymptote - asymptote[-1] + curve[-1]
    shown = line > 0
    ax.plot(times[shown], line[shown], ":", color=INK, label="slope of max-margin weights")
    ax.plot(times, with_noise, "--", color=PALETTE[0], label="with noise")
    ax.set(xscale="log", xlabel="training time", ylabel="steepness $|w|$ (per latent unit)")
    ax.legend()
    return ax
