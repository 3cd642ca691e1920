"""What a leaky memory costs: the evidence left in Σ_k λ^(t−k) X(k)."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_at_least, check_positive


def leaky_steps(
    n_steps: Scalar | Real[np.ndarray, "*batch"], tau: Scalar | Real[np.ndarray, "*batch"]
) -> Scalar | Float[np.ndarray, "*batch"]:
    """Return t_λ = coth(1/2τ) tanh(t/2τ), the independent steps that a leaky sum is worth.

    S = Σ_k λ^(t−k) X(k) with λ = exp(−1/τ), divided by Σ_k λ^(t−k), is unbiased for x* and has
    variance σ²/t_λ on each axis, t_λ = (Σ λ^j)²/Σ λ^(2j). For τ ≫ t it is t(1 − t²/(12τ²)).

    Parameters
    ----------
    n_steps
        t ≥ 1.
    tau
        Time constant τ > 0 in steps.

    Raises
    ------
    ValueError
        If there is less than one step, or tau is not positive.
    """
    check_at_least(n_steps, 1, "n_steps")
    check_positive(tau, "tau")
    return np.tanh(n_steps / (2 * tau)) / np.tanh(1 / (2 * tau))
