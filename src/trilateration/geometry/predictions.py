"""What theory says of networks in other worlds, computed for their own trials.

The ideal observer of a configuration knows its tasks, its noise and its map, and has a flat prior.
"""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_covariance, check_generator, check_positive
from trilateration.evidence import (
    AnisotropicNoise,
    AutoregressiveNoise,
    StudentNoise,
    sample_means,
    uniform_latents,
)
from trilateration.observer import (
    autoregressive_mean,
    circle_probits,
    effective_steps,
    location_posterior_mean,
    mean_efficiency,
    normal_quantile,
    product_reports,
    trilaterate,
)
from trilateration.readout import Score, prior_r2
from trilateration.tasks import Boundaries, Circles, random_hyperplanes
from trilateration.training import Configuration, boundaries_of, noise_of


def sufficient_mean(
    configuration: Configuration, readings: Float[np.ndarray, "trial time dimension"]
) -> Float[np.ndarray, "trial dimension"]:
    """Return what an observer who knows the noise needs of the readings.

    The mean for independent Gaussian noise, whatever its covariance between axes; the generalised
    least-squares mean for autoregressive noise; Pitman's estimate for heavy tails, for which no
    single point is all there is.

    Parameters
    ----------
    configuration
        The network's; its noise counts.
    readings
        X(1..t).
    """
    noise = noise_of(configuration)
    if isinstance(noise, AutoregressiveNoise):
        return autoregressive_mean(readings, noise.rho)
    if isinstance(noise, StudentNoise):
        return location_posterior_mean(readings, noise)
    return readings.mean(axis=1)


def probit_slopes(configuration: Configuration, n_steps: int) -> Float[np.ndarray, " task"]:
    """Return how many probits a latent unit of distance is worth, √(t_eff/aᵀΣa), for each line.

    For Student noise t_eff is the number of steps of Gaussian noise that would give the variance
    of the best estimate from many readings.

    Parameters
    ----------
    configuration
        The network's, whose tasks are lines or hyperplanes.
    n_steps
        t ≥ 1.

    Raises
    ------
    ValueError
        If boundaries are curved.
    """
    check_count(n_steps, "n_steps")
    boundaries = boundaries_of(configuration)
    if not isinstance(boundaries, Boundaries):
        raise ValueError(f"tasks must be lines or hyperplanes, got {configuration.tasks!r}")
    noise = noise_of(configuration)
    if isinstance(noise, AnisotropicNoise):
        a = boundaries.normals
        return (n_steps / np.einsum("id,de,ie->i", a, noise.covariance, a)) ** 0.5
    if isinstance(noise, AutoregressiveNoise):
        steps = effective_steps(n_steps, noise.rho)
    else:
        steps = n_steps / mean_efficiency(noise)
    return np.full(boundaries.n_tasks, steps**0.5 / noise.sigma)


def ideal_probits(
    configuration: Configuration, readings: Float[np.ndarray, "trial time dimension"]
) -> Float[np.ndarray, "trial task"]:
    """Return Φ⁻¹(Π) of the ideal observer at the last step.

    Exact for Gaussian noise of every kind; for Student noise the normal limit of many readings.

    Parameters
    ----------
    configuration
        The network's.
    readings
        X(1..t), shape ``(trial, time, dimension)``.

    Raises
    ------
    ValueError
        If boundaries are curved and the noise is not independent, Gaussian and isotropic.
    """
    boundaries, n_steps = boundaries_of(configuration), readings.shape[1]
    mean = sufficient_mean(configuration, readings)
    if isinstance(boundaries, Boundaries):
        return boundaries.signed_distances(mean) * probit_slopes(configuration, n_steps)
    if configuration.noise != "gaussian":
        raise ValueError(
            f"noise must be 'gaussian' where boundaries are curved, got {configuration.noise!r}"
        )
    if isinstance(boundaries, Circles):
        return circle_probits(mean, boundaries, configuration.sigma, n_steps)
    reports = product_reports(mean, boundaries, configuration.sigma, n_steps)
    return normal_quantile(np.clip(reports, 1e-300, 1 - 1e-16))


def exact_reports_score(
    dimension: int,
    n_tasks: int,
    sigma: Scalar,
    n_steps: int,
    *,
    n_trials: int,
    rng: np.random.Generator,
) -> Score:
    """Return the r² of trilateration from exact reports on random hyperplanes through the origin.

    Parameters
    ----------
    dimension, n_tasks
        D and N ≥ 1.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    n_trials
        Number of trials.
    rng
        Source of all randomness.
    """
    check_generator(rng)
    x = uniform_latents(n_trials, dimension, rng=rng)
    means = sample_means(x, sigma, n_steps, rng=rng)
    planes = random_hyperplanes(n_tasks, dimension, rng=rng)
    return prior_r2(x, trilaterate(planes.signed_distances(means), planes).position)


def grid_probits(
    means: Real[np.ndarray, "trial 2"],
    boundaries: Boundaries,
    covariance: Float[np.ndarray, "2 2"],
    s: Scalar,
    *,
    reach: Scalar = 7.0,
    n_nodes: int = 561,
) -> Float[np.ndarray, "trial task"]:
    """Return Φ⁻¹(Π) under the prior N(0, Σ_π) by brute force, as sums over a square grid.

    It knows no formula of the posterior. A boundary cuts through cells of width ``2 reach s/
    (n_nodes − 1)``, so expect errors of that size in standard errors, and do not trust probits
    beyond ± 5.

    Parameters
    ----------
    means
        μ, in the plane.
    boundaries
        Lines.
    covariance
        Σ_π of the prior.
    s
        Standard error > 0 of μ.
    reach
        Half-width of the grid around μ, in standard errors.
    n_nodes
        Nodes along an edge, ≥ 3.

    Raises
    ------
    ValueError
        If the covariance is none, a size is not positive, or there are fewer than 3 nodes.
    """
    check_covariance(covariance, "covariance", 2)
    check_positive(s, "s")
    check_positive(reach, "reach")
    check_count(n_nodes, "n_nodes", minimum=3)
    axis = np.linspace(-reach, reach, n_nodes) * s
    cells = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    likelihood = -0.5 * (cells**2).sum(axis=1) / s**2
    found = []
    for mean in means:
        here = mean + cells
        log = likelihood - 0.5 * ((here @ np.linalg.inv(covariance)) * here).sum(axis=1)
        mass = np.exp(log - log.max())
        above = mass @ (boundaries.signed_distances(here) > 0) / mass.sum()
        found.append(normal_quantile(np.clip(above, 1e-9, 1 - 1e-9)))
    return np.array(found)
