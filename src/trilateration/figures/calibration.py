"""Reports against the frequencies they promise."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT


def calibration(
    ax: Axes,
    reported: Float[np.ndarray, " bin"],
    observed: Float[np.ndarray, " bin"],
    standard_error: Float[np.ndarray, " bin"],
    *,
    label: str | None = None,
    color: object = None,
    marker: str = "o",
) -> Axes:
    """Draw the fraction with label 1 against the reported probability.

    Parameters
    ----------
    ax
        Where to draw.
    reported
        Mean report in each bin, a probability.
    observed
        Fraction of label 1 in each bin.
    standard_error
        Standard error of ``observed``; bars show ± 1.96 of it, a 95 % interval.
    label, color, marker
        As in Matplotlib.
    """
    if not ax.lines:
        ax.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1.2, zorder=0)
    ax.errorbar(
        reported,
        observed,
        yerr=1.96 * standard_error,
        fmt=marker,
        markersize=4.5,
        capsize=2.5,
        linewidth=1.4,
        label=label,
        color=color,
    )
    ax.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        xlabel="reported probability of label 1",
        ylabel="fraction with label 1",
    )
    return ax
