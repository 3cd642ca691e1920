"""Slow, independent integrals of the posterior density, to hold the closed forms against.

They know nothing of Φ: they integrate exp(−|x − μ|²/2s²) over the box with adaptive quadrature.
"""

import itertools

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import check_last_axis, check_positive
from trilateration.evidence import standard_error
from trilateration.tasks import Boundaries

# Beyond this many standard errors from its peak the density is below 1e-20 of it; telling the
# quadrature where the peak is keeps it from stepping over it.
_WINDOW = 10.0


def brute_force_axis_reports(
    means: Real[np.ndarray, " mean"],
    thresholds: Real[np.ndarray, " mean"],
    sigma: Scalar,
    n_steps: Scalar,
    *,
    half_width: Scalar = 0.5,
) -> Float[np.ndarray, " mean"]:
    """Return P(x > β | x in the box) on one axis by adaptive quadrature.

    Parameters
    ----------
    means, thresholds
        m and β, in latent units, one pair for each integral.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    half_width
        h > 0, half the width of the box.

    Raises
    ------
    ValueError
        If a scale is not positive.
    """
    check_positive(half_width, "half_width")
    s = standard_error(sigma, n_steps)
    h = float(half_width)
    return np.array(
        [
            _mass(m, s, np.clip(beta, -h, h), h, peak=m, h=h) / _mass(m, s, -h, h, peak=m, h=h)
            for m, beta in zip(means, thresholds, strict=True)
        ]
    )


def brute_force_box_reports(
    means: Real[np.ndarray, "mean 2"],
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: Scalar,
    *,
    half_width: Scalar = 0.5,
) -> Float[np.ndarray, "mean task"]:
    """Return P(a·x > β | x in the box) in the plane by nested adaptive quadrature.

    Parameters
    ----------
    means
        μ, shape ``(mean, 2)``, in latent units.
    boundaries
        Tasks in the plane; about a tenth of a second each for every mean.
    sigma, n_steps, half_width
        As in :func:`brute_force_axis_reports`.

    Raises
    ------
    ValueError
        If a scale is not positive or the tasks are not two-dimensional.
    """
    check_positive(half_width, "half_width")
    check_last_axis(boundaries.normals, 2, "boundaries.normals", "dimension")
    s = standard_error(sigma, n_steps)
    pairs = zip(boundaries.normals, boundaries.offsets, strict=True)
    columns = [
        [_plane_report(mean, normal, offset, s, float(half_width)) for mean in means]
        for normal, offset in pairs
    ]
    return np.array(columns).T


def _plane_report(mean, normal, offset, s, h):
    # The steeper axis is the inner one, so that the boundary is a graph over the other.
    inner = int(np.argmax(np.abs(normal)))
    outer = 1 - inner

    def side(x):
        crossing = np.clip((offset - normal[outer] * x) / normal[inner], -h, h)
        low, high = (crossing, h) if normal[inner] > 0 else (-h, crossing)
        return _mass(mean[inner], s, low, high, peak=mean[inner], h=h) * _density(
            x, mean[outer], s, h
        )

    # Where the boundary enters and leaves the box the inner mass has a kink.
    kinks = (
        [(offset - normal[inner] * face) / normal[outer] for face in (-h, h)]
        if normal[outer]
        else []
    )
    beyond = _integral(side, -h, h, [mean[outer], *kinks], s)
    total = _mass(mean[0], s, -h, h, peak=mean[0], h=h) * _mass(
        mean[1], s, -h, h, peak=mean[1], h=h
    )
    return beyond / total


def _density(x, mean, s, h):
    # Relative to its largest value in the box, so that nothing underflows for a mean outside.
    nearest = np.clip(mean, -h, h)
    return np.exp(-((x - mean) ** 2 - (nearest - mean) ** 2) / (2 * s**2))


def _mass(mean, s, low, high, *, peak, h):
    return _integral(lambda x: _density(x, mean, s, h), low, high, [peak], s)


def _integral(function, low, high, landmarks, s):
    marks = [low, high]
    for mark in landmarks:
        centre = np.clip(mark, low, high)
        marks += [centre, *np.clip(centre + s * np.array([-_WINDOW, -2, 2, _WINDOW]), low, high)]
    # Imported here: a tenth of a second that only those who check the formulas should pay.
    from scipy import integrate

    edges = np.unique(marks)
    return sum(
        integrate.quad(function, a, b, epsabs=1e-14, epsrel=1e-12)[0]
        for a, b in itertools.pairwise(edges)
    )
