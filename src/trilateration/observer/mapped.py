"""The ideal observer behind an observation map, F(k) = f(x*) + noise: information and posterior.

With Gaussian noise *after* the map the mean of the observations is sufficient, whatever f is, but
the posterior of x* is Gaussian only where f is straight. Noise *before* an injective map needs
nothing new: f⁻¹ gives the readings back.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import (
    check_at_least,
    check_count,
    check_generator,
    check_last_axis,
    check_positive,
)
from trilateration.evidence.maps import ObservationMap, box_points, invert, metric
from trilateration.observer.special import normal_quantile_from_log_pair
from trilateration.tasks import Boundaries

_CHUNK = 200


class GridMoments(NamedTuple):
    """Moments of the posterior of x* under the box.

    Attributes
    ----------
    mean
        E[x* | F], shape ``(trial, 2)``: the estimate of least squared error.
    covariance
        Its covariance, shape ``(trial, 2, 2)``.
    """

    mean: Float[np.ndarray, "trial 2"]
    covariance: Float[np.ndarray, "trial 2 2"]


def mapped_information(
    observation: ObservationMap,
    points: Real[np.ndarray, "*batch dimension"],
    noise: Scalar | Float[np.ndarray, "feature feature"],
    n_steps: Scalar,
) -> Float[np.ndarray, "*batch dimension dimension"]:
    """Return the Fisher information about x* in t steps of f(x*) + N(0, Γ): t Jᵀ Γ⁻¹ J.

    Parameters
    ----------
    observation
        The map f.
    points
        x*, shape ``(..., dimension)``.
    noise
        σ_f > 0 of every feature, or the covariance Γ.
    n_steps
        t ≥ 1.
    """
    check_at_least(n_steps, 1, "n_steps")
    if isinstance(noise, Scalar):
        check_positive(noise, "noise")
        return metric(observation, points) * (n_steps / noise**2)
    return metric(observation, points, noise) * n_steps


def matched_noise(
    observation: ObservationMap, sigma: Scalar, *, half_width: Scalar = 0.5, n_points: int = 4096
) -> float:
    """Return the σ_f after the map that is worth as much as σ before it, on average over the box.

    σ_f = σ exp(E log det G/(2D)), G = JᵀJ: then the information about x* has the same determinant
    as I/σ², in the geometric mean over the box. For an isometry σ_f = σ.

    Parameters
    ----------
    observation
        The map f.
    sigma
        σ > 0, in latent units.
    half_width, n_points
        The box [−h, h]^D, and the points over which the mean is taken.
    """
    check_positive(sigma, "sigma")
    points = box_points(n_points, observation.dimension, half_width)
    _, log_det = np.linalg.slogdet(metric(observation, points))
    return float(sigma * np.exp(log_det.mean() / (2 * observation.dimension)))


def likelihood_errors(
    observation: ObservationMap,
    points: Real[np.ndarray, "trial dimension"],
    noise: Scalar,
    n_steps: Scalar,
    *,
    rng: np.random.Generator,
    half_width: Scalar = 0.7,
) -> Float[np.ndarray, " trial"]:
    """Simulate the maximum-likelihood estimate after t steps; return eᵀ I(x*) e/D for its errors e.

    I is :func:`mapped_information`. The mean of the result is 1 where the estimate reaches the
    bound of Cramér and Rao.

    Parameters
    ----------
    observation
        The map f.
    points
        x*, shape ``(trial, dimension)``.
    noise, n_steps
        σ_f > 0 of every feature, and t ≥ 1.
    rng
        Source of all randomness.
    half_width
        Half-width > 0 of the box in which the estimate is looked for first.
    """
    check_generator(rng)
    information = mapped_information(observation, points, noise, n_steps)
    features = observation(points)
    means = features + rng.standard_normal(features.shape) * (noise / n_steps**0.5)
    errors = invert(observation, means, half_width=half_width) - points
    return np.einsum("ni,nij,nj->n", errors, information, errors) / observation.dimension


class LogRatio(NamedTuple):
    """Log likelihood ratio of x + δ against x, given observations made at x.

    Attributes
    ----------
    exact
        log p(F̄ | x + δ) − log p(F̄ | x), shape ``(trial,)``.
    local
        tδᵀJᵀΓ⁻¹(F̄ − f(x)) − ½ tδᵀJᵀΓ⁻¹Jδ, what it would be if f were affine.
    """

    exact: Float[np.ndarray, " trial"]
    local: Float[np.ndarray, " trial"]


def log_ratio(
    observation: ObservationMap,
    point: Real[np.ndarray, " dimension"],
    step: Real[np.ndarray, " dimension"],
    noise: Scalar,
    n_steps: Scalar,
    *,
    rng: np.random.Generator,
    n_trials: int = 1000,
) -> LogRatio:
    """Simulate the log likelihood ratio of a small step, exact and local.

    Parameters
    ----------
    observation
        The map f.
    point, step
        x and δ, shape ``(dimension,)``.
    noise, n_steps
        σ_f > 0 of every feature, and t ≥ 1.
    rng
        Source of all randomness.
    n_trials
        Number of trials.
    """
    check_positive(noise, "noise")
    check_at_least(n_steps, 1, "n_steps")
    check_generator(rng)
    precision = n_steps / noise**2
    shape = (check_count(n_trials, "n_trials"), observation.n_features)
    deviation = rng.standard_normal(shape) / precision**0.5
    moved = observation(point + step) - observation(point)
    tangent = observation.jacobian(point) @ step
    exact = precision * (deviation @ moved - moved @ moved / 2)
    local = precision * (deviation @ tangent - tangent @ tangent / 2)
    return LogRatio(exact, local)


class GridObserver:
    """The ideal observer of F(k) = f(x*) + σ_f ε_k in the plane, x* uniform on the box, on a grid.

    The posterior at the midpoints of n × n cells is ∝ exp(−t |F̄ − f(x)|²/2σ_f²), with F̄ the mean of
    the observations. Cells that a boundary cuts count in proportion to the share that it leaves.

    Parameters
    ----------
    observation
        The map f, of dimension 2.
    feature_noise
        σ_f > 0.
    n_steps
        t ≥ 1.
    half_width
        h > 0.
    n_cells
        Cells along an axis; their width should be well below the posterior's.

    Raises
    ------
    ValueError
        If the map is not of the plane, or an argument is out of range.
    """

    def __init__(
        self,
        observation: ObservationMap,
        feature_noise: Scalar,
        n_steps: Scalar,
        *,
        half_width: Scalar = 0.5,
        n_cells: int = 96,
    ):
        if observation.dimension != 2:
            raise ValueError(f"observation must have dimension 2, got {observation.dimension}")
        check_positive(feature_noise, "feature_noise")
        check_at_least(n_steps, 1, "n_steps")
        check_positive(half_width, "half_width")
        check_count(n_cells, "n_cells", 2)
        axis = ((np.arange(n_cells) + 0.5) / n_cells * 2 - 1) * half_width
        self.cells = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        self.width = 2 * half_width / n_cells
        self._precision = float(n_steps / feature_noise**2)
        self._features = observation(self.cells)
        self._squares = (self._features**2).sum(axis=1) / 2

    def log_posterior(
        self, means: Real[np.ndarray, "trial feature"]
    ) -> Float[np.ndarray, "trial cell"]:
        """Return the log probability of every cell, given the means F̄ of the observations.

        Parameters
        ----------
        means
            F̄, shape ``(trial, feature)``; a row of ``cell`` numbers comes back for each.
        """
        means = as_floating(means, "means")
        check_last_axis(means, self._features.shape[1], "means", "feature")
        log = (means @ self._features.T - self._squares) * self._precision
        return log - special.logsumexp(log, axis=1, keepdims=True)

    def moments(self, means: Real[np.ndarray, "trial feature"]) -> GridMoments:
        """Return mean and covariance of the posterior of each trial."""
        x, y = self.cells.T
        products = np.column_stack([x, y, x * x, x * y, y * y])
        found = self._by_chunk(means, lambda log: np.exp(log) @ products)
        mean = found[:, :2]
        second = found[:, [2, 3, 3, 4]].reshape(-1, 2, 2)
        return GridMoments(mean, second - mean[:, :, None] * mean[:, None, :])

    def probits(
        self, means: Real[np.ndarray, "trial feature"], boundaries: Boundaries
    ) -> Float[np.ndarray, "trial task"]:
        """Return Φ⁻¹ of the reports of the observer, from the smaller side of each boundary.

        Parameters
        ----------
        means
            F̄, shape ``(trial, feature)``.
        boundaries
            Tasks in the plane, each with cells on both sides.
        """
        reach = self.width * np.abs(boundaries.normals).sum(axis=1)
        share = (0.5 + boundaries.signed_distances(self.cells) / reach).clip(0, 1)
        if not ((share.sum(axis=0) > 0) & (share.sum(axis=0) < len(share))).all():
            raise ValueError("boundaries must cut the box, got one that does not")
        both = np.concatenate([share, 1 - share], axis=1)

        def reports(log):
            # Masses down to the smallest float: distances of 37 standard errors.
            masses = np.log(np.maximum(np.exp(log) @ both, np.finfo(float).tiny))
            return normal_quantile_from_log_pair(*np.split(masses, 2, axis=1))

        return self._by_chunk(means, reports)

    def _by_chunk(self, means, function):
        return np.concatenate(
            [
                function(self.log_posterior(means[start : start + _CHUNK]))
                for start in range(0, len(means), _CHUNK)
            ]
        )
