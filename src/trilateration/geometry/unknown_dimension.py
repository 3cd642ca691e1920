"""How many factors a code has, from the code alone: ranks, and an intrinsic dimension.

A row is a trial and a column a task (or a unit). None of these is told the latent state.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_at_least, check_between, check_count, check_positive
from trilateration.geometry._codes import checked_code, same_trials
from trilateration.geometry.factors import least_visible, noise_edge, seen_eigenvalue

# Directions with less than this share of the largest variance are rounding errors.
_ABSENT = 1e-10


class SpectrumRank(NamedTuple):
    """The number of eigenvalues that leave the noise.

    Attributes
    ----------
    rank
        How many factors show.
    decided
        False if every eigenvalue that can be tested leaves the noise: there may be ``rank`` factors
        or any larger number.
    noise_variance
        ω² as estimated.
    eigenvalues
        Of the covariance, falling.
    strengths
        Variance that each factor adds along its direction, without the noise.
    """

    rank: int
    decided: bool
    noise_variance: float
    eigenvalues: Float[np.ndarray, " task"]
    strengths: Float[np.ndarray, " factor"]


class StreamRank(NamedTuple):
    """The number of factors that two streams of evidence have in common.

    Attributes
    ----------
    rank
        How many canonical correlations belong to the first plateau.
    decided
        False if all do: a plateau without an end.
    correlations
        In falling order.
    """

    rank: int
    decided: bool
    correlations: Float[np.ndarray, " direction"]


def rank_by_spectrum(codes: Real[np.ndarray, "trial task"]) -> SpectrumRank:
    """Return how many eigenvalues leave noise whose size nobody tells.

    One after the other, from the largest, as Kritchman and Nadler (Chemometrics 94, 19, 2008):
    eigenvalue k + 1 counts while it exceeds :func:`noise_edge` for the N − k directions and n − k
    trials that are left. The noise is the mean of the eigenvalues that are left, the tested one
    included; so the last cannot be tested, unless it is zero up to rounding.

    Parameters
    ----------
    codes
        n trials of N ≥ 2 tasks, n > N + 1, with errors of equal variance in all tasks.

    Raises
    ------
    ValueError
        If there are fewer tasks or trials.
    """
    codes = checked_code(codes)
    n_trials, n_tasks = codes.shape
    if n_tasks < 2 or n_trials <= n_tasks + 1:
        raise ValueError(
            "codes must hold at least 2 tasks and more trials than tasks by 2, "
            f"got shape {codes.shape}"
        )
    centred = codes - codes.mean(axis=0)
    values = np.linalg.eigvalsh(centred.T @ centred / (n_trials - 1))[::-1]
    # Without noise only rounding errors are left; as large as each other, they show no factor.
    values = np.maximum(values, _ABSENT * values[0])
    # The last eigenvalue has nothing to be compared with, unless it is nothing but rounding.
    rank, decided, noise = n_tasks - 1, bool(values[-1] <= 2 * _ABSENT * values[0]), values[-1]
    for found in range(n_tasks - 1):
        left = values[found:] * (n_trials - 1) / (n_trials - 1 - found)
        edge = noise_edge(n_trials - found, n_tasks - found, left.mean() ** 0.5)
        if left[0] <= edge:
            rank, decided, noise = found, True, float(left.mean())
            break
    strengths = strength_of_eigenvalue(values[:rank], n_trials, n_tasks, noise**0.5)
    return SpectrumRank(rank, decided, float(noise), values, strengths)


def rank_by_streams(
    first: Real[np.ndarray, "trial unit"],
    second: Real[np.ndarray, "trial unit"],
    *,
    exponent: Scalar = 1.5,
) -> StreamRank:
    """Return how many canonical correlations between two streams share the plateau of the largest.

    If two independent streams of evidence show the same latent state, whose D coordinates are
    independent and equally well seen, then of *any* code, however bent, at most D correlations
    exceed the square of the largest one possible. Counted are those above ρ₁ to the power
    ``exponent``.

    Parameters
    ----------
    first, second
        The same units on the same trials, once for each stream.
    exponent
        Between 1, the plateau itself, and 2, the next plateau.

    Raises
    ------
    ValueError
        If the codes differ in shape, or there are not twice as many trials as units.
    """
    first, second = same_trials(first, second)
    if first.shape[1] != second.shape[1] or len(first) < 2 * first.shape[1]:
        raise ValueError(
            "first and second must hold the same units and at least twice as many trials, got "
            f"shapes {first.shape} and {second.shape}"
        )
    check_between(exponent, 1, 2, "exponent")
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    # Both streams have one law, so one whitening serves both.
    variances, axes = np.linalg.eigh((first.T @ first + second.T @ second) / 2)
    present = variances > _ABSENT * variances[-1]
    white = axes[:, present] / np.sqrt(variances[present])
    cross = white.T @ (first.T @ second) @ white
    correlations = np.linalg.eigvalsh((cross + cross.T) / 2)[::-1]
    top = correlations[0]
    rank = 0 if top <= 0 else int((correlations >= top ** float(exponent)).sum())
    return StreamRank(rank, rank < len(correlations), correlations)


def strength_of_eigenvalue(
    eigenvalue: Scalar | Real[np.ndarray, "*shape"], n_trials: int, n_tasks: int, noise_sd: Scalar
) -> Float[np.ndarray, "*shape"]:
    """Return the variance ℓ that a factor adds, the inverse of :func:`seen_eigenvalue`.

    The eigenvalue is too large by more than ω²; this takes off both. 0 for eigenvalues at or below
    the edge of Marchenko and Pastur, of which nothing can be said.

    Parameters
    ----------
    eigenvalue
        Of the sample, any shape.
    n_trials, n_tasks, noise_sd
        As for :func:`~trilateration.geometry.noise_edge`.
    """
    edge = noise_edge(n_trials, n_tasks, noise_sd, corrected=False)
    eigenvalue = as_floating(eigenvalue, "eigenvalue")
    noise, ratio = float(noise_sd) ** 2, n_tasks / (n_trials - 1)
    both = eigenvalue - noise * (1 + ratio)
    root = np.sqrt(np.maximum(both**2 - 4 * ratio * noise**2, 0))
    return np.where(eigenvalue > edge, (both + root) / 2, 0.0)


def detection_probability(
    strength: Scalar | Real[np.ndarray, "*shape"], n_trials: int, n_tasks: int, noise_sd: Scalar
) -> Float[np.ndarray, "*shape"]:
    """Return about how often a factor's eigenvalue exceeds :func:`noise_edge`.

    Above the transition the eigenvalue is nearly Gaussian about :func:`seen_eigenvalue`, with
    variance 2(ℓ + ω²)²(1 − γω⁴/ℓ²)/n (Paul, Statistica Sinica 17, 1617, 2007); below it only
    noise crosses the edge, one time in a hundred.

    Parameters
    ----------
    strength
        ℓ > 0.
    n_trials, n_tasks, noise_sd
        As for :func:`~trilateration.geometry.noise_edge`.
    """
    strength = np.asarray(strength, dtype=float)
    centre = seen_eigenvalue(strength, n_trials, n_tasks, noise_sd)
    least = least_visible(n_trials, n_tasks, noise_sd)
    above = np.maximum(strength, least * (1 + 1e-9))
    spread = (above + noise_sd**2) * np.sqrt(2 * (1 - (least / above) ** 2) / (n_trials - 1))
    power = stats.norm.sf((noise_edge(n_trials, n_tasks, noise_sd) - centre) / spread)
    return np.where(strength > least, np.maximum(power, 0.01), 0.01)


def noisy_transfer(
    n_others: int | Real[np.ndarray, "*shape"], dimension: int, ratio: Scalar
) -> Float[np.ndarray, "*shape"]:
    """Return the R² with which N noisy reports predict the exact probit of another random task.

    1 − E tr(I + κAᵀA)⁻¹/D in the limit of many isotropic tasks and dimensions, by the Stieltjes
    transform of the law of Marchenko and Pastur. As κ → ∞ it is min(N/D, 1).

    Parameters
    ----------
    n_others
        N ≥ 0, any shape.
    dimension
        D ≥ 1.
    ratio
        κ > 0, the variance of an exact probit by that of the error of a report.
    """
    check_count(dimension, "dimension")
    check_positive(ratio, "ratio")
    n_others = as_floating(n_others, "n_others")
    check_at_least(n_others, 0, "n_others")
    # The mean m of 1/(1 + κλ) over the eigenvalues of AᵀA: m (1 + κ (N/D)/(1 + κ m)) = 1, for rows
    # of mean square length 1, each of whose entries has variance 1/D.
    gain = float(ratio) / dimension
    half = 1 + gain * (n_others - dimension)
    mean = (np.sqrt(half**2 + 4 * gain * dimension) - half) / (2 * gain * dimension)
    return np.asarray(1 - mean)


def nearest_neighbour_dimension(codes: Real[np.ndarray, "trial unit"]) -> float:
    """Return the intrinsic dimension from the ratio of distances to two neighbours.

    The ratio r₂/r₁ of distances to the second and the first neighbour has a Pareto law whose
    exponent is the dimension (Facco and others, Scientific Reports 7, 12140, 2017); this is the
    estimate of most likelihood. Blind to bending, not to noise: noise that fills all directions
    is seen first, because neighbours are close.

    Parameters
    ----------
    codes
        Different points, shape ``(trial, unit)``.

    Raises
    ------
    ValueError
        If two trials have the same code.
    """
    codes = checked_code(codes)
    distances, _ = NearestNeighbors(n_neighbors=3).fit(codes).kneighbors(codes)
    if not distances[:, 1].all():
        raise ValueError("codes must be of different points, got two that are the same")
    return float((len(codes) - 1) / np.log(distances[:, 2] / distances[:, 1]).sum())
