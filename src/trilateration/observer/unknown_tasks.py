"""Positions from reports alone, when nobody says which tasks they belong to.

The probits of n trials are u = (A μ − β)/s: after centring, a product of two matrices of rank D.
Any such factorisation gives the positions up to an invertible affine map. If the noise is known
to be isotropic, all rows of the second factor must have the same length 1/s, which leaves only a
rotation, a reflection and a shift. The second step is the metric constraint of Tomasi and Kanade,
International Journal of Computer Vision 9, 137 (1992).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_count, check_finite, check_minimum_ndim, check_positive
from trilateration.tasks import Boundaries


class AffinePositions(NamedTuple):
    """Positions up to an affine map, and the heads that read the probits from them.

    Attributes
    ----------
    positions
        z, the principal components of the probits, with mean 0; shape ``(trial, dimension)``.
        Their signs are such that the largest weight of each is positive.
    weights
        W with orthonormal columns, shape ``(task, dimension)``.
    biases
        w₀, shape ``(task,)``; the probits are z Wᵀ + w₀.
    """

    positions: Float[np.ndarray, "trial dimension"]
    weights: Float[np.ndarray, "task dimension"]
    biases: Float[np.ndarray, " task"]


@dataclass(frozen=True, eq=False)
class RecoveredWorld:
    """Positions and boundaries up to a rotation, a reflection and a shift.

    Attributes
    ----------
    positions
        Shape ``(trial, dimension)``, with mean 0, in the unit of the standard error given.
    boundaries
        The tasks in the same frame: ``boundaries.signed_distances(positions)`` are the distances.
    """

    positions: Float[np.ndarray, "trial dimension"]
    boundaries: Boundaries


def positions_up_to_affine(
    probits: Real[np.ndarray, "trial task"], dimension: int
) -> AffinePositions:
    """Return positions z with u = z Wᵀ + w₀, equal to M μ + v for some invertible M.

    Parameters
    ----------
    probits
        u = Φ⁻¹(Ŷ) of n trials, shape ``(trial, task)``; inexact ones are fitted by least squares.
    dimension
        D ≥ 1.

    Raises
    ------
    ValueError
        If there are too few trials or tasks for D, or the probits vary in fewer directions.
    """
    check_count(dimension, "dimension")
    probits = as_floating(probits, "probits")
    check_minimum_ndim(probits, 2, "probits", "(trial, task)")
    check_finite(probits, "probits")
    n_trials, n_tasks = probits.shape
    if n_tasks < dimension or n_trials <= dimension:
        raise ValueError(
            f"probits must hold at least {dimension + 1} trials and {dimension} tasks for "
            f"dimension {dimension}, got shape {probits.shape}"
        )
    biases = probits.mean(axis=0)
    left, singular, rows = np.linalg.svd(probits - biases, full_matrices=False)
    rank = int((singular > _relative_cutoff(probits) * singular[0]).sum())
    if rank < dimension:
        raise ValueError(
            f"probits must vary in {dimension} directions over trials, got {rank}; the tasks or "
            "the positions do not span the space"
        )
    positions, weights = left[:, :dimension] * singular[:dimension], rows[:dimension].T
    # A decomposition leaves the signs open; without this they would differ between machines.
    largest = np.abs(weights).argmax(axis=0)
    signs = np.sign(weights[largest, np.arange(dimension)])
    return AffinePositions(positions * signs, weights * signs, biases)


def positions_up_to_motion(
    probits: Real[np.ndarray, "trial task"], dimension: int, *, standard_error: Scalar = 1.0
) -> RecoveredWorld:
    """Return positions equal to μ up to rotation, reflection and shift, from isotropic noise.

    The heads W of :func:`positions_up_to_affine` are multiplied by the L for which every row of
    s W L has length 1: s² wᵢᵀ G wᵢ = 1 is linear in the symmetric matrix G = L Lᵀ.

    Parameters
    ----------
    probits, dimension
        As in :func:`positions_up_to_affine`.
    standard_error
        s > 0; with the default 1 the positions are in units of s.

    Raises
    ------
    ValueError
        If the matrices aᵢaᵢᵀ of the normals do not span the symmetric matrices, for which at
        least D(D + 1)/2 tasks are needed; if the probits of a task are the same in all trials; or
        if the G that fits best, by least squares, is not positive definite.
    """
    check_positive(standard_error, "standard_error")
    scale = float(standard_error)
    affine = positions_up_to_affine(probits, dimension)
    constant = np.flatnonzero(np.ptp(probits, axis=0) == 0)
    if len(constant):
        raise ValueError(
            f"probits must vary over trials in every task, got one value only in task {constant[0]}"
        )
    factor = _metric_factor(affine.weights, dimension)
    weights = affine.weights @ factor
    lengths = np.linalg.norm(weights, axis=1)
    positions = scale * np.linalg.solve(factor, affine.positions.T).T
    # With inexact probits the rows differ from length 1 by the misfit; the boundaries keep u = 0.
    boundaries = Boundaries(weights / lengths[:, None], -scale * affine.biases / lengths)
    return RecoveredWorld(positions, boundaries)


def _metric_factor(weights, dimension):
    """Return the L with |Lᵀ wᵢ| = 1 for every task."""
    first, second = np.triu_indices(dimension)
    products = weights[:, first] * weights[:, second] * np.where(first == second, 1.0, 2.0)
    needed = len(first)
    # The columns of W are orthonormal, so this system is well scaled.
    rank = int(np.linalg.matrix_rank(products, rtol=_relative_cutoff(products)))
    if rank < needed:
        raise ValueError(
            f"probits must come from tasks whose normals fix {needed} symmetric products in "
            f"dimension {dimension}, got {rank} from {len(weights)} tasks"
        )
    entries, *_ = np.linalg.lstsq(products, np.ones(len(weights)), rcond=None)
    gram = np.zeros((dimension, dimension))
    gram[first, second] = gram[second, first] = entries
    if np.linalg.eigvalsh(gram)[0] <= 0:
        raise ValueError("probits must fit isotropic noise, got some that no unit normals explain")
    return np.linalg.cholesky(gram)


def _relative_cutoff(matrix):
    # Probits come out of logarithms of probabilities, which cost a few digits.
    return 1e3 * max(matrix.shape) * np.finfo(np.float64).eps
