"""Two one-sided tests: how to claim that a difference is too small to matter."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from trilateration._checks import check_finite, check_positive
from trilateration.statistics.bootstrap import Interval


class Equivalence(NamedTuple):
    """The larger of the two p-values, and Student's interval at twice the level.

    The difference is shown to be within the margin at level α if and only if ``p`` ≤ α, which is if
    and only if the interval of coverage 1 − 2α lies within the margins.
    """

    p: float
    interval: Interval


def equivalence(
    differences: Float[np.ndarray, " unit"], margin: float, level: float = 0.05
) -> Equivalence:
    """Test whether the mean difference lies within ±margin (TOST, Schuirmann 1987).

    Parameters
    ----------
    differences
        Paired differences, one a unit.
    margin
        The smallest difference that would matter, > 0, in units of the score.
    level
        α; the interval has coverage 1 − 2α.

    Raises
    ------
    ValueError
        If differences are not finite, all the same, or fewer than 3, or the margin is not positive.
    """
    check_positive(margin, "margin")
    check_finite(differences, "differences")
    n = len(differences)
    if n < 3 or np.ptp(differences) == 0:
        raise ValueError(
            f"differences must be of at least 3 units and vary, got {n} of range "
            f"{np.ptp(differences):.3g}"
        )
    p, _, _ = ttost_paired(differences, np.zeros(n), -margin, margin)
    mean = float(differences.mean())
    half = float(stats.t.ppf(1 - level, n - 1) * differences.std(ddof=1) / n**0.5)
    return Equivalence(float(p), Interval(mean, mean - half, mean + half, 1 - 2 * level))
