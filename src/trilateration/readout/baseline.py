"""What a linear decoder gets from the raw observations: the baseline that a network must beat."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_generator, check_minimum_ndim, check_positive
from trilateration.evidence import observe
from trilateration.evidence.maps import ObservationMap, box_points
from trilateration.readout.linear import PENALTIES, fit_linear, left_out_predictions
from trilateration.readout.regions import orthants, random_groups
from trilateration.readout.scores import Score, prior_r2, within_r2

_READINGS = 20_000  # seen at once, to bound memory
_FOLDS = 4


class MappedTrials(NamedTuple):
    """Trials seen through a map, with the noise before it.

    Attributes
    ----------
    latents
        x*, shape ``(trial, dimension)``.
    means
        μ, mean of the readings X(k), which only somebody who inverts f knows; same shape.
    raw_means
        Mean over time of f(X(k)), shape ``(trial, feature)``.
    """

    latents: Float[np.ndarray, "trial dimension"]
    means: Float[np.ndarray, "trial dimension"]
    raw_means: Float[np.ndarray, "trial feature"]


class CodeScores(NamedTuple):
    """Scores of a linear decoder of some code.

    Attributes
    ----------
    inside
        The paper's r² in distribution: each trial predicted from others like it.
    outside
        The paper's r² with each quadrant of the first two axes predicted from the three others.
    within
        The textbook's R² of the same predictions, within the quadrants.
    """

    inside: Score
    outside: Score
    within: Score


def mapped_trials(
    observation: ObservationMap,
    latents: Real[np.ndarray, "trial dimension"],
    sigma: Scalar,
    n_steps: int,
    *,
    rng: np.random.Generator,
) -> MappedTrials:
    """Draw readings X(k) = x* + σ ε_k, show each through f, and average over time.

    Parameters
    ----------
    observation
        The map f.
    latents
        x*, shape ``(trial, dimension)``.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    rng
        Source of all randomness. The readings do not depend on the map.
    """
    check_minimum_ndim(latents, 2, "latents", "(trial, dimension)")
    check_count(n_steps, "n_steps")
    check_generator(rng)
    chunk = max(1, _READINGS // n_steps)
    means, raw = [], []
    for start in range(0, len(latents), chunk):
        readings = observe(latents[start : start + chunk], sigma, n_steps, rng=rng)
        means.append(readings.mean(axis=1))
        raw.append(observation(readings).mean(axis=1))
    return MappedTrials(latents, np.concatenate(means), np.concatenate(raw))


def code_scores(
    code: Real[np.ndarray, "trial feature"],
    latents: Real[np.ndarray, "trial dimension"],
    *,
    rng: np.random.Generator,
) -> CodeScores:
    """Score linear decoders of a code in and out of distribution.

    Ridge in closed form; its penalty is chosen for every held-out group by leaving out one of the
    *other* groups at a time, so the choice never sees the region that is tested.

    Parameters
    ----------
    code
        Features, such as raw means or probits, shape ``(trial, feature)``.
    latents
        x*, shape ``(trial, dimension)``, D ≥ 2.
    rng
        Splits the trials at random for the score in distribution.
    """
    folds = random_groups(len(latents), _FOLDS, rng=rng)
    quadrants = orthants(latents[:, :2])
    inside = left_out_predictions(code, latents, folds, penalty=PENALTIES)
    outside = left_out_predictions(code, latents, quadrants, penalty=PENALTIES)
    return CodeScores(
        prior_r2(latents, inside),
        prior_r2(latents, outside),
        within_r2(latents, outside, quadrants),
    )


def raw_ceiling(
    observation: ObservationMap, sigma: Scalar, *, n_points: int = 1024, n_nodes: int = 7
) -> float:
    """Return the r² that no linear decoder of raw means exceeds, however long the evidence.

    Given x*, the mean of f(X(k)) has expectation f_σ(x*) = E f(x* + σ ε), so by Jensen's inequality
    an affine decoder of it errs at least as much as the same decoder of f_σ(x*). The ceiling is the
    r² of the best affine decoder of f_σ on the unit box; f_σ by Gauss–Hermite quadrature.

    Parameters
    ----------
    observation
        The map f.
    sigma
        σ > 0.
    n_points
        Points of the box over which the decoder is fitted.
    n_nodes
        Nodes along each axis; there are ``n_nodes ** D`` for every point.
    """
    check_positive(sigma, "sigma")
    check_count(n_nodes, "n_nodes")
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    dimension = observation.dimension
    shifts = np.stack(np.meshgrid(*[nodes] * dimension), axis=-1).reshape(-1, dimension)
    shares = np.prod(np.meshgrid(*[weights / weights.sum()] * dimension), axis=0).ravel()
    points = box_points(n_points, dimension)
    smoothed = sum(
        share * observation(points + sigma * shift)
        for share, shift in zip(shares, shifts, strict=True)
    )
    estimates = fit_linear(smoothed, points).predict(smoothed)
    return prior_r2(points, estimates).value
