"""Noise models: zero mean, a stated standard deviation, randomness from the caller's generator.

Every ``sigma`` is a standard deviation, whatever the shape of the law, in the length unit of the
latent space.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import (
    check_at_least,
    check_between,
    check_covariance,
    check_generator,
    check_positive,
)


@runtime_checkable
class NoiseModel(Protocol):
    """What every noise model offers: a standard deviation and zero-mean samples."""

    @property
    def standard_deviation(self) -> Scalar | Float[np.ndarray, " dimension"]:
        """Marginal standard deviation of one sample, per axis if it differs between axes."""
        ...

    def sample(
        self,
        shape: tuple[int, ...],
        rng: np.random.Generator,
        latents: Float[np.ndarray, "..."] | None = None,
        dtype: type = np.float64,
    ) -> Float[np.ndarray, "..."]:
        """Draw noise of shape ``(..., time, dimension)``."""
        ...


class _Noise:
    """Shared by all models: the checks around ``_draw``, and ``sigma`` as standard deviation."""

    def sample(
        self,
        shape: tuple[int, ...],
        rng: np.random.Generator,
        latents: Float[np.ndarray, "..."] | None = None,
        dtype: type = np.float64,
    ) -> Float[np.ndarray, "..."]:
        """Draw noise of shape ``(..., time, dimension)``.

        Parameters
        ----------
        shape
            Shape of the result; the last two axes are time and dimension.
        rng
            Source of all randomness.
        latents
            Positions x*, shape ``(..., dimension)``; only state-dependent noise looks at them.
        dtype
            ``numpy.float64`` or ``numpy.float32``.
        """
        check_generator(rng)
        if len(shape) < 2:
            raise ValueError(f"shape must have axes (..., time, dimension), got {shape}")
        return self._draw(shape, rng, latents, _float_type(dtype))

    @property
    def standard_deviation(self) -> Scalar:
        """Standard deviation σ of one sample on one axis."""
        return self.sigma


@dataclass(frozen=True)
class GaussianNoise(_Noise):
    """Independent Gaussian noise, σ ε with ε ~ N(0, I); the paper's noise.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 per step and axis.
    """

    sigma: Scalar

    def __post_init__(self):
        check_positive(self.sigma, "sigma")

    def _draw(self, shape, rng, latents, dtype):
        noise = rng.standard_normal(shape, dtype)
        noise *= dtype(self.sigma)
        return noise


@dataclass(frozen=True, eq=False)
class AnisotropicNoise(_Noise):
    """Independent Gaussian noise with covariance Σ between axes, N(0, Σ).

    Parameters
    ----------
    covariance
        Σ, shape ``(dimension, dimension)``, symmetric and positive definite.
    """

    covariance: Float[np.ndarray, "dimension dimension"]

    def __post_init__(self):
        covariance = _frozen(self.covariance, "covariance")
        check_covariance(covariance, "covariance")
        object.__setattr__(self, "covariance", covariance)

    @property
    def standard_deviation(self) -> Float[np.ndarray, " dimension"]:
        """Square roots of the diagonal of Σ, one per axis."""
        return np.sqrt(np.diag(self.covariance))

    def _draw(self, shape, rng, latents, dtype):
        if shape[-1] != len(self.covariance):
            raise ValueError(
                f"covariance must be {shape[-1]} x {shape[-1]} for {shape[-1]}-dimensional "
                f"latents, got shape {self.covariance.shape}"
            )
        factor = np.linalg.cholesky(self.covariance).astype(dtype)
        return rng.standard_normal(shape, dtype) @ factor.T


@dataclass(frozen=True)
class AutoregressiveNoise(_Noise):
    """Gaussian noise correlated in time: a stationary first-order autoregression.

    ε_1 ~ N(0, 1) and ε_{k+1} = ρ ε_k + √(1 − ρ²) ξ_k, so corr(ε_k, ε_l) = ρ^|k−l| and every
    step has the marginal standard deviation σ.

    Parameters
    ----------
    sigma
        Marginal standard deviation σ > 0.
    rho
        Correlation ρ of neighbouring steps, −1 < ρ < 1; 0 gives :class:`GaussianNoise`.
    """

    sigma: Scalar
    rho: Scalar

    def __post_init__(self):
        check_positive(self.sigma, "sigma")
        check_between(self.rho, -1, 1, "rho")

    def _draw(self, shape, rng, latents, dtype):
        noise = rng.standard_normal(shape, dtype)
        noise[..., 1:, :] *= dtype(np.sqrt(1 - self.rho**2))
        for step in range(1, shape[-2]):
            noise[..., step, :] += dtype(self.rho) * noise[..., step - 1, :]
        noise *= dtype(self.sigma)
        return noise


@dataclass(frozen=True)
class StudentNoise(_Noise):
    """Independent heavy-tailed noise: Student's t, scaled to standard deviation σ, mean zero.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 (not the scale: t_ν is multiplied by σ √((ν − 2)/ν)).
    degrees_of_freedom
        ν > 2, below which the variance is infinite.
    """

    sigma: Scalar
    degrees_of_freedom: Scalar

    def __post_init__(self):
        check_positive(self.sigma, "sigma")
        check_between(self.degrees_of_freedom, 2, np.inf, "degrees_of_freedom")

    def _draw(self, shape, rng, latents, dtype):
        nu = self.degrees_of_freedom
        noise = rng.standard_t(nu, shape)
        noise *= self.sigma * np.sqrt((nu - 2) / nu)
        return noise.astype(dtype, copy=False)


@dataclass(frozen=True)
class LaplaceNoise(_Noise):
    """Independent Laplace noise with standard deviation σ and mean zero.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 (not the scale, which is σ/√2).
    """

    sigma: Scalar

    def __post_init__(self):
        check_positive(self.sigma, "sigma")

    def _draw(self, shape, rng, latents, dtype):
        return rng.laplace(0.0, self.sigma / np.sqrt(2), shape).astype(dtype, copy=False)


@dataclass(frozen=True)
class GumbelNoise(_Noise):
    """Independent skewed noise: a Gumbel law shifted to mean zero, standard deviation σ.

    The shift matters: a raw Gumbel law of scale b has mean 0.577 b and standard deviation 1.28 b,
    which would move every latent position.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 (not the scale, which is b = σ √6/π).
    """

    sigma: Scalar

    def __post_init__(self):
        check_positive(self.sigma, "sigma")

    def _draw(self, shape, rng, latents, dtype):
        scale = self.sigma * np.sqrt(6) / np.pi
        return rng.gumbel(-np.euler_gamma * scale, scale, shape).astype(dtype, copy=False)


@dataclass(frozen=True)
class StateDependentNoise(_Noise):
    """Gaussian noise whose standard deviation grows with the distance of x* from the origin.

    sd(x*) = σ (1 + k |x*|) for a number k, or σ g(|x*|) for a function g.

    Parameters
    ----------
    sigma
        Standard deviation σ > 0 at the origin (for a number k).
    slope
        k ≥ 0 per unit length, or a function g from an array of radii to positive factors.
    """

    sigma: Scalar
    slope: Scalar | Callable = 1.0

    def __post_init__(self):
        check_positive(self.sigma, "sigma")
        if not callable(self.slope):
            check_at_least(self.slope, 0, "slope")

    def standard_deviation_at(
        self, latents: Float[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch"]:
        """Return sd(x*) for latent positions of shape ``(..., dimension)``."""
        radius = np.linalg.norm(latents, axis=-1)
        factor = self.slope(radius) if callable(self.slope) else 1 + self.slope * radius
        standard_deviation = np.asarray(self.sigma * factor, dtype=np.float64)
        check_positive(standard_deviation, "standard deviation given by slope")
        return standard_deviation

    def _draw(self, shape, rng, latents, dtype):
        if latents is None:
            raise ValueError("latents must be given, because this noise depends on them, got None")
        noise = rng.standard_normal(shape, dtype)
        noise *= self.standard_deviation_at(latents)[..., None, None].astype(dtype)
        return noise


def _float_type(dtype):
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype must be numpy.float32 or numpy.float64, got {kind}")
    return kind.type


def _frozen(values, name):
    array = np.array(as_floating(values, name), dtype=np.float64)
    array.flags.writeable = False
    return array
