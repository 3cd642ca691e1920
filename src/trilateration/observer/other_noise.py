"""Readouts for noise that is not independent, Gaussian and of known size.

The plain mean stays unbiased for every noise of mean zero. Whether it is still sufficient, and
whether Φ(d/s) is still an honest report, are other questions; here are the estimates and reports
that are, noise by noise.
"""

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Array, Scalar, as_floating
from trilateration._checks import check_between, check_count, check_positive
from trilateration.evidence import (
    AutoregressiveNoise,
    GaussianNoise,
    GumbelNoise,
    LaplaceNoise,
    NoiseModel,
    StateDependentNoise,
    StudentNoise,
    running_mean,
    validate_evidence,
)
from trilateration.observer.best_noise import mean_radius_power
from trilateration.observer.information import autoregressive_mean_variance
from trilateration.tasks import Boundaries


def location_log_density(
    noise: NoiseModel, values: Real[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Return log f(e), the log density of one coordinate of independent noise, up to a constant.

    Parameters
    ----------
    noise
        Gaussian, Laplace, Student or Gumbel noise.
    values
        e, in latent units, any shape.

    Raises
    ------
    ValueError
        If the noise is of another kind.
    """
    values = as_floating(values, "values")
    sigma = getattr(noise, "sigma", None)
    if isinstance(noise, GaussianNoise):
        return -0.5 * (values / sigma) ** 2
    if isinstance(noise, LaplaceNoise):
        return -np.abs(values) * 2**0.5 / sigma
    if isinstance(noise, StudentNoise):
        nu = noise.degrees_of_freedom
        return -(nu + 1) / 2 * np.log1p((values / sigma) ** 2 / (nu - 2))
    if isinstance(noise, GumbelNoise):
        z = values * np.pi / (sigma * 6**0.5) + np.euler_gamma
        return -z - np.exp(-z)
    raise _unknown(noise)


def mean_efficiency(noise: NoiseModel) -> float:
    """Return 1/(σ²I), the relative efficiency of the mean as an estimate of location.

    I is the Fisher information of the location of one reading. The best estimate from many
    readings has the variance of the mean times this number: 1 for Gaussian noise, ½ for Laplace,
    (ν − 2)(ν + 3)/(ν(ν + 1)) for Student's t, 6/π² for Gumbel.

    Parameters
    ----------
    noise
        Gaussian, Laplace, Student or Gumbel noise.

    Raises
    ------
    ValueError
        If the noise is of another kind.
    """
    if isinstance(noise, GaussianNoise):
        return 1.0
    if isinstance(noise, LaplaceNoise):
        return 0.5
    if isinstance(noise, StudentNoise):
        nu = noise.degrees_of_freedom
        return float((nu - 2) * (nu + 3) / (nu * (nu + 1)))
    if isinstance(noise, GumbelNoise):
        return 6 / np.pi**2
    raise _unknown(noise)


def mean_variance(noise: NoiseModel, n_steps: int) -> float:
    """Return the mean squared error per axis of the plain mean of t steps, for any noise.

    σ²/t for independent noise of any law, tr Σ/(D t) for covariance Σ, the formula of
    :func:`~trilateration.observer.autoregressive_mean_variance` for AR(1), and for noise of size
    σ(1 + k|x*|) the average over the unit box of the plane, (σ²/t)(1 + 2k E|x*| + k² E|x*|²).

    Parameters
    ----------
    noise
        Any noise model of :mod:`trilateration.evidence`; state-dependent noise must have a number
        as slope.
    n_steps
        Number of steps t ≥ 1.

    Raises
    ------
    ValueError
        If the slope is a function.
    """
    check_count(n_steps, "n_steps")
    if isinstance(noise, AutoregressiveNoise):
        return float(autoregressive_mean_variance(noise.sigma, n_steps, noise.rho))
    factor = 1.0
    if isinstance(noise, StateDependentNoise):
        if callable(noise.slope):
            raise ValueError("noise must have a number as slope, got a function")
        k = noise.slope
        factor += 2 * k * mean_radius_power(1) + k**2 * mean_radius_power(2)
    return float(np.mean(np.square(noise.standard_deviation)) * factor / n_steps)


def location_posterior_mean(
    evidence: Real[np.ndarray, "*batch time dimension"],
    noise: NoiseModel,
    *,
    reach: Scalar = 6.0,
    n_nodes: int = 61,
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the flat-prior posterior mean of x*, the best estimate that moves with its readings.

    ∫ x Π_k f(X(k) − x) dx/∫ Π_k f(X(k) − x) dx in each coordinate, known as Pitman's estimator,
    by the trapezium rule on ``n_nodes`` points within ``reach`` standard errors of the mean.

    Parameters
    ----------
    evidence
        X(1..t), shape ``(..., time, dimension)``, with noise that is independent in time and
        between coordinates.
    noise
        Gaussian, Laplace, Student or Gumbel noise.
    reach
        Half-width of the grid, > 0, in units of σ/√t.
    n_nodes
        Number of grid points, ≥ 3.
    """
    evidence = validate_evidence(evidence)
    check_positive(reach, "reach")
    check_count(n_nodes, "n_nodes", minimum=3)
    n_steps = evidence.shape[-2]
    mean = evidence.mean(axis=-2)
    shift = np.linspace(-1, 1, n_nodes) * reach * noise.standard_deviation / n_steps**0.5
    log_posterior = np.zeros((*mean.shape, n_nodes))
    for step in range(n_steps):  # one step at a time keeps the memory at one grid
        residual = (evidence[..., step, :] - mean)[..., None] - shift
        log_posterior += location_log_density(noise, residual)
    log_posterior -= log_posterior.max(axis=-1, keepdims=True)
    posterior = np.exp(log_posterior)
    return mean + posterior @ shift / posterior.sum(axis=-1)


def autoregressive_mean(
    evidence: Real[np.ndarray, "*batch time dimension"], rho: Scalar
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the sufficient statistic of AR(1) evidence: the mean with heavier ends.

    [X(1) + X(t) + (1 − ρ)(X(2) + … + X(t−1))]/[t − (t − 2)ρ]; the generalised least-squares
    estimate, of variance σ²/t_eff per axis (:func:`~trilateration.observer.effective_steps`).

    Parameters
    ----------
    evidence
        X(1..t), shape ``(..., time, dimension)``.
    rho
        Correlation ρ of neighbouring steps, −1 < ρ < 1.
    """
    evidence = validate_evidence(evidence)
    check_between(rho, -1, 1, "rho")
    weights = np.full(evidence.shape[-2], 1 - rho, dtype=np.float64)
    weights[[0, -1]] = 1
    return np.einsum("...td,t->...d", evidence, weights / weights.sum())


def scatter_reports(
    evidence: Real[np.ndarray, "*batch time dimension"], boundaries: Boundaries
) -> Float[np.ndarray, "*batch task"]:
    """Return the reports of an observer that must learn σ from the scatter of its readings.

    F_n(d √t/σ̂), with F_n the distribution function of Student's t with n = D(t − 1) degrees of
    freedom and σ̂² = Σ_k |X(k) − μ|²/n: the posterior probability of label 1 for independent
    Gaussian noise under the flat prior on x* and log σ.

    Parameters
    ----------
    evidence
        X(1..t), shape ``(..., time, dimension)``, t ≥ 2.
    boundaries
        Tasks, with normals a_i and offsets β_i.

    Raises
    ------
    ValueError
        If there is a single step, which has no scatter.
    """
    evidence = validate_evidence(evidence, boundaries.dimension)
    n_steps, dimension = evidence.shape[-2:]
    if n_steps < 2:
        raise ValueError(f"evidence must have at least 2 steps, got {n_steps}")
    freedom = dimension * (n_steps - 1)
    mean = running_mean(evidence)[..., -1, :]
    scatter = ((evidence - mean[..., None, :]) ** 2).sum(axis=(-2, -1)) / freedom
    u = boundaries.signed_distances(mean) * (n_steps / scatter[..., None]) ** 0.5
    return special.stdtr(freedom, u)


def _unknown(noise):
    return ValueError(
        f"noise must be Gaussian, Laplace, Student or Gumbel noise, got {type(noise).__name__}"
    )
