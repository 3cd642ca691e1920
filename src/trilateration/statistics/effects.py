"""Sizes of paired differences: raw, and in units of their standard deviation."""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from trilateration._checks import check_between, check_count, check_finite
from trilateration.statistics.bootstrap import Interval


class Effect(NamedTuple):
    """A paired effect: the mean difference, and d_z with Hedges' correction."""

    difference: Interval
    d_z: Interval


def hedges_correction(degrees_of_freedom: int) -> float:
    """Return J = Γ(m/2) / (√(m/2) Γ((m−1)/2)), by which d overstates the effect on average.

    Hedges (1981); close to 1 − 3/(4m − 1).

    Parameters
    ----------
    degrees_of_freedom
        m ≥ 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 degrees of freedom.
    """
    m = check_count(degrees_of_freedom, "degrees_of_freedom", minimum=2)
    log = special.gammaln(m / 2) - special.gammaln((m - 1) / 2)
    return float(np.exp(log) / np.sqrt(m / 2))


def paired_effect(differences: Float[np.ndarray, " unit"], confidence: float = 0.95) -> Effect:
    """Return the mean difference with Student's interval, and the effect size with its own.

    d_z = mean/sd of the differences, times :func:`hedges_correction`. The interval, of
    δ itself, inverts the noncentral t law, exact for normal differences: of mean/sd times √n the
    noncentrality is √n δ. The correction is for the estimate alone, which overstates δ.

    Parameters
    ----------
    differences
        Paired differences, one a unit, at least 3.
    confidence
        Nominal coverage of both intervals.

    Raises
    ------
    ValueError
        If differences are not finite, fewer than 3, or all the same.
    """
    check_finite(differences, "differences")
    check_between(confidence, 0, 1, "confidence")
    n = len(differences)
    if n < 3:
        raise ValueError(f"differences must be of at least 3 units, got {n}")
    sd = float(differences.std(ddof=1))
    if sd == 0:
        raise ValueError(f"differences must vary between units, got {differences[0]:.4g} at each")
    mean, error = float(differences.mean()), sd / n**0.5
    half = stats.t.ppf(0.5 + confidence / 2, n - 1) * error
    tail = (1 - confidence) / 2
    low, high = (_noncentrality(mean / error, n - 1, q) / n**0.5 for q in (1 - tail, tail))
    return Effect(
        Interval(mean, mean - half, mean + half, confidence),
        Interval(mean / sd * hedges_correction(n - 1), low, high, confidence),
    )


def _noncentrality(t: float, m: int, probability: float) -> float:
    """Return the noncentrality for which P(T ≤ t) is the probability."""

    def excess(noncentrality):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            below = stats.nct.cdf(t, m, noncentrality)
        # SciPy gives up on tails far from t, which are 1 and 0.
        far = float(noncentrality < t)
        return (below if np.isfinite(below) else far) - probability

    # The law of t/noncentrality has relative spread 1/√(2m); this reaches far beyond it.
    reach = 6 + abs(t) * (1 + 6 / np.sqrt(2 * m))
    return float(optimize.brentq(excess, -reach, reach))


def pairing_ratio(
    scores: Float[np.ndarray, "*batch cell unit"],
) -> Float[np.ndarray, "*batch"] | float:
    """Return the variance of paired differences over that of unpaired ones.

    Both variances are means over all pairs of cells. Unpaired, that of a difference is the sum of
    the two cells' variances; it is also the mean over all orders in which the units of one cell can
    be put. So the ratio is below 1 if and only if scores of the same unit go together, on average.

    Parameters
    ----------
    scores
        Scores of at least 2 cells, paired by the last axis; leading axes are kept.

    Raises
    ------
    ValueError
        If scores are not finite, or there are fewer than 2 cells or units.
    """
    check_finite(scores, "scores")
    if scores.ndim < 2 or min(scores.shape[-2:]) < 2:
        raise ValueError(f"scores must be of at least 2 cells and 2 units, got {scores.shape}")
    cells = scores.shape[-2]
    separate = scores.var(axis=-1).sum(axis=-1)
    # Σ over pairs of Var(a − b) = cells · Σ Var(a) − Var(Σ a), and unpaired (cells − 1) · Σ Var(a).
    paired = cells * separate - scores.sum(axis=-2).var(axis=-1)
    return paired / ((cells - 1) * separate)
