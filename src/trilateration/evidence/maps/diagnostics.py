"""How a map bends distances, and whether it confuses two points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real
from scipy import optimize
from scipy.stats import qmc

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_positive
from trilateration.evidence.maps._base import ObservationMap

# Two points count as confused if their features differ by less than this share of what
# points so far apart usually differ by.
_TOLERANCE = 1e-6
_CANDIDATES = 6


class Distortion(NamedTuple):
    """What a map does to small lengths, over a box.

    Attributes
    ----------
    smallest, largest
        Extreme singular values of the Jacobian over the points: how much a small step is stretched.
    condition
        Largest ratio of the two at one point; infinite where the Jacobian is singular.
    variation
        How far the metric G = JᵀJ is from being the same everywhere, √E|G − Ē|²/|Ē| with Ē = E G
        (Frobenius norms); 0 for affine maps.
    curved_share
        Share of the variance of the features that no affine function of x explains.
    """

    smallest: float
    largest: float
    condition: float
    variation: float
    curved_share: float


class Injectivity(NamedTuple):
    """The two points of a box that a map tells apart least, and whether it does.

    Attributes
    ----------
    injective
        False if a collision was found. True says that the search found none; it is no proof.
    pair
        The two points, shape ``(2, dimension)``, at least ``separation`` apart.
    contrast
        |f(x) − f(y)|/|x − y| of the pair, over its median for random pairs.
    """

    injective: bool
    pair: Float[np.ndarray, "2 dimension"]
    contrast: float

    @property
    def verdict(self) -> str:
        """The finding in two words, for tables."""
        return "injective" if self.injective else "NOT INJECTIVE"


def box_points(
    n_points: int, dimension: int, half_width: Scalar = 0.5
) -> Float[np.ndarray, "point dimension"]:
    """Return evenly spread points of the box [−h, h]^D: a Sobol sequence, always the same.

    Parameters
    ----------
    n_points
        Number of points; a power of two spreads best.
    dimension
        D.
    half_width
        h > 0.
    """
    check_count(n_points, "n_points")
    check_positive(half_width, "half_width")
    power = int(np.ceil(np.log2(n_points)))
    sobol = qmc.Sobol(check_count(dimension, "dimension"), scramble=False)
    unit = sobol.random_base2(power)[:n_points]
    return (2 * (unit + 0.5 / 2**power) - 1) * half_width


def metric(
    observation: ObservationMap,
    points: Real[np.ndarray, "*batch dimension"],
    covariance: Float[np.ndarray, "feature feature"] | None = None,
) -> Float[np.ndarray, "*batch dimension dimension"]:
    """Return G(x) = Jᵀ Γ⁻¹ J, by which a small step v is |v|² = vᵀ G v long in feature space.

    Parameters
    ----------
    observation
        The map f.
    points
        x, shape ``(..., dimension)``.
    covariance
        Γ, shape ``(feature, feature)``; the identity by default.
    """
    jacobian = observation.jacobian(points)
    other = jacobian if covariance is None else np.linalg.solve(covariance, jacobian)
    return np.swapaxes(jacobian, -1, -2) @ other


def distortion(
    observation: ObservationMap, *, half_width: Scalar = 0.5, n_points: int = 4096
) -> Distortion:
    """Measure how a map bends lengths over the box [−h, h]^D.

    Parameters
    ----------
    observation
        The map f.
    half_width
        h > 0.
    n_points
        Points at which it is measured, see :func:`box_points`.
    """
    points = box_points(n_points, observation.dimension, half_width)
    g = metric(observation, points)
    squared = np.linalg.eigvalsh(g).clip(min=0)
    singular = np.sqrt(squared)
    average = g.mean(axis=0)
    spread = ((g - average) ** 2).sum(axis=(1, 2)).mean() ** 0.5
    with np.errstate(divide="ignore"):
        condition = (singular[:, -1] / singular[:, 0]).max()
    features = observation(points)
    features = features - features.mean(axis=0)
    centred = points - points.mean(axis=0)
    fit, *_ = np.linalg.lstsq(centred, features, rcond=None)
    curved = ((features - centred @ fit) ** 2).sum() / (features**2).sum()
    return Distortion(
        float(singular[:, 0].min()),
        float(singular[:, -1].max()),
        float(condition),
        float(spread / np.linalg.norm(average)),
        float(curved),
    )


def injectivity(
    observation: ObservationMap,
    *,
    half_width: Scalar = 0.5,
    separation: Scalar = 0.1,
    n_points: int = 1024,
) -> Injectivity:
    """Search for two points of the box [−h, h]^D that the map confuses.

    All pairs of evenly spread points that are at least ``separation`` apart are compared; from the
    worst few a local search minimises |f(x) − f(y)|/|x − y| within the box. Points closer together
    are left to the Jacobian: see :func:`distortion`.

    Parameters
    ----------
    observation
        The map f.
    half_width
        h > 0. Readings leave the prior's box: test a box wider by a few σ.
    separation
        Smallest distance > 0 of a pair, in latent units.
    n_points
        Points to start from; memory grows with its square.
    """
    check_positive(separation, "separation")
    points = box_points(n_points, observation.dimension, half_width)
    first, second = np.triu_indices(len(points), 1)
    apart = _distances(points)[first, second]
    ratios = _distances(observation(points))[first, second] / apart
    typical = float(np.median(ratios))
    far = np.flatnonzero(apart >= separation)
    if len(far) == 0:
        raise ValueError(f"separation must be below the size of the box, got {separation}")
    best = far[np.argsort(ratios[far])[:_CANDIDATES]]
    found = [
        _worst_pair(observation, points[[first[k], second[k]]], half_width, separation)
        for k in best
    ]
    ratio, pair = min(found, key=lambda each: each[0])
    return Injectivity(bool(ratio > _TOLERANCE * typical), pair, float(ratio / typical))


def require_injective(
    observation: ObservationMap, *, half_width: Scalar = 0.5, separation: Scalar = 0.1
) -> None:
    """Raise if :func:`injectivity` finds two points that the map confuses.

    Raises
    ------
    ValueError
        Naming the map and the two points.
    """
    found = injectivity(observation, half_width=half_width, separation=separation)
    if not found.injective:
        x, y = (np.round(point, 3).tolist() for point in found.pair)
        raise ValueError(
            f"observation must be injective on the box of half-width {half_width:g}, got a "
            f"{type(observation).__name__} that confuses {x} and {y}"
        )


def _distances(points):
    squares = (points**2).sum(axis=1)
    return np.sqrt((squares[:, None] + squares - 2 * points @ points.T).clip(min=0))


def _worst_pair(observation, pair, half_width, separation):
    """Minimise |f(x) − f(y)|/|x − y| from one pair, at least ``separation`` apart in the box."""
    dimension = observation.dimension

    def residuals(flat):
        x, y = flat.reshape(2, dimension)
        apart = max(float(np.linalg.norm(x - y)), separation / 2)
        # The penalty only steers; what is returned is checked against the separation itself.
        short = max(0.0, 1.02 - apart / separation)
        both = observation(np.stack([x, y]))
        return np.append((both[0] - both[1]) / apart, 10 * short)

    edge = half_width * (1 + 1e-12)
    result = optimize.least_squares(
        residuals,
        pair.ravel().clip(-half_width, half_width),
        bounds=(-edge, edge),
        max_nfev=60,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    candidates = [pair, result.x.reshape(2, dimension)]
    scored = []
    for each in candidates:
        apart = float(np.linalg.norm(each[0] - each[1]))
        if apart >= separation:
            features = observation(each)
            scored.append((float(np.linalg.norm(features[0] - features[1])) / apart, each))
    return min(scored, key=lambda each: each[0])
