"""Is a dichotomy read in one place as in another? Generalisation over conditions, parallelism.

Conditions are the orthants of the latents (:func:`orthant_conditions`); a dichotomy puts half of
them on one side. Both measures are of Bernardi et al. (Cell 2020).
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real
from scipy import optimize

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least, check_choice, check_count, check_generator
from trilateration.geometry._codes import checked_code, paired
from trilateration.readout import fit_linear, orthants, random_groups

# 35 dichotomies of 8 conditions, each with 24 pairings; 16 conditions would have 6435 of 40320.
_MOST_CONDITIONS = 8
_FEWEST_TRIALS = 5
CHOICES = ("paired", "all")


class Dichotomies(NamedTuple):
    """Splits of conditions into two halves.

    Attributes
    ----------
    sides
        Which conditions are on the positive side, ``(dichotomy, condition)``; first those of the
        latents in their order, then all others.
    n_latent
        How many of them are the signs of single latents.
    """

    sides: Bool[np.ndarray, "dichotomy condition"]
    n_latent: int


def orthant_conditions(
    latents: Real[np.ndarray, "trial dimension"], *, nearest: Scalar = 0.0, farthest: Scalar = 1e9
) -> Int[np.ndarray, " trial"]:
    """Return the orthant of each trial, −1 for trials that are too near to an axis or too far.

    Codes that know nothing but sides do as well as any on trials far from the axes: keep those near
    (small ``farthest``) to see a difference.

    Parameters
    ----------
    latents
        x*, shape ``(trial, dimension)``.
    nearest, farthest
        Trials are kept where ``nearest`` ≤ |x_j| ≤ ``farthest`` for every j, in latent units.

    Raises
    ------
    ValueError
        If a distance is negative or ``farthest`` is below ``nearest``.
    """
    check_at_least(nearest, 0, "nearest")
    check_at_least(farthest, nearest, "farthest")
    latents = np.asarray(latents)
    size = np.abs(latents)
    kept = ((size >= nearest) & (size <= farthest)).all(axis=-1)
    return np.where(kept, orthants(latents), -1)


def balanced_dichotomies(dimension: int) -> Dichotomies:
    """Return all ways to split the 2^D orthants into halves: 3 for D = 2, 35 for D = 3.

    Parameters
    ----------
    dimension
        D, 2 or 3.

    Raises
    ------
    ValueError
        If the dimension is neither 2 nor 3.
    """
    check_count(dimension, "dimension", minimum=2)
    n_conditions = 2**dimension
    if n_conditions > _MOST_CONDITIONS:
        raise ValueError(f"dimension must be 2 or 3, got {dimension}: there are too many splits")
    latent = [(np.arange(n_conditions) >> j) % 2 == 1 for j in range(dimension)]
    rest = []
    for others in itertools.combinations(range(1, n_conditions), n_conditions // 2):
        side = np.isin(np.arange(n_conditions), others)
        if not any((side == known).all() for known in latent):
            rest.append(side)
    return Dichotomies(np.array(latent + rest), dimension)


def ccgp(
    codes: Real[np.ndarray, "trial unit"],
    conditions: Int[np.ndarray, " trial"],
    sides: Bool[np.ndarray, "dichotomy condition"],
    *,
    penalty: Scalar = 1e-3,
    choices: str = "paired",
) -> Float[np.ndarray, " dichotomy"]:
    """Return the cross-condition generalisation performance of each dichotomy.

    A linear classifier (Fisher's discriminant, its threshold halfway between the projected class
    means) is fitted without one condition of each side and tested on those two. Chance is ½ on
    average over random geometries. Below ½, down to 0, means that coding directions are
    anti-parallel, as for the XOR of an affine code.

    Parameters
    ----------
    codes
        h, shape ``(trial, unit)``.
    conditions
        The condition of each trial; trials with −1 are left out.
    sides
        As in :class:`Dichotomies`.
    penalty
        Relative ridge penalty of :func:`~trilateration.readout.fit_linear`. Without any, nearly
        collinear units make the discriminant wild where it was not fitted.
    choices
        ``"paired"``: conditions of the two sides are paired, and each pair left out in turn; of all
        pairings the best mean counts, as in :func:`parallelism`. ``"all"``: the mean over all
        choices of one condition of each side, as in the paper.

    Raises
    ------
    ValueError
        If a condition has fewer than 5 trials, or a dichotomy is not of two equal halves.

    Notes
    -----
    Signs suffice: a code of hard sides scores 1. See :func:`orthant_conditions`. With two
    conditions a side, half of *all* choices are trained on a diagonal, where the dichotomy is
    confounded with the other latent: the affine code of a square then scores ¾, not 1.
    """
    codes, conditions, sides = _checked(codes, conditions, sides)
    check_at_least(penalty, 0, "penalty")
    check_choice(choices, CHOICES, "choices")
    scores = [_left_out_scores(codes, conditions, side, float(penalty)) for side in sides]
    if choices == "all":
        return np.array([score.mean() for score in scores])
    pairings = [optimize.linear_sum_assignment(score, maximize=True) for score in scores]
    return np.array([score[pairs].mean() for score, pairs in zip(scores, pairings, strict=True)])


def dichotomy_accuracy(
    codes: Real[np.ndarray, "trial unit"],
    conditions: Int[np.ndarray, " trial"],
    sides: Bool[np.ndarray, "dichotomy condition"],
    *,
    rng: np.random.Generator,
    penalty: Scalar = 1e-3,
    n_folds: int = 2,
) -> Float[np.ndarray, " dichotomy"]:
    """Return the cross-validated accuracy of the same classifier trained on all conditions.

    Its mean over all balanced dichotomies is the shattering dimensionality of Bernardi et al. An
    affine code cannot separate XOR (accuracy ½); a code that can mixes latents nonlinearly.

    Parameters
    ----------
    codes, conditions, sides, penalty
        As in :func:`ccgp`.
    rng
        Draws the folds.
    n_folds
        ≥ 2.

    Raises
    ------
    ValueError
        If codes and latents are not of the same trials, or there are fewer than 2 folds.
    """
    codes, conditions, sides = _checked(codes, conditions, sides)
    check_generator(rng)
    check_count(n_folds, "n_folds", minimum=2)
    folds = random_groups(len(codes), n_folds, rng=rng)
    return np.array([
        np.mean([
            _accuracy(codes, side[conditions], folds != fold, folds == fold, float(penalty))
            for fold in range(n_folds)
        ])
        for side in sides
    ])  # fmt: skip


def parallelism(
    codes: Real[np.ndarray, "trial unit"],
    conditions: Int[np.ndarray, " trial"],
    sides: Bool[np.ndarray, "dichotomy condition"],
) -> Float[np.ndarray, " dichotomy"]:
    """Return the parallelism score of each dichotomy, from −1 to 1.

    The conditions of one side are paired with those of the other; the score is the mean cosine
    between the differences of their mean codes, for the pairing that makes it largest. 1 for the
    latents of every additive code h = Σ_j g_j(x_j) of independent latents, straight or bent.

    Parameters
    ----------
    codes, conditions, sides
        As in :func:`ccgp`.

    Notes
    -----
    Noise in the means attenuates it: with independent noise of total variance v in each mean and
    differences of length δ, the expected cosine shrinks by about δ²/(δ² + 2v). Anisotropy inflates
    it: where one direction dominates, all differences lie along it. Compare with
    :func:`shuffled_geometry`. Of two conditions a side, every dichotomy has two pairings.
    """
    codes, conditions, sides = _checked(codes, conditions, sides)
    means = np.stack([codes[conditions == c].mean(axis=0) for c in range(sides.shape[1])])
    return np.array([_one_parallelism(means, side) for side in sides])


def shuffled_geometry(
    codes: Real[np.ndarray, "trial unit"],
    conditions: Int[np.ndarray, " trial"],
    *,
    rng: np.random.Generator,
) -> Float[np.ndarray, "trial unit"]:
    """Return the code with the units of each condition permuted, each by its own permutation.

    A null for :func:`ccgp` and :func:`parallelism`: every condition keeps its distribution of
    activity and its noise, and conditions stay as decodable as they are far apart, but where one
    lies says nothing about where the others do.

    Parameters
    ----------
    codes, conditions
        As in :func:`ccgp`.
    rng
        Draws the permutations.

    Raises
    ------
    ValueError
        If codes and latents are not of the same trials.
    """
    codes = checked_code(codes)
    check_generator(rng)
    shuffled = codes.copy()
    for name in np.unique(conditions):
        own = conditions == name
        shuffled[own] = codes[own][:, rng.permutation(codes.shape[1])]
    return shuffled


def mean_code(
    codes: Real[np.ndarray, "trial unit"],
    latents: Real[np.ndarray, "trial dimension"],
    n_bins: int,
    *,
    half_width: Scalar = 0.5,
) -> Float[np.ndarray, "condition unit"]:
    """Return the mean code of each cell of a grid over the box, cells without trials left out.

    Parameters
    ----------
    codes, latents
        Shapes ``(trial, unit)`` and ``(trial, dimension)``.
    n_bins
        Cells on each axis, ≥ 2.
    half_width
        Of the box, in latent units.

    Raises
    ------
    ValueError
        If codes and latents are not of the same trials, or there are fewer than 2 bins.
    """
    codes, latents = paired(codes, latents)
    check_count(n_bins, "n_bins", minimum=2)
    bins = np.floor((latents + half_width) / (2 * half_width) * n_bins).astype(int)
    cells = np.clip(bins, 0, n_bins - 1) @ n_bins ** np.arange(latents.shape[1])
    return np.stack([codes[cells == cell].mean(axis=0) for cell in np.unique(cells)])


def _left_out_scores(codes, conditions, side, penalty):
    """Return the score with condition i of one side and k of the other left out, as a matrix."""
    inside, outside = np.flatnonzero(side), np.flatnonzero(~side)
    scores = np.empty((len(inside), len(outside)))
    for i, k in np.ndindex(*scores.shape):
        tested = np.isin(conditions, (inside[i], outside[k]))
        scores[i, k] = _accuracy(codes, side[conditions], ~tested, tested, penalty)
    return scores


def _accuracy(codes, labels, trained, tested, penalty):
    signs = np.where(labels, 1.0, -1.0)
    direction = fit_linear(codes[trained], signs[trained, None], penalty=penalty).weights[:, 0]
    projected = codes @ direction
    means = [projected[trained & (labels == value)].mean() for value in (False, True)]
    said = projected[tested] > np.mean(means)
    # The mean over both classes, so that unequal numbers of trials do not matter.
    right = said == labels[tested]
    return np.mean([right[labels[tested] == value].mean() for value in (False, True)])


def _one_parallelism(means, side):
    inside, outside = means[side], means[~side]
    above = np.triu_indices(len(inside), k=1)
    best = -1.0
    for order in itertools.permutations(range(len(outside))):
        differences = inside - outside[list(order)]
        lengths = np.linalg.norm(differences, axis=1, keepdims=True)
        unit = differences / np.where(lengths > 0, lengths, 1)
        best = max(best, float((unit @ unit.T)[above].mean()))
    return min(best, 1.0)


def _checked(codes, conditions, sides):
    codes = checked_code(codes)
    conditions, sides = np.asarray(conditions), np.asarray(sides)
    if conditions.shape != (len(codes),):
        raise ValueError(
            f"conditions must have shape {(len(codes),)}, one a trial, got {conditions.shape}"
        )
    n_conditions = sides.shape[1]
    if n_conditions < 4 or not (2 * sides.sum(axis=1) == n_conditions).all():
        raise ValueError(
            "sides must split at least 4 conditions into equal halves, "
            f"got {sides.sum(axis=1).tolist()} of {n_conditions}"
        )
    kept = conditions >= 0
    counts = np.bincount(conditions[kept], minlength=n_conditions)
    if len(counts) > n_conditions:
        raise ValueError(f"conditions must be below {n_conditions}, got {conditions.max()}")
    if counts.min() < _FEWEST_TRIALS:
        raise ValueError(
            f"conditions must have at least {_FEWEST_TRIALS} trials each, "
            f"got {counts.min()} of condition {counts.argmin()}"
        )
    return codes[kept], conditions[kept], sides
