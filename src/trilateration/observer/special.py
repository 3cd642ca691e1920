"""The normal distribution in and out of log space, for NumPy and torch alike.

Φ is the standard normal distribution function, z a standardised distance (no unit). A float64
probability is 1 from z ≈ 8.3 on; its logarithm still tells distances apart up to z ≈ 37, and the
pair (log p, log(1 − p)) has no limit, because one of the two is always far from zero.
"""

import functools
import math

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._arrays import Array, Scalar, as_floating, is_torch

# Newton steps on log Φ(z) = y. From the asymptotic start the error is below 1e-3 and squares
# with every step.
_NEWTON_STEPS = 4


def normal_cdf(z: Scalar | Real[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return Φ(z) = P(Z ≤ z) with full relative accuracy in the lower tail.

    Parameters
    ----------
    z
        Numbers of any shape, NumPy or torch (differentiable).
    """
    z = as_floating(z, "z")
    if is_torch(z):
        # Not torch.special.ndtr, which is 1 + erf and so loses the lower tail below z = -5.
        return 0.5 * (-z / math.sqrt(2)).erfc()
    return special.ndtr(z)


def log_normal_cdf(z: Scalar | Real[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return log Φ(z), in nats, with full relative accuracy in both tails.

    Parameters
    ----------
    z
        Numbers of any shape, NumPy or torch (differentiable).
    """
    z = as_floating(z, "z")
    return _torch_special().log_ndtr(z) if is_torch(z) else special.log_ndtr(z)


def normal_quantile(p: Scalar | Real[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return Φ⁻¹(p), the z with Φ(z) = p; −∞ at 0, +∞ at 1, NaN outside [0, 1].

    Parameters
    ----------
    p
        Probabilities of any shape, NumPy or torch (differentiable).
    """
    p = as_floating(p, "p")
    return _torch_special().ndtri(p) if is_torch(p) else special.ndtri(p)


def normal_quantile_from_log(log_p: Scalar | Real[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return Φ⁻¹(exp y), the z with log Φ(z) = y.

    Accurate for every y ≤ 0 that the dtype can hold: in float64 for z from −1e154 to 37, in
    float32 for z up to 13. For larger z give the logarithm of the other tail and change the sign,
    which :func:`normal_quantile_from_log_pair` does.

    Parameters
    ----------
    log_p
        y = log p in nats, any shape, NumPy or torch (differentiable twice; dz/dy = Φ(z)/φ(z)).
    """
    log_p = as_floating(log_p, "log_p")
    return _torch_quantile().apply(log_p) if is_torch(log_p) else special.ndtri_exp(log_p)


def normal_quantile_from_log_pair(
    log_p: Real[Array, "*shape"], log_q: Real[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Return Φ⁻¹(p) from both log p and log(1 − p), accurate at any distance on both sides.

    Uses the smaller of the two tails, whose logarithm is far from zero:
    z = Φ⁻¹(exp log p) if log p < log(1 − p), else −Φ⁻¹(exp log(1 − p)).

    Parameters
    ----------
    log_p, log_q
        log p and log(1 − p) in nats, of one shape.
    """
    log_p, log_q = as_floating(log_p, "log_p"), as_floating(log_q, "log_q")
    lower = log_p <= log_q
    if is_torch(log_p):
        z = normal_quantile_from_log(log_p.where(lower, log_q))
        return z.where(lower, -z)
    z = normal_quantile_from_log(np.where(lower, log_p, log_q))
    return np.where(lower, z, -z)


def log_one_minus_exp(y: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return log(1 − exp y) for y ≤ 0 without cancellation; −∞ at y = 0."""
    # Each form is exact on its own side of −log 2 (Mächler 2012).
    if is_torch(y):
        near = y > -math.log(2)
        zero = y.detach() * 0
        # Neutral arguments on the unused side keep infinities out of the gradient.
        return (
            (-(y.where(near, zero - 1).expm1()))
            .log()
            .where(near, (-(y.where(~near, zero - 1).exp())).log1p())
        )
    with np.errstate(divide="ignore"):
        return np.where(y > -math.log(2), np.log(-np.expm1(y)), np.log1p(-np.exp(y)))


@functools.cache
def _torch_special():
    import torch

    return torch.special


def _solve_log_cdf(y):
    """Solve log Φ(z) = y in torch: closed forms where exp y is exact, else Newton steps."""
    special_torch = _torch_special()
    lower = y < -5
    middle = y.where(~lower, y * 0 - 1)
    upper = middle > -0.1
    z_middle = special_torch.ndtri(middle.exp())
    z_upper = -special_torch.ndtri(-middle.expm1())
    z_lower = _newton(y.where(lower, y * 0 - 6))
    return z_lower.where(lower, z_upper.where(upper, z_middle))


def _newton(y):
    # log Φ(z) ≈ −z²/2 − log(−z √(2π)) starts the iteration; the slope is 1/mills(z).
    square = -2 * y - math.log(2 * math.pi)
    z = -(square - square.log()).sqrt()
    for _ in range(_NEWTON_STEPS):
        z = z - (_torch_special().log_ndtr(z) - y) * _mills(z)
    return z


def _mills(z):
    """Return Φ(z)/φ(z) = √(π/2) erfcx(−z/√2), which neither under- nor overflows for z < 0."""
    return math.sqrt(math.pi / 2) * _torch_special().erfcx(-z / math.sqrt(2))


@functools.cache
def _torch_quantile():
    """Make the autograd function on first use, so that importing this module needs no torch."""
    import torch

    class NormalQuantileFromLog(torch.autograd.Function):
        @staticmethod
        def forward(ctx, log_p):
            z = _solve_log_cdf(log_p)
            ctx.save_for_backward(z)
            return z

        @staticmethod
        def backward(ctx, gradient):
            (z,) = ctx.saved_tensors
            return gradient * _mills(z)

    return NormalQuantileFromLog
