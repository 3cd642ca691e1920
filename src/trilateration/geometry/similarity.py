"""How alike two representations of the same trials are, whatever their units are called.

All three measures are functions of the distances between trials, so that none can tell a code from
its rotation. Two codes that carry the same few latents nearly affinely are alike under all of them:
a high similarity of two networks of different architecture need not mean more than that.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Real
from scipy import spatial, stats

from trilateration.geometry._codes import same_trials


class Alignment(NamedTuple):
    """The rotation that makes one code most like another.

    Attributes
    ----------
    similarity
        From 0 to 1: the correlation of the two codes, centred and scaled to the same size, after
        the best rotation. Its arc cosine is a metric (Williams et al., NeurIPS 2021).
    residual
        Share of the variance of the second that the rotated and rescaled first does not explain.
    """

    similarity: float
    residual: float


def linear_cka(
    first: Real[np.ndarray, "trial unit"],
    second: Real[np.ndarray, "trial other_unit"],
    *,
    debiased: bool = True,
) -> float:
    """Return the linear centred kernel alignment of two codes of the same trials.

    ‖Cov(x, y)‖²/(‖Cov(x, x)‖ ‖Cov(y, y)‖) (Kornblith et al., ICML 2019), 1 for codes that differ by
    rotation, shift and uniform scaling. With few trials and many units the plain estimate is high
    for unrelated codes, for it counts every trial's agreement with itself. The debiased one
    (Székely and Rizzo, Annals of Statistics 2014) is about 0 for them, and may be below.

    Parameters
    ----------
    first, second
        Shapes ``(trial, unit)`` and ``(trial, other unit)``.
    debiased
        Whether to use the U-statistics.

    Notes
    -----
    Directions count by their variance squared: what two codes share along their first axis hides
    what they do not share along the others.

    Raises
    ------
    ValueError
        If the codes are not of the same trials, or of too few for a debiased estimate.
    """
    first, second = same_trials(first, second)
    inner = _debiased_inner if debiased else _plain_inner
    own = inner(first, first) * inner(second, second)
    if own <= 0:
        raise ValueError(
            "first and second must hold more trials for a debiased estimate, "
            f"got {len(first)} trials of which it is not defined"
        )
    return float(inner(first, second) / np.sqrt(own))


def distance_correlation(
    first: Real[np.ndarray, "trial unit"],
    second: Real[np.ndarray, "trial other_unit"],
    *,
    ranked: bool = True,
) -> float:
    """Return the correlation over pairs of trials of their distances in the two codes.

    Representational similarity analysis with Euclidean distances (Kriegeskorte et al. 2008):
    Spearman's correlation, or Pearson's. Ranks do not change if both codes are rotated, scaled or
    shifted, nor under any code that keeps the order of distances. Pairs share trials, so n(n−1)/2
    pairs are not independent values: take intervals over networks.

    Parameters
    ----------
    first, second
        As in :func:`linear_cka`; a few hundred trials or conditions, for all pairs are formed.
    ranked
        Whether to use ranks.
    """
    first, second = same_trials(first, second)
    distances = [spatial.distance.pdist(code) for code in (first, second)]
    correlate = stats.spearmanr if ranked else stats.pearsonr
    return float(correlate(*distances).statistic)


def procrustes(
    first: Real[np.ndarray, "trial unit"], second: Real[np.ndarray, "trial other_unit"]
) -> Alignment:
    """Return how well a rotation and a scale turn the first code into the second.

    With X and Y centred, the similarity is ‖XᵀY‖_*/(‖X‖ ‖Y‖), ‖·‖_* the sum of singular values;
    symmetric. The residual is one minus its square.

    Parameters
    ----------
    first, second
        As in :func:`linear_cka`; if they have different numbers of units, rotations are taken of
        the smaller one into the space of the larger.
    """
    x, y = (code - code.mean(axis=0) for code in same_trials(first, second))
    nuclear = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    similarity = nuclear / (np.linalg.norm(x) * np.linalg.norm(y))
    return Alignment(float(min(similarity, 1.0)), float(max(1 - similarity**2, 0.0)))


def _plain_inner(x, y):
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return ((x.T @ y) ** 2).sum()


def _debiased_inner(x, y):
    # From the codes themselves rather than from Gram matrices: nothing of trial × trial is needed.
    # Centring changes nothing in exact arithmetic and keeps the digits of a code far from 0.
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    n = len(x)
    own_x, own_y = (x**2).sum(axis=1), (y**2).sum(axis=1)
    # K̃1 = −diag K for a centred code, K̃ the Gram matrix without its diagonal.
    trace = ((x.T @ y) ** 2).sum() - own_x @ own_y
    means = own_x.sum() * own_y.sum() / ((n - 1) * (n - 2))
    return trace + means - 2 / (n - 2) * (own_x @ own_y)
