"""Back from features to the latent state, for maps without a formula for it."""

import numpy as np
from jaxtyping import Float

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_last_axis
from trilateration.evidence.maps._base import ObservationMap
from trilateration.evidence.maps.diagnostics import box_points

# Keeps the equations of a step solvable where the Jacobian is singular to rounding.
_LEAST_DAMPING = 1e-12


def invert(
    observation: ObservationMap,
    features: Float[np.ndarray, "*batch feature"],
    *,
    half_width: Scalar = 1.5,
    n_starts: int = 4096,
    n_iterations: int = 200,
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the x of least |f(x) − F|², by damped Gauss–Newton steps from the nearest of many.

    For features on the image of an injective map this is f⁻¹; for a mean of noisy features it is
    the maximum-likelihood estimate under isotropic Gaussian noise. The search is local: where the
    starting points are too far apart for the map's bends it can end in the wrong place, which a
    large |f(x) − F| gives away.

    Parameters
    ----------
    observation
        The map f.
    features
        F, shape ``(..., feature)``.
    half_width
        Half-width > 0 of the box in which the search starts.
    n_starts
        Number of starting points, evenly spread.
    n_iterations
        Steps; a step that does not help is shortened next time.
    """
    check_last_axis(features, observation.n_features, "features", "feature")
    check_count(n_starts, "n_starts")
    check_count(n_iterations, "n_iterations")
    target = features.reshape(-1, observation.n_features).astype(np.float64)
    starts = box_points(n_starts, observation.dimension, half_width)
    x = starts[_nearest(observation(starts), target)]
    error = ((observation(x) - target) ** 2).sum(axis=1)
    damping = np.full(len(x), 1e-3)
    identity = np.eye(observation.dimension)
    active = np.arange(len(x))
    for _ in range(n_iterations):
        jacobian = observation.jacobian(x[active])
        transposed = np.swapaxes(jacobian, 1, 2)
        gram = transposed @ jacobian
        scale = np.trace(gram, axis1=1, axis2=2) / observation.dimension
        pull = transposed @ (target[active] - observation(x[active]))[..., None]
        ridge = (damping[active] * scale + 1e-300)[:, None, None] * identity
        trial = x[active] + np.linalg.solve(gram + ridge, pull)[..., 0]
        trial_error = ((observation(trial) - target[active]) ** 2).sum(axis=1)
        better = trial_error < error[active]
        moved = active[better]
        step = np.abs(trial[better] - x[moved]).max(axis=1, initial=0.0)
        x[moved], error[moved] = trial[better], trial_error[better]
        eased = np.maximum(damping[active] * 0.1, _LEAST_DAMPING)
        damping[active] = np.where(better, eased, damping[active] * 10)
        # Done once a step no longer moves the point, or no step of any length helps.
        finished = np.concatenate([moved[step < 1e-13], active[~better & (damping[active] > 1e8)]])
        active = np.setdiff1d(active, finished, assume_unique=True)
        if len(active) == 0:
            break
    return x.reshape(*features.shape[:-1], observation.dimension)


def _nearest(candidates, targets):
    """Return the index of the candidate nearest to each target, in chunks to bound memory."""
    squares = (candidates**2).sum(axis=1) / 2
    chunk = max(1, 4_000_000 // len(candidates))
    return np.concatenate(
        [
            np.argmin(squares - targets[start : start + chunk] @ candidates.T, axis=1)
            for start in range(0, len(targets), chunk)
        ]
    )
