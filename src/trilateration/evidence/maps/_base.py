"""What every observation map offers, and what they share."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import as_floating
from trilateration._checks import check_count, check_finite, check_generator, check_last_axis


@runtime_checkable
class ObservationMap(Protocol):
    """A fixed map f: ℝ^D → ℝ^M from a latent state to its features, with its Jacobian."""

    @property
    def dimension(self) -> int:
        """Dimension D of the latent state."""
        ...

    @property
    def n_features(self) -> int:
        """Number of features M."""
        ...

    def __call__(
        self, latents: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch feature"]:
        """Return f(x), in the floating-point type of ``latents``."""
        ...

    def jacobian(
        self, latents: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch feature dimension"]:
        """Return J(x), with J_mj = ∂f_m/∂x_j."""
        ...


class Map:
    """Checks around ``_features`` and ``_jacobian``, which see float arrays of a sound shape."""

    def __init__(self, dimension: int, n_features: int):
        self._dimension = check_count(dimension, "dimension")
        self._n_features = check_count(n_features, "n_features")

    @property
    def dimension(self) -> int:
        """Dimension D of the latent state."""
        return self._dimension

    @property
    def n_features(self) -> int:
        """Number of features M."""
        return self._n_features

    def __call__(
        self, latents: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch feature"]:
        """Return f(x), in the floating-point type of ``latents``.

        Parameters
        ----------
        latents
            x, shape ``(..., dimension)``: latent states or readings.

        Raises
        ------
        ValueError
            If the last axis does not fit, or an entry or a feature is not finite.
        """
        with np.errstate(over="ignore"):
            features = self._features(self._checked(latents))
        check_finite(features, "features")
        return features

    def jacobian(
        self, latents: Real[np.ndarray, "*batch dimension"]
    ) -> Float[np.ndarray, "*batch feature dimension"]:
        """Return J(x), with J_mj = ∂f_m/∂x_j, shape ``(..., feature, dimension)``."""
        with np.errstate(over="ignore"):
            jacobian = self._jacobian(self._checked(latents))
        check_finite(jacobian, "jacobian")
        return jacobian

    def _checked(self, latents):
        latents = as_floating(latents, "latents")
        check_last_axis(latents, self._dimension, "latents", "dimension")
        check_finite(latents, "latents")
        return latents


class Embedded(Map):
    """A bent copy of ℝ^D, y = g(x), embedded isometrically: f(x) = y E with E Eᵀ = I."""

    def __init__(self, dimension: int, n_features: int, rng: np.random.Generator, inner: int):
        super().__init__(dimension, n_features)
        self.embedding = isometry(inner, n_features, rng)

    def _features(self, latents):
        return self._bend(latents) @ like(self.embedding, latents)

    def _jacobian(self, latents):
        bent = self._bend_jacobian(latents)  # (..., inner, dimension)
        return like(self.embedding, latents).T @ bent


def isometry(
    dimension: int, n_features: int, rng: np.random.Generator
) -> Float[np.ndarray, "dimension feature"]:
    """Return a uniformly random matrix with orthonormal rows, read-only."""
    check_generator(rng)
    if n_features < dimension:
        raise ValueError(f"n_features must be a whole number >= {dimension}, got {n_features}")
    q, r = np.linalg.qr(rng.standard_normal((n_features, dimension)))
    return frozen((q * np.sign(np.diag(r))).T)


def directions(
    dimension: int, n_features: int, rng: np.random.Generator
) -> Float[np.ndarray, "dimension feature"]:
    """Return independent random unit vectors as columns, read-only."""
    check_generator(rng)
    vectors = rng.standard_normal((dimension, n_features))
    return frozen(vectors / np.linalg.norm(vectors, axis=0))


def frozen(array: np.ndarray) -> np.ndarray:
    """Return the array, made read-only."""
    array.flags.writeable = False
    return array


def like(parameters: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Return parameters in the floating-point type of the points."""
    return parameters.astype(latents.dtype, copy=False)
