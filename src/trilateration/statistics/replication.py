"""Whether a figure of somebody else's networks is one that our networks could have given."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Real
from scipy import stats

from trilateration._arrays import Scalar
from trilateration._checks import check_between, check_count, check_finite


class PredictedMedian(NamedTuple):
    """Where the median of further networks would lie, if they are drawn as ours were.

    Attributes
    ----------
    low, high
        Two of our own scores, as far from the ends of their order.
    coverage
        Probability that the median of the further networks lies between them, whatever the law of
        the scores.
    """

    low: float
    high: float
    coverage: float

    def contains(self, figure: Scalar) -> bool:
        """Tell whether a figure lies between the two ends."""
        return bool(self.low <= figure <= self.high)

    def offset(self, figure: Scalar) -> float:
        """Return how far a figure lies from the middle, in halves of the width: inside up to 1."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        if half == 0:
            return 0.0 if figure == middle else math.inf
        return float(abs(figure - middle) / half)


def predicted_median(
    scores: Real[np.ndarray, " network"], n_further: int, *, level: Scalar = 0.95
) -> PredictedMedian:
    r"""Return the prediction interval for the median of further networks, free of any law.

    Of m further networks, exchangeable with our n, the number J that score below our k-th least has
    the negative hypergeometric law P(J = j) = C(k−1+j, j) C(n−k+m−j, m−j) / C(n+m, m), since all
    orders of the n + m scores are equally likely. The median of m, odd, is below it if and only if
    J ≥ (m+1)/2. So it lies between our k-th least and k-th greatest with probability
    1 − 2 P(J ≥ (m+1)/2); k is the largest for which that is ``level`` or more, or 1 if there is
    none: for one further network the extremes of n have probability 1 − 2/(n+1).

    Parameters
    ----------
    scores
        Our scores, one a network, at least 2; ties make the interval wider, never too narrow.
    n_further
        m ≥ 1, odd.
    level
        Probability asked for, between 0 and 1.

    Raises
    ------
    ValueError
        If ``n_further`` is even, a score is not finite, or there are fewer than 2.
    """
    check_count(n_further, "n_further")
    check_between(level, 0, 1, "level")
    check_finite(scores, "scores")
    if n_further % 2 == 0:
        raise ValueError(f"n_further must be odd, so that the median is a score, got {n_further}")
    n = len(scores)
    if n < 2:
        raise ValueError(f"scores must be of at least 2 networks, got {n}")
    k = np.arange(1, n // 2 + 1)
    below = stats.nhypergeom.sf((n_further + 1) // 2 - 1, n + n_further, n_further, k)
    enough = np.flatnonzero(1 - 2 * below >= level)
    best = int(enough[-1]) if len(enough) else 0
    ordered = np.sort(scores)
    return PredictedMedian(
        float(ordered[best]), float(ordered[n - 1 - best]), float(1 - 2 * below[best])
    )
