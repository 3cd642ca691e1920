"""How many dimensions a bent report adds: the covariance of codes g(u) in Hermite's series."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_choice, check_count, check_positive
from trilateration.readout import CODES, report_code

_NODES = 400
_REACH = 9.0


def hermite_variances(
    code: str, spread: Scalar, *, degree: int = 7
) -> Float[np.ndarray, " degree"]:
    """Return the variance of g(u), u ~ N(0, v), that lies in each Hermite degree from 1 on.

    c_k² with g(√v z) = Σ c_k h_k(z), h_k the normalised Hermite polynomials. They sum, over all
    degrees, to the variance of the code.

    Parameters
    ----------
    code
        A name of :data:`~trilateration.readout.CODES`.
    spread
        √v > 0, the standard deviation of the exact probits.
    degree
        The highest degree ≥ 1.
    """
    check_choice(code, tuple(CODES), "code")
    check_positive(spread, "spread")
    check_count(degree, "degree")
    # Not Gauss-Hermite, which is poor for codes with a kink; pieces meet at 0.
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    z = np.concatenate([(nodes - 1) / 2, (nodes + 1) / 2]) * _REACH
    mass = np.tile(weights / 2 * _REACH, 2) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    values = report_code(float(spread) * z, code)
    before, now, variances = np.ones_like(z), z, []
    for k in range(1, degree + 1):
        variances.append(float((mass * values * now).sum()) ** 2)
        before, now = now, (z * now - np.sqrt(k) * before) / np.sqrt(k + 1)
    return np.array(variances)


def bent_covariance(
    normals: Real[np.ndarray, "task dimension"], variances: Real[np.ndarray, " degree"]
) -> Float[np.ndarray, "task task"]:
    """Return Σ_k c_k² (a_i·a_j)^k, the covariance of the codes of tasks through the mean.

    Parameters
    ----------
    normals
        Unit normals of tasks whose boundaries contain the mean of a Gaussian, isotropic μ.
    variances
        c_1², c_2², … of :func:`hermite_variances`.
    """
    cosines = as_floating(normals, "normals") @ np.asarray(normals, dtype=float).T
    powers = np.arange(1, len(variances) + 1)
    return (np.asarray(variances, float) * cosines[..., None] ** powers).sum(axis=-1)
