"""Maps whose features are one function of random affine projections, f_m(x) = g(w_m·x + b_m)."""

import numpy as np

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least, check_positive
from trilateration.evidence.maps._base import Embedded, Map, directions, frozen, like


class LinearMap(Embedded):
    """Isometric linear embedding, f(x) = x E with E Eᵀ = I: the control without distortion.

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
        return latents

    def _bend_jacobian(self, latents):
        identity = np.eye(self.dimension, dtype=latents.dtype)
        return np.broadcast_to(identity, (*latents.shape, self.dimension))


class _Projections(Map):
    """f_m(x) = g(gain w_m·x + b_m) with random unit vectors w_m."""

    def __init__(self, dimension, n_features, gain, spread, rng):
        super().__init__(dimension, n_features)
        check_positive(gain, "gain")
        check_at_least(spread, 0, "spread")
        self.weights = frozen(directions(self.dimension, self.n_features, rng) * float(gain))
        self.biases = frozen(rng.uniform(-1, 1, self.n_features) * float(spread))

    def _projections(self, latents):
        return latents @ like(self.weights, latents) + like(self.biases, latents)

    def _features(self, latents):
        return self._function(self._projections(latents))

    def _jacobian(self, latents):
        slopes = self._derivative(self._projections(latents))
        return slopes[..., None] * like(self.weights, latents).T


class QuadraticMap(_Projections):
    """Squares of random affine functions, f_m(x) = (gain w_m·x + b_m)², b_m uniform on [−1, 1].

    With M ≥ (D + 1)(D + 2)/2 features the x_j themselves are linear combinations of the features
    and a constant (almost surely), so the map is injective and a linear decoder inverts it.

    Parameters
    ----------
    dimension, n_features
        D and M.
    gain
        Length > 0 of the vectors.
    rng
        Source of all randomness.
    """

    def __init__(
        self, dimension: int, n_features: int = 40, *, gain: Scalar = 1.0, rng: np.random.Generator
    ):
        super().__init__(dimension, n_features, gain, 1.0, rng)

    def _function(self, values):
        return values**2

    def _derivative(self, values):
        return 2 * values


class ExponentialMap(_Projections):
    """Exponentials of random projections, f_m(x) = exp(gain w_m·x).

    Injective if M ≥ D (almost surely), since the logarithms are linear.

    Parameters
    ----------
    dimension, n_features
        D and M. With few features a linear decoder of the features fails; with many it does not.
    gain
        Strength > 0 of the bend.
    rng
        Source of all randomness.
    """

    def __init__(
        self, dimension: int, n_features: int = 40, *, gain: Scalar = 2.0, rng: np.random.Generator
    ):
        super().__init__(dimension, n_features, gain, 0.0, rng)

    def _function(self, values):
        return np.exp(values)

    _derivative = _function


class TanhMap(_Projections):
    """Saturating features, f_m(x) = tanh(gain w_m·x + b_m), b_m uniform on [−1, 1].

    Injective if M ≥ D (almost surely), since tanh is.

    Parameters
    ----------
    dimension, n_features
        D and M.
    gain
        Strength > 0 of the saturation.
    rng
        Source of all randomness.
    """

    def __init__(
        self, dimension: int, n_features: int = 40, *, gain: Scalar = 2.0, rng: np.random.Generator
    ):
        super().__init__(dimension, n_features, gain, 1.0, rng)

    def _function(self, values):
        return np.tanh(values)

    def _derivative(self, values):
        return 1 - np.tanh(values) ** 2


class PowerMap(_Projections):
    """Power law, f_m(x) = sgn(v) |v|^p with v = 2 w_m·x, which is ±1 at the ends of the box.

    Injective if M ≥ D (almost surely). For p > 1 the Jacobian vanishes at the origin.

    Parameters
    ----------
    dimension, n_features
        D and M.
    exponent
        p ≥ 1.
    rng
        Source of all randomness.
    """

    def __init__(
        self,
        dimension: int,
        n_features: int = 40,
        *,
        exponent: Scalar = 3.0,
        rng: np.random.Generator,
    ):
        check_at_least(exponent, 1, "exponent")
        super().__init__(dimension, n_features, 2.0, 0.0, rng)
        self.exponent = float(exponent)

    def _function(self, values):
        return np.sign(values) * np.abs(values) ** self.exponent

    def _derivative(self, values):
        return self.exponent * np.abs(values) ** (self.exponent - 1)


class WaveMap(_Projections):
    """Random sines, f_m(x) = sin(frequency w_m·x + b_m), b_m uniform on [−π, π].

    A curved sheet that fills all dimensions of feature space. Generically injective
    for M ≥ 2D + 1 (Whitney), but two points can come close: test it.

    Parameters
    ----------
    dimension, n_features
        D and M.
    frequency
        Strength > 0: radians per latent unit.
    rng
        Source of all randomness.
    """

    def __init__(
        self,
        dimension: int,
        n_features: int = 40,
        *,
        frequency: Scalar = 6.0,
        rng: np.random.Generator,
    ):
        check_positive(frequency, "frequency")
        super().__init__(dimension, n_features, frequency, np.pi, rng)

    def _function(self, values):
        return np.sin(values)

    def _derivative(self, values):
        return np.cos(values)
