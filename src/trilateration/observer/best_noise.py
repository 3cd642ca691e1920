"""The noise at which noisy reports say most: a balance of two errors.

Reports with noise of standard deviation η, read with the right weights, leave an error that falls
as s grows, since then more boundaries are near enough to tell something; the evidence itself
leaves s² per axis, which rises. For many evenly spaced lines through the origin both are known in
closed form.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Array, Scalar, as_floating
from trilateration._checks import check_count, check_positive
from trilateration.tasks import Boundaries

_NODES = 40  # Gauss–Legendre nodes per axis of a quarter of the box


class LineInformation(NamedTuple):
    """What one task tells about μ on average over evenly spaced lines, in the two directions.

    Attributes
    ----------
    radial, tangential
        Fisher information per task, in 1/length²; the lines pass through the origin, so the
        matrix is diagonal in polar coordinates.
    """

    radial: Float[Array, "*shape"]
    tangential: Float[Array, "*shape"]


def dense_line_information(
    radius: Real[Array, "*shape"], standard_error: Scalar, report_noise: Scalar
) -> LineInformation:
    """Return the information of a noisy report, averaged over lines in all directions.

    ∫ a aᵀ φ(a·μ/s)²/(s²η²) over directions: with v = r²/(2s²), radial
    e^{−v}(I₀(v) − I₁(v))/(4π s²η²) and tangential e^{−v}(I₀(v) + I₁(v))/(4π s²η²), I₀ and I₁ the
    modified Bessel functions.

    Parameters
    ----------
    radius
        r = |μ| ≥ 0, in latent units.
    standard_error
        s > 0.
    report_noise
        η > 0, standard deviation of the noise on the probability.
    """
    check_positive(standard_error, "standard_error")
    check_positive(report_noise, "report_noise")
    v = as_floating(radius, "radius") ** 2 / (2 * standard_error**2)
    even, odd = special.ive(0, v), special.ive(1, v)
    scale = 4 * np.pi * (standard_error * report_noise) ** 2
    return LineInformation((even - odd) / scale, (even + odd) / scale)


def dense_line_error(n_tasks: int, standard_error: Scalar, report_noise: Scalar) -> float:
    """Return the mean squared error of the position from many noisy reports, both axes together.

    2 s² + E[1/radial + 1/tangential]/N over the unit box, :func:`dense_line_information`.

    Parameters
    ----------
    n_tasks
        N; the lines count as dense if N s/r is above 1 for typical r.
    standard_error, report_noise
        s and η > 0.
    """
    check_count(n_tasks, "n_tasks")
    points, weights = _quarter_box()
    information = dense_line_information(
        np.linalg.norm(points, axis=-1), standard_error, report_noise
    )
    left = weights @ (1 / information.radial + 1 / information.tangential)
    return float(2 * standard_error**2 + left / n_tasks)


def line_error(
    boundaries: Boundaries,
    standard_error: Scalar,
    report_noise: Scalar,
    *,
    prior_sd: Scalar = 12**-0.5,
) -> float:
    """Return the predicted mean squared error for given boundaries, both axes together.

    2 s² + E tr(Σ_i a_i a_iᵀ φ(u_i)²/(s²η²) + I/τ²)⁻¹ over the unit box. The second term is local
    (it linearises the reports), so it is too large where hardly any boundary is near.

    Parameters
    ----------
    boundaries
        Tasks in the plane.
    standard_error, report_noise
        s and η > 0.
    prior_sd
        τ > 0; by default that of the box.
    """
    check_positive(standard_error, "standard_error")
    check_positive(report_noise, "report_noise")
    check_positive(prior_sd, "prior_sd")
    points, weights = _quarter_box()
    turned = np.concatenate([points, points * [-1, 1]])  # −μ carries the information of μ if β = 0
    turned = np.concatenate([turned, -turned])
    u = boundaries.signed_distances(turned) / standard_error
    each = np.exp(-(u**2)) / (2 * np.pi * (standard_error * report_noise) ** 2)
    normals = boundaries.normals
    information = np.einsum("pt,td,te->pde", each, normals, normals, optimize=True)
    inverse = np.linalg.inv(information + np.eye(2) / prior_sd**2)
    left = np.tile(weights, 4) @ np.trace(inverse, axis1=-2, axis2=-1) / 4
    return float(2 * standard_error**2 + left)


def best_standard_error(n_tasks: int, report_noise: Scalar) -> float:
    """Return s* = (π^{3/2} η² E[r³]/N)^{1/3}, which minimises 2s² + 4π^{3/2} η² E[r³]/(N s).

    The leading order of :func:`dense_line_error` for s ≪ r, where the radial information is
    N s/(4π^{3/2} η² r³).

    Parameters
    ----------
    n_tasks, report_noise
        N evenly spaced lines through the centre of the unit box, and η > 0.
    """
    check_count(n_tasks, "n_tasks")
    check_positive(report_noise, "report_noise")
    return float(np.pi**1.5 * report_noise**2 * mean_radius_power(3) / n_tasks) ** (1 / 3)


def mean_radius_power(power: int) -> float:
    """Return E[r^k] for r the distance of a uniform point of the unit square from its centre.

    (√2 + asinh 1)/6 for k = 1, 1/6 for k = 2, (7√2 + 3 asinh 1)/160 for k = 3.

    Parameters
    ----------
    power
        k = 1, 2 or 3.

    Raises
    ------
    ValueError
        If ``power`` is another number.
    """
    root, arc = 2**0.5, float(np.arcsinh(1.0))
    values = {1: (root + arc) / 6, 2: 1 / 6, 3: (7 * root + 3 * arc) / 160}
    if power not in values:
        raise ValueError(f"power must be one of 1, 2, 3, got {power!r}")
    return values[power]


def _quarter_box():
    """Return nodes on [0, ½]² and weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    axis = (nodes + 1) / 4
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return points, np.outer(weights, weights).reshape(-1) / 4
