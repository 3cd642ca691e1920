"""What a model's reports and hidden states show, set beside the ideal observer of the same tasks.

All at the last step; probits are Φ⁻¹ of reports.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration.observer import binary_entropy, log_normal_cdf
from trilateration.readout import left_out_predictions

_REACH = 2.0  # standard errors within which a report counts as near the boundary
_FAR = 4.0
_FEWEST = 20
_ALIVE = 1e-6
_PENALTY = 1e-6
_LEAST_KNOWN = 0.05  # nats that a task must have to tell, to be judged by itself


class Skills(NamedTuple):
    """How much of what the ideal observer knows about the labels the model knows too.

    Attributes
    ----------
    each
        1 − excess/known of each task: 1 for the ideal observer, 0 for who states the frequency of
        the label, negative for worse. NaN for tasks with less than .05 nats to know.
    known
        H(p) − ideal loss of each task, in nats.
    total
        Mean of it over tasks, at least .05.
    lost
        Mean excess over total: the share of what can be known that the model lacks.
    """

    each: Float[np.ndarray, " task"]
    known: Float[np.ndarray, " task"]
    total: float
    lost: float


def losses(
    probits: Float[np.ndarray, "trial task"], labels: Real[np.ndarray, "trial task"]
) -> Float[np.ndarray, "trial task"]:
    """Return the log loss of every report, in nats."""
    return -log_normal_cdf(np.where(labels > 0.5, probits, -probits))


def skills(
    excess: Float[np.ndarray, "trial task"],
    ideal: Float[np.ndarray, "trial task"],
    labels: Real[np.ndarray, "trial task"],
) -> Skills:
    """Return the skill of a model at each task.

    Parameters
    ----------
    excess
        Log loss of every report minus that of the ideal observer.
    ideal
        Log loss of the ideal observer.
    labels
        True ones.
    """
    known = np.maximum(binary_entropy(labels.mean(axis=0)) - ideal.mean(axis=0), 0)
    judged = known > _LEAST_KNOWN
    each = np.full(len(known), np.nan)
    each[judged] = 1 - excess.mean(axis=0)[judged] / known[judged]
    total = max(float(known.mean()), _LEAST_KNOWN)
    return Skills(each, known, total, float(excess.mean()) / total)


def gain(
    probits: Float[np.ndarray, "trial task"], distances: Float[np.ndarray, "trial task"], s: Scalar
) -> float:
    """Return the slope of probits against d/s of the true position, over pairs within 2 s.

    1 for the ideal observer: its probit is d/s plus an error that the true position does not tell.
    NaN if there are too few such pairs.
    """
    u = distances / s
    near = np.abs(u) < _REACH
    if near.sum() < _FEWEST:
        return float("nan")
    return float((probits[near] * u[near]).sum() / (u[near] ** 2).sum())


def plateau(
    probits: Float[np.ndarray, "trial task"], distances: Float[np.ndarray, "trial task"], s: Scalar
) -> float:
    """Return the least over tasks of the median of min(Ŷ, 1 − Ŷ) farther than 4 s from boundaries.

    Where labels are wrong at one rate, honest reports of every task level off at it; a task that is
    not learned levels off by itself. NaN if no task has 20 such trials.
    """
    levels = [
        np.exp(log_normal_cdf(-np.median(np.abs(own[far]))))
        for own, far in zip(probits.T, (np.abs(distances) > _FAR * s).T, strict=True)
        if far.sum() >= _FEWEST
    ]
    return float(min(levels, default=np.nan))


class Units(NamedTuple):
    """What hidden units hold, linearly, of the distances that the tasks ask for.

    Attributes
    ----------
    alive
        Number of units that vary.
    r2
        Cross-validated share of the variance of distances that all units explain.
    dearest
        How much of it is lost with the unit that is missed most.
    """

    alive: int
    r2: float
    dearest: float


def units(
    hidden: Float[np.ndarray, "trial unit"], distances: Float[np.ndarray, "trial task"]
) -> Units:
    """Return how distances are spread over units.

    Parameters
    ----------
    hidden
        States.
    distances
        Signed distances of x*.
    """
    variances = hidden.var(axis=0)
    living = hidden[:, variances > _ALIVE * max(variances.max(), 1e-300)]
    living = (living - living.mean(axis=0)) / np.maximum(living.std(axis=0), 1e-300)
    folds = np.arange(len(distances)) % 4

    def explained(code):
        if not code.shape[1]:
            return 0.0
        guesses = left_out_predictions(code, distances, folds, penalty=_PENALTY)
        return float(1 - ((guesses - distances) ** 2).sum() / _spread(distances))

    everything = explained(living)
    n = living.shape[1]
    without = [explained(np.delete(living, unit, axis=1)) for unit in range(n)]
    return Units(n, everything, everything - min(without, default=0.0))


def _spread(distances):
    return ((distances - distances.mean(axis=0)) ** 2).sum()


class Profile(NamedTuple):
    """How skills differ between tasks.

    Attributes
    ----------
    best
        Index of the best task.
    lead
        Its skill minus the median of the others.
    late
        Mean skill of the last tasks minus that of all before them, where this is largest, weighted
        by what there is to know; at most half of the tasks count as last.
    n_late
        Number of last tasks where it is.
    below
        Mean over tasks of how far the skill is below 0: surely wrong, not merely unsure.
    """

    best: int
    lead: float
    late: float
    n_late: int
    below: float


def profile(found: Skills) -> Profile:
    """Return how uneven skills are, and whether the last tasks are the good ones."""
    judged = np.flatnonzero(~np.isnan(found.each))
    if len(judged) < 3:
        return Profile(0, 0.0, 0.0, 0, 0.0)
    each, known = np.clip(found.each[judged], -1, None), found.known[judged]
    best = int(each.argmax())
    lead = float(each[best] - np.median(np.delete(each, best)))
    contrasts = [
        np.average(each[-n:], weights=known[-n:]) - np.average(each[:-n], weights=known[:-n])
        for n in range(1, len(each) // 2 + 1)
    ]
    n_late = int(np.argmax(contrasts)) + 1
    below = float(np.maximum(-each, 0).mean())
    return Profile(int(judged[best]), lead, float(contrasts[n_late - 1]), n_late, below)
