"""The observer as a Kalman filter: latent states that move, and noise with a memory.

A :class:`StateSpace` says how a hidden state moves and what the readings show of it; its first D
coordinates are the position. :func:`kalman_filter` returns the posterior of the position after
every step, and :func:`filter_probits` the reports. For a random walk there are closed forms
(:func:`random_walk_gain`, :func:`random_walk_weights`); :func:`weights_error` is what any other
weighting of the readings costs there.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_between,
    check_count,
    check_finite,
    check_last_axis,
    check_positive,
)
from trilateration.evidence import validate_evidence
from trilateration.tasks import Boundaries


@dataclass(frozen=True, eq=False)
class StateSpace:
    """A linear-Gaussian world: u(k) = F u(k−1) + motion, X(k) = H u(k) + noise, x(k) = u(k)[:D].

    The prior of the position is flat, so the state has a law after the first reading only; that law
    is where a filter starts: u(1) ~ N(S X(1), start_covariance).

    Attributes
    ----------
    transition
        F, shape ``(state, state)``.
    motion
        Covariance of the motion of one step, ``(state, state)``.
    reading
        H, shape ``(dimension, state)``.
    noise
        Covariance of the noise of one reading, ``(dimension, dimension)``; may be singular.
    start
        S, shape ``(state, dimension)``.
    start_covariance
        ``(state, state)``.
    """

    transition: Float[np.ndarray, "state state"]
    motion: Float[np.ndarray, "state state"]
    reading: Float[np.ndarray, "dimension state"]
    noise: Float[np.ndarray, "dimension dimension"]
    start: Float[np.ndarray, "state dimension"]
    start_covariance: Float[np.ndarray, "state state"]

    @property
    def dimension(self) -> int:
        """D, of the position and of a reading."""
        return len(self.reading)


class Filtered(NamedTuple):
    """The posterior N(m(k), V(k)) of the position x(k) after each reading.

    Attributes
    ----------
    means
        m(k), shape ``(..., time, dimension)``.
    covariances
        V(k), shape ``(time, dimension, dimension)``: the same in all trials.
    """

    means: Float[np.ndarray, "*batch time dimension"]
    covariances: Float[np.ndarray, "time dimension dimension"]


def random_walk(sigma: Scalar, drift: Scalar, dimension: int = 2) -> StateSpace:
    """Return the world x(k) = x(k−1) + σ_d ν_k, X(k) = x(k) + σ ε_k; σ_d = 0 is the book's.

    Parameters
    ----------
    sigma
        σ > 0 of a reading.
    drift
        σ_d ≥ 0 of a step, per axis, in latent units.
    dimension
        D ≥ 1.
    """
    check_positive(sigma, "sigma")
    check_at_least(drift, 0, "drift")
    one = np.eye(check_count(dimension, "dimension"))
    return StateSpace(one, drift**2 * one, one, sigma**2 * one, one, sigma**2 * one)


def autoregressive_world(sigma: Scalar, rho: Scalar, dimension: int = 2) -> StateSpace:
    """Return the world of a fixed position and AR(1) noise, with the noise as part of the state.

    u = (x, e), e(k) = ρ e(k−1) + σ√(1 − ρ²) ξ_k, X(k) = x + e(k) without any further noise.

    Parameters
    ----------
    sigma
        σ > 0, the standard deviation of e(k) at every step.
    rho
        −1 < ρ < 1.
    dimension
        D ≥ 1.
    """
    check_positive(sigma, "sigma")
    check_between(rho, -1, 1, "rho")
    one = np.eye(check_count(dimension, "dimension"))
    return StateSpace(
        np.kron(np.diag([1.0, rho]), one),
        np.kron(np.diag([0.0, sigma**2 * (1 - rho**2)]), one),
        np.kron([1.0, 1.0], one),
        0 * one,
        np.kron([[1.0], [0.0]], one),
        np.kron([[sigma**2, -(sigma**2)], [-(sigma**2), sigma**2]], one),
    )


def kalman_filter(
    evidence: Real[np.ndarray, "*batch time dimension"], world: StateSpace
) -> Filtered:
    """Return the posterior of the position after every step, by Kalman's recursion.

    Särkkä and Svensson (2023), theorem 6.6.

    Parameters
    ----------
    evidence
        X(1..t), shape ``(..., time, dimension)``.
    world
        What moves and what is read.

    Raises
    ------
    ValueError
        If the evidence has another dimension than the world, or is not finite.
    """
    evidence = validate_evidence(evidence, world.dimension)
    n_steps, dimension = evidence.shape[-2:]
    means = np.empty(evidence.shape)
    covariances = np.empty((n_steps, dimension, dimension))
    state, cov = evidence[..., 0, :] @ world.start.T, world.start_covariance
    means[..., 0, :], covariances[0] = state[..., :dimension], cov[:dimension, :dimension]
    for k in range(1, n_steps):
        state = state @ world.transition.T
        cov = world.transition @ cov @ world.transition.T + world.motion
        seen = world.reading @ cov
        gain = np.linalg.solve(seen @ world.reading.T + world.noise, seen).T
        state = state + (evidence[..., k, :] - state @ world.reading.T) @ gain.T
        cov = cov - gain @ seen
        cov = (cov + cov.T) / 2  # rounding must not make it asymmetric
        means[..., k, :], covariances[k] = state[..., :dimension], cov[:dimension, :dimension]
    return Filtered(means, covariances)


def filter_probits(
    filtered: Filtered, boundaries: Boundaries
) -> Float[np.ndarray, "*batch time task"]:
    """Return Φ⁻¹(Π_i(k)) = (a_i·m(k) − β_i)/√(a_iᵀV(k)a_i), for labels of the present position.

    Parameters
    ----------
    filtered
        Of :func:`kalman_filter`.
    boundaries
        Tasks.

    Raises
    ------
    ValueError
        If the tasks have another dimension.
    """
    check_last_axis(filtered.means, boundaries.dimension, "filtered", "dimension")
    normals = boundaries.normals
    variance = np.einsum("id,kde,ie->ki", normals, filtered.covariances, normals)
    return boundaries.signed_distances(filtered.means) / variance**0.5


def forgetting_rate(sigma: Scalar, drift: Scalar) -> float:
    """Return the rate h of forgetting per step, 2 sinh(h/2) = σ_d/σ.

    Parameters
    ----------
    sigma, drift
        σ > 0 and σ_d ≥ 0 as in :func:`random_walk`.
    """
    check_positive(sigma, "sigma")
    check_at_least(drift, 0, "drift")
    return float(2 * np.arcsinh(drift / sigma / 2))


def random_walk_gain(
    sigma: Scalar, drift: Scalar, n_steps: int | None = None
) -> float | Float[np.ndarray, " time"]:
    """Return the gains 1 − sinh((k−1)h)/sinh(kh) of the filter of a random walk, k = 1..t.

    1/k for σ_d = 0. The posterior variance of each axis is the gain times σ². Without ``n_steps``
    their limit 1 − e^(−h), the gain of the steady state.

    Parameters
    ----------
    sigma, drift
        σ > 0 and σ_d ≥ 0.
    n_steps
        t ≥ 1, or None.
    """
    h = forgetting_rate(sigma, drift)
    if n_steps is None:
        return float(-np.expm1(-h))
    k = np.arange(1, check_count(n_steps, "n_steps") + 1)
    if h < 1e-9:
        return 1.0 / k
    # sinh((k−1)h)/sinh(kh) = e^−h (1 − e^−2(k−1)h)/(1 − e^−2kh), which never overflows.
    return 1 - np.exp(-h) * np.expm1(-2 * (k - 1) * h) / np.expm1(-2 * k * h)


def random_walk_weights(sigma: Scalar, drift: Scalar, n_steps: int) -> Float[np.ndarray, " time"]:
    """Return the weights of X(1), …, X(t) in the filter mean m(t) of a random walk; their sum is 1.

    2 sinh(h/2) cosh((j − ½)h)/sinh(th); all 1/t for σ_d = 0.

    Parameters
    ----------
    sigma, drift
        σ > 0 and σ_d ≥ 0.
    n_steps
        t ≥ 1.
    """
    gains = random_walk_gain(sigma, drift, check_count(n_steps, "n_steps"))
    kept = np.cumprod(np.append(1.0, 1 - gains[:0:-1]))[::-1]
    return gains * kept


def leaky_weights(gain: Scalar, n_steps: int) -> Float[np.ndarray, " time"]:
    """Return the weights of the readings for z(k) = z(k−1) + a (X(k) − z(k−1)), z(1) = X(1).

    Parameters
    ----------
    gain
        Share a of the state that is replaced at a step, 0 < a ≤ 1.
    n_steps
        t ≥ 1.

    Raises
    ------
    ValueError
        If the gain is not in (0, 1].
    """
    check_positive(gain, "gain")
    if gain > 1:
        raise ValueError(f"gain must be a finite number <= 1, got {gain!r}")
    lags = np.arange(check_count(n_steps, "n_steps"))[::-1]
    weights = gain * (1 - gain) ** lags
    weights[0] /= gain
    return weights


def weights_error(
    weights: Real[np.ndarray, "*batch time"], sigma: Scalar, drift: Scalar
) -> Scalar | Float[np.ndarray, "*batch"]:
    """Return the mean squared error per axis of Σ_j w_j X(j) as an estimate of x(t), Σ w_j = 1.

    σ² Σ_j w_j² + σ_d² Σ_{k≥2} (w_1 + … + w_{k−1})², in the world of :func:`random_walk`.

    Parameters
    ----------
    weights
        w_1, …, w_t, shape ``(..., time)``, of sum 1 within 1e-6: else the error has no bound.
    sigma, drift
        σ > 0 and σ_d ≥ 0.

    Raises
    ------
    ValueError
        If weights do not add up to 1.
    """
    weights = np.asarray(weights, dtype=float)
    check_finite(weights, "weights")
    check_positive(sigma, "sigma")
    check_at_least(drift, 0, "drift")
    total = weights.sum(axis=-1)
    if not np.allclose(total, 1, atol=1e-6, rtol=0):
        raise ValueError(f"weights must add up to 1, got a sum of {np.ravel(total)[0]:.6g}")
    before = np.cumsum(weights, axis=-1)[..., :-1]
    return sigma**2 * (weights**2).sum(axis=-1) + drift**2 * (before**2).sum(axis=-1)


def evidence_probit(
    evidence: Scalar | Real[np.ndarray, "*shape"],
    n_steps: Scalar | Real[np.ndarray, "*shape"],
    *,
    prior_ratio: Scalar = 0.0,
) -> Scalar | Float[np.ndarray, "*shape"]:
    """Return Φ⁻¹(Π) = e/√(k + σ²/τ²) of summed evidence e = Σ_l (a·X(l) − β)/σ after k steps.

    For a boundary at distance d from x* with prior N(0, τ²); the flat prior is τ → ∞.

    Parameters
    ----------
    evidence
        e, in standard deviations of a reading.
    n_steps
        k ≥ 1.
    prior_ratio
        σ²/τ² ≥ 0.
    """
    check_at_least(n_steps, 1, "n_steps")
    check_at_least(prior_ratio, 0, "prior_ratio")
    return np.asarray(evidence, dtype=float) / (np.asarray(n_steps) + prior_ratio) ** 0.5
