"""Pictures of the latent plane: the box, boundaries, trials, and maps of a quantity."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from trilateration.figures.theme import FAINT, INK, PALETTE
from trilateration.tasks import Boundaries


def plane(ax: Axes, half_width: float = 0.5, margin: float = 0.15) -> Axes:
    """Prepare a square view of the latent plane with the box of the prior.

    Parameters
    ----------
    ax
        Where to draw.
    half_width
        Half-width h of the box, in latent units.
    margin
        Space around the box, in latent units.
    """
    reach = half_width + margin
    ticks = half_width * np.array([-1, 0, 1])
    box = plt.Rectangle(
        (-half_width, -half_width),
        2 * half_width,
        2 * half_width,
        fill=False,
        edgecolor=FAINT,
        linestyle=":",
        linewidth=1.2,
        zorder=0,
    )
    ax.add_patch(box)
    ax.set(
        xlim=(-reach, reach),
        ylim=(-reach, reach),
        aspect="equal",
        xticks=ticks,
        yticks=ticks,
        xlabel="latent $x_1$ (latent units)",
        ylabel="latent $x_2$ (latent units)",
    )
    return ax


def boundary_lines(
    ax: Axes, boundaries: Boundaries, *, colors: Sequence[object] = PALETTE, reach: float = 1.5
) -> Axes:
    """Draw the lines of two-dimensional tasks, each with a tick on its positive side.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`plane`.
    boundaries
        Tasks in the plane, normals of shape ``(task, 2)``.
    colors
        One colour for each task, repeated if there are more tasks.
    reach
        Half-length of each line, in latent units.

    Raises
    ------
    ValueError
        If the tasks are not two-dimensional.
    """
    if boundaries.dimension != 2:
        raise ValueError(f"boundaries must be two-dimensional, got {boundaries.dimension}")
    for index, (normal, offset) in enumerate(
        zip(boundaries.normals, boundaries.offsets, strict=True)
    ):
        color = colors[index % len(colors)]
        foot, along = offset * normal, np.array([-normal[1], normal[0]])
        ends = np.stack([foot - reach * along, foot + reach * along])
        ax.plot(*ends.T, color=color, linewidth=1.8, zorder=1)
        ax.annotate(
            "",
            xy=foot + 0.1 * normal,
            xytext=foot,
            arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.6},
        )
    return ax


def trial(
    ax: Axes,
    readings: Float[np.ndarray, "time 2"],
    means: Float[np.ndarray, "time 2"],
    boundary: Boundaries,
    *,
    latent: Float[np.ndarray, "2"] | None = None,
) -> Axes:
    """Draw one trial: readings, the path of their mean, and its distance from one boundary.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`plane`.
    readings, means
        X(1..t) and their running mean, in latent units.
    boundary
        One task in the plane.
    latent
        The latent state, if it is known.
    """
    mean = means[-1]
    foot = mean - boundary.signed_distances(mean)[0] * boundary.normals[0]
    ax.plot(*readings.T, "o", color=FAINT, markersize=4, alpha=0.6, label="readings $X(k)$")
    ax.plot(*means.T, "-", color=PALETTE[1], linewidth=1, label="their running mean")
    ax.plot(*np.stack([mean, foot]).T, "--", color=INK, linewidth=1.6, label="distance $d$")
    ax.plot(*mean, "o", color=PALETTE[1], markersize=8, label="mean $\\mu(t)$")
    if latent is not None:
        ax.plot(*latent, "o", markersize=11, fillstyle="none", color=INK, label="latent $x^*$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, handlelength=1.4)
    return ax


def plane_map(
    ax: Axes,
    x: Float[np.ndarray, " column"],
    y: Float[np.ndarray, " row"],
    values: Float[np.ndarray, "row column"],
    *,
    label: str,
) -> Axes:
    """Draw a quantity over the plane, with a colour bar below.

    Parameters
    ----------
    ax
        Where to draw, prepared by :func:`plane`.
    x, y
        Coordinates of the columns and rows, in latent units.
    values
        The quantity, ≥ 0; zero is drawn transparent.
    label
        Its name and unit.
    """
    # From transparent to solid, so that zero is the page's own ground, light or dark.
    solid = np.array(PALETTE[3])
    ramp = LinearSegmentedColormap.from_list("ramp", [(*solid, 0.0), (*solid, 1.0)])
    image = ax.imshow(
        values,
        origin="lower",
        extent=_pixel_edges(x) + _pixel_edges(y),
        cmap=ramp,
        vmin=0,
        zorder=0.5,
        interpolation="bilinear",
    )
    bar = ax.figure.colorbar(image, ax=ax, location="bottom", shrink=0.7, pad=0.02)
    bar.set_label(label)
    bar.outline.set_edgecolor(FAINT)
    return ax


def _pixel_edges(centres):
    half = (centres[1] - centres[0]) / 2
    return centres[0] - half, centres[-1] + half
