"""Maps that bend space itself, then embed it: shears, a swirl, and a fold that is not injective."""

import numpy as np
from jaxtyping import Float

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least, check_count
from trilateration.evidence.maps._base import Embedded


class PolynomialMap(Embedded):
    """Polynomial shears, one after the other, then an isometric embedding.

    Shear l adds to coordinate j = l mod D the square of the next coordinate, y_j ← y_j + κ y_{j+1}²
    (indices mod D). Each is undone by subtracting the same, so their composition is a polynomial of
    degree 2^L with a polynomial inverse, injective on ℝ^D, and it keeps volumes.

    Parameters
    ----------
    dimension, n_features
        D ≥ 2 and M ≥ D.
    strength
        κ ≥ 0 per latent unit; 0 gives :class:`LinearMap`.
    n_shears
        L ≥ 1.
    rng
        Source of all randomness.
    """

    def __init__(
        self,
        dimension: int,
        n_features: int = 40,
        *,
        strength: Scalar = 2.0,
        n_shears: int = 2,
        rng: np.random.Generator,
    ):
        check_count(dimension, "dimension", 2)
        check_at_least(strength, 0, "strength")
        self.n_shears = check_count(n_shears, "n_shears")
        self.strength = float(strength)
        super().__init__(dimension, n_features, rng, inner=dimension)

    def _bend(self, latents):
        y = latents.copy()
        for shear in range(self.n_shears):
            j, k = shear % self.dimension, (shear + 1) % self.dimension
            y[..., j] += self.strength * y[..., k] ** 2
        return y

    def _bend_jacobian(self, latents):
        y = latents.copy()
        jacobian = np.zeros((*y.shape, self.dimension), dtype=y.dtype)
        jacobian[...] = np.eye(self.dimension)
        for shear in range(self.n_shears):
            j, k = shear % self.dimension, (shear + 1) % self.dimension
            slope = 2 * self.strength * y[..., k, None]
            jacobian[..., j, :] += slope * jacobian[..., k, :]
            y[..., j] += self.strength * y[..., k] ** 2
        return jacobian

    def inverse(
        self, features: Float[np.ndarray, "*batch feature"]
    ) -> Float[np.ndarray, "*batch dimension"]:
        """Return x for features on the map's image."""
        y = features @ self.embedding.T
        for shear in reversed(range(self.n_shears)):
            j, k = shear % self.dimension, (shear + 1) % self.dimension
            y[..., j] -= self.strength * y[..., k] ** 2
        return y


class SwirlMap(Embedded):
    """A swirl of each coordinate plane, then an isometric embedding.

    Coordinates (1, 2), (3, 4), … are rotated by the angle κ r, with r their own radius; a last odd
    one stays. Undone by rotating back; it keeps volumes.

    Parameters
    ----------
    dimension, n_features
        D ≥ 2 and M ≥ D.
    strength
        κ ≥ 0, radians per latent unit; 0 gives :class:`LinearMap`.
    rng
        Source of all randomness.
    """

    def __init__(
        self,
        dimension: int,
        n_features: int = 40,
        *,
        strength: Scalar = 6.0,
        rng: np.random.Generator,
    ):
        check_count(dimension, "dimension", 2)
        check_at_least(strength, 0, "strength")
        self.strength = float(strength)
        super().__init__(dimension, n_features, rng, inner=dimension)

    def _bend(self, latents):
        return self._rotated(latents, self.strength)

    def _bend_jacobian(self, latents):
        jacobian = np.zeros((*latents.shape, self.dimension), dtype=latents.dtype)
        jacobian[...] = np.eye(self.dimension)
        for first in range(0, self.dimension - 1, 2):
            pair = latents[..., first : first + 2]
            radius = np.linalg.norm(pair, axis=-1)
            cos, sin = np.cos(self.strength * radius), np.sin(self.strength * radius)
            rotation = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
            # d(R(κr) x) = R dx + κ R' x dr, R' x being R x turned by a right angle.
            turned = (rotation @ np.stack([-pair[..., 1], pair[..., 0]], -1)[..., None])[..., 0]
            unit = pair / np.where(radius > 0, radius, 1)[..., None]
            block = rotation + self.strength * turned[..., :, None] * unit[..., None, :]
            jacobian[..., first : first + 2, first : first + 2] = block
        return jacobian

    def inverse(
        self, features: Float[np.ndarray, "*batch feature"]
    ) -> Float[np.ndarray, "*batch dimension"]:
        """Return x for features on the map's image."""
        return self._rotated(features @ self.embedding.T, -self.strength)

    def _rotated(self, points, strength):
        out = points.copy()
        for first in range(0, self.dimension - 1, 2):
            a, b = points[..., first], points[..., first + 1]
            angle = strength * np.hypot(a, b)
            cos, sin = np.cos(angle), np.sin(angle)
            out[..., first], out[..., first + 1] = cos * a - sin * b, sin * a + cos * b
        return out


class FoldedMap(Embedded):
    """The first axis folded, y = (|x_1|, x_2, …), then an isometric embedding: not injective.

    Away from the crease x_1 = 0 it keeps all distances, so nothing local gives it away.

    Parameters
    ----------
    dimension, n_features
        D and M ≥ D.
    rng
        Source of all randomness.
    """

    def __init__(self, dimension: int, n_features: int = 40, *, rng: np.random.Generator):
        super().__init__(dimension, n_features, rng, inner=dimension)

    def _bend(self, latents):
        y = latents.copy()
        np.abs(y[..., 0], out=y[..., 0])
        return y

    def _bend_jacobian(self, latents):
        jacobian = np.zeros((*latents.shape, self.dimension), dtype=latents.dtype)
        jacobian[...] = np.eye(self.dimension)
        jacobian[..., 0, 0] = np.where(latents[..., 0] < 0, -1, 1)
        return jacobian
