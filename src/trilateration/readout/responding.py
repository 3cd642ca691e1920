"""Accuracy and time of answers that were given at a bound, by distance from the boundary."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real

from trilateration._checks import check_count
from trilateration.observer import Responses


class ResponseCurves(NamedTuple):
    """Answers of several networks, sorted by how hard they were; NaN where there are too few.

    Attributes
    ----------
    accuracy
        Share of right choices, ``(replicate, bin)``.
    steps
        Mean step of the answer, ``(replicate, bin)``.
    reached
        Share of answers that were given at the bound and not at the end, ``(replicate, bin)``.
    distance
        Mean distance of x* from the boundary, over all replicates, in latent units.
    count
        Number of answers, ``(replicate, bin)``.
    """

    accuracy: Float[np.ndarray, "replicate bin"]
    steps: Float[np.ndarray, "replicate bin"]
    reached: Float[np.ndarray, "replicate bin"]
    distance: Float[np.ndarray, " bin"]
    count: Int[np.ndarray, "replicate bin"]


def response_curves(
    responses: Responses,
    distances: Real[np.ndarray, "replicate trial task"],
    edges: Real[np.ndarray, " edge"],
    *,
    least: int = 30,
) -> ResponseCurves:
    """Return accuracy and mean time of answers by the distance of x* from the boundary.

    Parameters
    ----------
    responses
        Answers, each of shape ``(replicate, trial, task)``.
    distances
        Signed distances a_i·x* − β_i of the true positions, whose sign is the right choice.
    edges
        Edges of the bins of |distance|, increasing, at least two.
    least
        A bin with fewer answers of a replicate is NaN there.

    Raises
    ------
    ValueError
        If shapes differ or edges do not increase.
    """
    check_count(least, "least")
    if responses.probits.ndim != 3 or responses.probits.shape != np.shape(distances):
        raise ValueError(
            "responses must have the shape (replicate, trial, task) of distances, got "
            f"{responses.probits.shape} and {np.shape(distances)}"
        )
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges must increase and be at least two, got {np.asarray(edges)}")
    n_replicates, n_bins = len(distances), len(edges) - 1
    size = np.abs(distances)
    inside = (size >= edges[0]) & (size < edges[-1])
    bins = np.digitize(size, edges) - 1
    cells = (np.arange(n_replicates)[:, None, None] * n_bins + bins)[inside]

    def total(values):
        sums = np.bincount(cells, values[inside].astype(float), n_replicates * n_bins)
        return sums.reshape(n_replicates, n_bins)

    count = total(np.ones(size.shape))
    enough = np.where(count >= least, count, np.nan)
    right = (responses.probits > 0) == (distances > 0)
    means = (total(values) / enough for values in (right, responses.steps, responses.reached))
    distance = total(size).sum(0) / np.maximum(count.sum(0), 1)
    return ResponseCurves(*means, distance, count.astype(int))
