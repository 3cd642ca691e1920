"""The normal law truncated to [−h, h] on one axis: masses, logarithms and quadrature nodes.

This is the posterior of one axis under the bounded prior, N(m, s²) cut off at the faces of the
box; :mod:`trilateration.observer.box` builds reports and moments from it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import check_broadcasts, check_finite, check_positive
from trilateration.evidence import standard_error
from trilateration.observer.special import log_normal_cdf, log_one_minus_exp

# The density is integrated where its logarithm lies within this of its maximum: e^-32 is 1e-14.
_LOG_DROP = 32.0
# Gauss–Legendre nodes for one such window; the error is about 1e-12 (see the tests).
_N_NODES = 40
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_N_NODES)


class LogTails(NamedTuple):
    """Logarithms of the posterior masses above and below a threshold on one axis, in nats."""

    log_above: Float[Array, "..."]
    log_below: Float[Array, "..."]


def axis_reports(
    means: Scalar | Real[Array, "..."],
    offsets: Scalar | Real[Array, "..."],
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    half_width: Scalar = 0.5,
) -> Float[Array, "..."]:
    """Return P(x > β) on one axis under the box, in closed form.

    Ŷ = [Φ((h−m)/s) − Φ((β−m)/s)] / [Φ((h−m)/s) − Φ((−h−m)/s)], with β clipped to [−h, h] and
    s = σ/√t. Computed from logarithms of the tail that is not near 1, so it stays accurate for a
    mean hundreds of s outside the box.

    Parameters
    ----------
    means
        Mean m of the evidence on that axis, any shape.
    offsets, sigma, n_steps
        β, σ > 0 and t ≥ 1: numbers, or arrays that broadcast against ``means``.
    half_width
        h > 0.
    """
    means = as_floating(means, "means")
    check_finite(means, "means")
    check_positive(half_width, "half_width")
    offsets, scale = _against(means, offsets, sigma, n_steps)
    return mass_above(offsets, means, scale, float(half_width))


def axis_log_reports(
    means: Scalar | Real[Array, "..."],
    offsets: Scalar | Real[Array, "..."],
    sigma: Scalar | Real[Array, "..."],
    n_steps: Scalar | Real[Array, "..."],
    *,
    half_width: Scalar = 0.5,
) -> LogTails:
    """Return the logarithms of P(x > β) and P(x < β); arguments as in :func:`axis_reports`.

    −∞ where the threshold lies at or beyond a face of the box.
    """
    means = as_floating(means, "means")
    check_finite(means, "means")
    check_positive(half_width, "half_width")
    offsets, scale = _against(means, offsets, sigma, n_steps)
    return log_tails(offsets, means, scale, float(half_width))


def _against(means, offsets, sigma, n_steps):
    """Check offsets and scales, and bring them to the library and dtype of the means."""
    offsets = as_floating(offsets, "offsets")
    check_finite(offsets, "offsets")
    scale = matching(standard_error(sigma, n_steps), means)
    for name, values in (("offsets", offsets), ("sigma and n_steps", scale)):
        check_broadcasts(tuple(np.shape(values)), tuple(means.shape), name, "means")
    return matching(offsets, means), scale


def log_masses(threshold, mean, scale, h):
    """Return log Φ at the faces and the threshold, relative to the upper face, and the mirror.

    Reflecting to mean ≥ 0 makes the mass between the mean and the upper face the shorter side,
    so that no probability involved is near 1 unless it is 1.
    """
    xp = namespace(mean)
    mirrored = mean < 0
    threshold = xp.clip(xp.where(mirrored, -threshold, threshold), -h, h)
    mean = xp.abs(mean)
    top = log_normal_cdf((h - mean) / scale)
    bottom = log_normal_cdf((-h - mean) / scale) - top
    return bottom, log_normal_cdf((threshold - mean) / scale) - top, mirrored


def mass_above(threshold, mean, scale, h):
    """Return P(x > threshold), with full relative accuracy also where it is tiny."""
    xp = namespace(mean)
    bottom, middle, mirrored = log_masses(threshold, mean, scale, h)
    total = xp.expm1(bottom)
    above = xp.expm1(middle) / total
    below = xp.exp(middle) * xp.expm1(bottom - middle) / total
    return xp.where(mirrored, below, above)


def log_tails(threshold, mean, scale, h):
    """Return the logarithms of P(x > threshold) and P(x < threshold)."""
    xp = namespace(mean)
    bottom, middle, mirrored = log_masses(threshold, mean, scale, h)
    total = log_one_minus_exp(bottom)
    above = log_one_minus_exp(middle) - total
    below = middle + log_one_minus_exp(bottom - middle) - total
    return LogTails(xp.where(mirrored, below, above), xp.where(mirrored, above, below))


def support(mean, scale, h):
    """Return the part of [−h, h] that carries the posterior, and its point nearest to the mean.

    At z standard deviations outside the box the log density falls by r z + r²/2 at r standard
    deviations inwards; r solves that for the drop, without cancellation at large z.
    """
    xp = namespace(mean)
    nearest = xp.clip(mean, -h, h)
    z = xp.abs(mean - nearest) / scale
    reach = scale * 2 * _LOG_DROP / (z + (z**2 + 2 * _LOG_DROP) ** 0.5)
    return xp.clip(nearest - reach, -h, h), xp.clip(nearest + reach, -h, h), nearest


def nodes_between(low, high):
    """Return Gauss–Legendre points and weights on [low, high], nodes on a new last axis."""
    middle, half = (low + high) / 2, (high - low) / 2
    points = middle[..., None] + half[..., None] * matching(_NODES, middle)
    return points, half[..., None] * matching(_WEIGHTS, middle)


def density(points, mean, scale, nearest):
    """Return the posterior density at ``points``, up to the factor that makes it 1 at nearest."""
    mean, scale, nearest = mean[..., None], scale[..., None], nearest[..., None]
    exponent = (points - nearest) * (points + nearest - 2 * mean) / (2 * scale**2)
    return namespace(points).exp(-exponent)


def density_nodes(mean, scale, h):
    """Return nodes over the support, their weights times the density, and the nearest point."""
    low, high, nearest = support(mean, scale, h)
    points, weights = nodes_between(low, high)
    return points, weights * density(points, mean, scale, nearest), nearest


def mass_of_box(mean, scale, h):
    """Return P(−h < N(m, s²) < h), with full relative accuracy far outside the box."""
    xp = namespace(mean)
    mean = xp.abs(mean)
    top = log_normal_cdf((h - mean) / scale)
    bottom = log_normal_cdf((-h - mean) / scale) - top
    return xp.exp(top) * -xp.expm1(bottom)
