"""How many networks are enough: power fixed before the results are seen."""

import numpy as np
from statsmodels.stats.power import TTestPower

from trilateration._checks import (
    check_between,
    check_count,
    check_generator,
    check_positive,
)
from trilateration.statistics.signflips import sign_flip_p

_MOST = 10_000


def t_power(n_units: int, difference: float, sd: float, alpha: float = 0.05) -> float:
    """Return the power of the two-sided paired t-test.

    Parameters
    ----------
    n_units
        Number of pairs, at least 2.
    difference
        True mean difference, > 0.
    sd
        Standard deviation of the differences, in the same unit.
    alpha
        Level of the test.

    Raises
    ------
    ValueError
        If there are fewer than 2 units, the difference or sd is not positive, or alpha is not
        between 0 and 1.
    """
    check_count(n_units, "n_units", minimum=2)
    check_positive(difference, "difference")
    check_positive(sd, "sd")
    check_between(alpha, 0, 1, "alpha")
    size, test = difference / sd, TTestPower()
    found = test.power(size, n_units, alpha)
    if not np.isfinite(found):
        # SciPy gives up on the tail on the wrong side where it is next to nothing.
        found = test.power(size, n_units, alpha / 2, alternative="larger")
    return float(found) if np.isfinite(found) else 1.0  # and on the other where it is all


def seeds_needed(difference: float, sd: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return the least number of seeds at which the paired t-test has the power asked for.

    Never fewer than the sign-flip test needs to reach the level at all, 2/2ⁿ ≤ α.

    Parameters
    ----------
    difference
        Smallest difference that matters, > 0.
    sd
        Standard deviation of paired differences.
    alpha
        Level; that of the smallest p-value of a family of m is α/m.
    power
        Probability of finding the difference.

    Raises
    ------
    ValueError
        If a number is out of range, or more than 10,000 seeds would be needed.
    """
    check_between(power, 0, 1, "power")
    check_between(alpha, 0, 1, "alpha")
    low = max(2, int(np.ceil(1 + np.log2(1 / alpha) - 1e-9)))
    high = low
    while t_power(high, difference, sd, alpha) < power:
        low, high = high + 1, 2 * high
        if high > _MOST:
            raise ValueError(
                f"difference must need at most {_MOST} seeds, got {difference} with sd {sd}"
            )
    while low < high:
        middle = (low + high) // 2
        if t_power(middle, difference, sd, alpha) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def sign_flip_power(
    n_units: int,
    difference: float,
    sd: float,
    *,
    alpha: float = 0.05,
    rng: np.random.Generator,
    n_simulations: int = 1000,
) -> float:
    """Return the simulated power of the sign-flip test for normal differences.

    Parameters
    ----------
    n_units
        Number of pairs, 2 to 16.
    difference, sd, alpha
        As in :func:`t_power`; a difference of 0 gives the false-positive rate.
    rng
        Generator of the simulations.
    n_simulations
        Number of simulated experiments; the standard error is √(power(1−power)/n).

    Raises
    ------
    ValueError
        If there are fewer than 2 units or the sd is not positive.
    """
    check_count(n_units, "n_units", minimum=2)
    check_positive(sd, "sd")
    check_generator(rng)
    drawn = difference + sd * rng.standard_normal((n_simulations, n_units))
    return float((sign_flip_p(drawn, rng=rng) <= alpha * (1 + 1e-9)).mean())
