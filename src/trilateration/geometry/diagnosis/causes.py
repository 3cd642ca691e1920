"""What tasks and data show by themselves, before the model is asked: one statistic a function.

Shares are of variance or information lost, 0 for none and 1 for all.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real
from numpy.polynomial.hermite_e import hermegauss
from scipy import optimize, special
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from trilateration._arrays import Scalar
from trilateration.observer import binary_divergence, binary_entropy, log_normal_cdf, normal_cdf
from trilateration.tasks import Boundaries

_DEPENDENT = 1e-6  # of the largest singular value
_WITHIN = 0.95  # of training that counts as the region it covers
_GRADED = 3.0
_GRADED_SHARE = 0.08
_NEIGHBOURS = 10
_ABSENT, _COMPONENTS = 1e-6, 5
_NODES, _WEIGHTS = hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Directions(NamedTuple):
    """How tasks cover the directions of latent space.

    Attributes
    ----------
    rank
        q, the number of directions that reports depend on.
    missing
        (D − q)/D.
    condition
        κ(A), infinite if q < D.
    spread
        Share of the variance of position that errors of one probit cost, v/(v + var) with
        v = s² tr(AᵀA)⁻¹/D, on the directions that are not missing.
    isotropic
        The same for as many normals that favour no direction, v = s² D/N.
    """

    rank: int
    missing: float
    condition: float
    spread: float
    isotropic: float


def directions(tasks: Boundaries, s: Scalar, variance: Scalar) -> Directions:
    """Return what the normals determine.

    Parameters
    ----------
    tasks
        Boundaries.
    s
        Standard error > 0 of the mean of a trial.
    variance
        Of the position, per axis.
    """
    values = np.linalg.svd(tasks.normals, compute_uv=False)
    kept = values[values > _DEPENDENT * values[0]]
    rank, dimension = len(kept), tasks.dimension
    error = s**2 * float((kept**-2.0).mean())
    condition = float(kept[0] / kept[-1]) if rank == dimension else float("inf")
    least = s**2 * dimension / tasks.n_tasks
    return Directions(
        rank,
        1 - rank / dimension,
        condition,
        error / (error + variance),
        least / (least + variance),
    )


def constant_labels(labels: Real[np.ndarray, "trial task"]) -> float:
    """Return the share of a bit that labels lack on average, 1 − H(p)/log 2, p their frequency."""
    return float(1 - binary_entropy(labels.mean(axis=0)).mean() / np.log(2))


def graded_share(tasks: Boundaries, latents: Float[np.ndarray, "trial dimension"], s: float):
    """Return P(|u| < 3) if every boundary were in the middle of the data, mean over tasks.

    Where the boundaries are is another matter: see :func:`constant_labels`.
    """
    along = latents @ tasks.normals.T
    return float((np.abs(along - np.median(along, axis=0)) < _GRADED * s).mean())


def saturation(share: float) -> float:
    """Return how far the share of graded reports falls below .08, as a share of it."""
    return max(0.0, 1 - share / _GRADED_SHARE)


def noise_ratio(
    before: Real[np.ndarray, "trial time feature"], after: Real[np.ndarray, "trial time feature"]
) -> float:
    """Return σ of the second observations over σ of the first, from steps within trials.

    √ of the ratio of mean squared differences of neighbouring steps: 1 in expectation if nothing
    has changed, and the ratio of the σ for noise before an affine map or after any. A map that
    bends within σ brings it nearer to 1. NaN with one step.
    """
    if before.shape[1] < 2:
        return float("nan")
    sizes = [np.diff(x, axis=1).astype(float).__pow__(2).mean() for x in (before, after)]
    return float((sizes[1] / sizes[0]) ** 0.5) if sizes[0] > 0 else float("inf")


class Walk(NamedTuple):
    """A random walk under the noise of readings.

    Attributes
    ----------
    ratio
        Standard deviation of its steps over σ.
    z
        The slope of the variogram over its standard error, with trials as units.
    """

    ratio: float
    z: float


def walk(observations: Real[np.ndarray, "trial time feature"]) -> Walk:
    """Return the random walk that differences at all lags show.

    Half the mean squared difference of readings l steps apart is σ² + l step²/2: a line in l,
    fitted by least squares, weighted by the number of pairs. Zeros with fewer than three steps.
    """
    n_steps = observations.shape[1]
    if n_steps < 3:
        return Walk(0.0, 0.0)
    x = observations.astype(float)
    lags = np.arange(1, n_steps)
    halves = [((x[:, lag:] - x[:, :-lag]) ** 2).sum(axis=2).mean(axis=1) / 2 for lag in lags]
    lines = np.polyfit(lags, np.array(halves), 1, w=np.sqrt(n_steps - lags))
    slope, start = lines.mean(axis=1)
    error = lines[0].std(ddof=1) / len(x) ** 0.5
    if error == 0 or start <= 0:
        return Walk(0.0, 0.0)
    return Walk(float((2 * max(slope, 0) / start) ** 0.5), float(slope / error))


def walk_variance(step: Scalar, n_steps: int) -> float:
    """Return the variance of the mean of a walk about its last position.

    step² (t − 1)(2t − 1)/(6t): the j-th last move is missed by j of t readings.

    Parameters
    ----------
    step
        Standard deviation ≥ 0 of a move on each axis.
    n_steps
        t ≥ 1.
    """
    return float(step**2 * (n_steps - 1) * (2 * n_steps - 1) / (6 * n_steps))


class Cover(NamedTuple):
    """Where positions of training are, beside those in use.

    Attributes
    ----------
    thinnest
        Variance of training along its thinnest direction, over the variance in use along it.
    outside
        Share of the positions in use that are outside the ellipsoid of 95 % of training, in excess
        of 5 %.
    inside
        Which are inside.
    """

    thinnest: float
    outside: float
    inside: Bool[np.ndarray, " other"]


def cover(
    latents: Float[np.ndarray, "trial dimension"],
    others: Float[np.ndarray, "other dimension"],
    error: Scalar = 0.0,
) -> Cover:
    """Return how positions of training cover those in use.

    Parameters
    ----------
    latents, others
        Positions of training, and in use.
    error
        Variance of the errors of the former on each axis, if they are decoded.
    """
    centre, covariance = latents.mean(axis=0), np.atleast_2d(np.cov(latents.T))
    variances, axes = np.linalg.eigh(covariance)
    in_use = (others @ axes[:, 0]).var(ddof=1)
    inverse = np.linalg.pinv(covariance)
    far = [np.einsum("ij,jk,ik->i", x, inverse, x) for x in (latents - centre, others - centre)]
    inside = far[1] <= np.quantile(far[0], _WITHIN)
    outside = max(0.0, 1 - float(inside.mean()) / _WITHIN)
    return Cover(float(max(variances[0] - error, 0) / in_use), outside, inside)


class Sight(NamedTuple):
    """How well mean observations determine positions.

    Attributes
    ----------
    error
        Mean squared error per axis, in squared latent units.
    unseen
        Share of the variance along the worst direction that is not determined.
    """

    error: float
    unseen: float


def sight(
    observations: Real[np.ndarray, "trial time feature"],
    latents: Float[np.ndarray, "trial dimension"],
) -> Sight:
    """Return how well positions are predicted from the mean observation of the trial.

    Each half of the trials from the other, by the 10 nearest of them and by a cubic fit of the
    leading principal components; the better of the two counts. Noise, and the number of trials,
    take their share of every map; one that is not injective loses a direction.
    """
    means = observations.mean(axis=1).astype(float)
    centred = means - means.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    codes = centred @ axes[:, values > _ABSENT * values[-1]][:, -_COMPONENTS:]
    bent = PolynomialFeatures(3, include_bias=False).fit_transform(codes / codes.std(axis=0))
    nearest = KNeighborsRegressor(_NEIGHBOURS, weights="distance")
    half = np.arange(len(codes)) % 2 == 0
    errors = []
    for model, inputs in ((nearest, codes), (Ridge(1.0), bent)):
        guesses = np.empty_like(latents)
        for out in (half, ~half):
            guesses[out] = model.fit(inputs[~out], latents[~out]).predict(inputs[out])
        errors.append(guesses - latents)
    best = min(errors, key=lambda each: (each**2).mean())
    return Sight(float((best**2).mean()), worst_share(best, latents))


def decoded(
    observations: Real[np.ndarray, "trial time feature"],
    latents: Float[np.ndarray, "trial dimension"],
    others: Real[np.ndarray, "other time feature"],
) -> Float[np.ndarray, "other dimension"]:
    """Return positions of other trials, by a quadratic fit to these.

    Parameters
    ----------
    observations, latents
        Trials whose positions are known.
    others
        Observations of trials whose positions are not.
    """
    model = make_pipeline(StandardScaler(), PCA(), PolynomialFeatures(2), Ridge(1.0))
    model.set_params(pca__n_components=min(_COMPONENTS, observations.shape[2]))
    model.fit(observations.mean(axis=1).astype(float), latents)
    return model.predict(others.mean(axis=1).astype(float)).reshape(len(others), -1)


def worst_share(
    errors: Float[np.ndarray, "trial dimension"], latents: Float[np.ndarray, "trial dimension"]
) -> float:
    """Return the largest share of the variance of positions along a direction that is error."""
    spread = np.linalg.cholesky(np.atleast_2d(np.cov(latents.T)))
    whitened = np.linalg.solve(spread, errors.T)
    return float(min(1.0, np.linalg.eigvalsh(whitened @ whitened.T / len(latents))[-1]))


class LabelErrors(NamedTuple):
    """How labels differ from what tasks and positions say.

    Attributes
    ----------
    share
        Share of labels that are wrong.
    rate
        Rate at which labels are wrong everywhere.
    blur
        Standard deviation of what moves the boundary, in latent units.
    evidence_rate, evidence_blur
        Logarithm of the likelihood ratio for a rate > 0, and for a blur > 0, against it being 0
        while the other is free.
    """

    share: float
    rate: float
    blur: float
    evidence_rate: float
    evidence_blur: float


def label_errors(
    labels: Real[np.ndarray, "trial task"], distances: Float[np.ndarray, "trial task"]
) -> LabelErrors:
    """Return rate and blur of wrong labels, by maximum likelihood.

    The probability that a label at distance d is wrong is rate + (1 − 2 rate) Φ(−|d|/blur).

    Parameters
    ----------
    labels
        As given in training.
    distances
        Signed distances of the true positions.
    """
    wrong = (labels > 0.5) != (distances > 0)
    if not wrong.any():
        return LabelErrors(0.0, 0.0, 0.0, 0.0, 0.0)
    far = np.abs(distances)

    def cost(rate, blur):
        q = rate + (1 - 2 * rate) * normal_cdf(-far / blur)
        q = np.clip(q, 1e-9, 1 - 1e-9)
        return -float(np.log(np.where(wrong, q, 1 - q)).sum())

    no_rate, no_blur, small = 1e-9, 1e-9, 1e-4
    start = max(float(wrong.mean()), 2e-4)
    both = min(
        (
            optimize.minimize(
                lambda p: cost(0.5 * special.expit(p[0]), np.exp(p[1])),
                (special.logit(min(2 * rate, 0.9)), np.log(blur)),
                method="Nelder-Mead",
                options={"xatol": 1e-3, "fatol": 1e-3},
            )
            for rate, blur in ((start, 1e-3), (start / 10, 0.1))
        ),
        key=lambda found: found.fun,
    )
    rate, blur = 0.5 * special.expit(both.x[0]), float(np.exp(both.x[1]))
    only_blur = optimize.minimize_scalar(
        lambda p: cost(no_rate, np.exp(p)), bounds=(np.log(small), np.log(10)), method="bounded"
    ).fun
    only_rate = cost(float(np.clip(wrong.mean(), no_rate, 0.5)), no_blur)
    best = min(both.fun, only_blur, only_rate)
    return LabelErrors(float(wrong.mean()), float(rate), blur, only_blur - best, only_rate - best)


def label_cost(distances: Float[np.ndarray, "trial task"], s: float, rate: float, blur: float):
    """Return the information about true labels that reports lose which are honest of wrong ones.

    E KL(Φ(u) ‖ rate + (1 − 2 rate) Φ(d/√(s² + blur²))), over what can be known, E H(p) − E H(Φ(u)).
    """
    honest = np.zeros_like(distances)
    lost = np.zeros_like(distances)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        d = distances + s * node
        truth = normal_cdf(d / s)
        told = rate + (1 - 2 * rate) * normal_cdf(d / np.hypot(s, blur))
        lost += weight * binary_divergence(truth, np.clip(told, 1e-12, 1 - 1e-12))
        honest += weight * binary_entropy(truth)
    known = binary_entropy((distances > 0).mean(axis=0)) - honest.mean(axis=0)
    return float(lost.mean(axis=0).sum() / max(known.sum(), 1e-9))


def ideal_losses(
    distances: Float[np.ndarray, "trial task"], s: float
) -> Float[np.ndarray, "trial task"]:
    """Return the expected log loss of the flat-prior observer at given true distances, in nats."""
    total = np.zeros_like(distances)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * _log_loss(distances, s, node)
    return total


def _log_loss(distances, s, node):
    """Return −log of what is said of the true label when the mean is off by ``node`` s."""
    u = distances / s + node
    return -log_normal_cdf(np.where(distances > 0, u, -u))
