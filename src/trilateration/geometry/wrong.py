"""Wrong labels and drifting states in closed form."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import (
    check_at_least,
    check_count,
    check_positive,
    check_probability,
)


def flipped_reports(
    reports: Real[np.ndarray, "*batch"], label_noise: Scalar
) -> Float[np.ndarray, "*batch"]:
    """Return ε + (1 − 2ε)Ŷ: the optimal report if a share ε of the labels is wrong.

    Parameters
    ----------
    reports
        Ŷ, probabilities of the true label.
    label_noise
        0 ≤ ε < ½.
    """
    reports = _probabilities(reports)
    epsilon = _share(label_noise)
    return epsilon + (1 - 2 * epsilon) * reports


def unflipped_reports(
    reports: Real[np.ndarray, "*batch"], label_noise: Scalar
) -> Float[np.ndarray, "*batch"]:
    """Return (Ŷ − ε)/(1 − 2ε), the inverse of :func:`flipped_reports`, kept within [0, 1].

    Parameters
    ----------
    reports
        Reports that were learned from wrong labels.
    label_noise
        0 ≤ ε < ½.
    """
    reports = _probabilities(reports)
    epsilon = _share(label_noise)
    return np.clip((reports - epsilon) / (1 - 2 * epsilon), 0.0, 1.0)


def drift_covariance(n_steps: int, sigma: Scalar, drift: Scalar) -> Float[np.ndarray, "time time"]:
    """Return the covariance of X(k) − x*(t) between steps, where the latent state walks.

    σ² 1[k = l] + ς² (t − max(k, l)): reading k is off by its noise and by the way that is still to
    go. Per axis.

    Parameters
    ----------
    n_steps
        t ≥ 1.
    sigma, drift
        σ > 0 and ς ≥ 0, of one reading and of one step of the walk, in latent units.
    """
    check_count(n_steps, "n_steps")
    check_positive(sigma, "sigma")
    check_at_least(drift, 0, "drift")
    left = np.arange(n_steps)[::-1]
    return sigma**2 * np.eye(n_steps) + drift**2 * np.minimum(left[:, None], left)


def drift_variance(
    n_steps: int, sigma: Scalar, drift: Scalar, weights: Real[np.ndarray, " time"] | None = None
) -> float:
    """Return the variance per axis with which weighted readings estimate the last position.

    Parameters
    ----------
    n_steps, sigma, drift
        As for :func:`drift_covariance`.
    weights
        That sum to 1, one a reading; None for the best, those of a Kalman filter.

    Raises
    ------
    ValueError
        If the weights do not sum to 1.
    """
    covariance = drift_covariance(n_steps, sigma, drift)
    if weights is None:
        return float(1 / np.linalg.solve(covariance, np.ones(n_steps)).sum())
    weights = as_floating(weights, "weights")
    if weights.shape != (n_steps,) or abs(weights.sum() - 1) > 1e-9:
        raise ValueError(
            f"weights must be {n_steps} numbers that sum to 1, got {weights.shape} with sum "
            f"{weights.sum():.6g}"
        )
    return float(weights @ covariance @ weights)


def drift_weights(n_steps: int, sigma: Scalar, drift: Scalar) -> Float[np.ndarray, " time"]:
    """Return the best weights of the readings, C⁻¹1/(1ᵀC⁻¹1), the first reading first.

    Parameters
    ----------
    n_steps, sigma, drift
        As for :func:`drift_covariance`.
    """
    raw = np.linalg.solve(drift_covariance(n_steps, sigma, drift), np.ones(n_steps))
    return raw / raw.sum()


def _probabilities(reports):
    reports = as_floating(reports, "reports").astype(float)
    check_probability(reports, "reports")
    return reports


def _share(label_noise):
    check_at_least(label_noise, 0, "label_noise")
    if label_noise >= 0.5:
        raise ValueError(f"label_noise must be less than 1/2, got {label_noise!r}")
    return float(label_noise)
