"""How often a test rejects, in simulated experiments."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Real
from statsmodels.stats.proportion import proportion_confint

from trilateration._checks import check_between, check_probability


class Rate(NamedTuple):
    """A share of simulated experiments and its 95 % interval.

    Attributes
    ----------
    value
        The share.
    low, high
        Ends of Wilson's interval.
    """

    value: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high), as claims take it."""
        return self.low, self.high


def rejection_rate(p_values: Real[np.ndarray, " experiment"], alpha: float = 0.05) -> Rate:
    """Return the share of experiments with p ≤ α: power, or the rate of false positives.

    Parameters
    ----------
    p_values
        One an experiment, in [0, 1].
    alpha
        Level of the test.

    Raises
    ------
    ValueError
        If there is no experiment, or a p-value is outside [0, 1].
    """
    p_values = np.asarray(p_values, float)
    check_between(alpha, 0, 1, "alpha")
    if p_values.size == 0:
        raise ValueError("p_values must hold at least one experiment, got none")
    check_probability(p_values, "p_values")
    found, n = int((p_values <= alpha).sum()), p_values.size
    low, high = proportion_confint(found, n, method="wilson")
    # Rounding puts the end of an interval of none or all a hair on the wrong side.
    return Rate(found / n, min(float(low), found / n), max(float(high), found / n))
