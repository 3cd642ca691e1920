"""Two scores that are both called r², and the fraction that tells distance from direction.

The paper divides the squared error by the variance of the whole box, 1/12 per axis, even where the
test set is one quadrant; the textbook divides by the variance of what is tested. In a quadrant of
the plane, 1 − R² = 4 (1 − r²). Both are reported in this book, under different names.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_positive


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

    Parameters
    ----------
    targets, predictions
        Positions and estimates, shape ``(trial, dimension)``.
    half_width
        h > 0 of the box of the prior; 1/12 per axis for h = ½.
    """
    check_positive(half_width, "half_width")
    errors = _squared_errors(targets, predictions)
    baseline = targets.shape[1] * half_width**2 / 3
    return _score(errors, baseline)


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
    errors = _squared_errors(targets, predictions)
    groups = np.zeros(len(targets), dtype=int) if groups is None else np.asarray(groups)
    if groups.shape != targets.shape[:1]:
        raise ValueError(f"groups must have shape {targets.shape[:1]}, got {groups.shape}")
    names = np.unique(groups)
    total = sum(
        float(targets[groups == name].var(axis=0).sum() * (groups == name).sum()) for name in names
    )
    if total == 0:
        raise ValueError("targets must differ within a group, got constant targets")
    return _score(errors, total / len(targets))


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


def _squared_errors(targets, predictions):
    if targets.shape != predictions.shape or len(targets) < 2:
        raise ValueError(
            f"predictions must have the shape {targets.shape} of the targets, at least 2 trials, "
            f"got {predictions.shape}"
        )
    return ((predictions - targets) ** 2).sum(axis=-1)


def _score(errors, baseline):
    half = 1.96 * errors.std() / len(errors) ** 0.5
    return Score(float(1 - errors.mean() / baseline), float(half / baseline))
