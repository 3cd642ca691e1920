"""Pictures of where tasks lie, what their errors do to the position, and their spectra."""

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from trilateration.figures.theme import FAINT, INK, PALETTE
from trilateration.tasks import Boundaries

# 95 % of a two-dimensional Gaussian lies within this many standard deviations.
_RADIUS_95 = (-2 * np.log(0.05)) ** 0.5


def error_strips(
    ax: Axes, boundaries: Boundaries, point: Float[np.ndarray, "2"], half_width: float
) -> Axes:
    """Draw, for each task, the strip in which its report places the position.

    Parameters
    ----------
    ax
        Where to draw; its limits must be set.
    boundaries
        Tasks in the plane.
    point
        The position, in latent units; every strip is centred on it.
    half_width
        Error of a distance, in latent units.
    """
    reach = 2 * float(np.ptp(np.array([ax.get_xlim(), ax.get_ylim()]), axis=1).max())
    for index, normal in enumerate(boundaries.normals):
        along, across = reach * np.array([-normal[1], normal[0]]), half_width * normal
        corners = [along + across, along - across, -along - across, -along + across]
        label = "what one report allows (± 1 sd)" if index == 0 else None
        ax.fill(*(point + np.array(corners)).T, color=FAINT, alpha=0.16, linewidth=0, label=label)
    return ax


def error_ellipse(
    ax: Axes,
    center: Float[np.ndarray, "2"],
    covariance: Float[np.ndarray, "2 2"],
    *,
    label: str | None = None,
) -> Axes:
    """Draw the ellipse that holds 95 % of a Gaussian law in the plane.

    Parameters
    ----------
    ax
        Where to draw.
    center, covariance
        Mean and covariance, in latent units and their square.
    label
        As in Matplotlib.
    """
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0, 2 * np.pi, 181)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    outline = center[:, None] + vectors @ (_RADIUS_95 * values[:, None] ** 0.5 * circle)
    ax.plot(*outline, color=PALETTE[1], label=label)
    ax.plot(*center, "+", color=INK, markersize=9)
    return ax


def task_set(ax: Axes, boundaries: Boundaries, title: str, *, half_width: float = 0.5) -> Axes:
    """Draw the lines of a whole set of tasks over the box of the prior, small and without ticks.

    Parameters
    ----------
    ax
        Where to draw.
    boundaries
        Tasks in the plane.
    title
        Name of the set.
    half_width
        Half-width h of the box, in latent units.
    """
    box = plt.Rectangle(
        (-half_width, -half_width), 2 * half_width, 2 * half_width, color=FAINT, alpha=0.25
    )
    ax.add_patch(box)
    for normal, offset in zip(boundaries.normals, boundaries.offsets, strict=True):
        foot, along = offset * normal, np.array([-normal[1], normal[0]])
        ax.plot(*np.stack([foot - 4 * along, foot + 4 * along]).T, color=PALETTE[0], linewidth=0.8)
    reach = 2 * half_width
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    return ax


def spectrum(
    ax: Axes,
    values: Float[np.ndarray, " value"],
    grid: Float[np.ndarray, " point"],
    density: Float[np.ndarray, " point"],
    *,
    label: str,
) -> Axes:
    """Draw a histogram of singular values under their limiting density.

    Parameters
    ----------
    ax
        Where to draw.
    values
        Singular values, in any unit.
    grid, density
        The limiting density on a grid of singular values in that unit.
    label
        What the histogram holds.
    """
    ax.hist(values, bins=32, density=True, color=PALETTE[0], alpha=0.45, label=label)
    ax.plot(grid, density, color=INK, label="Marchenko–Pastur")
    ax.set(ylabel="density", yticks=[])
    ax.legend(loc="upper left")
    return ax
