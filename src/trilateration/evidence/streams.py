"""Latent positions, streams of evidence about them, and their running means."""

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Array, Scalar, as_floating, matching, namespace
from trilateration._checks import (
    check_at_least,
    check_between,
    check_broadcasts,
    check_count,
    check_finite,
    check_generator,
    check_last_axis,
    check_minimum_ndim,
    check_positive,
)
from trilateration.evidence.noise import GaussianNoise, NoiseModel


def uniform_latents(
    n_trials: int, dimension: int, *, rng: np.random.Generator, half_width: Scalar = 0.5
) -> Float[np.ndarray, "trial dimension"]:
    """Draw latent positions x* uniformly from the box [−h, h]^D.

    Parameters
    ----------
    n_trials, dimension
        Shape of the result, ``(trial, dimension)``.
    rng
        Source of all randomness.
    half_width
        h > 0; the paper's box has h = ½.

    Raises
    ------
    ValueError
        If a count is below 1, ``half_width`` is not positive, or ``rng`` is no generator.
    """
    check_count(n_trials, "n_trials")
    check_count(dimension, "dimension")
    check_positive(half_width, "half_width")
    check_generator(rng)
    return rng.uniform(-half_width, half_width, (n_trials, dimension))


def correlate(
    uniforms: Float[np.ndarray, "*batch dimension"], correlation: Scalar
) -> Float[np.ndarray, "*batch dimension"]:
    """Turn independent numbers, uniform on [0, 1), into uniform ones that are correlated.

    A Gaussian copula: u_j = Φ(g_j) with g = Φ⁻¹(uniforms) Cᵀ, where C Cᵀ has 1 on its diagonal and
    2 sin(πρ/6) elsewhere. By Pearson's formula corr(u_i, u_j) = ρ. The first coordinate stays as it
    is, and the same numbers with another ρ give comparable positions.

    Parameters
    ----------
    uniforms
        Shape ``(..., dimension)``, in [0, 1).
    correlation
        ρ of any two coordinates, −1 < ρ < 1, and 2 sin(πρ/6) > −1/(D − 1).

    Returns
    -------
    Numbers in [0, 1], in the floating-point type of ``uniforms``.
    """
    check_between(correlation, -1, 1, "correlation")
    check_minimum_ndim(uniforms, 1, "uniforms", "(..., dimension)")
    dimension = uniforms.shape[-1]
    between = 2 * np.sin(np.pi * correlation / 6)
    if 1 + (dimension - 1) * between <= 0:
        raise ValueError(
            f"correlation must leave {dimension} coordinates a joint law, got {correlation}"
        )
    matrix = between + (1 - between) * np.eye(dimension)
    factor = np.linalg.cholesky(matrix).astype(uniforms.dtype)
    tiny = np.finfo(uniforms.dtype).tiny  # a generator may return 0, whose quantile is infinite
    normal = special.ndtri(np.maximum(uniforms, tiny))
    return special.ndtr(normal @ factor.T)


def observe(
    latents: Real[np.ndarray, "*batch dimension"],
    noise: Scalar | NoiseModel,
    n_steps: int,
    *,
    rng: np.random.Generator,
    dtype: type = np.float64,
) -> Float[np.ndarray, "*batch time dimension"]:
    """Draw evidence X(k) = x* + noise_k for k = 1..t.

    Parameters
    ----------
    latents
        Positions x*, shape ``(..., dimension)``, usually ``(trial, dimension)``.
    noise
        A noise model, or a number σ for independent Gaussian noise.
    n_steps
        Number of steps t ≥ 1, the length of the time axis.
    rng
        Source of all randomness.
    dtype
        ``numpy.float64`` or ``numpy.float32`` (half the memory).

    Returns
    -------
    Evidence of shape ``(..., time, dimension)``.

    Raises
    ------
    ValueError
        If an argument is outside its range or ``latents`` holds NaN.
    """
    noise = _as_noise(noise)
    latents = as_floating(latents, "latents")
    check_minimum_ndim(latents, 1, "latents", "(..., dimension)")
    check_finite(latents, "latents")
    check_count(n_steps, "n_steps")
    check_generator(rng)
    shape = (*latents.shape[:-1], int(n_steps), latents.shape[-1])
    evidence = noise.sample(shape, rng, latents=latents, dtype=dtype)
    evidence += latents[..., None, :].astype(evidence.dtype, copy=False)
    return evidence


