"""Reports that were learned from wrong labels, in closed form."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_at_least, check_probability


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


def _probabilities(reports):
    reports = as_floating(reports, "reports").astype(float)
    check_probability(reports, "reports")
    return reports


def _share(label_noise):
    check_at_least(label_noise, 0, "label_noise")
    if label_noise >= 0.5:
        raise ValueError(f"label_noise must be less than 1/2, got {label_noise!r}")
    return float(label_noise)
