"""The ideal observer's reports: posterior probabilities that a latent lies beyond a boundary.

With a flat prior the posterior after t steps is x* | X(1..t) ~ N(μ, s² I), μ the running mean and
s = σ/√t. Hence the report of task i is Ŷ_i = Φ(u_i), u_i = d_i/s, d_i = a_i·μ − β_i: the signed
distance in other units (Vafidis, Bhargava, Rangel, ICLR 2025, arXiv 2407.11249). Given the data it
is a number, the posterior probability of the label, not an estimator of it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching
from trilateration._checks import (
    check_broadcasts,
    check_covariance,
    check_finite,
    check_positive,
)
from trilateration.evidence import standard_error
from trilateration.observer.special import log_normal_cdf, normal_cdf
from trilateration.tasks import Boundaries


class LogReports(NamedTuple):
    """Both logarithms of a report, which stay exact where the probability itself saturates.

    Attributes
    ----------
    log_yes
        log Ŷ in nats, shape ``(..., task)``.
    log_no
        log(1 − Ŷ) in nats, same shape.
    """

    log_yes: Float[Array, "*batch task"]
    log_no: Float[Array, "*batch task"]


class GaussianPosterior(NamedTuple):
    """A Gaussian posterior of the latent position, N(mean, standard_deviation² I).

    Attributes
    ----------
    mean
        Shape ``(..., dimension)``.
    standard_deviation
        One number, or an array that broadcasts against the leading shape of ``mean``.
    """

    mean: Float[Array, "*batch dimension"]
    standard_deviation: Scalar | Float[Array, "..."]


def reports(
    means: Real[Array, "*batch dimension"],
    boundaries: Boundaries,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    prior_sd: Scalar | None = None,
) -> Float[Array, "*result task"]:
    """Return the reports Ŷ_i = Φ(d_i/s) with d_i = a_i·μ − β_i and s = σ/√t.

    Parameters
    ----------
    means
        Means μ of the evidence, shape ``(..., dimension)``.
    boundaries
        Tasks, with normals a_i and offsets β_i.
    sigma
        σ > 0: a number, or an array that broadcasts against the leading shape of ``means``.
    n_steps
        t ≥ 1, a number or an array likewise. For running means of shape
        ``(trial, time, dimension)`` give ``numpy.arange(1, t + 1)``, which meets the time axis;
        for one t per trial and means ``(trial, dimension)`` give shape ``(trial,)``.
    prior_sd
        None for the flat prior, or τ > 0 for the prior N(0, τ² I), see
        :func:`gaussian_posterior`.

    Returns
    -------
    Probabilities of shape ``(..., task)``, in the dtype and on the device of ``means``.

    Raises
    ------
    ValueError
        If a scale is not positive, a shape does not fit, or ``means`` holds NaN.
    """
    return normal_cdf(standardized_distances(means, boundaries, sigma, n_steps, prior_sd=prior_sd))


def log_reports(
    means: Real[Array, "*batch dimension"],
    boundaries: Boundaries,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    prior_sd: Scalar | None = None,
) -> LogReports:
    """Return (log Ŷ, log(1 − Ŷ)) = (log Φ(u), log Φ(−u)); arguments as in :func:`reports`."""
    u = standardized_distances(means, boundaries, sigma, n_steps, prior_sd=prior_sd)
    return LogReports(log_normal_cdf(u), log_normal_cdf(-u))


def standardized_distances(
    means: Real[Array, "*batch dimension"],
    boundaries: Boundaries,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    prior_sd: Scalar | None = None,
) -> Float[Array, "*result task"]:
    """Return the probits u_i = Φ⁻¹(Ŷ_i) of the reports, arguments as in :func:`reports`.

    With the flat prior u_i = d_i/s, the distance from the boundary counted in posterior standard
    deviations.
    """
    posterior = gaussian_posterior(means, sigma, n_steps, prior_sd=prior_sd)
    distances = boundaries.signed_distances(posterior.mean)
    return distances / _over_tasks(posterior.standard_deviation)


def gaussian_posterior(
    means: Real[Array, "*batch dimension"],
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    prior_sd: Scalar | None = None,
) -> GaussianPosterior:
    """Return the posterior of x* under a flat or a Gaussian prior.

    Flat: N(μ, s² I). Prior N(0, τ² I): N(κ μ, κ s² I) with κ = τ²/(τ² + s²).

    Parameters
    ----------
    means, sigma, n_steps
        As in :func:`reports`.
    prior_sd
        None for the flat prior, or τ > 0.
    """
    means = as_floating(means, "means")
    check_finite(means, "means")
    scale = matching(standard_error(sigma, n_steps), means)
    check_broadcasts(np.shape(scale), tuple(means.shape[:-1]), "sigma and n_steps", "means")
    if prior_sd is None:
        return GaussianPosterior(means, scale)
    check_positive(prior_sd, "prior_sd")
    shrinkage = 1 / (1 + (scale / float(prior_sd)) ** 2)
    return GaussianPosterior(means * _over_tasks(shrinkage), scale * shrinkage**0.5)


def anisotropic_reports(
    means: Real[Array, "*batch dimension"],
    boundaries: Boundaries,
    covariance: Real[np.ndarray, "dimension dimension"],
    n_steps: Scalar | Real[Array, "..."],
) -> Float[Array, "*result task"]:
    """Return the reports for evidence noise N(0, Σ): Ŷ_i = Φ(d_i √t/√(a_iᵀ Σ a_i)).

    Parameters
    ----------
    means, boundaries, n_steps
        As in :func:`reports`.
    covariance
        Σ of one step, shape ``(dimension, dimension)``.
    """
    per_step = standardized_distances(means, boundaries, 1.0, n_steps)
    return normal_cdf(per_step / matching(noise_along_normals(boundaries, covariance), per_step))


def noise_along_normals(
    boundaries: Boundaries, covariance: Real[np.ndarray, "dimension dimension"]
) -> Float[np.ndarray, " task"]:
    """Return √(a_iᵀ Σ a_i), the noise of one step across each boundary.

    Parameters
    ----------
    boundaries
        Tasks with normals a_i.
    covariance
        Σ, shape ``(dimension, dimension)``.
    """
    covariance = as_floating(covariance, "covariance")
    check_covariance(covariance, "covariance", boundaries.dimension)
    normals = boundaries.normals
    return np.sqrt(np.einsum("td,de,te->t", normals, covariance, normals))


def _over_tasks(values):
    """Give an array over the leading axes a last axis of length 1; leave numbers alone."""
    return values if isinstance(values, float) or np.ndim(values) == 0 else values[..., None]
