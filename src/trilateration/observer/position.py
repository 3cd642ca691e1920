"""Trilateration: from reports to distances, and from distances to the position.

d = s Φ⁻¹(Ŷ) = A μ − β, so μ = A⁺(d + β), which is unique if and only if rank A = D. With a smaller
rank exactly the projection of μ on the row space of A is determined.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import (
    check_broadcasts,
    check_covariance,
    check_finite,
    check_last_axis,
    check_positive,
    check_probability,
)
from trilateration.evidence import standard_error
from trilateration.observer.reports import LogReports
from trilateration.observer.special import normal_quantile, normal_quantile_from_log_pair
from trilateration.tasks import Boundaries

# Rounding of float32 logarithms stays well below this.
_PAIR_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Trilateration:
    """A position recovered from distances, and how much of it the tasks determine.

    Attributes
    ----------
    position
        μ, shape ``(..., dimension)``. With rank below D, the solution of least norm.
    identified
        Projector on the row space of A, shape ``(dimension, dimension)``: ``position`` equals
        this projector times the true μ; the identity if μ is unique.
    rank
        Rank of A.
    is_unique
        Whether the rank is D, so that ``position`` is μ itself.
    """

    position: Float[Array, "*batch dimension"]
    identified: Float[np.ndarray, "dimension dimension"]
    rank: int
    is_unique: bool


def distances_from_reports(
    reports: Real[Array, "*batch task"],
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
) -> Float[Array, "*result task"]:
    """Return the signed distances d = s Φ⁻¹(Ŷ), s = σ/√t.

    Parameters
    ----------
    reports
        Ŷ strictly between 0 and 1, shape ``(..., task)``.
    sigma, n_steps
        σ > 0 and t ≥ 1: numbers, or arrays that broadcast against the leading shape of
        ``reports``.

    Raises
    ------
    ValueError
        If a report lies outside [0, 1], or is exactly 0 or 1, as happens in float64 for
        d > 8.3 s and in float32 for d > 5.4 s; :func:`distances_from_log_reports` has no such
        limit.
    """
    reports = as_floating(reports, "reports")
    check_probability(reports, "reports")
    n_saturated = int(((reports == 0) | (reports == 1)).sum())
    if n_saturated:
        raise ValueError(
            f"reports must lie strictly between 0 and 1, got {n_saturated} that are exactly 0 or "
            "1; use log_reports and distances_from_log_reports, which do not saturate"
        )
    return normal_quantile(reports) * _task_scale(reports, sigma, n_steps, "reports")


def distances_from_log_reports(
    log_reports: LogReports,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
) -> Float[Array, "*result task"]:
    """Return the signed distances d = s Φ⁻¹(Ŷ) from (log Ŷ, log(1 − Ŷ)), at any distance.

    Parameters
    ----------
    log_reports
        Both logarithms in nats, each of shape ``(..., task)``.
    sigma, n_steps
        As in :func:`distances_from_reports`.
    """
    log_yes = as_floating(log_reports.log_yes, "log_reports.log_yes")
    log_no = as_floating(log_reports.log_no, "log_reports.log_no")
    for name, values in (("log_yes", log_yes), ("log_no", log_no)):
        check_finite(values, f"log_reports.{name}")
        n_bad = int((values > 0).sum())
        if n_bad:
            raise ValueError(f"log_reports.{name} must be <= 0, got {n_bad} values above 0")
    xp = namespace(log_yes)
    n_bad = int((xp.abs(xp.exp(log_yes) + xp.exp(log_no) - 1) > _PAIR_TOLERANCE).sum())
    if n_bad:
        raise ValueError(
            f"log_reports must be logarithms of two probabilities that add up to 1, got {n_bad} "
            "pairs that do not"
        )
    z = normal_quantile_from_log_pair(log_yes, log_no)
    return z * _task_scale(z, sigma, n_steps, "log_reports")


def trilaterate(
    distances: Real[Array, "*batch task"],
    boundaries: Boundaries,
    *,
    weights: Real[Array, "*weights task"] | None = None,
    require_full_rank: bool = False,
) -> Trilateration:
    """Return the position with the given signed distances, μ = A⁺(d + β).

    With inconsistent distances this is ordinary least squares, or with weights generalised least
    squares, μ = (AᵀWA)⁺AᵀW(d + β).

    Parameters
    ----------
    distances
        d, shape ``(..., task)``, NumPy or torch (differentiable).
    boundaries
        Tasks, with normals A and offsets β.
    weights
        None, or the diagonal of W: inverse variances of the distances up to a factor, of shape
        ``(task,)``, or of the shape of ``distances`` for weights that differ between trials. Zero
        drops a distance.
    require_full_rank
        Raise if the tasks do not determine the position.

    Raises
    ------
    ValueError
        If a shape does not fit, a weight is negative, ``require_full_rank`` is set and the rank
        is below D, or the weights themselves leave the position undetermined.
    """
    distances = as_floating(distances, "distances")
    check_last_axis(distances, boundaries.n_tasks, "distances", "task")
    check_finite(distances, "distances")
    basis = _row_space(boundaries.normals)
    rank, dimension = basis.shape[1], boundaries.dimension
    if require_full_rank and rank < dimension:
        raise ValueError(
            f"boundaries must have rank {dimension} to determine a position, got rank {rank} from "
            f"{boundaries.n_tasks} tasks"
        )
    levels = distances + matching(boundaries.offsets, distances)
    if weights is None:
        position = levels @ matching(_pseudo_inverse(boundaries.normals).T, levels)
    else:
        position = _weighted_position(levels, boundaries.normals, basis, weights)
    return Trilateration(position, basis @ basis.T, rank, rank == dimension)


def readout_covariance(
    boundaries: Boundaries,
    task_covariance: Real[np.ndarray, "..."],
    *,
    weights: Real[np.ndarray, " task"] | Literal["optimal"] | None = None,
    standard_error: Scalar = 1.0,
) -> Float[np.ndarray, "dimension dimension"]:
    """Return the covariance of a trilaterated position caused by errors of the distances.

    Ordinary least squares: s² A⁺ T A⁺ᵀ. Weights W: s² G T Gᵀ with G = (AᵀWA)⁺AᵀW. Optimal
    weights: s² (Aᵀ T⁻¹ A)⁻¹, which no linear unbiased readout beats (Gauss, Markov, Aitken).

    Parameters
    ----------
    boundaries
        Tasks, with normals A.
    task_covariance
        T: covariance of the probit reports u = d/s, shape ``(task, task)``, or their variances
        ``(task,)``. Give covariances of the distances themselves with ``standard_error`` 1.
    weights
        None, ``"optimal"``, or the diagonal of W, shape ``(task,)``.
    standard_error
        s > 0, the length of one probit unit.

    Returns
    -------
    Shape ``(dimension, dimension)``. With rank below D it covers the row space of A only and is
    zero outside, where the position is not determined at all.
    """
    check_positive(standard_error, "standard_error")
    covariance = as_floating(task_covariance, "task_covariance")
    if covariance.ndim == 1:
        covariance = np.diag(covariance)
    check_covariance(covariance, "task_covariance", boundaries.n_tasks)
    if isinstance(weights, str) and weights != "optimal":
        raise ValueError(f"weights must be None, 'optimal' or an array, got {weights!r}")
    basis = _row_space(boundaries.normals)
    reduced = boundaries.normals @ basis
    if isinstance(weights, str):
        small = np.linalg.inv(reduced.T @ np.linalg.solve(covariance, reduced))
    else:
        gain = _reduced_gain(reduced, weights, boundaries.n_tasks)
        small = gain @ covariance @ gain.T
    return float(standard_error) ** 2 * (basis @ small @ basis.T)


def probability_noise_weights(
    reports: Real[Array, "*batch task"],
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    noise_sd: Scalar,
) -> Float[Array, "*result task"]:
    """Return the weights φ(u)²/(s²η²), u = Φ⁻¹(Ŷ), for noise of standard deviation η on Ŷ.

    A probability error δ moves the distance by s δ/φ(u), so distances far from their boundary
    carry almost no weight.

    Parameters
    ----------
    reports
        Ŷ strictly between 0 and 1, shape ``(..., task)``.
    sigma, n_steps
        As in :func:`distances_from_reports`.
    noise_sd
        η > 0, the standard deviation of additive noise on the probability.

    Returns
    -------
    Inverse variances of the distances, shape ``(..., task)``, for :func:`trilaterate`.
    """
    check_positive(noise_sd, "noise_sd")
    scale = _task_scale(as_floating(reports, "reports"), sigma, n_steps, "reports")
    u = distances_from_reports(reports, 1.0, 1)
    density = namespace(u).exp(-(u**2) / 2) / (2 * np.pi) ** 0.5
    return (density / (scale * float(noise_sd))) ** 2


def _task_scale(values, sigma, n_steps, name):
    """Return s as a number, or as an array with a last axis of length 1 for the tasks."""
    scale = matching(standard_error(sigma, n_steps), values)
    shape = np.shape(scale)
    check_broadcasts(shape, tuple(values.shape[:-1]), "sigma and n_steps", name)
    return scale[..., None] if shape else scale


def _row_space(normals):
    """Return an orthonormal basis of the row space, shape (dimension, rank)."""
    _, singular, rows = np.linalg.svd(normals, full_matrices=False)
    return rows[singular > _cutoff(normals, singular)].T


def _pseudo_inverse(normals):
    left, singular, rows = np.linalg.svd(normals, full_matrices=False)
    keep = singular > _cutoff(normals, singular)
    return (rows[keep].T / singular[keep]) @ left[:, keep].T


def _cutoff(matrix, singular):
    # numpy.linalg.matrix_rank's rule, so that Boundaries.rank and this module agree.
    return singular[0] * max(matrix.shape) * np.finfo(np.float64).eps


def _weighted_position(levels, normals, basis, weights):
    weights = as_floating(matching(weights, levels), "weights")
    check_last_axis(weights, len(normals), "weights", "task")
    check_broadcasts(tuple(weights.shape[:-1]), tuple(levels.shape[:-1]), "weights", "distances")
    _check_weights(weights)
    # Only ratios of weights matter; scaling them keeps the Gram matrix in range.
    weights = weights / namespace(weights).max(weights, axis=-1, keepdims=True)
    reduced = matching(normals @ basis, levels)
    _check_determined(weights, reduced)
    return _solve_normal_equations(levels, weights, reduced) @ matching(basis.T, levels)


def _solve_normal_equations(levels, weights, reduced):
    xp = namespace(levels)
    gram = xp.matrix_transpose(reduced) @ (weights[..., None] * reduced)
    target = (weights * levels) @ reduced
    return xp.linalg.solve(gram, target[..., None])[..., 0]


def _check_weights(weights):
    check_finite(weights, "weights")
    n_negative = int((weights < 0).sum())
    if n_negative:
        raise ValueError(f"weights must be >= 0, got {n_negative} negative values")
    n_empty = int((~(weights > 0).any(-1)).sum())
    if n_empty:
        raise ValueError(f"weights must not all be 0, got {n_empty} trials with no weight at all")


def _check_determined(weights, reduced):
    xp = namespace(weights)
    weights = weights.detach() if hasattr(weights, "detach") else weights
    gram = xp.matrix_transpose(reduced) @ (weights[..., None] * reduced)
    values = xp.linalg.eigvalsh(gram)
    limit = reduced.shape[-1] * xp.finfo(gram.dtype).eps
    n_bad = int((values[..., 0] <= limit * values[..., -1]).sum())
    if n_bad:
        raise ValueError(
            f"weights must leave every position determined, got {n_bad} trials where they do not; "
            "trilaterate_noisy_reports adds prior information"
        )


def _reduced_gain(reduced, weights, n_tasks):
    if weights is None:
        return _pseudo_inverse(reduced)
    weights = as_floating(weights, "weights")
    if weights.shape != (n_tasks,):
        raise ValueError(f"weights must have shape ({n_tasks},), got {weights.shape}")
    _check_weights(weights)
    root = np.sqrt(weights)
    return _pseudo_inverse(root[:, None] * reduced) * root
