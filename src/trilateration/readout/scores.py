"""Two scores that are both called r², and the fraction that tells distance from direction.

The paper divides the squared error by the variance of the whole box, 1/12 per axis, even where the
test set is one quadrant; the textbook divides by the variance of what is tested. In a quadrant of
the plane, 1 − R² = 4 (1 − r²). Both are reported in this book, under different names.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Real
from scipy import stats

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least
from trilateration.observer import measured_r2


class Score(NamedTuple):
    """A score and how well the trials determine it.

    Attributes
    ----------
    value
        r² or R²: 1 is perfect, 0 is a constant guess.
    uncertainty
        Half-width of its 95 % interval over the test trials, the decoder taken as it is.
    """

    value: float
    uncertainty: float


def prior_r2(
    targets: Real[np.ndarray, "trial dimension"],
    predictions: Real[np.ndarray, "trial dimension"],
    *,
    half_width: Scalar = 0.5,
) -> Score:
    """Return the paper's r², 1 − MSE/(h²/3), whose baseline is the whole box whatever is tested.

    :func:`~trilateration.observer.measured_r2` with the arguments in the order of this room.

    Parameters
    ----------
    targets, predictions
        Positions and estimates, shape ``(trial, dimension)``.
    half_width
        h > 0 of the box of the prior; 1/12 per axis for h = ½.
    """
    _check_paired(targets, predictions)
    return Score(*measured_r2(predictions, targets, half_width=half_width))


def within_r2(
    targets: Real[np.ndarray, "trial dimension"],
    predictions: Real[np.ndarray, "trial dimension"],
    groups: Int[np.ndarray, " trial"] | None = None,
) -> Score:
    """Return the textbook R², 1 − SSE/SST, with SST about the mean of each tested group.

    Parameters
    ----------
    targets, predictions
        Positions and estimates, shape ``(trial, dimension)``.
    groups
        The group in which each trial is tested, such as its orthant; by default one group.
    """
    _check_paired(targets, predictions)
    groups = np.zeros(len(targets), dtype=int) if groups is None else np.asarray(groups)
    if groups.shape != targets.shape[:1]:
        raise ValueError(f"groups must have shape {targets.shape[:1]}, got {groups.shape}")
    names = np.unique(groups)
    total = sum(
        float(targets[groups == name].var(axis=0).sum() * (groups == name).sum()) for name in names
    )
    if total == 0:
        raise ValueError("targets must differ within a group, got constant targets")
    errors = ((predictions - targets) ** 2).sum(axis=-1) * len(targets) / total
    half = 1.96 * errors.std(ddof=1) / len(errors) ** 0.5
    return Score(float(1 - errors.mean()), float(half))


def mean_error(squared_errors: Real[np.ndarray, "trial dimension"]) -> Score:
    """Return the mean squared error per axis and its 95 % half-width over trials.

    Parameters
    ----------
    squared_errors
        Shape ``(trial, dimension)``; the trials are the independent units.
    """
    each = squared_errors.mean(axis=1)
    return Score(float(each.mean()), float(1.96 * each.std() / len(each) ** 0.5))


def error_ratio(
    squared_errors: Real[np.ndarray, "trial dimension"],
    reference: Real[np.ndarray, "trial dimension"],
) -> Score:
    """Return the ratio of two mean squared errors made on the same trials, with its half-width.

    The half-width is that of the mean of e − ρ e₀ over trials, divided by the mean of e₀ (the delta
    method), so that what the two estimates have in common cancels.

    Parameters
    ----------
    squared_errors, reference
        e and e₀, shape ``(trial, dimension)``.
    """
    below = float(reference.mean())
    ratio = float(squared_errors.mean()) / below
    return Score(ratio, mean_error(squared_errors - ratio * reference).uncertainty / below)


class Median(NamedTuple):
    """A median and its distribution-free interval.

    Attributes
    ----------
    value
        The sample median.
    low, high
        Order statistics between which the true median lies with probability 95 % or more.
    """

    value: float
    low: float
    high: float


def median_over_networks(values: Real[np.ndarray, " replicate"]) -> Median:
    """Return the median over independent networks with a 95 % interval from their order.

    The k-th least and k-th largest of n values enclose the true median with probability
    1 − 2 P(Binomial(n, ½) < k), whatever the law; k is the largest for which that is 95 % or more.

    Parameters
    ----------
    values
        One value a network, at least 6: of fewer, not even the extremes reach 95 %.

    Raises
    ------
    ValueError
        If there are fewer than 6 networks, too few for the interval.
    """
    n = len(values)
    if n < 6:
        raise ValueError(f"values must be of at least 6 networks for a 95 % interval, got {n}")
    # ppf(0.025) is the least k with P(Binomial ≤ k) ≥ 0.025, so below it the tail is smaller.
    k = int(stats.binom.ppf(0.025, n, 0.5))
    ordered = np.sort(values)
    return Median(float(np.median(values)), float(ordered[k - 1]), float(ordered[n - k]))


def mean_over_networks(values: Real[np.ndarray, " replicate"]) -> Score:
    """Return the mean over independent networks and its 95 % half-width by Student's t.

    Parameters
    ----------
    values
        One value a network, at least 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 networks.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"values must be of at least 2 networks, got {n}")
    half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5
    return Score(float(values.mean()), float(half))


def held_out_quadrant_r2(s: Scalar) -> float:
    """Return the r² of exact distances, decoded linearly in the quadrant that was held out.

    Least squares on the three other quadrants of the unit square: the covariance of x* there is
    [[11, ∓4], [∓4, 11]]/144, its mean lies 1/12 + 1/4 per axis from the middle of the held-out
    quadrant, and μ adds s² I; so the decoder shrinks a little more along one diagonal.

    Parameters
    ----------
    s
        Standard error s ≥ 0 of the mean.

    Raises
    ------
    ValueError
        If s is negative.
    """
    check_at_least(s, 0, "s")
    covariance = np.array([[11, -4], [-4, 11]]) / 144
    shrink = covariance @ np.linalg.inv(covariance + s**2 * np.eye(2))
    lost = np.eye(2) - shrink
    about_mean = np.eye(2) / 48 + (1 / 12 + 1 / 4) ** 2
    return float(1 - 6 * np.trace(lost @ about_mean @ lost.T + s**2 * shrink @ shrink.T))


def distance_fraction(score: Scalar, sign: Scalar, probit: Scalar) -> float:
    """Return (R² − R²_sign)/(R²_probit − R²_sign): 0 if only sides are known, 1 if distances are.

    Parameters
    ----------
    score, sign, probit
        Scores of the code in question, of bare signs and of exact distances, all of one kind; the
        fraction is the same for either kind.

    Raises
    ------
    ValueError
        If the two references are equal.
    """
    if probit == sign:
        raise ValueError(f"probit must differ from sign, got {probit} for both")
    return float((score - sign) / (probit - sign))


def _check_paired(targets, predictions):
    if targets.shape != predictions.shape or len(targets) < 2:
        raise ValueError(
            f"predictions must have the shape {targets.shape} of the targets, at least 2 trials, "
            f"got {predictions.shape}"
        )
