"""When there are tasks enough: a rule that stops, and how often it stops too soon."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_between, check_count
from trilateration.geometry._codes import checked_code
from trilateration.geometry.factors import count_factors


class EnoughTasks(NamedTuple):
    """Where a rule stopped asking.

    Attributes
    ----------
    n_tasks
        Tasks asked, up to the end of the run without a new factor; of all, if it did not stop.
    rank
        Factors found in them.
    stopped
        Whether there was such a run.
    """

    n_tasks: int
    rank: int
    stopped: bool


def rank_curve(
    probits: Real[np.ndarray, "trial task"], noise_sd: Scalar
) -> Int[np.ndarray, " count"]:
    """Return how many factors :func:`count_factors` finds in the first 1, 2, …, N tasks.

    Parameters
    ----------
    probits
        n trials of N tasks, in the order in which they were asked, the noise included.
    noise_sd
        ω > 0, such as the root of the ``noise_variance`` of :func:`rank_by_spectrum` of all tasks.
    """
    probits = checked_code(probits, "probits")
    counts = range(1, probits.shape[1] + 1)
    return np.array([count_factors(probits[:, :n], noise_sd).count for n in counts])


def run_needed(rank: int, missing: Scalar, *, level: Scalar = 0.05) -> int:
    """Return how many tasks in a row must bring nothing new, before one stops at this rank.

    ⌈log(r(r + 1)/α)/log(1/(1 − ε))⌉: with these runs, and tasks drawn independently from one law,
    the rule stops with probability at most α while the next task would bring a new factor with
    probability above ε. The weights 1/r(r + 1) sum to one, so D need not be known.

    Parameters
    ----------
    rank
        r ≥ 1, the factors found so far.
    missing
        ε, strictly between 0 and 1.
    level
        α, strictly between 0 and 1.
    """
    check_count(rank, "rank")
    check_between(missing, 0, 1, "missing")
    check_between(level, 0, 1, "level")
    return math.ceil(math.log(rank * (rank + 1) / float(level)) / -math.log1p(-float(missing)))


def enough_tasks(
    ranks: Real[np.ndarray, " count"], missing: Scalar, *, level: Scalar = 0.05
) -> EnoughTasks:
    """Return where the rule of :func:`run_needed` stops, given the ranks of nested task sets.

    Parameters
    ----------
    ranks
        Rank of the first 1, 2, … tasks, such as a :func:`rank_curve`. A fall counts as no news.
    missing, level
        As in :func:`run_needed`.

    Raises
    ------
    ValueError
        If ranks are no whole numbers ≥ 0.
    """
    ranks = np.asarray(ranks)
    if ranks.ndim != 1 or ranks.dtype.kind not in "iu" or len(ranks) == 0 or ranks.min() < 0:
        raise ValueError(f"ranks must be one or more whole numbers >= 0, got {ranks!r}")
    best, since = int(ranks[0]), 0
    for index, rank in enumerate(ranks):
        since = 0 if rank > best or index == 0 else since + 1
        best = max(best, int(rank))
        if best and since >= run_needed(best, missing, level=level):
            return EnoughTasks(index + 1, best, True)
    return EnoughTasks(len(ranks), best, False)


def only_witnesses(normals: Real[np.ndarray, "task dimension"]) -> Bool[np.ndarray, " task"]:
    """Tell which tasks alone ask about some direction: those outside the span of all others.

    Their share of N tasks is an unbiased estimate of the chance that task N brings a new factor,
    after Good, Biometrika 40, 237 (1953), who counts species seen once.

    Parameters
    ----------
    normals
        One row a task, at least two.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    normals = as_floating(normals, "normals").astype(float)
    if normals.ndim != 2 or len(normals) < 2:
        raise ValueError(
            f"normals must have shape (task, dimension) with 2 tasks or more, got {normals.shape}"
        )
    rank = np.linalg.matrix_rank(normals)
    others = [np.delete(normals, i, axis=0) for i in range(len(normals))]
    return np.array([np.linalg.matrix_rank(rows) < rank for rows in others])
