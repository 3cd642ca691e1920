"""Trilateration from reports with noise on the probability, with prior information.

Plain least squares on Φ⁻¹(Ŷ) is fragile there: the probit of a report near 0 or 1 magnifies its
noise without bound. The most probable position weighs each report by what it can still tell.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import (
    check_broadcasts,
    check_count,
    check_finite,
    check_last_axis,
    check_positive,
)
from trilateration.evidence import standard_error
from trilateration.observer.special import normal_cdf, normal_quantile
from trilateration.tasks import Boundaries


@dataclass(frozen=True, eq=False)
class NoisyTrilateration:
    """The most probable position given noisy reports.

    Attributes
    ----------
    position
        Posterior mode of μ, shape ``(..., dimension)``.
    covariance
        (AᵀWA + I/τ²)⁻¹ at the mode, shape ``(..., dimension, dimension)``: its Gaussian
        approximation of the remaining uncertainty about μ.
    """

    position: Float[Array, "*batch dimension"]
    covariance: Float[Array, "*batch dimension dimension"]


def trilaterate_noisy_reports(
    reports: Real[Array, "*batch task"],
    boundaries: Boundaries,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    noise_sd: Scalar,
    *,
    prior_sd: Scalar = 12**-0.5,
    n_iterations: int = 25,
) -> NoisyTrilateration:
    """Return the most probable μ for reports p_i = Φ((a_i·μ − β_i)/s) + η ξ_i, μ ~ N(0, τ² I).

    Iterated generalised least squares: linearise the reports at the current position, weigh them
    by w_i = φ(u_i)²/(s²η²), add the prior information I/τ², solve, repeat. A step that makes the
    fit worse is shortened (Levenberg–Marquardt), so every trial converges.

    Parameters
    ----------
    reports
        Noisy p, shape ``(..., task)``; values outside [0, 1] are allowed, as the noise makes them.
    boundaries
        Tasks, with normals a_i and offsets β_i; any rank, since the prior fills the rest.
    sigma, n_steps
        σ > 0 and t ≥ 1: numbers, or arrays that broadcast against the leading shape of
        ``reports``.
    noise_sd
        η > 0, standard deviation of the noise on the probability.
    prior_sd
        τ > 0 per axis; by default that of the uniform box [−½, ½]^D.
    n_iterations
        Number of steps; ten usually suffice.
    """
    reports = as_floating(reports, "reports")
    check_last_axis(reports, boundaries.n_tasks, "reports", "task")
    check_finite(reports, "reports")
    check_positive(noise_sd, "noise_sd")
    check_positive(prior_sd, "prior_sd")
    check_count(n_iterations, "n_iterations")
    problem = _Problem(reports, boundaries, sigma, n_steps, float(noise_sd), float(prior_sd))
    position = problem.start()
    damping, cost = problem.full_like_trials(1e-3), problem.cost(position)
    for _ in range(n_iterations):
        position, cost, damping = problem.step(position, cost, damping)
    xp = namespace(position)
    return NoisyTrilateration(position, xp.linalg.inv(problem.information(position)))


class _Problem:
    """The fit of one batch: residuals, weights and damped steps."""

    def __init__(self, reports, boundaries, sigma, n_steps, noise_sd, prior_sd):
        self.xp = namespace(reports)
        self.reports, self.boundaries = reports, boundaries
        scale = matching(standard_error(sigma, n_steps), reports)
        lead = tuple(reports.shape[:-1])
        check_broadcasts(np.shape(scale), lead, "sigma and n_steps", "reports")
        self.scale = scale[..., None] if np.shape(scale) else scale
        self.noise_sd, self.prior_information = noise_sd, prior_sd**-2
        self.normals = matching(boundaries.normals, reports)
        self.identity = matching(np.eye(boundaries.dimension), reports)

    def full_like_trials(self, value):
        return self.reports[..., 0] * 0 + value

    def start(self):
        """Solve once with probits of the reports clipped to where the noise allows a probit."""
        edge = min(0.25, self.noise_sd)
        u = normal_quantile(self.xp.clip(self.reports, edge, 1 - edge))
        weights = self._weights(u)
        levels = u * self.scale + matching(self.boundaries.offsets, u)
        gram = self._gram(weights)
        return self.xp.linalg.solve(gram, ((weights * levels) @ self.normals)[..., None])[..., 0]

    def cost(self, position):
        residual = (self.reports - normal_cdf(self._probits(position))) / self.noise_sd
        fit = self.xp.sum(residual**2, axis=-1)
        return fit + self.prior_information * self.xp.sum(position**2, axis=-1)

    def information(self, position):
        return self._gram(self._weights(self._probits(position)))

    def step(self, position, cost, damping):
        """Try one damped step; keep it where the cost falls, else damp that trial more."""
        gram = self.information(position)
        diagonal = self.xp.linalg.diagonal(gram)[..., None] * self.identity
        damped = gram + damping[..., None, None] * diagonal
        move = self.xp.linalg.solve(damped, self._downhill(position)[..., None])[..., 0]
        trial_cost = self.cost(position + move)
        better = trial_cost <= cost
        return (
            self.xp.where(better[..., None], position + move, position),
            self.xp.where(better, trial_cost, cost),
            self.xp.where(better, damping / 10, damping * 10),
        )

    def _probits(self, position):
        return self.boundaries.signed_distances(position) / self.scale

    def _weights(self, u):
        slope = self.xp.exp(-(u**2) / 2) / (math.sqrt(2 * math.pi) * self.scale)
        return (slope / self.noise_sd) ** 2

    def _gram(self, weights):
        data = self.xp.matrix_transpose(self.normals) @ (weights[..., None] * self.normals)
        return data + self.prior_information * self.identity

    def _downhill(self, position):
        u = self._probits(position)
        slope = self.xp.exp(-(u**2) / 2) / (math.sqrt(2 * math.pi) * self.scale)
        pull = slope * (self.reports - normal_cdf(u)) / self.noise_sd**2
        return pull @ self.normals - self.prior_information * position
