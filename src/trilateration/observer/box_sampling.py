"""Monte-Carlo reports under the bounded prior, for oblique boundaries in any dimension."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, matching, namespace
from trilateration._checks import check_count, check_generator, check_positive
from trilateration.observer.box import means_and_scale
from trilateration.observer.special import log_normal_cdf, normal_quantile_from_log
from trilateration.observer.truncated import mass_above
from trilateration.tasks import Boundaries


class MonteCarloReports(NamedTuple):
    """Estimated reports and their standard errors.

    Attributes
    ----------
    reports
        Estimates, shape ``(..., task)``.
    standard_error
        Standard error of each estimate from the spread of the samples, same shape.
    """

    reports: Float[Array, "*batch task"]
    standard_error: Float[Array, "*batch task"]


def box_reports_monte_carlo(
    means: Real[Array, "*batch dimension"],
    boundaries: Boundaries,
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    rng: np.random.Generator,
    n_samples: int = 1000,
    half_width: Scalar = 0.5,
) -> MonteCarloReports:
    """Estimate the reports under the box for any boundary in any dimension.

    Draws x from the posterior and averages, for each task, the closed form of the axis k with the
    largest |a_k| given the other axes, P(x_k > (β − Σ_{j≠k} a_j x_j)/a_k | μ_k). The variance is
    below that of counting, Ŷ(1 − Ŷ)/n.

    Parameters
    ----------
    means, boundaries, sigma, n_steps, half_width
        As in :func:`box_reports`.
    rng
        Source of all randomness.
    n_samples
        Number of draws n ≥ 2 per mean, shared by all tasks.
    """
    check_positive(half_width, "half_width")
    check_generator(rng)
    check_count(n_samples, "n_samples", 2)
    means, scale = means_and_scale(means, boundaries.dimension, sigma, n_steps)
    average, squares = 0.0, 0.0
    for n in range(1, n_samples + 1):
        draw = _draw_posterior(means, scale, float(half_width), rng)
        report = _conditional_reports(draw, means, scale, boundaries, float(half_width))
        step = report - average
        average = average + step / n  # Welford's update: no cancellation, one pass
        squares = squares + step * (report - average)
    return MonteCarloReports(average, (squares / (n_samples - 1) / n_samples) ** 0.5)


def _draw_posterior(means, scale, h, rng):
    """Draw one x per mean by inverting the truncated distribution function in log space."""
    xp = namespace(means)
    top = log_normal_cdf((h - xp.abs(means)) / scale[..., None])
    bottom = log_normal_cdf((-h - xp.abs(means)) / scale[..., None]) - top
    uniform = matching(rng.random(tuple(means.shape)), means)
    # log(e^bottom + u (1 − e^bottom)), relative to the mass below the upper face
    log_p = top + xp.log1p((1 - uniform) * xp.expm1(bottom))
    x = xp.abs(means) + scale[..., None] * normal_quantile_from_log(log_p)
    return xp.clip(xp.where(means < 0, -x, x), -h, h)


def _conditional_reports(draw, means, scale, boundaries, h):
    """Return P(a·x > β) for every task with its steepest axis integrated out."""
    axes = np.argmax(np.abs(boundaries.normals), axis=1)
    steepest = np.take_along_axis(boundaries.normals, axes[:, None], axis=1)[:, 0]
    a = matching(np.abs(steepest), means)
    signs = matching(np.sign(steepest), means)
    rest = boundaries.signed_distances(draw) - draw[..., axes] * matching(steepest, means)
    return mass_above(-rest / a, signs * means[..., axes], scale[..., None], h)
