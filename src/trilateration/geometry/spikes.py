"""Simulated recordings: neurons that spike at rates set by a state, and what is decoded from them.

Counts of repeated positions have the axes ``(position, repeat, unit)``. Nothing here is fitted to a
brain: neurons are linear up to rectification, and their spikes are Poisson given rate and gain.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_at_least,
    check_count,
    check_finite,
    check_generator,
    check_last_axis,
    check_positive,
)


@dataclass(frozen=True, eq=False)
class Neurons:
    """A population: counts are Poisson with mean (1 + g) max(base + slopes·state, 0).

    Attributes
    ----------
    slopes
        Spikes per unit of the state, shape ``(unit, state)``.
    base
        Spikes at state 0, ``(unit,)``.
    gain_sd
        Standard deviation of g, one number a trial that all neurons share; g is cut at −1.
    """

    slopes: Float[np.ndarray, "unit state"]
    base: Float[np.ndarray, " unit"]
    gain_sd: float = 0.0

    def rates(self, states: Real[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch unit"]:
        """Return mean counts at gain 1."""
        check_last_axis(states, self.slopes.shape[1], "states", "state")
        return np.maximum(states @ self.slopes.T + self.base, 0.0)

    def counts(
        self, states: Real[np.ndarray, "*batch state"], *, rng: np.random.Generator
    ) -> Int[np.ndarray, "*batch unit"]:
        """Draw spike counts."""
        check_generator(rng)
        rates = self.rates(states)
        if self.gain_sd:
            gain = 1 + self.gain_sd * rng.standard_normal(rates.shape[:-1])
            rates = rates * np.maximum(gain, 0)[..., None]
        return rng.poisson(rates)


def draw_neurons(
    n_units: int,
    n_states: int,
    *,
    rng: np.random.Generator,
    base: Scalar = 8.0,
    slope: Scalar = 4.0,
    gain_sd: Scalar = 0.0,
) -> Neurons:
    """Draw neurons of gamma-distributed base rates (shape 4) and normal slopes.

    Parameters
    ----------
    n_units, n_states
        Numbers ≥ 1 of neurons and of coordinates of their state.
    rng
        Draws them.
    base, slope
        Mean of base counts, standard deviation of slopes per unit of the state.
    gain_sd
        Of the gain that neurons share.
    """
    check_count(n_units, "n_units")
    check_count(n_states, "n_states")
    check_generator(rng)
    check_positive(base, "base")
    check_at_least(slope, 0, "slope")
    check_at_least(gain_sd, 0, "gain_sd")
    slopes = slope * rng.standard_normal((n_units, n_states))
    return Neurons(slopes, base * rng.gamma(4, 1 / 4, n_units), float(gain_sd))


def ring_positions(n_positions: int, radius: Scalar = 0.35) -> Float[np.ndarray, "position 2"]:
    """Return positions at equal distances on a circle about the origin, the first on the axis."""
    check_count(n_positions, "n_positions", minimum=3)
    check_positive(radius, "radius")
    angles = 2 * np.pi * np.arange(n_positions) / n_positions
    return radius * np.column_stack([np.cos(angles), np.sin(angles)])


def shuffled_repeats(
    counts: Real[np.ndarray, "position repeat unit"], *, rng: np.random.Generator
) -> Real[np.ndarray, "position repeat unit"]:
    """Permute the repeats of each neuron on its own: correlations given the position are gone."""
    check_generator(rng)
    return rng.permuted(counts, axis=1)


def unbiased_estimates(
    counts: Real[np.ndarray, "position repeat unit"],
    positions: Real[np.ndarray, "position dimension"],
    *,
    covariance: str = "diagonal",
) -> Float[np.ndarray, "position repeat dimension"]:
    """Return linear estimates of the position of every repeat, unbiased along the latents.

    Even repeats are decoded with weights from odd ones and the other way round: S⁻¹B(BᵀS⁻¹B)⁻¹ with
    the slopes B of counts on position, and S the covariance of counts given the position or its
    diagonal. What the noise of the weights costs in slope is divided out of the estimates, which
    needs their true positions but not their errors.

    Parameters
    ----------
    counts
        Spike counts or other activity; an even number ≥ 4 of repeats.
    positions
        x*, more of them than dimensions.
    covariance
        ``"diagonal"`` or ``"full"``, which needs more trials than neurons.

    Raises
    ------
    ValueError
        If the axes do not fit, or there are too few repeats or positions.
    """
    counts, positions = _repeated(counts, positions)
    if covariance not in ("diagonal", "full"):
        raise ValueError(f"covariance must be 'diagonal' or 'full', got {covariance!r}")
    found = np.empty((*counts.shape[:2], positions.shape[1]))
    centred = positions - positions.mean(axis=0)
    inverse = np.linalg.pinv(centred)
    for test in (0, 1):
        train = counts[:, 1 - test :: 2]
        means = train.mean(axis=1)
        slopes = inverse @ means  # (dimension, unit)
        rest = (train - means[:, None]).reshape(-1, counts.shape[-1])
        if covariance == "full":
            weighted = np.linalg.solve(np.cov(rest.T), slopes.T)
        else:
            weighted = (slopes / (rest.var(axis=0) + 1e-3 * rest.var() + 1e-12)).T
        weights = weighted @ np.linalg.inv(slopes @ weighted)
        guess = (counts[:, test::2] - means.mean(axis=0)) @ weights
        gain = inverse @ guess.mean(axis=1)  # of estimates on positions, row by row
        found[:, test::2] = guess @ np.linalg.inv(gain)
    return found


def errors_given_position(
    estimates: Float[np.ndarray, "position repeat dimension"],
) -> Float[np.ndarray, "position repeat dimension"]:
    """Return how estimates differ from their mean at the position, decoder by decoder.

    Even and odd repeats have each their own mean, because :func:`unbiased_estimates` has two
    decoders. They are scaled so that their mean product is an unbiased covariance.
    """
    errors = np.empty(estimates.shape)
    for part in (slice(0, None, 2), slice(1, None, 2)):
        own = estimates[:, part]
        n = own.shape[1]
        errors[:, part] = (own - own.mean(axis=1, keepdims=True)) * (n / (n - 1)) ** 0.5
    return errors


class InformationLimit(NamedTuple):
    """Error variances per axis of the best linear unbiased estimate of a position.

    Attributes
    ----------
    together
        From the responses as they are, tr(I₀⁻¹)/D + s².
    shuffled
        If correlations are taken away and variances left.
    """

    together: float
    shuffled: float


def information_limit(neurons: Neurons, standard_error: Scalar) -> InformationLimit:
    """Return the errors of decoding x* from neurons that encode μ, Poisson and without rectifying.

    I₀ = BᵀΣ₀⁻¹B with Σ₀ the base rates; the covariance given x* is Σ₀ + s²BBᵀ, hence the inverse
    information I₀⁻¹ + s²I (Moreno-Bote et al. 2014). Shuffled it is the diagonal of that.

    Parameters
    ----------
    neurons
        Whose state is the mean of the readings.
    standard_error
        s ≥ 0 of that mean.
    """
    check_at_least(standard_error, 0, "standard_error")
    slopes, base, s = neurons.slopes, neurons.base, float(standard_error)
    alone = np.linalg.inv(slopes.T @ (slopes / base[:, None]))
    diagonal = base + s**2 * (slopes**2).sum(axis=1)
    apart = np.linalg.inv(slopes.T @ (slopes / diagonal[:, None]))
    return InformationLimit(float(np.diag(alone).mean() + s**2), float(np.diag(apart).mean()))


def _repeated(counts, positions):
    counts = np.asarray(counts, dtype=float)
    positions = np.asarray(positions, dtype=float)
    if counts.ndim != 3 or positions.ndim != 2 or len(counts) != len(positions):
        raise ValueError(
            "counts must have axes (position, repeat, unit) and positions (position, dimension), "
            f"got shapes {counts.shape} and {positions.shape}"
        )
    check_finite(counts, "counts")
    check_finite(positions, "positions")
    if counts.shape[1] < 4 or counts.shape[1] % 2:
        raise ValueError(f"counts must have an even number >= 4 of repeats, got {counts.shape[1]}")
    if len(positions) <= positions.shape[1]:
        raise ValueError(
            f"positions must be more than their {positions.shape[1]} dimensions, "
            f"got {len(positions)}"
        )
    return counts, positions
