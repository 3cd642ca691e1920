"""What happens when parts of a network are counted as networks."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from trilateration._checks import check_between, check_count, check_generator


class FalsePositives(NamedTuple):
    """Shares of simulated experiments without any difference that found one.

    Attributes
    ----------
    as_parts
        When every part of a network counts as independent.
    as_networks
        When the mean of each network is one value.
    """

    as_parts: float
    as_networks: float


def design_effect(n_parts: int, correlation: float) -> float:
    """Return 1 + (m − 1)ρ, by which the variance of a mean exceeds that of independent values.

    Kish (1965), section 5.4.

    Parameters
    ----------
    n_parts
        m, the number of values of one network, such as quadrants times refits.
    correlation
        ρ, the correlation between two values of the same network, 0 to 1.

    Raises
    ------
    ValueError
        If there are no parts, or the correlation is not in [0, 1].
    """
    m = check_count(n_parts, "n_parts")
    if not 0 <= correlation <= 1:
        raise ValueError(f"correlation must be in [0, 1], got {correlation}")
    return 1 + (m - 1) * correlation


def false_positive_rate(n_parts: int, correlation: float, alpha: float = 0.05) -> float:
    """Return the error of a z-test at nominal level α that ignores the design effect.

    2Φ(−z/√deff) with z = Φ⁻¹(1 − α/2); for many networks.

    Raises
    ------
    ValueError
        If alpha is not between 0 and 1.
    """
    check_between(alpha, 0, 1, "alpha")
    z = stats.norm.isf(alpha / 2)
    return float(2 * stats.norm.sf(z / np.sqrt(design_effect(n_parts, correlation))))


def simulated_false_positives(
    n_networks: int,
    n_quadrants: int,
    n_refits: int,
    *,
    network_sd: float,
    quadrant_sd: float,
    refit_sd: float,
    rng: np.random.Generator,
    n_simulations: int = 2000,
    alpha: float = 0.05,
) -> FalsePositives:
    """Simulate two groups of networks without a difference, and compare them in two ways.

    A value is network + quadrant of that network + refit, all normal. Both ways are Welch's t-test,
    one on all values, the other on the networks' means.

    Parameters
    ----------
    n_networks, n_quadrants, n_refits
        Networks of each group, quadrants of each network, refits of each quadrant.
    network_sd, quadrant_sd, refit_sd
        Standard deviations.
    rng
        Generator.
    n_simulations
        Number of simulated experiments.
    alpha
        Nominal level.

    Raises
    ------
    ValueError
        If there are fewer than 2 networks.
    """
    check_generator(rng)
    check_count(n_networks, "n_networks", minimum=2)
    groups = [
        _values(
            (n_simulations, n_networks, n_quadrants, n_refits),
            network_sd,
            quadrant_sd,
            refit_sd,
            rng,
        )
        for _ in range(2)
    ]
    parts = [x.reshape(n_simulations, -1) for x in groups]
    means = [x.mean(axis=(2, 3)) for x in groups]
    rates = [
        float((stats.ttest_ind(*pair, axis=1, equal_var=False).pvalue <= alpha).mean())
        for pair in (parts, means)
    ]
    return FalsePositives(*rates)


def _values(shape, network_sd, quadrant_sd, refit_sd, rng) -> Float[np.ndarray, "a b c d"]:
    network = network_sd * rng.standard_normal((*shape[:2], 1, 1))
    quadrant = quadrant_sd * rng.standard_normal((*shape[:3], 1))
    return network + quadrant + refit_sd * rng.standard_normal(shape)
