"""How many directions a code fills, and how few of its units are active."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Real

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least
from trilateration.geometry._codes import checked_code


class Sparseness(NamedTuple):
    """How sparse a code of non-negative activities is.

    Attributes
    ----------
    fraction_active
        Share of (trial, unit) pairs above the threshold, units that are never active included.
    dead
        Share of units that are active on no trial.
    population
        Vinje and Gallant's index over the living units, mean over trials: 0 if all are equally
        active, 1 if only one is.
    lifetime
        The same index over trials, mean over living units: 1 for a unit active on one trial only.
    """

    fraction_active: float
    dead: float
    population: float
    lifetime: float


def participation_ratio(codes: Real[np.ndarray, "trial unit"], *, unbiased: bool = False) -> float:
    """Return the effective dimension (Σ λ)²/Σ λ², λ the variances along the principal axes.

    From 1 (a line) to the number of units (all directions alike). Invariant under rotation, shift
    and uniform scaling of the code, not under scaling of single units. For an affine code of a
    uniform box it is (Σ ς²)²/Σ ς⁴, ς the singular values of the encoding axes: at most D, and D if
    and only if the axes are orthogonal and equally long. A code of D latents with more must be
    bent; one with fewer need not have lost any. Noise adds dimensions of its own: give the mean
    code of each condition.

    Parameters
    ----------
    codes
        Shape ``(trial, unit)``.
    unbiased
        Use estimates of (tr Σ)² and tr Σ² that are unbiased for independent trials of any law. The
        plain ratio of n trials is too small; for isotropic codes of p units it is np/(n + p).

    Raises
    ------
    ValueError
        If the code is the same on all trials, or the unbiased estimate of tr Σ² is not positive.
    """
    codes = checked_code(codes)
    centred = codes - codes.mean(axis=0)
    gram = centred.T @ centred if codes.shape[0] > codes.shape[1] else centred @ centred.T
    trace, square = np.trace(gram), (gram**2).sum()
    if not unbiased:
        return float(trace**2 / square)
    squared_trace, trace_of_square = _unbiased_moments(centred, square)
    if trace_of_square <= 0:
        raise ValueError(
            "codes must hold more trials for an unbiased ratio, got an estimate of tr Σ² that is "
            f"not positive from {len(codes)}"
        )
    return float(squared_trace / trace_of_square)


def sparseness(activity: Real[np.ndarray, "trial unit"], *, threshold: Scalar = 0.0) -> Sparseness:
    """Return how sparse a code is: share of active units and Vinje and Gallant's index.

    S = (1 − ⟨r⟩²/⟨r²⟩)/(1 − 1/n) (Vinje and Gallant, Science 2000), one minus the activity ratio of
    Treves and Rolls, rescaled to reach 1. Invariant under permutation of units and uniform scaling;
    a rotation of the code changes it, and so does a constant added to it.

    Parameters
    ----------
    activity
        Non-negative, shape ``(trial, unit)``; at least two units are ever active.
    threshold
        A unit is active above it, ≥ 0.

    Raises
    ------
    ValueError
        If an activity is negative: for signed states, such as those of an LSTM, sparseness is not
        defined.

    Notes
    -----
    A unit that is never active would count as perfectly sparse. Such units are reported apart and
    left out of both indices.
    """
    activity = checked_code(activity, "activity")
    check_at_least(threshold, 0, "threshold")
    if (activity < 0).any():
        raise ValueError(
            f"activity must be non-negative, got {activity.min():.3g}: sparseness is not defined "
            "for signed states"
        )
    active = activity > threshold
    living = activity[:, active.any(axis=0)]
    if living.shape[1] < 2:
        raise ValueError(
            f"activity must hold at least two units that are ever active, got {living.shape[1]}"
        )
    spoken = living[living.any(axis=1)]
    return Sparseness(
        float(active.mean()),
        1 - living.shape[1] / activity.shape[1],
        float(_vinje_gallant(spoken, axis=1).mean()),
        float(_vinje_gallant(living, axis=0).mean()),
    )


def _vinje_gallant(activity, axis):
    ratio = activity.mean(axis=axis) ** 2 / (activity**2).mean(axis=axis)
    return (1 - ratio) / (1 - 1 / activity.shape[axis])


def _unbiased_moments(centred, square) -> tuple[float, float]:
    """Return U-statistics of (tr Σ)² and tr Σ², from the centred code.

    With d_ij = ½|x_i − x_j|², whose mean is tr Σ, the first is the mean of d_ij d_kl over four
    different trials; the second is the debiased estimate of ‖Σ‖² (Székely and Rizzo 2014). Both are
    written so that nothing of the size of trial × trial is needed.
    """
    n = len(centred)
    sizes = (centred**2).sum(axis=1)
    total = sizes.sum()
    to_others = (n * sizes + total) / 2
    same_pair = (n * (sizes**2).sum() + total**2 + 2 * square) / 4
    disjoint = (to_others.sum() / 2) ** 2 - (to_others**2).sum() + same_pair
    quadruples = n * (n - 1) * (n - 2) * (n - 3)
    squared_trace = 4 * disjoint / quadruples
    # tr K̃K̃ + (1ᵀK̃1)²/((n−1)(n−2)) − 2|K̃1|²/(n−2), K̃ the Gram matrix without its diagonal.
    off = square - (sizes**2).sum()
    debiased = off + total**2 / ((n - 1) * (n - 2)) - 2 * (sizes**2).sum() / (n - 2)
    return squared_trace, debiased / (n * (n - 3))
