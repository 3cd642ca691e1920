"""The paired sign-flip test, and the interval that inverts it exactly."""

import numpy as np
from jaxtyping import Float

from trilateration._checks import check_between, check_count, check_finite, check_generator
from trilateration.statistics.bootstrap import Interval

# 2**16 sign patterns are enumerated; of more units so many patterns are drawn.
EXACT_UNITS = 16
_DRAWN = 99_999


def sign_flip_p(
    differences: Float[np.ndarray, "*family unit"],
    *,
    rng: np.random.Generator | None = None,
) -> Float[np.ndarray, "*family"] | float:
    """Return the two-sided p-value of "the differences are symmetric about 0".

    The mean is compared with what it would be under each pattern of signs. Exact for at most 16
    units, by drawn patterns beyond (valid too: the observed pattern counts as one of them).

    Parameters
    ----------
    differences
        Paired differences; the last axis is the unit.
    rng
        Generator for more than 16 units.

    Raises
    ------
    ValueError
        If differences are not finite, there are fewer than 2 units, all differences of a test are
        zero, or a generator is needed and not given.
    """
    n = _check_differences(differences)
    subsets = _subsets(n, rng)
    rows = differences.reshape(-1, n)
    p = np.array([_two_sided(subsets, row) for row in rows]).reshape(differences.shape[:-1])
    return p if p.ndim else float(p)


def sign_flip_interval(
    differences: Float[np.ndarray, " unit"],
    confidence: float = 0.95,
    *,
    rng: np.random.Generator | None = None,
) -> Interval:
    """Return the mean with all shifts that the sign-flip test does not reject.

    Moving the differences by θ and flipping the units of a set S leaves the mean at least as large
    if and only if the mean of S is at most θ. So the ends are order statistics of the means of
    subsets (Hartigan 1969), and the coverage is 1 − 2k/2ⁿ, where k is the largest whole number for
    which that is at least the confidence. If not even k = 1 gives it, the interval is unbounded.

    Parameters
    ----------
    differences
        Paired differences, one a unit, symmetric about the value that is sought.
    confidence
        Nominal coverage.
    rng
        Generator for more than 16 units, of which subsets are drawn.

    Raises
    ------
    ValueError
        As :func:`sign_flip_p`.
    """
    n = _check_differences(differences)
    check_between(confidence, 0, 1, "confidence")
    subsets = _subsets(n, rng)
    means = np.sort(subsets @ differences / subsets.sum(axis=1))
    # The empty set, which flips nothing, is one more pattern. The tiny term guards whole numbers.
    k = int(np.floor((1 - confidence) / 2 * (len(means) + 1) + 1e-9))
    value = float(differences.mean())
    if k == 0:
        return Interval(value, -np.inf, np.inf, confidence)
    return Interval(value, float(means[k - 1]), float(means[-k]), confidence)


def _two_sided(subsets, differences):
    # Flipping a subset changes the sum by minus twice the subset's: a mean is linear, so one matrix
    # product does what scipy.stats.permutation_test does pattern by pattern.
    sums = subsets @ differences
    rounding = 1e-13 * np.abs(differences).sum()
    tails = [(sums <= rounding).sum(), (sums >= -rounding).sum()]
    return min(1.0, 2 * (1 + min(tails)) / (len(sums) + 1))


def least_p(n_units: int) -> float:
    """Return the least p-value that :func:`sign_flip_p` can give with n units.

    It is 2/2ⁿ where all patterns of signs are enumerated, and 2/10⁵ where patterns are drawn: the
    observed one counts as one of 10⁵, and the test has two sides.

    Raises
    ------
    ValueError
        If there is no unit.
    """
    check_count(n_units, "n_units")
    return 2.0 ** (1 - n_units) if n_units <= EXACT_UNITS else 2 / (_DRAWN + 1)


def _check_differences(differences) -> int:
    check_finite(differences, "differences")
    n = differences.shape[-1]
    if n < 2:
        raise ValueError(f"differences must be of at least 2 units, got {n}")
    if bool((differences == 0).all(axis=-1).any()):
        raise ValueError("differences must not all be zero, got two cells with the same scores")
    return n


def _subsets(n, rng) -> Float[np.ndarray, "subset unit"]:
    """Return all subsets but the empty one, or drawn ones; each a row of memberships."""
    if n <= EXACT_UNITS:
        return ((np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1).astype(float)
    check_generator(rng)
    drawn = rng.random((_DRAWN, n)) < 0.5
    return drawn[drawn.any(axis=1)].astype(float)