def sample_means(
    latents: Real[np.ndarray, "*batch dimension"],
    sigma: Scalar | Real[np.ndarray, "..."],
    n_steps: Scalar | Real[np.ndarray, "..."],
    *,
    rng: np.random.Generator,
) -> Float[np.ndarray, "*result dimension"]:
    """Draw the mean μ(t) of t steps directly from its exact law N(x*, σ²/t I).

    Equal in law to ``observe(latents, sigma, n_steps, rng=rng).mean(axis=-2)``, without the
    evidence itself.

    Parameters
    ----------
    latents
        Positions x*, shape ``(..., dimension)``.
    sigma, n_steps
        σ > 0 and t ≥ 1: numbers, or arrays that broadcast against the leading shape of
        ``latents``.
    rng
        Source of all randomness.
    """
    latents = as_floating(latents, "latents")
    check_minimum_ndim(latents, 1, "latents", "(..., dimension)")
    check_finite(latents, "latents")
    check_generator(rng)
    scale = np.asarray(standard_error(sigma, n_steps))
    check_broadcasts(scale.shape, latents.shape[:-1], "sigma and n_steps", "latents")
    lead = np.broadcast_shapes(scale.shape, latents.shape[:-1])
    noise = rng.standard_normal((*lead, latents.shape[-1]))
    return latents + scale[..., None] * noise


def standard_error(
    sigma: Scalar | Real[Array, "..."], n_steps: Scalar | Real[Array, "..."]
) -> Scalar | Float[Array, "..."]:
    """Return s = σ/√t, the standard deviation of μ(t) about x* on each axis.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 of one step.
    n_steps
        Number of steps t ≥ 1; an effective number need not be whole.
    """
    check_positive(sigma, "sigma")
    check_at_least(n_steps, 1, "n_steps")
    return sigma / n_steps**0.5


def running_mean(
    evidence: Real[Array, "*batch time dimension"],
) -> Float[Array, "*batch time dimension"]:
    """Return μ(k) = (X(1) + … + X(k))/k for every step k of the time axis.

    Parameters
    ----------
    evidence
        Shape ``(..., time, dimension)``, NumPy or torch; dtype and device are kept.

    Raises
    ------
    ValueError
        If the evidence has fewer than two axes or holds NaN.
    """
    evidence = validate_evidence(evidence)
    xp = namespace(evidence)
    steps = matching(np.arange(1, evidence.shape[-2] + 1), evidence)
    return xp.cumulative_sum(evidence, axis=-2) / steps[:, None]


def validate_evidence(
    evidence: Real[Array, "*batch time dimension"], dimension: int | None = None
) -> Float[Array, "*batch time dimension"]:
    """Return the evidence as floating point, or say what is wrong with it.

    Parameters
    ----------
    evidence
        Shape ``(..., time, dimension)``.
    dimension
        Length that the last axis must have, if given.

    Raises
    ------
    ValueError
        If an axis is missing or empty, or an entry is NaN or infinite.
    """
    evidence = as_floating(evidence, "evidence")
    check_minimum_ndim(evidence, 2, "evidence", "(..., time, dimension)")
    if evidence.shape[-2] == 0:
        raise ValueError(f"evidence must have at least one step, got shape {evidence.shape}")
    if dimension is not None:
        check_last_axis(evidence, dimension, "evidence", "dimension")
    check_finite(evidence, "evidence")
    return evidence


def _as_noise(noise):
    if isinstance(noise, Scalar):
        return GaussianNoise(noise)
    if not isinstance(noise, NoiseModel):
        raise ValueError(
            f"noise must be a finite number > 0 or a noise model, got {type(noise).__name__}"
        )
    return noise
