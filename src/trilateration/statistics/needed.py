"""How many tasks a network needs: where a curve of scores crosses a target, censored honestly."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Real

from trilateration._checks import (
    check_between,
    check_choice,
    check_count,
    check_finite,
    check_generator,
)

_DRAWN = 9_999
_EXACT_SWAPS = 12
_SCALES = {"log": (np.log, np.exp), "linear": (np.asarray, np.asarray)}


@dataclass(frozen=True)
class Needed:
    """A number of tasks, or a ratio of two, known up to censoring, with its interval.

    Attributes
    ----------
    at_least, at_most
        The estimate lies between them. They are equal unless the curve starts above the target
        ("at most the smallest number tried") or ends below it ("more than the largest").
    low, high
        Ends of the bootstrap interval; each takes the censored end that makes it wider.
    confidence
        Nominal coverage.
    """

    at_least: float
    at_most: float
    low: float
    high: float
    confidence: float

    @property
    def exact(self) -> bool:
        """Whether the estimate is a number and not only a bound."""
        return self.at_least == self.at_most

    @property
    def text(self) -> str:
        """The estimate and its interval, such as ``6.2 [4.9, 8.1]`` or ``> 24 [19, ∞)``."""
        if self.exact:
            value = f"{self.at_least:.3g}"
        elif np.isinf(self.at_most):
            value = f"> {self.at_least:.3g}"
        else:
            value = f"≤ {self.at_most:.3g}"
        end = "∞)" if np.isinf(self.high) else f"{self.high:.3g}]"
        return f"{value} [{self.low:.3g}, {end}"


def crossing(
    counts: Int[np.ndarray, " count"],
    curves: Float[np.ndarray, "*batch count"],
    target: float,
    *,
    scale: str = "log",
) -> Real[np.ndarray, "*batch 2"]:
    """Return bounds of the number of tasks from which a curve is at the target and stays there.

    Between two numbers tried the curve is a straight line in log N, or in N. A curve below the
    target at the largest number gives [largest, ∞), one that never is below gives [1, smallest],
    for nobody needs less than one task; all others give one number twice.

    Parameters
    ----------
    counts
        Numbers of tasks tried, ascending.
    curves
        Scores at them.
    target
        Score to be reached.
    scale
        ``"log"`` or ``"linear"``: what the curve is a straight line in.

    Raises
    ------
    ValueError
        If there is no such scale.

    Notes
    -----
    With straight lines in N the crossing is at l + c (r − l), in log N at l (r/l)^c, for the same
    share c of the way from l to r. The first is the larger, as a weighted arithmetic mean is larger
    than the geometric one; for r = 2l by a factor of at most 2 / (e log 2) = 1.0615.
    """
    check_choice(scale, tuple(_SCALES), "scale")
    onto, back = _SCALES[scale]
    below = curves < target
    # The last number of tasks at which the curve is below the target; −1 if it never is.
    last = np.where(below.any(axis=-1), curves.shape[-1] - 1 - below[..., ::-1].argmax(axis=-1), -1)
    at = np.clip(last, 0, len(counts) - 2)
    left = np.take_along_axis(curves, at[..., None], axis=-1)[..., 0]
    right = np.take_along_axis(curves, at[..., None] + 1, axis=-1)[..., 0]
    rise = np.where(right == left, 1.0, right - left)
    places = onto(counts)
    share = np.clip((target - left) / rise, 0, 1)  # outside only where it is not used
    inside = back(places[at] + share * (places[at + 1] - places[at]))
    never, always = last == len(counts) - 1, last == -1
    low = np.where(never, counts[-1], np.where(always, 1.0, inside))
    high = np.where(never, np.inf, np.where(always, counts[0], inside))
    return np.stack([low, high], axis=-1)


def tasks_needed(
    counts: Int[np.ndarray, " count"],
    scores: Float[np.ndarray, "count unit"],
    target: float,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    n_resamples: int = 9_999,
    scale: str = "log",
) -> Needed:
    """Return how many tasks are needed for the mean score to reach a target, with its interval.

    Units are drawn again with their whole curves; the interval is that of percentiles.

    Parameters
    ----------
    counts
        Numbers of tasks tried, ascending.
    scores
        Score at each of them, of each unit.
    target
        Score to be reached, such as 90 % of the ideal observer's.
    rng
        Generator of the resamples.
    confidence
        Nominal coverage.
    n_resamples
        Number of resamples.
    scale
        As in :func:`crossing`.

    Raises
    ------
    ValueError
        If the counts do not ascend from 1 or more, or scores are not finite or of one unit.
    """
    means = _resampled_means(counts, [scores], rng, confidence, n_resamples)
    estimate = crossing(counts, scores.mean(axis=1), target, scale=scale)
    return _summary(estimate, crossing(counts, means[0], target, scale=scale), confidence)


def tasks_ratio(
    counts: Int[np.ndarray, " count"],
    first: Float[np.ndarray, "count unit"],
    second: Float[np.ndarray, "count unit"],
    target: float,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    n_resamples: int = 9_999,
    scale: str = "log",
) -> Needed:
    """Return how many times as many tasks the first needs as the second, units being paired.

    Where one number is censored the ratio has a bound; where both are on the same side it can be
    anything, and counts as such.

    Parameters
    ----------
    counts, target, rng, confidence, n_resamples, scale
        As in :func:`tasks_needed`.
    first, second
        Scores at each number of tasks, of the same units.
    """
    means = _resampled_means(counts, [first, second], rng, confidence, n_resamples)
    curves = [first.mean(axis=1), second.mean(axis=1)]
    estimate, drawn = (
        _ratio(*(crossing(counts, x, target, scale=scale) for x in pair))
        for pair in (curves, means)
    )
    return _summary(estimate, drawn, confidence)


def swap_p(
    counts: Int[np.ndarray, " count"],
    first: Float[np.ndarray, "count unit"],
    second: Float[np.ndarray, "count unit"],
    target: float,
    *,
    rng: np.random.Generator,
) -> float:
    """Return the two-sided p-value of "both networks need the same number of tasks".

    Under the null the two whole curves of a unit are exchangeable. The statistic is the difference
    of the logarithms of the numbers needed, a censored one counting as the nearest number tried.
    Exact for at most 12 units, by 9,999 drawn swaps beyond.

    Parameters
    ----------
    counts, first, second, target, rng
        As in :func:`tasks_ratio`.

    Raises
    ------
    ValueError
        If the counts do not ascend from 1 or more, or scores are not finite or of one unit.
    """
    _check_curves(counts, [first, second])
    check_generator(rng)
    n = first.shape[1]
    if n <= _EXACT_SWAPS:
        swaps = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        swaps = rng.random((_DRAWN + 1, n)) < 0.5
        swaps[0] = False
    total, gap = first.sum(axis=1), second - first
    one = (total + swaps @ gap.T) / n
    other = (first + second).mean(axis=1) - one
    statistic = _clipped_log(counts, one, target) - _clipped_log(counts, other, target)
    return float((np.abs(statistic) >= np.abs(statistic[0]) - 1e-12).mean())


def _clipped_log(counts, curves, target):
    low, high = np.moveaxis(crossing(counts, curves, target), -1, 0)
    return np.log(np.where(np.isinf(high), low, high))


def _check_curves(counts, scores):
    if counts.ndim != 1 or len(counts) < 2 or counts[0] < 1 or (np.diff(counts) <= 0).any():
        raise ValueError(f"counts must ascend from 1 or more, got {counts.tolist()}")
    for x in scores:
        check_finite(x, "scores")
        if x.shape != scores[0].shape or x.shape[0] != len(counts) or x.shape[1] < 2:
            raise ValueError(
                f"scores must have shape ({len(counts)}, units) with at least 2 units, "
                f"got {x.shape}"
            )


def _resampled_means(counts, scores, rng, confidence, n_resamples):
    _check_curves(counts, scores)
    check_generator(rng)
    check_between(confidence, 0, 1, "confidence")
    check_count(n_resamples, "n_resamples", minimum=100)
    n = scores[0].shape[1]
    # Weights of the units instead of drawn copies of their curves.
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
    return [weights @ x.T for x in scores]


def _ratio(first, second):
    return np.stack([first[..., 0] / second[..., 1], first[..., 1] / second[..., 0]], axis=-1)


def _summary(estimate, drawn, confidence):
    tail = (1 - confidence) / 2
    # Order statistics, because no mean can be taken of a number and infinity.
    low = np.quantile(drawn[:, 0], tail, method="lower")
    high = np.quantile(drawn[:, 1], 1 - tail, method="higher")
    return Needed(*(float(x) for x in estimate), float(low), float(high), confidence)
