"""Angles between the axes of a code, and what chance makes of them.

Two random directions in many dimensions are nearly orthogonal, so a right angle between two axes
among 64 units says nothing by itself: compare with :func:`random_angle_sd` of the dimension in
which the axes are free to turn, with the prediction for the tasks (:func:`task_angle_sd`), and with
the same network untrained.
"""

import numpy as np
from jaxtyping import Float, Real
from scipy import special, stats

from trilateration._arrays import Scalar
from trilateration._checks import check_between, check_count, check_finite
from trilateration.geometry._codes import paired
from trilateration.readout import fit_linear


def encoding_axes(
    codes: Real[np.ndarray, "trial unit"], latents: Real[np.ndarray, "trial dimension"]
) -> Float[np.ndarray, "unit dimension"]:
    """Return ∂h/∂x, one column a latent: the least-squares slope of every unit on the latents.

    Unlike the weights of a decoder they do not depend on directions in which the code hardly
    varies. The least-norm decoder of an affine code has the axes B(BᵀB)⁻¹ instead of B; for D = 2
    the angle between them is 180° minus that of B.

    Parameters
    ----------
    codes
        h, shape ``(trial, unit)``.
    latents
        x, shape ``(trial, dimension)``.
    """
    codes, latents = paired(codes, latents)
    return fit_linear(latents, codes).weights.T


def axis_angles(axes: Real[np.ndarray, "unit dimension"]) -> Float[np.ndarray, " pair"]:
    """Return the angle between every two columns, in degrees from 0 to 180.

    Invariant under rotation of the units and positive scaling of each column. Signs matter: the
    angle of −a is 180° minus that of a.

    Parameters
    ----------
    axes
        Shape ``(unit, dimension)``, at least two columns, none of them zero.

    Returns
    -------
    ndarray
        Pairs in the order (0, 1), (0, 2), …, (1, 2), …

    Raises
    ------
    ValueError
        If there is one column only, or one is zero.
    """
    axes = np.asarray(axes, dtype=float)
    if axes.ndim != 2 or axes.shape[1] < 2:
        raise ValueError(
            f"axes must have shape (unit, dimension) with at least 2 columns, got {axes.shape}"
        )
    check_finite(axes, "axes")
    lengths = np.linalg.norm(axes, axis=0)
    if (lengths == 0).any():
        raise ValueError(f"axes must not be zero, got a zero column, {np.argmin(lengths)}")
    cosines = (axes / lengths).T @ (axes / lengths)
    pairs = np.triu_indices(axes.shape[1], k=1)
    return np.degrees(np.arccos(np.clip(cosines[pairs], -1, 1)))


def random_angle_pdf(
    angles: Real[np.ndarray, "*shape"], n_units: int
) -> Float[np.ndarray, "*shape"]:
    """Return the density, per degree, of the angle between two random directions.

    Density ∝ sin^{n−2} θ for independent isotropic directions of R^n; mean 90°.

    Parameters
    ----------
    angles
        θ in degrees, from 0 to 180.
    n_units
        n ≥ 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 units.
    """
    check_count(n_units, "n_units", minimum=2)
    scale = np.exp(special.gammaln(n_units / 2) - special.gammaln((n_units - 1) / 2))
    sines = np.sin(np.radians(np.asarray(angles, dtype=float)))
    return scale / np.sqrt(np.pi) * np.abs(sines) ** (n_units - 2) * np.pi / 180


def random_angle_sd(n_units: int) -> float:
    """Return the standard deviation, in degrees, of the angle between two random directions.

    √(ψ₁(n/2)/2) radians, with ψ₁ the trigamma function: 52° for n = 2, 7.2° for n = 64.

    Parameters
    ----------
    n_units
        n ≥ 2.

    Raises
    ------
    ValueError
        If there are fewer than 2 units.
    """
    check_count(n_units, "n_units", minimum=2)
    return float(np.degrees(np.sqrt(special.polygamma(1, n_units / 2) / 2)))


def right_angle_p_value(angle: Scalar, n_units: int) -> float:
    """Return the probability that two random directions are at least this close to orthogonal.

    P(|cos Θ| ≤ |cos θ|), cos² Θ ~ Beta(½, (n − 1)/2). Small: the axes are more orthogonal than
    chance makes them. One minus it is the p-value of axes that are more oblique than chance.

    Parameters
    ----------
    angle
        θ in degrees, strictly between 0 and 180.
    n_units
        n ≥ 2, of the space in which the axes are free to turn.

    Raises
    ------
    ValueError
        If an angle is not between 0 and 180, or there are fewer than 2 units.
    """
    check_between(angle, 0, 180, "angle")
    check_count(n_units, "n_units", minimum=2)
    return float(stats.beta.cdf(np.cos(np.radians(angle)) ** 2, 0.5, (n_units - 1) / 2))


def task_angle_sd(dimension: int, n_tasks: int) -> float:
    """Return the predicted sd of angles, in degrees, of a code that sees N random tasks alike.

    If the Gram matrix BᵀB of the axes is proportional to AᵀA, A the random unit normals, then for
    N ≫ D angles scatter about 90° with sd √(D/((D + 2) N)) radians. Evenly spaced lines in the
    plane are a tight frame: exactly 90°.

    Parameters
    ----------
    dimension
        D ≥ 2.
    n_tasks
        N ≥ 1.

    Raises
    ------
    ValueError
        If there are fewer than 2 dimensions or no task.
    """
    check_count(dimension, "dimension", minimum=2)
    check_count(n_tasks, "n_tasks")
    return float(np.degrees(np.sqrt(dimension / ((dimension + 2) * n_tasks))))
