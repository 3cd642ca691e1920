"""Slow, independent integrals of the posterior density, to hold the closed forms against.

They know nothing of Φ: they integrate the posterior density itself, in one case from the single
readings rather than from their mean.
"""

import itertools

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar
from trilateration._checks import (
    check_finite,
    check_last_axis,
    check_minimum_ndim,
    check_positive,
)
from trilateration.evidence import standard_error, validate_evidence
from trilateration.tasks import Boundaries

# Beyond this many standard errors from its peak the density is below 1e-20 of it; telling the
# quadrature where the peak is keeps it from stepping over it.
_WINDOW = 10.0


def brute_force_axis_reports(
    means: Real[np.ndarray, " mean"],
    offsets: Real[np.ndarray, " mean"],
    sigma: Scalar,
    n_steps: Scalar,
    *,
    half_width: Scalar = 0.5,
) -> Float[np.ndarray, " mean"]:
    """Return P(x > β | x in the box) on one axis by adaptive quadrature.

    Parameters
    ----------
    means, offsets
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
    for name, values in (("means", means), ("offsets", offsets)):
        check_minimum_ndim(values, 1, name, "(mean,)")
        check_finite(values, name)
    s = standard_error(sigma, n_steps)
    h = float(half_width)
    return np.array(
        [
            _mass(m, s, np.clip(beta, -h, h), h, peak=m, h=h) / _mass(m, s, -h, h, peak=m, h=h)
            for m, beta in zip(means, offsets, strict=True)
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
    check_minimum_ndim(means, 2, "means", "(mean, dimension)")
    check_last_axis(means, 2, "means", "dimension")
    check_finite(means, "means")
    s = standard_error(sigma, n_steps)
    pairs = zip(boundaries.normals, boundaries.offsets, strict=True)
    columns = [
        [_plane_report(mean, normal, offset, s, float(half_width)) for mean in means]
        for normal, offset in pairs
    ]
    return np.array(columns).T


def brute_force_reading_reports(
    readings: Real[np.ndarray, "time 2"],
    boundaries: Boundaries,
    sigma: Scalar,
    *,
    n_nodes: int = 120,
) -> Float[np.ndarray, " task"]:
    """Return P(a·x > β) under the flat prior from the likelihoods of the single readings.

    Multiplies ∏_k exp(−|X(k) − x|²/2σ²) at the nodes of a grid on either side of each boundary and
    compares the masses. The mean of the readings only says where to put the grid.

    Parameters
    ----------
    readings
        X(1..t), shape ``(time, 2)``.
    boundaries
        Tasks in the plane.
    sigma
        σ > 0 of one reading.
    n_nodes
        Gauss–Legendre nodes along and across each boundary.

    Raises
    ------
    ValueError
        If a shape does not fit, σ is not positive, or the readings hold NaN.
    """
    readings = validate_evidence(readings, dimension=2)
    check_last_axis(boundaries.normals, 2, "boundaries.normals", "dimension")
    s = standard_error(sigma, len(readings))
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    centre, reach = readings.mean(axis=0), _WINDOW * s
    reports = []
    for normal, offset in zip(boundaries.normals, boundaries.offsets, strict=True):
        tangent = np.array([-normal[1], normal[0]])
        middle = normal @ centre - offset  # where across the boundary the mass is
        edges = np.unique(
            [middle - reach, np.clip(0.0, middle - reach, middle + reach), middle + reach]
        )
        panels = [
            ((high + low) / 2 + (high - low) / 2 * nodes, (high - low) / 2 * weights)
            for low, high in itertools.pairwise(edges)
        ]
        across = np.concatenate([x for x, _ in panels])
        measure = np.concatenate([w for _, w in panels])
        along = tangent @ centre + reach * nodes
        points = (offset + across)[:, None, None] * normal + along[:, None] * tangent
        log_likelihood = sum(-((points - x) ** 2).sum(axis=-1) for x in readings) / (2 * sigma**2)
        likelihood = np.exp(log_likelihood - log_likelihood.max())
        mass = measure * (likelihood @ weights)
        reports.append(mass[across > 0].sum() / mass.sum())
    return np.array(reports)


def discrete_posterior(
    points: Real[np.ndarray, "point dimension"],
    prior: Real[np.ndarray, " point"],
    means: Real[np.ndarray, "*batch dimension"],
    sigma: Scalar,
    n_steps: Scalar,
) -> Float[np.ndarray, "*batch point"]:
    """Return the posterior of a latent that can only be at a few points, by Bayes' rule.

    Parameters
    ----------
    points, prior
        Where x* can be, shape ``(point, dimension)``, and with what prior probability.
    means
        μ, shape ``(..., dimension)``.
    sigma, n_steps
        σ > 0 and t ≥ 1.

    Raises
    ------
    ValueError
        If a shape does not fit or a prior probability is not positive.
    """
    check_positive(prior, "prior")
    check_last_axis(means, points.shape[-1], "means", "dimension")
    s = standard_error(sigma, n_steps)
    log_weight = np.log(prior) - ((means[..., None, :] - points) ** 2).sum(-1) / (2 * s**2)
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


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
