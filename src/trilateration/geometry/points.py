"""Fixed points and slow points of a map, found for many starts and many networks at once."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_finite, check_positive
from trilateration.geometry.dynamics import RateDynamics

# Levenberg and Marquardt's damping: where it begins, and its factors after success and failure.
_DAMPING, _EASE, _TIGHTEN = 1e-3, 0.3, 4.0


class SlowPoints(NamedTuple):
    """Where a search for slow points ended.

    Attributes
    ----------
    states
        Shape ``(replicate, point, unit)``, one a start.
    speeds
        |F(h) − h| there, ``(replicate, point)``.
    found
        Whether the speed is low enough, ``(replicate, point)``; False where the search came to
        rest in a local minimum or ran out of steps.
    """

    states: Float[np.ndarray, "replicate point unit"]
    speeds: Float[np.ndarray, "replicate point"]
    found: Bool[np.ndarray, "replicate point"]


class Attractors(NamedTuple):
    """Where the dynamics itself ends.

    Attributes
    ----------
    states
        Shape ``(replicate, point, unit)``, one a start.
    speeds
        |F(h) − h| there, ``(replicate, point)``.
    """

    states: Float[np.ndarray, "replicate point unit"]
    speeds: Float[np.ndarray, "replicate point"]


def slow_points(
    dynamics: RateDynamics,
    starts: Float[np.ndarray, "replicate point unit"],
    *,
    slow_enough: Scalar,
    max_steps: int = 60,
) -> SlowPoints:
    """Minimise q(h) = ½|F(h) − h|² from each start until |F(h) − h| ≤ ``slow_enough``.

    Levenberg's damped Gauss–Newton step (JᵀJ + λI) δ = −Jᵀ(F(h) − h), J the Jacobian of F(h) − h,
    which is taken only if it lowers q. It falls fast in the directions in which the state moves
    fast, and creeps along a sheet on which it hardly moves: stopped early it gives points of the
    sheet, with a tiny ``slow_enough`` fixed points (Sussillo and Barak, Neural Computation 2013).

    Parameters
    ----------
    dynamics
        The networks and their constant input.
    starts
        States to begin from, such as those of trials.
    slow_enough
        Speed > 0, in units of activity a step.
    max_steps
        Steps of the search, ≥ 1.

    Raises
    ------
    ValueError
        If the starts are not of these networks or not finite, or a number is not positive.
    """
    check_positive(slow_enough, "slow_enough")
    check_count(max_steps, "max_steps")
    states = _checked(starts, dynamics)
    speeds = dynamics.speed(states)
    damping = np.full(speeds.shape, _DAMPING)
    for _ in range(max_steps):
        moving = speeds > slow_enough
        if not moving.any():
            break
        proposed = states + _gauss_newton(dynamics, states, damping)
        reached = dynamics.speed(proposed)
        better = moving & (reached < speeds)
        states = np.where(better[..., None], proposed, states)
        speeds = np.where(better, reached, speeds)
        damping = np.clip(np.where(better, damping * _EASE, damping * _TIGHTEN), 1e-12, 1e12)
    return SlowPoints(states, speeds, speeds <= slow_enough)


def attractors(
    dynamics: RateDynamics, starts: Float[np.ndarray, "replicate point unit"], n_steps: int
) -> Attractors:
    """Run the dynamics itself for ``n_steps`` steps: it ends where states are attracted.

    Parameters
    ----------
    dynamics, starts
        As in :func:`slow_points`.
    n_steps
        Number of steps ≥ 1.

    Raises
    ------
    ValueError
        As for :func:`slow_points`.
    """
    check_count(n_steps, "n_steps")
    states = _checked(starts, dynamics)
    for _ in range(n_steps):
        states = dynamics.step(states)
    return Attractors(states, dynamics.speed(states))


def distinct_points(
    states: Float[np.ndarray, "point unit"], distance: Scalar
) -> Float[np.ndarray, "distinct unit"]:
    """Return points no two of which are closer than ``distance``, in the order they came.

    Parameters
    ----------
    states
        Points of one network, shape ``(point, unit)``; none gives none.
    distance
        > 0.

    Raises
    ------
    ValueError
        If the distance is not positive.
    """
    check_positive(distance, "distance")
    kept: list[np.ndarray] = []
    for state in states:
        if all(np.linalg.norm(state - other) >= distance for other in kept):
            kept.append(state)
    return np.array(kept).reshape(len(kept), states.shape[-1])


def _checked(starts, dynamics):
    expected = len(dynamics.drive), dynamics.drive.shape[-1]
    if starts.ndim != 3 or (starts.shape[0], starts.shape[2]) != expected:
        raise ValueError(
            f"starts must have shape (replicate, point, unit) with {expected[0]} replicates and "
            f"{expected[1]} units, got {starts.shape}"
        )
    check_finite(starts, "starts")
    return starts.astype(float)


def _gauss_newton(dynamics, states, damping):
    residual = dynamics.step(states) - states
    identity = np.eye(states.shape[-1])
    jacobian = dynamics.jacobian(states) - identity
    transposed = jacobian.swapaxes(-1, -2)
    hessian = transposed @ jacobian + damping[..., None, None] * identity
    return -np.linalg.solve(hessian, transposed @ residual[..., None])[..., 0]
