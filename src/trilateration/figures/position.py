"""Pictures of trilateration: positions that fit a distance, planes in space, bent lattices."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from trilateration.figures.plane import boundary_lines
from trilateration.figures.theme import FAINT, INK, PALETTE
from trilateration.tasks import Boundaries


def fixes(
    ax: Axes,
    boundaries: Boundaries,
    distances: Float[np.ndarray, " task"],
    position: Float[np.ndarray, "2"],
    *,
    reach: float = 1.5,
) -> Axes:
    """Draw lines, the positions at the stated distance from each, and the position they fix.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`~trilateration.figures.plane`.
    boundaries
        Tasks in the plane.
    distances
        Signed distance from each line, in latent units.
    position
        The position to mark.
    reach
        Half-length of each line, in latent units.
    """
    boundary_lines(ax, boundaries, reach=reach)
    rows = zip(boundaries.normals, boundaries.offsets, distances, strict=True)
    for index, (normal, offset, distance) in enumerate(rows):
        color = PALETTE[index % len(PALETTE)]
        along = reach * np.array([-normal[1], normal[0]])
        center = (offset + distance) * normal
        ends = np.stack([center - along, center + along])
        ax.plot(*ends.T, "--", color=color, linewidth=1.4)
        foot = position - (normal @ position - offset) * normal
        ax.plot(*np.stack([foot, foot + distance * normal]).T, ":", color=color, linewidth=2.6)
        ax.annotate(
            str(index + 1),
            offset * normal + 0.14 * normal,
            color=color,
            ha="center",
            va="center",
            weight="bold",
        )
    for style, width, label in (
        ("-", 1.8, "boundary"),
        (":", 2.6, "stated distance"),
        ("--", 1.4, "positions that fit it"),
    ):
        ax.plot([], [], style, color=INK, linewidth=width, label=label)
    ax.plot(*position, "o", color=INK, markersize=8, label="position")
    return ax


def space(ax: Axes3D, half_width: float = 0.5) -> Axes3D:
    """Prepare a view of latent space: transparent panes and the edges of the box.

    Parameters
    ----------
    ax
        Where to draw, made with ``projection="3d"``.
    half_width
        Half-width h of the box, in latent units.
    """
    # Ticks short of the corners, where the labels of two axes would meet.
    ticks = [-0.8 * half_width, 0, 0.8 * half_width]
    for axis, name in zip((ax.xaxis, ax.yaxis, ax.zaxis), "123", strict=True):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color(FAINT)
        axis.set_ticks(ticks)
        axis.labelpad = 3
        axis.set_label_text(f"$x_{name}$ (latent units)")
        axis.set_tick_params(pad=1)
    ax.grid(visible=False)
    for start, end in _edges(half_width):
        ax.plot(*np.stack([start, end]).T, ":", color=FAINT, linewidth=1)
    ax.set(xlim=(-half_width, half_width), ylim=(-half_width, half_width))
    ax.set_zlim(-half_width, half_width)
    ax.set_box_aspect((1, 1, 1), zoom=0.88)
    ax.view_init(elev=22, azim=-58)
    return ax


def planes(
    ax: Axes3D,
    boundaries: Boundaries,
    position: Float[np.ndarray, "3"],
    *,
    half_width: float = 0.5,
    colors: Sequence[object] = PALETTE,
) -> Axes3D:
    """Draw planes cut off at the box, and the perpendiculars on them from a position.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`space`.
    boundaries
        Tasks in three dimensions.
    position
        Where the perpendiculars start, in latent units.
    half_width
        Half-width h of the box, in latent units.
    colors
        One colour for each task, repeated if there are more tasks.

    Raises
    ------
    ValueError
        If the tasks are not three-dimensional.
    """
    if boundaries.dimension != 3:
        raise ValueError(f"boundaries must be three-dimensional, got {boundaries.dimension}")
    rows = zip(boundaries.normals, boundaries.offsets, strict=True)
    for index, (normal, offset) in enumerate(rows):
        color = colors[index % len(colors)]
        corners = _cut(normal, offset, half_width)
        if len(corners):
            patch = Poly3DCollection([corners], facecolor=(*color, 0.2), edgecolor=color)
            patch.set_linewidth(1.4)
            ax.add_collection3d(patch)
        foot = position - (normal @ position - offset) * normal
        line = np.stack([position, foot])
        ax.plot(*line.T, "--", color=color, linewidth=2.4, label=f"distance $d_{index + 1}$")
        ax.plot(*foot[:, None], "s", color=color, markersize=5)
    ax.plot(*position[:, None], "o", color=INK, markersize=8, label="position $\\mu$")
    return ax


def lattice(
    ax: Axes,
    grid: Float[np.ndarray, "row column 2"],
    *,
    every: int = 1,
    label: str | None = None,
) -> Axes:
    """Draw the rows (solid) and columns (dashed) of a lattice, with a dot at its first corner.

    Parameters
    ----------
    ax
        Where to draw.
    grid
        Images of the points of a lattice.
    every
        Draw every so many rows and columns only; all points of these are joined, so that a fine
        grid shows bent lines smoothly.
    label
        For the legend.
    """
    for row in grid[::every]:
        ax.plot(*row.T, "-", color=PALETTE[0], linewidth=1.2, label=label)
        label = None
    for column in grid.swapaxes(0, 1)[::every]:
        ax.plot(*column.T, "--", color=PALETTE[1], linewidth=1.2, dashes=(3, 1.2))
    ax.plot(*grid[0, 0], "o", color=INK, markersize=7, zorder=3)
    ax.set_aspect("equal")
    return ax


def _edges(half_width):
    corners = half_width * np.array(list(itertools.product((-1, 1), repeat=3)))
    pairs = itertools.combinations(corners, 2)
    return [(start, end) for start, end in pairs if np.sum(start != end) == 1]


def _cut(normal, offset, half_width):
    """Return the corners, in order, of the polygon in which a plane cuts the box."""
    points = []
    for start, end in _edges(half_width):
        before, after = normal @ start - offset, normal @ end - offset
        if (before > 0) != (after > 0):
            points.append(start + before / (before - after) * (end - start))
    points = np.array(points).reshape(-1, 3)
    if not len(points):
        return points
    _, _, basis = np.linalg.svd(normal[None])
    flat = (points - points.mean(axis=0)) @ basis[1:].T
    return points[np.argsort(np.arctan2(flat[:, 1], flat[:, 0]))]
