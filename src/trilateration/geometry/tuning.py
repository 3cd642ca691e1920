"""What single units are tuned to: one latent, a mixture, or an interaction of latents."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._checks import check_count
from trilateration.geometry._codes import paired
from trilateration.readout import fit_linear

_FEWEST_A_CELL = 3


class UnitTuning(NamedTuple):
    """Shares of the variance of each unit, NaN for units that never vary.

    All but ``linear`` are corrected for what chance explains, so that they are unbiased and may be
    a little below 0.

    Attributes
    ----------
    alone
        Explained by any function of one latent alone, ``(unit, dimension)``.
    additive
        Explained by a sum of functions of single latents.
    interaction
        Explained by the latents together beyond that: nonlinear mixed selectivity.
    linear
        Explained by the best affine function of all latents.
    unexplained
        Not explained by the latents (to the width of a bin): noise.
    slopes
        Slope of that affine function on each latent, ``(unit, dimension)``, in activity a latent
        unit.
    """

    alone: Float[np.ndarray, "unit dimension"]
    additive: Float[np.ndarray, " unit"]
    interaction: Float[np.ndarray, " unit"]
    linear: Float[np.ndarray, " unit"]
    unexplained: Float[np.ndarray, " unit"]
    slopes: Float[np.ndarray, "unit dimension"]


def unit_tuning(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    *,
    n_bins: int = 6,
) -> UnitTuning:
    """Return what share of each unit's variance each latent explains, alone and together.

    Analysis of variance over bins of equal numbers of trials. For independent latents the additive
    share is the sum of those alone (Sobol's decomposition); for correlated ones it is less or more,
    and shares alone mean little. Additive, interaction and unexplained sum to 1. An affine unit
    b·x + b₀ of latents of equal variance has the shares b_j²/|b|², and no interaction.

    Parameters
    ----------
    codes, latents
        Shapes ``(trial, unit)`` and ``(trial, dimension)``.
    n_bins
        Bins of each latent, ≥ 2.

    Raises
    ------
    ValueError
        If there are fewer than 3 trials a cell of the grid of bins, on average.
    """
    codes, latents = paired(codes, latents)
    check_count(n_bins, "n_bins", minimum=2)
    n, dimension = latents.shape
    if n < _FEWEST_A_CELL * n_bins**dimension:
        raise ValueError(
            f"n_bins must leave at least {_FEWEST_A_CELL} trials a cell, got {n_bins} with "
            f"{n} trials in {dimension} dimensions"
        )
    ranks = np.argsort(np.argsort(latents, axis=0), axis=0)
    bins = ranks * n_bins // n
    total = codes.var(axis=0)
    total = np.where(total > 0, total, np.nan)
    # One indicator fewer than bins, for together they are the constant.
    indicators = [bins[:, [j]] == np.arange(1, n_bins) for j in range(dimension)]
    alone = np.stack([_explained(codes, one) for one in indicators], axis=1) / total[:, None]
    additive = _explained(codes, np.hstack(indicators)) / total
    cells = bins @ n_bins ** np.arange(dimension)
    together = _explained(codes, cells[:, None] == np.unique(cells)[1:]) / total
    affine = fit_linear(latents, codes)
    residual = (codes - affine.predict(latents)).var(axis=0)
    return UnitTuning(
        alone,
        additive,
        together - additive,
        1 - residual / total,
        1 - together,
        affine.weights.T,
    )


def axis_alignment(slopes: Real[np.ndarray, "unit dimension"]) -> Float[np.ndarray, " unit"]:
    """Return how well the direction of each unit's tuning agrees with an axis of the latents.

    (Σ_j b̂_j⁴ − 3/(D + 2))/(1 − 3/(D + 2)), b̂ the unit vector along the slopes: 1 for a unit tuned
    to one latent, 0 on average for directions that are uniform on the sphere, and below 0 for
    diagonals. In the plane it is cos 4φ, φ the angle of the direction. NaN for units without slope.

    Parameters
    ----------
    slopes
        Shape ``(unit, dimension)``, D ≥ 2.

    Raises
    ------
    ValueError
        If slopes are not of at least 2 dimensions.
    """
    slopes = np.asarray(slopes, dtype=float)
    if slopes.ndim != 2 or slopes.shape[1] < 2:
        raise ValueError(
            f"slopes must have shape (unit, dimension) with D >= 2, got {slopes.shape}"
        )
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    directions = slopes / np.where(lengths > 0, lengths, np.nan)
    chance = 3 / (slopes.shape[1] + 2)
    return ((directions**4).sum(axis=1) - chance) / (1 - chance)


def _explained(codes, indicators):
    """Return the variance explained by indicators and a constant, without what chance explains."""
    n = len(codes)
    design = np.column_stack([np.ones(n), indicators])
    centred = codes - codes.mean(axis=0)
    fitted = design @ np.linalg.lstsq(design, centred, rcond=None)[0]
    explained = (fitted**2).sum(axis=0)
    residual = ((centred - fitted) ** 2).sum(axis=0)
    n_effects = design.shape[1] - 1
    return (explained - n_effects * residual / (n - n_effects - 1)) / n
