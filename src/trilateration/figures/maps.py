"""Pictures of observation maps: what they do to a lattice, to small circles, and what they draw."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from trilateration.figures.theme import INK, PALETTE


def sheet(
    ax: Axes, lattice: Float[np.ndarray, "row column 2"], title: str, *, every: int = 8
) -> Axes:
    """Draw the image of a square lattice as its two families of lines.

    Parameters
    ----------
    ax
        Where to draw.
    lattice
        Images of lattice points, seen in some plane; rows share x_2, columns share x_1.
    title
        Name of the map.
    every
        Draw every so many rows and columns; the points in between make the lines smooth.
    """
    rows, columns = lattice[::every], lattice[:, ::every]
    ax.plot(rows[..., 0].T, rows[..., 1].T, "-", color=PALETTE[0], linewidth=0.9)
    ax.plot(columns[..., 0], columns[..., 1], "--", color=PALETTE[1], linewidth=0.9)
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    return ax


def error_ellipses(
    ax: Axes,
    points: Float[np.ndarray, "point 2"],
    covariances: Float[np.ndarray, "point 2 2"],
    title: str,
) -> Axes:
    """Draw the ellipse of one standard error at each of many points: an indicatrix of Tissot.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`~trilateration.figures.plane`.
    points
        Centres, in latent units.
    covariances
        Covariance of the position at each.
    title
        Name of the map.
    """
    angle = np.linspace(0, 2 * np.pi, 61)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for point, covariance in zip(points, covariances, strict=True):
        values, vectors = np.linalg.eigh(covariance)
        outline = point[:, None] + vectors @ (values[:, None] ** 0.5 * circle)
        ax.fill(*outline, facecolor=(*PALETTE[0], 0.3), edgecolor=PALETTE[0], linewidth=0.9)
    ax.set(xlabel="", ylabel="")
    ax.set_title(title)
    return ax


def pictures(axes: Sequence[Axes], images: Float[np.ndarray, "picture side side"]) -> None:
    """Draw grey-value pictures, ink on the page's own ground.

    Parameters
    ----------
    axes
        One for each picture.
    images
        Values between 0 and 1, top row first.
    """
    ramp = LinearSegmentedColormap.from_list("ink", [(0.12, 0.14, 0.16, 0), (0.12, 0.14, 0.16, 1)])
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image, cmap=ramp, vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=INK)
