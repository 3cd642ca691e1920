"""Linear decoders in closed form: least squares and ridge, the penalty chosen in training only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_at_least, check_finite, check_last_axis

# Relative penalties to choose from: none, then from negligible to crushing.
PENALTIES = (0.0, *(10.0**k for k in range(-6, 2)))

# Feature directions whose variance is below this share of the largest are treated as absent:
# rounding puts them there, and a weight on them would blow up out of distribution.
_ABSENT = 1e-12


@dataclass(frozen=True, eq=False)
class LinearDecoder:
    """An affine map from a code to a position, x̂ = Wᵀ h + w₀.

    Attributes
    ----------
    weights
        W, shape ``(feature, dimension)``.
    intercept
        w₀, shape ``(dimension,)``.
    """

    weights: Float[np.ndarray, "feature dimension"]
    intercept: Float[np.ndarray, " dimension"]

    def predict(
        self, features: Real[np.ndarray, "*batch feature"]
    ) -> Float[np.ndarray, "*batch dimension"]:
        """Return x̂ for codes of shape ``(..., feature)``."""
        features = as_floating(features, "features")
        check_last_axis(features, len(self.weights), "features", "feature")
        return features @ self.weights + self.intercept


def fit_linear(
    features: Real[np.ndarray, "trial feature"],
    targets: Real[np.ndarray, "trial dimension"],
    *,
    penalty: Scalar = 0.0,
) -> LinearDecoder:
    """Return the affine decoder of least squared error, with an optional ridge penalty.

    W = (C + λ v I)⁻¹ Cov(h, x), with C the covariance of the code and v its mean variance, so that
    λ has no unit and does not depend on the number of trials; the intercept is not penalised. With
    λ = 0 it is least squares, of least norm where the code has fewer dimensions than features.

    Parameters
    ----------
    features
        Codes h, shape ``(trial, feature)``.
    targets
        Positions x, shape ``(trial, dimension)``.
    penalty
        λ ≥ 0.

    Raises
    ------
    ValueError
        If the numbers of trials differ, there are fewer than two, or a value is not finite.
    """
    features, targets = _paired(features, targets)
    check_at_least(penalty, 0, "penalty")
    return _solve(_spectrum(features, targets), float(penalty))


def choose_penalty(
    features: Real[np.ndarray, "trial feature"],
    targets: Real[np.ndarray, "trial dimension"],
    groups: Int[np.ndarray, " trial"],
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """Return the penalty that predicts each group best from the others.

    Give it training trials only: it then knows nothing of the region that is held out. Of equal
    penalties the largest wins.

    Parameters
    ----------
    features, targets
        As in :func:`fit_linear`.
    groups
        One whole number a trial, at least two different ones.
    penalties
        The penalties to choose from.
    """
    features, targets = _paired(features, targets)
    groups = _grouped(groups, targets, at_least=2)
    for penalty in penalties:
        check_at_least(penalty, 0, "penalty")
    errors = np.zeros(len(penalties))
    for name in np.unique(groups):
        out = groups == name
        moments = _spectrum(features[~out], targets[~out])  # one decomposition for all penalties
        for index, penalty in enumerate(penalties):
            guess = _solve(moments, float(penalty)).predict(features[out])
            errors[index] += ((guess - targets[out]) ** 2).sum()
    best = errors.min()
    return float(max(p for p, e in zip(penalties, errors, strict=True) if e <= best))


def left_out_predictions(
    features: Real[np.ndarray, "trial feature"],
    targets: Real[np.ndarray, "trial dimension"],
    groups: Int[np.ndarray, " trial"],
    *,
    penalty: Scalar | Sequence[float] = 0.0,
) -> Float[np.ndarray, "trial dimension"]:
    """Return a prediction for every trial from a decoder that never saw the trial's group.

    Parameters
    ----------
    features, targets
        As in :func:`fit_linear`.
    groups
        One whole number a trial, at least two different ones: orthants for generalisation, random
        groups for cross-validation.
    penalty
        One λ ≥ 0, or several from which :func:`choose_penalty` picks one for each group by leaving
        out one of the *other* groups at a time; that takes at least three groups.

    Raises
    ------
    ValueError
        If there are too few groups, or an argument is malformed.
    """
    features, targets = _paired(features, targets)
    chosen = not isinstance(penalty, Scalar)
    groups = _grouped(groups, targets, at_least=2 + chosen)
    predictions = np.empty(targets.shape)
    for name in np.unique(groups):
        out = groups == name
        inside = ~out
        value = (
            choose_penalty(features[inside], targets[inside], groups[inside], penalty)
            if chosen
            else penalty
        )
        decoder = fit_linear(features[inside], targets[inside], penalty=value)
        predictions[out] = decoder.predict(features[out])
    return predictions


def _spectrum(features, targets):
    """Return means and, along the axes of the features' covariance, all that ridge needs."""
    feature_mean, target_mean = features.mean(axis=0), targets.mean(axis=0)
    centred = features - feature_mean
    covariance = centred.T @ centred / len(features)
    cross = centred.T @ (targets - target_mean) / len(features)
    variances, axes = np.linalg.eigh(covariance)
    present = variances > _ABSENT * variances[-1]
    axes, variances = axes[:, present], variances[present]
    mean_variance = np.trace(covariance) / len(covariance)
    return feature_mean, target_mean, axes, variances, axes.T @ cross, mean_variance


def _solve(spectrum, penalty):
    feature_mean, target_mean, axes, variances, cross, mean_variance = spectrum
    weights = axes @ (cross / (variances + penalty * mean_variance)[:, None])
    return LinearDecoder(weights, target_mean - feature_mean @ weights)


def _grouped(groups, targets, *, at_least):
    groups = np.asarray(groups)
    if groups.shape != targets.shape[:1]:
        raise ValueError(f"groups must have shape {targets.shape[:1]}, got {groups.shape}")
    found = len(np.unique(groups))
    if found < at_least:
        raise ValueError(f"groups must hold at least {at_least} groups, got {found}")
    return groups


def _paired(features, targets):
    features = as_floating(features, "features").astype(np.float64, copy=False)
    targets = as_floating(targets, "targets").astype(np.float64, copy=False)
    if len(features) != len(targets) or len(features) < 2:
        raise ValueError(
            "features and targets must have the same number of trials, at least 2, "
            f"got {len(features)} and {len(targets)}"
        )
    check_finite(features, "features")
    check_finite(targets, "targets")
    return features, targets
