"""Bootstrap intervals in which whole networks are drawn again, never parts of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from trilateration._checks import (
    check_between,
    check_choice,
    check_count,
    check_finite,
    check_generator,
)

METHODS = ("expanded", "percentile", "BCa")
_BATCH = 1000


@dataclass(frozen=True)
class Interval:
    """An estimate with the interval around it.

    Attributes
    ----------
    value
        The estimate, a number or an array.
    low, high
        Ends of the interval, of the same shape; infinite where the data set no bound.
    confidence
        Its nominal coverage, such as 0.95.
    """

    value: float | Float[np.ndarray, "*shape"]
    low: float | Float[np.ndarray, "*shape"]
    high: float | Float[np.ndarray, "*shape"]
    confidence: float = 0.95

    @property
    def ends(self) -> tuple:
        """Both ends, as claims take them."""
        return self.low, self.high


def over_units(values: Float[np.ndarray, "*cell unit"]) -> Float[np.ndarray, "*cell"] | float:
    """Return the mean over the last axis, the units."""
    return values.mean(axis=-1)


def bootstrap_interval(
    values: Float[np.ndarray, "*cell unit"],
    statistic: Callable = over_units,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    method: str = "expanded",
    n_resamples: int = 4999,
) -> Interval:
    """Return a statistic with its bootstrap interval, the units being drawn again.

    A resample draws units with replacement and takes each of them with its scores in *all* cells:
    cells are strata that each keep their number of units, and what pairs the cells stays paired.

    Parameters
    ----------
    values
        Scores; the last axis is the unit of replication.
    statistic
        Function of scores with any number of leading axes, which it keeps; it reduces the last axis
        and, if it pools cells, those before it.
    rng
        Generator of the resamples.
    confidence
        Nominal coverage.
    method
        ``"percentile"``; ``"BCa"``, bias-corrected and accelerated (Efron 1987); or ``"expanded"``,
        percentiles with the level moved so that for few units the interval of a mean is as wide as
        Student's (Hesterberg 2015, section 4): Φ(−√(n/(n−1)) t_{n−1}) on each side.
    n_resamples
        Number of resamples.

    Raises
    ------
    ValueError
        If there are fewer than two units, or values that are not finite.
    """
    check_choice(method, METHODS, "method")
    check_between(confidence, 0, 1, "confidence")
    check_count(n_resamples, "n_resamples", minimum=100)
    check_finite(values, "values")
    check_generator(rng)
    n = values.shape[-1]
    if n < 2:
        raise ValueError(f"values must be of at least 2 units, got {n}")
    level = expanded_confidence(confidence, n) if method == "expanded" else confidence

    def of_units(indices, axis):
        drawn = values[..., np.atleast_2d(indices).astype(int)]
        result = np.asarray(statistic(np.moveaxis(drawn, -2, 0)))
        return np.moveaxis(result, 0, -1) if np.ndim(indices) > 1 else result[0]

    found = stats.bootstrap(
        (np.arange(n),),
        of_units,
        vectorized=True,
        axis=-1,
        confidence_level=level,
        method="BCa" if method == "BCa" else "percentile",
        n_resamples=n_resamples,
        batch=_BATCH,
        rng=rng,
    ).confidence_interval
    value = np.asarray(statistic(values[None]))[0]
    if np.ndim(value) == 0:
        return Interval(float(value), float(found.low), float(found.high), confidence)
    return Interval(value, np.asarray(found.low), np.asarray(found.high), confidence)


def expanded_confidence(confidence: float, n_units: int) -> float:
    """Return the nominal level at which percentiles of few units are as wide as Student's interval.

    The bootstrap's variance is (n−1)/n of the unbiased one, and its tails are normal ones.
    """
    quantile = stats.t.ppf(0.5 + confidence / 2, n_units - 1)
    return float(1 - 2 * stats.norm.sf(np.sqrt(n_units / (n_units - 1)) * quantile))
