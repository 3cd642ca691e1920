"""Spectra of many random tasks: the Marchenko–Pastur law and what it means for the readout.

For N isotropic unit normals in D dimensions the eigenvalues of (D/N) AᵀA follow, for large N and D
at fixed γ = D/N, the Marchenko–Pastur law on [(1 − √γ)², (1 + √γ)²].
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Array, Scalar, as_floating
from trilateration._checks import check_choice, check_count, check_generator, check_positive

# The integrand below is analytic in log τ within π of the axis, so the trapezoidal rule converges
# geometrically: with this step to a relative error near 1e-13. The ends are cut at e^(−28).
_LOG_STEP = 0.5
_LOG_REACH = 28.0
_CHUNK_EIGENVALUES = 20_000


class SpectrumEdges(NamedTuple):
    """Smallest and largest value of a limiting spectrum (apart from exact zeros)."""

    low: float
    high: float


def marchenko_pastur_edges(gamma: Scalar) -> SpectrumEdges:
    """Return (1 − √γ)² and (1 + √γ)², the edges of the eigenvalues of (D/N) AᵀA.

    Parameters
    ----------
    gamma
        Aspect ratio γ = D/N > 0.
    """
    check_positive(gamma, "gamma")
    root = float(gamma) ** 0.5
    return SpectrumEdges((1 - root) ** 2, (1 + root) ** 2)


def marchenko_pastur_pdf(
    x: Scalar | Real[np.ndarray, "*shape"], gamma: Scalar
) -> Float[Array, "*shape"]:
    """Return the density √((b − x)(x − a))/(2πγx) of the nonzero part of the spectrum.

    For γ > 1 there is also an atom of mass 1 − 1/γ at zero, which this density leaves out.

    Parameters
    ----------
    x
        Eigenvalues of (D/N) AᵀA, any shape.
    gamma
        γ = D/N > 0; a and b are :func:`marchenko_pastur_edges`.
    """
    low, high = marchenko_pastur_edges(gamma)
    x = as_floating(x, "x")
    inside = (x > low) & (x < high)
    safe = np.where(inside, x, 1.0)
    root = np.sqrt(np.maximum((high - safe) * (safe - low), 0))
    return np.where(inside, root / (2 * np.pi * gamma * safe), 0.0)


def marchenko_pastur_cdf(
    x: Scalar | Real[np.ndarray, "*shape"], gamma: Scalar
) -> Float[Array, "*shape"]:
    """Return the fraction of eigenvalues of (D/N) AᵀA at or below x, the zeros included.

    Closed form, from the substitution x = (a + b)/2 − ((b − a)/2) cos θ.

    Parameters
    ----------
    x, gamma
        As in :func:`marchenko_pastur_pdf`.
    """
    low, high = marchenko_pastur_edges(gamma)
    x, gamma = as_floating(x, "x"), float(gamma)
    clipped = np.clip(x, low, high)
    theta = np.arccos(np.clip((2 * clipped - low - high) / (low - high), -1, 1))
    # ∫ sin²θ/(c − √γ cos θ) dθ in closed form, c = (1 + γ)/2, in half-angle variables
    root = np.sqrt(gamma)
    mean = (1 + gamma) / 2
    gap = abs(1 - gamma) / 2
    half_turn = np.pi / 2 if gap == 0 else np.arctan((mean + root) / gap * np.tan(theta / 2))
    integral = np.sin(theta) / root + mean / gamma * theta - 2 * gap / gamma * half_turn
    fraction = integral / np.pi
    atom = max(0.0, 1 - 1 / gamma)
    return np.where(x < 0, 0.0, np.clip(atom + np.where(x <= low, 0, fraction), 0, 1))


def singular_value_edges(n_tasks: int, dimension: int) -> SpectrumEdges:
    """Return √(N/D) |1 ∓ √(D/N)|, the limiting edges of the singular values of A.

    Parameters
    ----------
    n_tasks, dimension
        N ≥ 1 isotropic unit normals in D ≥ 1 dimensions.
    """
    low, high = marchenko_pastur_edges(_aspect_ratio(n_tasks, dimension))
    scale = n_tasks / dimension
    return SpectrumEdges((scale * low) ** 0.5, (scale * high) ** 0.5)


def singular_value_pdf(
    x: Scalar | Real[np.ndarray, "*shape"], n_tasks: int, dimension: int
) -> Float[Array, "*shape"]:
    """Return the limiting density of the singular values of A; arguments as the edges'.

    f(x) = 2x (D/N) p(x² D/N) with p the Marchenko–Pastur density.
    """
    gamma = _aspect_ratio(n_tasks, dimension)
    x = as_floating(x, "x")
    return np.where(x > 0, 2 * x * gamma, 0.0) * marchenko_pastur_pdf(x**2 * gamma, gamma)


def sample_grams(
    n_sets: int,
    n_tasks: int,
    dimension: int,
    *,
    rng: np.random.Generator,
    rows: Literal["unit", "gaussian"] = "unit",
) -> Float[np.ndarray, "replicate dimension dimension"]:
    """Draw random task sets and return their Gram matrices AᵀA, of expectation (N/D) I.

    Parameters
    ----------
    n_sets
        Number of independent task sets.
    n_tasks, dimension
        N ≥ 1 tasks in D ≥ 1 dimensions, each.
    rng
        Source of all randomness.
    rows
        ``"unit"`` for isotropic unit normals, as :func:`trilateration.tasks.random_hyperplanes`
        draws them; ``"gaussian"`` for rows of independent Gaussians of variance 1/D.
    """
    check_choice(rows, ("unit", "gaussian"), "rows")
    check_generator(rng)
    shape = (check_count(n_sets, "n_sets"), check_count(n_tasks, "n_tasks"))
    normals = rng.standard_normal((*shape, check_count(dimension, "dimension")))
    if rows == "unit":
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    else:
        normals /= dimension**0.5
    return np.swapaxes(normals, -1, -2) @ normals


def inverse_gram_after_next(
    grams: Float[np.ndarray, "*sets dimension dimension"],
) -> Float[Array, "*sets"]:
    """Return E tr[(B + a aᵀ)⁻¹]/D over one more isotropic unit normal a, exactly, for each B.

    tr(B + a aᵀ)⁻¹ = tr B⁻¹ − aᵀB⁻²a/aᵀ(I + B⁻¹)a, and the mean of a ratio of quadratic forms is
    ∫₀^∞ Σ_j p_j/(1 + 2τq_j) Π_k (1 + 2τq_k)^(−½) dτ with p = 1/λ², q = 1 + 1/λ, λ the eigenvalues
    of B. Averaged over random sets of N − 1 tasks this is the mean for N tasks, with much lighter
    tails than the plain average, whose variance is infinite up to N = D + 3.

    Parameters
    ----------
    grams
        Positive definite Gram matrices B = AᵀA, shape ``(..., dimension, dimension)``.

    Raises
    ------
    ValueError
        If a matrix is not positive definite.
    """
    values = np.linalg.eigvalsh(grams)
    if not np.all(values > 0):
        raise ValueError(
            f"grams must be positive definite, got a smallest eigenvalue of {values.min():.3g}"
        )
    flat = values.reshape(-1, values.shape[-1])
    chunks = np.array_split(flat, max(1, flat.size // _CHUNK_EIGENVALUES))
    removed = np.concatenate([_removed_by_next(chunk) for chunk in chunks])
    return ((1 / values).sum(axis=-1) - removed.reshape(values.shape[:-1])) / values.shape[-1]


def expected_inverse_gram(
    n_tasks: int, dimension: int, *, rows: Literal["unit", "gaussian", "even"] = "unit"
) -> float:
    """Return E tr[(AᵀA)⁻¹]/D, the readout variance per axis of unit noise on every distance.

    ``"unit"``: D/(N − D), the limit of many tasks and dimensions for isotropic unit normals. The
    exact value lies between D/N and D/(N − D − 1); it is within 4 % of the limit for D ≥ 6 and
    N ≥ 2 D, 15 % larger at D = 6, N = 9, 15 % smaller at D = 2, N = 6, and infinite at N = D + 1.
    ``"gaussian"``: D/(N − D − 1), exact for rows of independent Gaussians of variance 1/D.
    ``"even"``: 2/N, exact for evenly spaced lines in two dimensions.

    Parameters
    ----------
    n_tasks, dimension
        N and D; N > D, and N > D + 1 for Gaussian rows.
    rows
        How the normals are drawn.
    """
    check_choice(rows, ("unit", "gaussian", "even"), "rows")
    check_count(dimension, "dimension")
    if rows == "even":
        if dimension != 2:
            raise ValueError(f"dimension must be 2 for evenly spaced lines, got {dimension}")
        return 2 / check_count(n_tasks, "n_tasks", 2)
    spare = n_tasks - dimension - (rows == "gaussian")
    check_count(n_tasks, "n_tasks", dimension + 1 + (rows == "gaussian"))
    return dimension / spare


def _aspect_ratio(n_tasks, dimension):
    return check_count(dimension, "dimension") / check_count(n_tasks, "n_tasks")


def _removed_by_next(values):
    """Integrate the mean of aᵀB⁻²a/aᵀ(I + B⁻¹)a over log τ, for eigenvalues (set, dimension)."""
    p, q = values**-2, 1 + 1 / values
    start = -np.log(2 * q.max(axis=1)) - _LOG_REACH
    width = _LOG_REACH * (1 + 2 / values.shape[1]) + np.log(q.max(axis=1) / q.min(axis=1)).max()
    tau = np.exp(start[:, None] + np.arange(0, width + _LOG_STEP, _LOG_STEP))
    spread = 1 + 2 * tau[:, None, :] * q[:, :, None]
    integrand = (p[:, :, None] / spread).sum(axis=1) * np.exp(-0.5 * np.log(spread).sum(axis=1))
    return _LOG_STEP * (integrand * tau).sum(axis=-1)
