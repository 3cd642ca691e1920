"""Which of two factors matters more: mean squared differences between levels, without noise."""

from itertools import combinations

import numpy as np
from jaxtyping import Float

from trilateration.statistics.tables import PairedScores


def squared_difference(
    differences: Float[np.ndarray, "*batch unit"],
) -> Float[np.ndarray, "*batch"] | float:
    """Return an unbiased estimate of the square of the true mean difference.

    The mean of products of two *different* units, ((Σd)² − Σd²)/(n(n−1)); it can be negative.

    Parameters
    ----------
    differences
        Paired differences, at least 2 units.

    Raises
    ------
    ValueError
        If there are fewer than 2 units.
    """
    n = differences.shape[-1]
    if n < 2:
        raise ValueError(f"differences must be of at least 2 units, got {n}")
    total, squares = differences.sum(axis=-1), (differences**2).sum(axis=-1)
    return (total**2 - squares) / (n * (n - 1))


def size_of_factor(
    scores: PairedScores, factor: str, *, within: str = "n_tasks"
) -> Float[np.ndarray, " unit"]:
    """Return how much two levels of a factor differ, squared, as pseudo-values of the units.

    At each level of ``within`` the scores are averaged over all other factors; then
    :func:`squared_difference` is averaged over all pairs of levels, and over ``within``. The
    pseudo-value of unit k is n·(all units) − (n−1)·(all but k). Their mean is the estimate, and for
    this statistic exactly; tests and intervals treat them as one value a unit (Miller 1974).

    Parameters
    ----------
    scores
        A checked table, crossed.
    factor
        Factor whose size is asked.
    within
        Factor within whose levels differences are squared; without it they could cancel.

    Raises
    ------
    ValueError
        If the factor has one level only.
    """
    levels = scores.levels(factor)
    if len(levels) < 2:
        raise ValueError(f"{factor} must have at least two levels, got {levels[0]!r} only")
    gaps = np.stack(
        [
            scores.contrast(factor, first, second, **{within: at})
            for first, second in combinations(levels, 2)
            for at in scores.levels(within)
        ]
    )
    n = gaps.shape[1]
    whole = np.mean(squared_difference(gaps))
    without = [np.mean(squared_difference(np.delete(gaps, k, axis=1))) for k in range(n)]
    return n * whole - (n - 1) * np.array(without)
