"""All measures of one code at once: a row of a table with one row a network."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Real

from trilateration._checks import check_generator
from trilateration.geometry.abstraction import (
    balanced_dichotomies,
    ccgp,
    dichotomy_accuracy,
    mean_code,
    orthant_conditions,
    parallelism,
)
from trilateration.geometry.angles import axis_angles, encoding_axes
from trilateration.geometry.dimensionality import participation_ratio, sparseness
from trilateration.geometry.disentanglement import dci, infomec
from trilateration.geometry.nonlinear import linear_and_nonlinear
from trilateration.geometry.tuning import axis_alignment, unit_tuning
from trilateration.parameters import generator

# Trials nearer to the axes than this are as good as undecided; farther ones are easy for sides.
_NEAREST, _FARTHEST = 0.05, 0.25
_FEWEST_TRIALS = 500
_KERNEL_TRIALS = 600
_BINS = 6


class Profile(NamedTuple):
    """Measures of one code of two latents.

    Attributes
    ----------
    obliqueness
        How far the angle between the encoding axes is from 90°, in degrees.
    ccgp
        Mean over the two latents, on trials near the axes.
    ccgp_all
        The same with the mean over all choices of one condition of each side, as in the paper.
    parallelism
        Mean over the two latents.
    xor
        Accuracy of a linear classifier of x₁x₂ > 0: chance for additive codes.
    participation
        Participation ratio of the mean codes of a grid of positions.
    r2
        Held-out R² of a linear decoder.
    gap
        What a kernel decoder adds to it.
    disentanglement, completeness
        Of DCI with a lasso.
    modularity, compactness
        Of InfoMEC.
    interaction
        Share of the explained variance of all units that is no sum over latents.
    alignment
        Mean of cos 4φ over units, φ the direction of tuning, weighted by squared slope.
    active, population
        Fraction active and Vinje and Gallant's index; NaN for signed states.
    """

    obliqueness: float
    ccgp: float
    ccgp_all: float
    parallelism: float
    xor: float
    participation: float
    r2: float
    gap: float
    disentanglement: float
    completeness: float
    modularity: float
    compactness: float
    interaction: float
    alignment: float
    active: float
    population: float


def profile(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial 2"],
    *,
    rng: np.random.Generator,
) -> Profile:
    """Return all measures of a code of two latents.

    Parameters
    ----------
    codes, latents
        Shapes ``(trial, unit)`` and ``(trial, 2)``, at least 500 trials, positions in latent units.
    rng
        Draws folds and halves.

    Raises
    ------
    ValueError
        If there are too few trials or not two latents, or as the single measures.
    """
    check_generator(rng)
    if latents.ndim != 2 or latents.shape[1] != 2 or len(latents) < _FEWEST_TRIALS:
        raise ValueError(
            f"latents must have shape (trial, 2) with at least {_FEWEST_TRIALS} trials, "
            f"got {latents.shape}"
        )
    few = slice(_KERNEL_TRIALS)
    decoded = linear_and_nonlinear(codes[few], latents[few], rng=rng)
    by_units = dci(codes, latents, rng=rng), infomec(codes, latents, rng=rng)
    axes = encoding_axes(codes, latents)
    return Profile(
        abs(axis_angles(axes)[0] - 90),
        **_abstraction(codes, latents, rng),
        participation=participation_ratio(mean_code(codes, latents, _BINS)),
        r2=decoded.linear,
        gap=decoded.gap,
        disentanglement=by_units[0].disentanglement,
        completeness=by_units[0].completeness,
        modularity=by_units[1].modularity,
        compactness=by_units[1].compactness,
        **_tuning(codes, latents),
        **_activity(codes),
    )


def _abstraction(codes, latents, rng):
    sides = balanced_dichotomies(2).sides
    near = orthant_conditions(latents, nearest=_NEAREST, farthest=_FARTHEST)
    everywhere = orthant_conditions(latents)
    return {
        "ccgp": float(ccgp(codes, near, sides[:2]).mean()),
        "ccgp_all": float(ccgp(codes, near, sides[:2], choices="all").mean()),
        "parallelism": float(parallelism(codes, everywhere, sides[:2]).mean()),
        "xor": float(dichotomy_accuracy(codes, everywhere, sides[2:], rng=rng)[0]),
    }


def _tuning(codes, latents):
    tuning = unit_tuning(codes, latents, n_bins=_BINS)
    weight = (tuning.slopes**2).sum(axis=1)
    varying = weight > 0
    explained = (1 - tuning.unexplained) * codes.var(axis=0)
    interaction = tuning.interaction * codes.var(axis=0)
    return {
        "interaction": float(np.nansum(interaction) / np.nansum(explained)),
        "alignment": float(
            np.average(axis_alignment(tuning.slopes)[varying], weights=weight[varying])
        ),
    }


def _activity(codes):
    if (codes < 0).any():
        return {"active": float("nan"), "population": float("nan")}
    found = sparseness(codes)
    return {"active": found.fraction_active, "population": found.population}


def profile_table(
    codes: Mapping[str, Real[np.ndarray, "replicate trial _"]],
    latents: Real[np.ndarray, "trial 2"],
    *,
    seed: int,
) -> pd.DataFrame:
    """Return the profiles of many codes of the same positions, one row a network.

    Parameters
    ----------
    codes
        For each kind of network its codes, shape ``(replicate, trial, unit)``.
    latents
        The positions of the trials, the same for all.
    seed
        Of the chapter: every code is cut into the same folds.

    Returns
    -------
    pandas.DataFrame
        Columns ``network``, ``seed`` (the place on the first axis) and the fields of
        :class:`Profile`.

    Raises
    ------
    ValueError
        As :func:`profile`, with the network and the seed whose code it is.
    """
    rows = []
    for name, networks in codes.items():
        for replicate, code in enumerate(networks):
            try:
                found = profile(code, latents, rng=generator(seed, "profile"))
            except ValueError as error:
                raise ValueError(f"code of {name!r}, seed {replicate}: {error}") from error
            rows.append({"network": name, "seed": replicate} | found._asdict())
    return pd.DataFrame(rows)
