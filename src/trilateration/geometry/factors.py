"""How many factors a set of reports moves along, when nobody says how many there are.

The probits of N tasks are u = (Aμ − β)/s: over trials they fill as many directions as A has
independent rows. What stands between that sentence and a number is noise, for which random matrix
theory has the law, and the bends of a code, for which it has none.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_between,
    check_count,
    check_generator,
    check_positive,
)
from trilateration.geometry._codes import checked_code

# The quantile .99 of the Tracy–Widom law of order 1 (Bejan 2005, table 2).
_TRACY_WIDOM_99 = 2.0233


class Factors(NamedTuple):
    """How many factors a code has, and what it was judged by.

    Attributes
    ----------
    count
        Number of eigenvalues above the edge.
    eigenvalues
        Of the covariance of the code, falling.
    edge
        What noise alone stays below, one number, or one an eigenvalue.
    """

    count: int
    eigenvalues: Float[np.ndarray, " task"]
    edge: Float[np.ndarray, " task"]


def noise_edge(n_trials: int, n_tasks: int, noise_sd: Scalar, *, corrected: bool = True) -> float:
    """Return what the largest eigenvalue of a covariance of pure noise stays below.

    ω²(1 + √(N/n))² is the upper edge of Marchenko and Pastur; ``corrected`` adds the fluctuation of
    a finite matrix, so that noise exceeds it with probability 1 % (Johnstone 2001).

    Parameters
    ----------
    n_trials, n_tasks
        n ≥ 2 trials of N ≥ 1 tasks.
    noise_sd
        ω > 0, of every entry.
    corrected
        Whether to add the Tracy–Widom term.
    """
    check_count(n_trials, "n_trials", minimum=2)
    check_count(n_tasks, "n_tasks")
    check_positive(noise_sd, "noise_sd")
    # One trial is spent on the mean.
    n = n_trials - 1
    if not corrected:
        return float(noise_sd**2 * (1 + np.sqrt(n_tasks / n)) ** 2)
    roots = np.sqrt(n - 1) + np.sqrt(n_tasks)
    width = roots * (1 / np.sqrt(max(n - 1, 1)) + 1 / np.sqrt(n_tasks)) ** (1 / 3)
    return float(noise_sd**2 * (roots**2 + _TRACY_WIDOM_99 * width) / n)


def least_visible(n_trials: int, n_tasks: int, noise_sd: Scalar) -> float:
    """Return ω²√(N/n): a factor of less variance leaves no trace in the largest eigenvalues.

    The transition of Baik, Ben Arous and Péché (2005), for real data Baik and Silverstein (2006).

    Parameters
    ----------
    n_trials, n_tasks, noise_sd
        As for :func:`noise_edge`.
    """
    check_count(n_trials, "n_trials", minimum=2)
    check_count(n_tasks, "n_tasks")
    check_positive(noise_sd, "noise_sd")
    return float(noise_sd**2 * np.sqrt(n_tasks / (n_trials - 1)))


def seen_eigenvalue(
    strength: Scalar | Real[np.ndarray, "*shape"],
    n_trials: int,
    n_tasks: int,
    noise_sd: Scalar,
) -> Float[np.ndarray, "*shape"]:
    """Return where the eigenvalue of a factor comes to lie in a sample.

    (ℓ + ω²)(1 + γω²/ℓ) with γ = N/n if ℓ > ω²√γ, and the edge of the noise if not (Baik and
    Silverstein 2006).

    Parameters
    ----------
    strength
        ℓ > 0, the variance that the factor adds along its direction.
    n_trials, n_tasks, noise_sd
        As for :func:`noise_edge`.
    """
    strength = np.asarray(strength, dtype=float)
    check_positive(strength, "strength")
    gamma, variance = n_tasks / (n_trials - 1), float(noise_sd) ** 2
    seen = (strength + variance) * (1 + gamma * variance / strength)
    hidden = noise_edge(n_trials, n_tasks, noise_sd, corrected=False)
    return np.where(strength > least_visible(n_trials, n_tasks, noise_sd), seen, hidden)


def count_factors(codes: Real[np.ndarray, "trial task"], noise_sd: Scalar) -> Factors:
    """Return how many eigenvalues stand out of noise of known size.

    Parameters
    ----------
    codes
        Shape ``(trial, task)``, the noise included.
    noise_sd
        ω > 0 of the noise in every entry, in the unit of the code.

    Raises
    ------
    ValueError
        If the code is constant, not finite or has fewer than 2 trials.
    """
    codes = checked_code(codes)
    values = _eigenvalues(codes)
    edge = noise_edge(*codes.shape, noise_sd)
    return Factors(int((values > edge).sum()), values, np.full(len(values), edge))


def parallel_analysis(
    codes: Real[np.ndarray, "trial task"],
    *,
    rng: np.random.Generator,
    n_shuffles: int = 50,
    confidence: Scalar = 0.99,
) -> Factors:
    """Return how many eigenvalues exceed those of the code with its columns shuffled (Horn 1965).

    It needs no size of the noise, but takes the variance of each task for noise when it asks what
    noise could do. An eigenvalue counts only if all larger ones do.

    Parameters
    ----------
    codes
        Shape ``(trial, task)``.
    rng
        Source of all randomness.
    n_shuffles
        Number of shuffles ≥ 1.
    confidence
        Quantile of the shuffled eigenvalues, 0 < confidence < 1.

    Raises
    ------
    ValueError
        As :func:`count_factors`, or if an argument is not allowed.
    """
    codes = checked_code(codes)
    check_generator(rng)
    check_count(n_shuffles, "n_shuffles")
    check_between(confidence, 0, 1, "confidence")
    values = _eigenvalues(codes)
    shuffled = [_eigenvalues(rng.permuted(codes, axis=0)) for _ in range(n_shuffles)]
    edge = np.quantile(shuffled, confidence, axis=0)
    return Factors(int(np.cumprod(values > edge).sum()), values, edge)


def cross_validated_rank(
    codes: Real[np.ndarray, "trial task"], *, rng: np.random.Generator, n_repeats: int = 10
) -> tuple[int, Float[np.ndarray, " rank"]]:
    """Return the rank that predicts blocks of the code best that were left out (Owen, Perry 2009).

    Trials and tasks are halved at random. The code of one half of the trials on one half of the
    tasks is predicted from the three other blocks, B D_k⁺ C, D_k the best approximation of rank k
    of the block that shares neither.

    Parameters
    ----------
    codes
        Shape ``(trial, task)`` with at least 4 trials and 2 tasks.
    rng
        Source of all randomness.
    n_repeats
        Number of random halvings ≥ 1; each leaves out each of its four blocks once.

    Returns
    -------
    rank : int
        The one with the least error.
    errors : numpy.ndarray
        Mean squared error of ranks 0, 1, ..., as a share of the variance.

    Raises
    ------
    ValueError
        If the code is constant or too small.
    """
    codes = checked_code(codes)
    check_generator(rng)
    check_count(n_repeats, "n_repeats")
    n, p = codes.shape
    if n < 4 or p < 2:
        raise ValueError(f"codes must have at least 4 trials of 2 tasks, got {n} of {p}")
    codes = codes - codes.mean(axis=0)
    ranks = p // 2 + 1
    errors = np.zeros(ranks)
    for _ in range(n_repeats):
        rows = rng.permutation(n) < n // 2
        columns = rng.permutation(p) < p // 2
        for row, column in ((r, c) for r in (rows, ~rows) for c in (columns, ~columns)):
            block, right = codes[row][:, column], codes[row][:, ~column]
            below, opposite = codes[~row][:, column], codes[~row][:, ~column]
            errors += _block_errors(block, right, below, opposite, ranks)
    errors /= errors[0]
    return int(errors.argmin()), errors


def left_out_transfer(
    codes: Real[np.ndarray, "trial task"], *, rng: np.random.Generator
) -> Float[np.ndarray, " task"]:
    """Return how well each task's code is predicted from those of all others, as R².

    Least squares on one half of the trials, scored on the other, both ways. With exact probits of
    tasks in general position 1 − R² is what the task adds that the others do not span.

    Parameters
    ----------
    codes
        Shape ``(trial, task)`` with at least two tasks that vary, and more than twice as many
        trials as tasks.
    rng
        Draws the halves.

    Raises
    ------
    ValueError
        If the code is too small.
    """
    codes = checked_code(codes)
    check_generator(rng)
    n, p = codes.shape
    if p < 2 or n <= 2 * p:
        raise ValueError(f"codes must have 2 tasks and more than {2 * p} trials, got {p} and {n}")
    half = rng.permutation(n) < n // 2
    left = np.zeros(p)
    for trained, tested in ((half, ~half), (~half, half)):
        mean = codes[trained].mean(axis=0)
        fit, new = codes[trained] - mean, codes[tested] - mean
        for task in range(p):
            others = np.arange(p) != task
            weights = np.linalg.lstsq(fit[:, others], fit[:, task], rcond=None)[0]
            left[task] += ((new[:, task] - new[:, others] @ weights) ** 2).sum()
    return 1 - left / ((codes - codes.mean(axis=0)) ** 2).sum(axis=0)


def expected_transfer(
    n_tasks: int | Real[np.ndarray, "*shape"], dimension: int
) -> Float[np.ndarray, "*shape"]:
    """Return the mean of :func:`left_out_transfer` for exact probits of isotropic tasks.

    min(1, (N − 1)/D): the other N − 1 normals span a random subspace, and the mean squared length
    of a unit vector in it is its share of the dimensions. It assumes that the mean of the evidence
    has the same variance along all axes.

    Parameters
    ----------
    n_tasks
        N ≥ 1, one or several.
    dimension
        D ≥ 1.
    """
    check_count(dimension, "dimension")
    return np.asarray(np.minimum(1.0, (np.asarray(n_tasks) - 1) / dimension))


def _eigenvalues(codes):
    centred = codes - codes.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2 / (len(codes) - 1)
    return np.pad(values, (0, max(0, codes.shape[1] - len(values))))


def _block_errors(block, right, below, opposite, ranks):
    left, size, way = np.linalg.svd(opposite, full_matrices=False)
    kept = size > size[0] * 1e-10 if size[0] > 0 else size > 0
    inverse = np.where(kept, 1 / np.where(kept, size, 1.0), 0.0)
    ahead, behind = (right @ way.T) * inverse, left.T @ below
    errors, prediction = np.empty(ranks), np.zeros_like(block)
    for rank in range(ranks):
        if 0 < rank <= len(size):
            prediction = prediction + np.outer(ahead[:, rank - 1], behind[rank - 1])
        errors[rank] = ((block - prediction) ** 2).sum()
    return errors
