"""Pictures of codes: where a grid goes, what units are tuned to, measures network by network."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from trilateration.figures.theme import FAINT, INK, PALETTE

_MARKERS = "os^Dv"


def code_grid(
    ax: Axes, image: Float[np.ndarray, "row column 2"], *, title: str, note: str = ""
) -> Axes:
    """Draw where a code of two units puts the points of a grid over the box.

    Parameters
    ----------
    ax
        Where to draw.
    image
        The code of the grid's points; the first latent changes along rows.
    title
        Name of the code.
    note
        What is written below it.
    """
    for grid, color, style in (
        (image.swapaxes(0, 1), PALETTE[0], "-"),
        (image, PALETTE[1], (0, (3, 1))),
    ):
        ax.add_collection(LineCollection(list(grid), color=color, linestyle=style, linewidth=1.1))
    ax.plot(*image.reshape(-1, 2).T, ".", color=INK, markersize=2)
    low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    middle, reach = (low + high) / 2, (high - low).max() * 0.56
    ax.set(
        xlim=(middle[0] - reach, middle[0] + reach),
        ylim=(middle[1] - reach, middle[1] + reach),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.set_title(title)
    ax.set_xlabel(note, fontsize=9)
    return ax


def angle_law(
    ax: Axes,
    grid: Float[np.ndarray, " angle"],
    laws: Mapping[str, Float[np.ndarray, " angle"]],
    drawn: Mapping[str, Float[np.ndarray, " value"]],
) -> Axes:
    """Draw densities of an angle, and below them the angles of single codes.

    Parameters
    ----------
    ax
        Where to draw.
    grid
        Angles in degrees.
    laws
        Densities per degree on the grid.
    drawn
        Angles found, one row of marks a name.
    """
    for index, (name, density) in enumerate(laws.items()):
        style = ("-", "--", ":", "-.")[index % 4]
        ax.plot(grid, density, linestyle=style, color=INK, linewidth=1.4, label=name)
    top = max(density.max() for density in laws.values())
    for index, (name, values) in enumerate(drawn.items()):
        color, marker = PALETTE[index % len(PALETTE)], _MARKERS[index % len(_MARKERS)]
        height = np.full(len(values), -0.09 * top * (index + 1))
        ax.plot(values, height, marker, color=color, markersize=5, alpha=0.7, label=name)
    ax.axhline(0, color=FAINT, linewidth=0.8)
    ax.set(xlabel="angle between the encoding axes (degrees)", ylabel="density per degree")
    ax.set_ylim(-0.09 * top * (len(drawn) + 0.8), 1.05 * top)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])
    return ax


def network_rows(
    ax: Axes,
    networks: Mapping[str, Float[np.ndarray, " replicate"]],
    references: Mapping[str, Float[np.ndarray, " replicate"]],
    intervals: Mapping[str, tuple[float, float]],
    *,
    xlabel: str,
) -> Axes:
    """Draw one measure: a row a kind of network, a dot a network, and the mean with its interval.

    Parameters
    ----------
    ax
        Where to draw.
    networks
        Values of each kind, filled marks; those without any finite value are left empty.
    references
        Values of other codes, open marks below the networks.
    intervals
        Mean and half-width of its interval, by name.
    xlabel
        Name of the measure.
    """
    names = [*networks, *references]
    for row, name in enumerate(names):
        known = name in networks
        values = networks[name] if known else references[name]
        if not np.isfinite(values).any():
            ax.text(0.5, row, "not defined", transform=ax.get_yaxis_transform(), ha="center",
                    va="center", fontsize=8, color=FAINT)  # fmt: skip
            continue
        color = PALETTE[0] if known else FAINT
        shifts = row + 0.16 * np.linspace(-1, 1, len(values))
        ax.plot(values, shifts, ".", color=color, markersize=4, alpha=0.6)
        mean, half = intervals[name]
        face = INK if known else "none"
        ax.errorbar(mean, row, xerr=half, fmt="D" if known else "s", color=INK, markersize=4.5,
                    markerfacecolor=face, elinewidth=1.4, capsize=2.5)  # fmt: skip
    ax.axhline(len(networks) - 0.5, color=FAINT, linewidth=0.8)
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color=FAINT, alpha=0.25)
    return ax


def tuning_maps(
    axes: Sequence[Axes],
    maps: Sequence[Float[np.ndarray, "row column"]],
    *,
    label: str,
) -> Sequence[Axes]:
    """Draw the mean activity of a few units of one network over the box.

    Parameters
    ----------
    axes
        One for each unit.
    maps
        Mean activity on a grid; the first latent changes along rows. Each has its own colours.
    label
        Name of the network, written at the left.
    """
    for ax, values in zip(axes, maps, strict=True):
        ax.imshow(values.T, origin="lower", extent=(-0.5, 0.5, -0.5, 0.5), cmap="viridis")
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
    axes[0].set_ylabel(label, fontsize=9)
    return axes


def similarity_table(
    ax: Axes, values: Float[np.ndarray, "name name"], names: Sequence[str]
) -> Axes:
    """Draw a matrix of similarities with its numbers; the diagonal may be of another kind.

    Parameters
    ----------
    ax
        Where to draw.
    values
        From 0 to 1.
    names
        Of rows and columns.
    """
    ax.imshow(values, cmap="Blues", vmin=0.85, vmax=1)
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        color = "white" if value > 0.94 else INK
        text = f"{value:.2f}".removeprefix("0")
        ax.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    ax.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=9)
    ax.set_yticks(range(len(names)), names, fontsize=9)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    return ax


def effect_rows(
    ax: Axes,
    effects: Mapping[str, Float[np.ndarray, " pair"]],
    apart: Mapping[str, Bool[np.ndarray, " pair"]],
    *,
    xlabel: str,
    least: float = 0.1,
    ends: Mapping[str, Float[np.ndarray, "pair 2"]] | None = None,
) -> Axes:
    """Draw for each measure how far it sets pairs apart, a mark a pair; the most telling first.

    Parameters
    ----------
    ax
        Where to draw.
    effects
        Absolute effect sizes of the pairs, by measure.
    apart
        Whether each is told from zero: filled marks, others are open.
    xlabel
        What is drawn.
    least
        Effects below it are drawn there.
    ends
        Intervals of the effects with their signs, if they are to be drawn; one that reaches over
        zero ends at ``least``.
    """
    names = sorted(effects, key=lambda name: (-apart[name].sum(), -np.median(effects[name])))
    for row, name in enumerate(names):
        sizes = np.maximum(effects[name], least)
        shifts = row + 0.2 * np.linspace(-1, 1, len(sizes)) * (len(sizes) > 1)
        told = apart[name]
        if ends is not None:
            # Of the size: an interval on the negative side turns over.
            low, high = np.sort(ends[name] * np.sign(ends[name].sum(axis=1))[:, None]).T
            ax.hlines(shifts, np.maximum(low, least), np.maximum(high, least), color=FAINT, lw=1)
        ax.plot(sizes[told], shifts[told], "o", color=PALETTE[0], markersize=5)
        ax.plot(sizes[~told], shifts[~told], "o", color=FAINT, markersize=5, fillstyle="none")
    ax.plot([], [], "o", color=PALETTE[0], markersize=5, label="told apart")
    ax.plot([], [], "o", color=FAINT, markersize=5, fillstyle="none", label="not")
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set(ylim=(len(names) - 0.5, -0.5), xscale="log", xlabel=xlabel)
    ticks = [tick for tick in (0.1, 0.3, 1, 3, 10, 30) if tick >= least]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.grid(axis="x", color=FAINT, alpha=0.25)
    ax.legend(loc="lower right", fontsize=9)
    return ax
