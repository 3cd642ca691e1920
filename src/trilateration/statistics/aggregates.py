"""Aggregates over cells and networks, as Agarwal et al. (2021) define them.

Their library rliable is not used: it pins ``arch`` to old versions, and the random state that it
documents never reaches its resampling. Its definitions are short.
"""

import numpy as np
from jaxtyping import Float
from scipy import stats

from trilateration._checks import check_finite


def interquartile_mean(
    values: Float[np.ndarray, "*batch cell unit"],
) -> Float[np.ndarray, "*batch"] | float:
    """Return the mean of the middle half of all scores, cells and units pooled.

    A quarter of the scores is cut at each end, rounded down to whole scores.

    Parameters
    ----------
    values
        Scores; leading axes are kept.
    """
    pooled = values.reshape(*values.shape[:-2], -1)
    return stats.trim_mean(pooled, 0.25, axis=-1)


def mean_of_interquartile_means(
    values: Float[np.ndarray, "*batch cell unit"],
) -> Float[np.ndarray, "*batch"] | float:
    """Return the mean over cells of the interquartile mean over units of each.

    Every cell counts, which :func:`interquartile_mean` of several cells does not see to: where
    cells differ by more than units, it cuts off whole cells.

    Parameters
    ----------
    values
        Scores; leading axes are kept.
    """
    return interquartile_mean(values[..., None, :]).mean(axis=-1)


def probability_of_improvement(
    first: Float[np.ndarray, "*batch cell unit"], second: Float[np.ndarray, "*batch cell unit"]
) -> Float[np.ndarray, "*batch"] | float:
    """Return P(first > second) for two units drawn at random, averaged over cells.

    The Mann–Whitney statistic by the number of pairs; a tie counts one half. The units are *not*
    taken as pairs; see :func:`paired_improvement`.

    Parameters
    ----------
    first, second
        Scores of the same cells.
    """
    gap = first[..., :, None] - second[..., None, :]
    return (0.5 + 0.5 * np.sign(gap)).mean(axis=(-3, -2, -1))


def improvement_of_first(
    pair: Float[np.ndarray, "*batch 2 cell unit"],
) -> Float[np.ndarray, "*batch"] | float:
    """Return :func:`probability_of_improvement` of two networks in one array, as a bootstrap does.

    Parameters
    ----------
    pair
        Scores of both, the first and the second.
    """
    return probability_of_improvement(pair[..., 0, :, :], pair[..., 1, :, :])


def paired_improvement(
    first: Float[np.ndarray, "*batch cell unit"], second: Float[np.ndarray, "*batch cell unit"]
) -> Float[np.ndarray, "*batch"] | float:
    """Return the share of units in which the first is better, averaged over cells; ties count ½."""
    return (0.5 + 0.5 * np.sign(first - second)).mean(axis=(-2, -1))


def performance_profile(
    values: Float[np.ndarray, "*batch cell unit"], thresholds: Float[np.ndarray, " threshold"]
) -> Float[np.ndarray, "*batch threshold"]:
    """Return for each threshold the share of scores above it, cells and units pooled.

    The *run-score distribution* of the source: its complement is the empirical distribution.

    Parameters
    ----------
    values
        Scores; leading axes are kept.
    thresholds
        Where to evaluate, in units of the score.

    Raises
    ------
    ValueError
        If thresholds are not finite.
    """
    check_finite(thresholds, "thresholds")
    pooled = np.sort(values.reshape(*values.shape[:-2], -1), axis=-1)
    n = pooled.shape[-1]
    flat = pooled.reshape(-1, n)
    above = np.stack([n - np.searchsorted(row, thresholds, side="right") for row in flat])
    return above.reshape(*pooled.shape[:-1], len(thresholds)) / n
