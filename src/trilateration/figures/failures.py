"""Pictures of failures: a score as something gets worse, and with the cure."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm

from trilateration.figures.theme import FAINT, INK, PALETTE


@runtime_checkable
@runtime_checkable
class Scores(Protocol):
    """Scores with a failure and with its cure, and their half-widths."""

    broken: Float[np.ndarray, " strength"]
    cured: Float[np.ndarray, " strength"]
    broken_half: Float[np.ndarray, " strength"]
    cured_half: Float[np.ndarray, " strength"]


def fault_and_cure(
    ax: Axes,
    strengths: Sequence[float],
    scores: Scores,
    *,
    xlabel: str,
    theory: Sequence[float] | None = None,
    logarithmic: bool = False,
    low: float = 0.0,
) -> Axes:
    """Draw r² against how strong a failure is, with the failure and with the cure.

    Parameters
    ----------
    ax
        Where to draw.
    strengths
        Abscissae.
    scores
        Means over worlds or networks, and 95 % half-widths.
    xlabel
        What is wrong, with its unit.
    theory
        Predicted scores with the failure, drawn as a line.
    logarithmic
        Whether the horizontal axis is logarithmic.
    low
        Lower end of the vertical axis; what lies below is drawn on it, without its interval.
    """
    if theory is not None:
        ax.plot(strengths, np.maximum(theory, low), color=INK, linewidth=1.2, label="predicted")
    drawn = (
        (scores.broken, scores.broken_half, "o", PALETTE[1], "with the failure"),
        (scores.cured, scores.cured_half, "s", PALETTE[0], "with the cure"),
    )
    for value, half, marker, color, label in drawn:
        ax.errorbar(
            strengths, np.maximum(value, low), yerr=np.where(value < low, 0, half), fmt=marker,
            color=color, markersize=5, capsize=2, linewidth=1.2, label=label,
            linestyle="" if theory is not None and marker == "o" else ":",
        )  # fmt: skip
    ax.set(xlabel=xlabel, ylabel="$r^2$", ylim=(low - 0.04, 1.04))
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xticks(strengths, [f"{x:g}" for x in strengths])
        ax.minorticks_off()
    ax.legend(fontsize=9, loc="best")
    return ax


def signature_table(ax: Axes, table: pd.DataFrame, *, limit: float = 100.0) -> Axes:
    """Draw how far faults move symptoms, one row a fault, numbers in the cells.

    Parameters
    ----------
    ax
        Where to draw.
    table
        Of :func:`~trilateration.geometry.signatures`, in standard deviations.
    limit
        Where colours end.
    """
    values = table.to_numpy()
    norm = SymLogNorm(3, vmin=-limit, vmax=limit)
    image = ax.imshow(values, cmap="PuOr_r", norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = "·" if abs(value) < 3 else f"{np.clip(value, -999, 999):.0f}"
        red, green, blue, _ = image.cmap(norm(value))
        # Fixed colours, since cells stay as they are on a dark page.
        ink = "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.45 else "white"
        ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=ink)
    ax.set_xticks(range(table.shape[1]), table.columns, rotation=50, ha="right", fontsize=9)
    ax.set_yticks(range(len(table)), table.index, fontsize=9)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xticks(np.arange(values.shape[1] - 1) + 0.5, minor=True)
    ax.grid(which="minor", color=FAINT, linewidth=0.4, alpha=0.5)
    return ax
