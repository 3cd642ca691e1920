"""Training data of linear classifiers, checked and brought to a form that conditions well."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import as_floating
from trilateration._checks import check_finite, check_probability

# Relative size below which a singular value of the features counts as zero.
_RANK = 1e-10


class TrainingData(NamedTuple):
    """Rows (whitened features, 1), a sign for the label, and a weight for each row and task.

    Attributes
    ----------
    rows
        (V(x − c), 1) with c and V such that the features have mean 0 and covariance I.
    signs
        +1 for label 1, −1 for label 0.
    weights
        Share of each row in the mean loss of a task; columns sum to 1.
    centre, transform
        c and V.
    """

    rows: Float[np.ndarray, "row parameter"]
    signs: Float[np.ndarray, "row task"]
    weights: Float[np.ndarray, "row task"]
    centre: Float[np.ndarray, " dimension"]
    transform: Float[np.ndarray, "dimension dimension"]

    def to_features(
        self, parameters: Float[np.ndarray, "task parameter"]
    ) -> tuple[Float[np.ndarray, "task dimension"], Float[np.ndarray, " task"]]:
        """Return weights and intercepts on the features from parameters on the rows."""
        weights = parameters[:, :-1] @ self.transform
        return weights, parameters[:, -1] - weights @ self.centre

    def from_features(
        self, parameters: Float[np.ndarray, "task parameter"]
    ) -> Float[np.ndarray, "task parameter"]:
        """Return parameters on the rows from those on the features; undoes `to_features`."""
        weights = np.linalg.solve(self.transform.T, parameters[:, :-1].T).T
        return np.column_stack([weights, parameters[:, -1] + parameters[:, :-1] @ self.centre])


def validated(
    features: Real[np.ndarray, "trial dimension"],
    targets: Real[np.ndarray, "trial task"],
    weights: Real[np.ndarray, " trial"] | None = None,
) -> TrainingData:
    """Check and whiten; a target strictly between 0 and 1 becomes one row for each label."""
    features = as_floating(features, "features").astype(np.float64)
    targets = as_floating(targets, "targets").astype(np.float64)
    for name, array, axes in (
        ("features", features, "(trial, dimension)"),
        ("targets", targets, "(trial, task)"),
    ):
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"{name} must have shape {axes}, got {array.shape}")
        check_finite(array, name)
    if len(targets) != len(features):
        raise ValueError(
            f"targets must have one row for each of the {len(features)} trials, got {len(targets)}"
        )
    check_probability(targets, "targets")
    share = _shares(weights, len(features))
    centre = share @ features
    transform = _whitening(features - centre, share)
    rows = np.column_stack([(features - centre) @ transform.T, np.ones(len(features))])
    if np.all((targets == 0) | (targets == 1)):
        weights = np.broadcast_to(share[:, None], targets.shape)
        return TrainingData(rows, 2 * targets - 1, weights, centre, transform)
    ones = np.ones_like(targets)
    return TrainingData(
        np.vstack([rows, rows]),
        np.vstack([ones, -ones]),
        np.vstack([share[:, None] * targets, share[:, None] * (1 - targets)]),
        centre,
        transform,
    )


def _shares(weights, n_trials):
    if weights is None:
        return np.full(n_trials, 1 / n_trials)
    weights = as_floating(weights, "weights").astype(np.float64)
    if weights.shape != (n_trials,):
        raise ValueError(f"weights must have shape ({n_trials},), got {weights.shape}")
    check_finite(weights, "weights")
    if weights.min() < 0 or weights.sum() == 0:
        raise ValueError(
            f"weights must be >= 0 and not all 0, got a least of {weights.min():.3g} and a sum of "
            f"{weights.sum():.3g}"
        )
    return weights / weights.sum()


def _whitening(centred, share):
    _, singular, axes = np.linalg.svd(np.sqrt(share)[:, None] * centred, full_matrices=False)
    if len(singular) < centred.shape[1] or not singular[-1] > _RANK * singular[0]:
        rank = int((singular > _RANK * singular[0]).sum())
        raise ValueError(
            f"features must not lie in a hyperplane, got {len(centred)} trials that span "
            f"{rank} of {centred.shape[1]} dimensions"
        )
    return axes / singular[:, None]
