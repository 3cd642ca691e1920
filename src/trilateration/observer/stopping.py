"""Free response times: the observer answers when it is sure enough."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_finite, check_minimum_ndim, check_positive


class Responses(NamedTuple):
    """Answers at the first step at which the confidence reaches a bound.

    Attributes
    ----------
    steps
        T, the step of the answer, counted from 1; the last step where the bound is not reached.
    probits
        Φ⁻¹ of the report at that step; its sign is the choice.
    reached
        Whether the bound was reached in time.
    """

    steps: Int[np.ndarray, "*batch task"]
    probits: Float[np.ndarray, "*batch task"]
    reached: Bool[np.ndarray, "*batch task"]


def respond(probits: Real[np.ndarray, "*batch time task"], bound: Scalar) -> Responses:
    """Answer each task at the first step k with |Φ⁻¹(Π(k))| ≥ b, or at the last step.

    This is a drift-diffusion model whose two bounds close in: with lines through μ(k) at distance
    d(k), √k d(k)/σ reaches ± b, so the sum of the evidence along the normal reaches ± b σ √k.

    Parameters
    ----------
    probits
        Φ⁻¹(Π(k)) over time, shape ``(..., time, task)``.
    bound
        b > 0.
    """
    probits = as_floating(probits, "probits")
    check_minimum_ndim(probits, 2, "probits", "(..., time, task)")
    check_finite(probits, "probits")
    check_positive(bound, "bound")
    beyond = np.abs(probits) >= bound
    reached = beyond.any(axis=-2)
    last = probits.shape[-2] - 1
    index = np.where(reached, beyond.argmax(axis=-2), last)
    chosen = np.take_along_axis(probits, index[..., None, :], axis=-2)
    return Responses(index + 1, chosen[..., 0, :], reached)
