"""Reports about curved regions under the flat prior, and the position from circles.

The posterior is N(μ, s² I), so the report of a region is the mass that this Gaussian gives it. For
a ball it depends on the distance from μ to the centre alone, and falls with it; for exclusive-or it
is a product.
"""

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_finite, check_last_axis, check_probability
from trilateration.evidence import standard_error
from trilateration.observer.special import normal_quantile_from_log_pair
from trilateration.tasks import Circles, Products

_HALVINGS = 80


def circle_reports(
    means: Real[np.ndarray, "*batch dimension"], circles: Circles, sigma: Scalar, n_steps: Scalar
) -> Float[np.ndarray, "*batch task"]:
    """Return Π_i = P(|x* − c_i| < r_i), x* ~ N(μ, s² I): a noncentral χ² law (Marcum's Q).

    Parameters
    ----------
    means
        μ, shape ``(..., dimension)``.
    circles
        The tasks.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    """
    s = standard_error(sigma, n_steps)
    distances = circles.distances_to_centres(as_floating(means, "means"))
    return special.chndtr((circles.radii / s) ** 2, circles.dimension, (distances / s) ** 2)


def circle_probits(
    means: Real[np.ndarray, "*batch dimension"], circles: Circles, sigma: Scalar, n_steps: Scalar
) -> Float[np.ndarray, "*batch task"]:
    """Return Φ⁻¹ of :func:`circle_reports`, cut off where a float64 report is 0 or 1.

    Parameters
    ----------
    means, circles, sigma, n_steps
        As in :func:`circle_reports`.
    """
    inside = circle_reports(means, circles, sigma, n_steps)
    tiny, full = np.finfo(float).tiny, 1 - np.finfo(float).epsneg
    inside = np.clip(inside, tiny, full)
    return normal_quantile_from_log_pair(np.log(inside), np.log1p(-inside))


def distances_from_circle_reports(
    reports: Real[np.ndarray, "*batch task"], circles: Circles, sigma: Scalar, n_steps: Scalar
) -> Float[np.ndarray, "*batch task"]:
    """Return the distances from μ to the centres from the reports, by bisection.

    Parameters
    ----------
    reports
        Π, shape ``(..., task)``. Reports above that of the centre itself give 0.
    circles, sigma, n_steps
        As in :func:`circle_reports`.

    Raises
    ------
    ValueError
        If reports are no probabilities, or not one a task.
    """
    reports = as_floating(reports, "reports")
    check_probability(reports, "reports")
    check_last_axis(reports, circles.n_tasks, "reports", "task")
    s = standard_error(sigma, n_steps)
    edge, degrees = (circles.radii / s) ** 2, circles.dimension
    low = np.zeros(reports.shape)
    # Beyond r + 38 s a report is below the smallest float.
    high = np.broadcast_to(circles.radii / s + 38, reports.shape).copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        nearer = special.chndtr(edge, degrees, middle**2) > reports
        low, high = np.where(nearer, middle, low), np.where(nearer, high, middle)
    return s * (low + high) / 2


def position_from_circles(
    distances: Real[np.ndarray, "*batch task"], circles: Circles
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the position at given distances from the centres, by linear least squares.

    |x − c_i|² − |x − c_1|² is affine in x: 2(c_1 − c_i)·x = ρ_i² − ρ_1² − |c_i|² + |c_1|². The
    equations are taken about their mean over i, so that no centre plays a special part.

    Parameters
    ----------
    distances
        ρ ≥ 0, shape ``(..., task)``.
    circles
        Whose centres must not lie on one hyperplane.

    Raises
    ------
    ValueError
        If the centres lie on one hyperplane: then two mirror images have the same distances.
    """
    distances = as_floating(distances, "distances")
    check_finite(distances, "distances")
    check_last_axis(distances, circles.n_tasks, "distances", "task")
    middle = circles.centres.mean(axis=0)
    centres = circles.centres - middle
    if np.linalg.matrix_rank(centres) < circles.dimension:
        raise ValueError(
            "circles must have centres that do not lie on one hyperplane, got centres of affine "
            f"rank {np.linalg.matrix_rank(centres)} in {circles.dimension} dimensions"
        )
    level = (centres**2).sum(axis=1) - distances**2
    level = level - level.mean(axis=-1, keepdims=True)
    return level @ np.linalg.pinv(2 * centres).T + middle


def product_reports(
    means: Real[np.ndarray, "*batch dimension"], products: Products, sigma: Scalar, n_steps: Scalar
) -> Float[np.ndarray, "*batch task"]:
    """Return Π_i = Φ(u)Φ(u') + Φ(−u)Φ(−u') = ½ + ½(2Φ(u) − 1)(2Φ(u') − 1), u = d/s.

    The two factors are independent because the hyperplanes of a pair are perpendicular.

    Parameters
    ----------
    means
        μ, shape ``(..., dimension)``.
    products
        The tasks.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    """
    s = standard_error(sigma, n_steps)
    one = products.first.signed_distances(as_floating(means, "means")) / s
    two = products.second.signed_distances(as_floating(means, "means")) / s
    return 0.5 + 0.5 * special.erf(one / 2**0.5) * special.erf(two / 2**0.5)
