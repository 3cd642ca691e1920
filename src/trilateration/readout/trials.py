"""Trials to train classifiers on, under three laws of the mean of the evidence.

``"disc"``
    The flat prior, trials kept if μ lies in the ball of radius h: μ is uniform on the ball, and
    x* | μ ~ N(μ, s² I). An elliptical law.
``"square"``
    The same, trials kept if μ lies in the box [−h, h]^D.
``"box"``
    x* uniform on the box [−h, h]^D and μ | x* ~ N(x*, s² I), as in the paper.

Selecting flat-prior trials by μ leaves the law of x* given μ as it is, so the improper flat prior
gives a proper experiment.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int8
from scipy import special

from trilateration._arrays import Scalar
from trilateration._checks import check_choice, check_count, check_generator, check_positive
from trilateration.evidence import sample_means, standard_error, uniform_latents
from trilateration.observer import box_reports, reports
from trilateration.readout.classifiers import LinearClassifiers, fit_probit
from trilateration.tasks import Boundaries

LAWS = ("disc", "square", "box")
Law = Literal["disc", "square", "box"]
# Standard errors beyond the box at which the density of the mean is cut off.
_REACH = 8.0


class Trials(NamedTuple):
    """Trials with their labels.

    Attributes
    ----------
    latents
        x*, shape ``(trial, dimension)``; not for training.
    means
        μ, the features, same shape.
    labels
        y, shape ``(trial, task)``.
    """

    latents: Float[np.ndarray, "trial dimension"]
    means: Float[np.ndarray, "trial dimension"]
    labels: Int8[np.ndarray, "trial task"]


class Population(NamedTuple):
    """All trials at once: points of a quadrature over the law of μ, in the plane.

    Attributes
    ----------
    means
        μ, shape ``(point, 2)``.
    weights
        Their probabilities, which sum to 1.
    reports
        Π, the posterior probability of label 1 at each point, shape ``(point, task)``.
    """

    means: Float[np.ndarray, "point 2"]
    weights: Float[np.ndarray, " point"]
    reports: Float[np.ndarray, "point task"]


def draw_trials(
    n_trials: int,
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: Scalar,
    *,
    law: Law,
    rng: np.random.Generator,
    half_width: Scalar = 0.5,
) -> Trials:
    """Draw labelled trials.

    Parameters
    ----------
    n_trials
        Number of trials n ≥ 1.
    boundaries
        The tasks, in D dimensions.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    law
        ``"disc"``, ``"square"`` or ``"box"``, see the module.
    rng
        Source of all randomness.
    half_width
        h > 0, radius of the ball or half-width of the box.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    check_count(n_trials, "n_trials")
    check_choice(law, LAWS, "law")
    check_positive(half_width, "half_width")
    check_generator(rng)
    dimension = boundaries.dimension
    if law == "disc":
        centres = _uniform_ball(n_trials, dimension, float(half_width), rng)
    else:
        centres = uniform_latents(n_trials, dimension, rng=rng, half_width=half_width)
    # Adding the noise to x* gives μ; to μ, under the flat prior, x*.
    scattered = sample_means(centres, sigma, n_steps, rng=rng)
    latents, means = (centres, scattered) if law == "box" else (scattered, centres)
    return Trials(latents, means, boundaries.labels(latents))


def population(
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: Scalar,
    *,
    law: Law,
    half_width: Scalar = 0.5,
    n_nodes: int = 80,
) -> Population:
    """Return the limit of infinitely many trials, for boundaries in the plane.

    Parameters
    ----------
    boundaries, sigma, n_steps, law, half_width
        As in :func:`draw_trials`, D = 2.
    n_nodes
        Gauss–Legendre nodes along each axis, or along the radius.

    Raises
    ------
    ValueError
        If the boundaries are not in the plane, or an argument is outside its range.
    """
    check_choice(law, LAWS, "law")
    check_positive(half_width, "half_width")
    check_count(n_nodes, "n_nodes")
    if boundaries.dimension != 2:
        raise ValueError(f"boundaries must be two-dimensional, got {boundaries.dimension}")
    h, s = float(half_width), standard_error(sigma, n_steps)
    nodes, gauss = np.polynomial.legendre.leggauss(n_nodes)
    if law == "disc":
        radius = h * (nodes + 1) / 2
        angle = 2 * np.pi * np.arange(2 * n_nodes) / (2 * n_nodes)
        points = radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        weights = np.outer(gauss * radius, np.ones_like(angle))
    else:
        axis = nodes * (h if law == "square" else h + _REACH * s)
        density = special.ndtr((h - axis) / s) - special.ndtr((-h - axis) / s)
        line = gauss if law == "square" else gauss * density
        points, weights = np.stack(np.meshgrid(axis, axis), axis=-1), np.outer(line, line)
    means = points.reshape(-1, 2)
    if law == "box":
        posterior = box_reports(means, boundaries, sigma, n_steps, half_width=half_width)
    else:
        posterior = reports(means, boundaries, sigma, n_steps)
    return Population(means, (weights / weights.sum()).ravel(), posterior)


def ruler(boundaries: Boundaries, sigma: Scalar, n_steps: Scalar) -> LinearClassifiers:
    """Return the probit classifiers w = a/s, w₀ = −β/s, whose reports are Φ(d/s)."""
    s = standard_error(sigma, n_steps)
    return LinearClassifiers(boundaries.normals / s, -boundaries.offsets / s, "probit")


def repeat_training(
    n_replicates: int,
    n_trials: int,
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: Scalar,
    *,
    law: Law,
    rng: np.random.Generator,
) -> Float[np.ndarray, "replicate task parameter"]:
    """Train probit classifiers on fresh trials again and again; return all ϑ = (w, w₀).

    Parameters
    ----------
    n_replicates
        Number of independent training sets.
    n_trials, boundaries, sigma, n_steps, law, rng
        As in :func:`draw_trials`. All tasks of a replicate are labelled on the same trials.

    Returns
    -------
    ϑ of every replicate and task; NaN where the labels were separable.
    """
    check_count(n_replicates, "n_replicates")
    start = ruler(boundaries, sigma, n_steps)
    parameters = []
    for _ in range(n_replicates):
        trials = draw_trials(n_trials, boundaries, sigma, n_steps, law=law, rng=rng)
        fit = fit_probit(trials.means, trials.labels, start=start)
        parameters.append(np.column_stack([fit.weights, fit.intercepts]))
    return np.array(parameters)


def _uniform_ball(n_points, dimension, radius, rng):
    directions = rng.standard_normal((n_points, dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return radius * rng.uniform(size=(n_points, 1)) ** (1 / dimension) * directions
