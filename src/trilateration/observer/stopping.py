"""Free response times: the observer answers when it is sure enough, or has seen enough."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import (
    check_choice,
    check_finite,
    check_last_axis,
    check_minimum_ndim,
    check_positive,
)
from trilateration.evidence import standard_error
from trilateration.observer.position import trilaterate
from trilateration.tasks import Boundaries

RULES = ("confidence", "evidence")

# Mean excess of a Gaussian walk of unit steps over a distant bound, −ζ(½)/√(2π).
OVERSHOOT = 0.5825971579390107


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


class Diffusion(NamedTuple):
    """What a walk between two bounds does, on average.

    Attributes
    ----------
    accuracy
        Probability of ending at the bound towards which it drifts.
    steps
        Mean number of steps.
    """

    accuracy: Float[np.ndarray, "*shape"]
    steps: Float[np.ndarray, "*shape"]


def respond(
    probits: Real[np.ndarray, "*batch time task"], bound: Scalar, *, rule: str = "confidence"
) -> Responses:
    """Answer each task at the first step at which a bound is reached, or at the last step.

    The rule ``"confidence"`` is |Φ⁻¹(Π(k))| ≥ b. With d(k) the distance of μ(k) from a line, the
    probit is √k d(k)/σ, so the sum of the readings along the normal must reach ± b σ √k. The rule
    ``"evidence"`` is |√k Φ⁻¹(Π(k))| ≥ b: that sum must reach ± b σ, whatever the step, which is the
    drift-diffusion model (:func:`drift_diffusion`).

    Parameters
    ----------
    probits
        Φ⁻¹(Π(k)) over time, shape ``(..., time, task)``.
    bound
        b > 0.
    rule
        ``"confidence"`` or ``"evidence"``.

    Raises
    ------
    ValueError
        If probits are not finite with axes of time and tasks, the bound is not positive, or the
        rule is unknown.
    """
    probits = as_floating(probits, "probits")
    check_minimum_ndim(probits, 2, "probits", "(..., time, task)")
    check_finite(probits, "probits")
    check_positive(bound, "bound")
    check_choice(rule, RULES, "rule")
    steps = np.arange(1, probits.shape[-2] + 1)[:, None]
    beyond = np.abs(probits) * (steps**0.5 if rule == "evidence" else 1) >= bound
    reached = beyond.any(axis=-2)
    last = probits.shape[-2] - 1
    index = np.where(reached, beyond.argmax(axis=-2), last)
    chosen = np.take_along_axis(probits, index[..., None, :], axis=-2)
    return Responses(index + 1, chosen[..., 0, :], reached)


def timed_positions(
    responses: Responses, boundaries: Boundaries, sigma: Scalar, bound: Scalar
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the positions that choices and response times tell, A⁺(± b σ/√T + β).

    At the response of an observer with a bound on its confidence the distance is at least b σ/√T,
    and exactly that if the bound is met exactly. The probits themselves are not used.

    Parameters
    ----------
    responses
        Answers by the rule ``"confidence"``.
    boundaries
        Tasks, with normals A and offsets β.
    sigma, bound
        σ > 0 of the readings and b > 0, as they were.

    Raises
    ------
    ValueError
        If responses are not of these tasks, or the bound is not positive.
    """
    check_last_axis(responses.probits, boundaries.n_tasks, "responses", "task")
    check_positive(bound, "bound")
    ruler = np.sign(responses.probits) * bound * standard_error(sigma, responses.steps)
    return trilaterate(ruler, boundaries).position


def drift_diffusion(
    drift: Scalar | Real[np.ndarray, "*shape"], bound: Scalar, *, overshoot: Scalar = OVERSHOOT
) -> Diffusion:
    """Return accuracy 1/(1 + e^(−2bν)) and mean time (b/ν) tanh(bν) of a walk between ± b.

    Wald's law for a Brownian motion of drift ν and unit variance a step from 0. A walk in discrete
    steps overshoots; to first order that is as if its bounds lay :data:`OVERSHOOT` further out.

    Parameters
    ----------
    drift
        ν ≥ 0 per step, in standard deviations of a step: |d|/σ for a line at distance d from x*.
    bound
        b > 0.
    overshoot
        How much further out the bounds are put, ≥ 0; 0 for continuous time.

    Raises
    ------
    ValueError
        If a drift is not finite or a bound not positive.
    """
    drift = np.abs(as_floating(np.asarray(drift, float), "drift"))
    check_finite(drift, "drift")
    check_positive(bound, "bound")
    b = bound + overshoot
    # (b/ν) tanh(bν) → b² as ν → 0.
    steps = np.where(drift * b < 1e-6, b**2, b * np.tanh(b * drift) / np.maximum(drift, 1e-300))
    return Diffusion(np.asarray(1 / (1 + np.exp(-2 * b * drift))), steps)
