"""The authors' way to fit a decoder: Adam on small batches, from a random start."""

import numpy as np
from jaxtyping import Real

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_generator, check_positive
from trilateration.readout.linear import LinearDecoder

# Adam's own constants, as torch has them.
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8


def descend(
    features: Real[np.ndarray, "trial feature"],
    targets: Real[np.ndarray, "trial dimension"],
    *,
    rng: np.random.Generator,
    n_batches: int = 2000,
    batch: int = 16,
    learning_rate: Scalar = 3e-3,
) -> LinearDecoder:
    """Return the affine decoder that Adam finds in a fixed number of batches.

    The start is torch's for a linear layer, uniform on ±1/√n for n features; the loss is the mean
    squared error over the batch. Directions in which the code does not vary keep their random
    start, which harms nothing in training and may harm elsewhere; :func:`fit_linear` forgets them.

    Parameters
    ----------
    features
        Codes, shape ``(trial, feature)``.
    targets
        Positions, shape ``(trial, dimension)``.
    rng
        Source of the start and the batches.
    n_batches
        Steps of Adam; the authors take 1000 to 3000.
    batch
        Trials in a batch, drawn with replacement.
    learning_rate
        The authors' 3e-3.

    Raises
    ------
    ValueError
        If the numbers of trials differ or an argument is out of range.
    """
    if len(features) != len(targets) or len(features) < 2:
        raise ValueError(
            "features and targets must have the same number of trials, at least 2, "
            f"got {len(features)} and {len(targets)}"
        )
    check_count(n_batches, "n_batches")
    check_count(batch, "batch")
    check_positive(learning_rate, "learning_rate")
    check_generator(rng)
    rows = np.column_stack([features, np.ones(len(features))])
    bound = features.shape[1] ** -0.5
    weights = rng.uniform(-bound, bound, (rows.shape[1], targets.shape[1]))
    drawn = rng.integers(len(rows), size=(n_batches, batch))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step, chosen in enumerate(drawn, start=1):
        x = rows[chosen]
        slope = x.T @ (x @ weights - targets[chosen]) * (2 / (batch * targets.shape[1]))
        first += (1 - _FIRST) * (slope - first)
        second += (1 - _SECOND) * (slope**2 - second)
        size = np.sqrt(second / (1 - _SECOND**step)) + _TINY
        weights -= learning_rate / (1 - _FIRST**step) * first / size
    return LinearDecoder(weights[:-1], weights[-1])
