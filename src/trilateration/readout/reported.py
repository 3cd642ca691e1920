"""Reading distances and positions off the reports of a network, as if they were the posterior."""

import numpy as np
from jaxtyping import Float, Real

from trilateration._arrays import Scalar, as_floating
from trilateration._checks import check_choice, check_count, check_last_axis, check_positive
from trilateration.evidence import standard_error
from trilateration.observer import (
    LogReports,
    expected_calibration_error,
    log_normal_cdf,
    normal_cdf,
    normal_quantile_from_log_pair,
    trilaterate,
)
from trilateration.readout.linear import fit_linear, left_out_predictions
from trilateration.readout.scores import prior_r2
from trilateration.tasks import Boundaries

HEADS = ("logistic", "probit")


def log_reports_of(readouts: Real[np.ndarray, "*batch task"], head: str) -> LogReports:
    """Return (log Ŷ, log(1 − Ŷ)) of the readouts z of a head, Ŷ = 1/(1 + e^−z) or Φ(z).

    Parameters
    ----------
    readouts
        z, shape ``(..., task)``.
    head
        ``"logistic"`` or ``"probit"``.

    Raises
    ------
    ValueError
        If the head is unknown.
    """
    check_choice(head, HEADS, "head")
    z = as_floating(readouts, "readouts").astype(float)
    if head == "probit":
        return LogReports(log_normal_cdf(z), log_normal_cdf(-z))
    return LogReports(-np.logaddexp(0, -z), -np.logaddexp(0, z))


def reported_probits(
    readouts: Real[np.ndarray, "*batch task"], head: str
) -> Float[np.ndarray, "*batch task"]:
    """Return Φ⁻¹(Ŷ), exact however close the report is to 0 or 1; arguments as above."""
    if head == "probit":
        return as_floating(readouts, "readouts").astype(float)
    return normal_quantile_from_log_pair(*log_reports_of(readouts, head))


def reported_positions(
    probits: Float[np.ndarray, "*batch time task"],
    boundaries: Boundaries,
    sigma: Scalar,
    *,
    within: Scalar | None = None,
) -> Float[np.ndarray, "*batch time dimension"]:
    """Return A⁺(s Φ⁻¹(Ŷ) + β) at each step k, s = σ/√k: where the reports put the mean.

    Parameters
    ----------
    probits
        Φ⁻¹(Ŷ), shape ``(..., time, task)``; the first entry of the time axis is step 1.
    boundaries
        Tasks.
    sigma
        σ > 0 of one reading.
    within
        None to count all reports alike; or c > 0 to weight each by exp(−(Φ⁻¹(Ŷ)/c)²), which leaves
        out those far from ½, whose distances training hardly determines.

    Raises
    ------
    ValueError
        If ``within`` is not positive.
    """
    steps = np.arange(1, probits.shape[-2] + 1)
    distances = probits * standard_error(sigma, steps)[:, None]
    if within is None:
        return trilaterate(distances, boundaries).position
    check_positive(within, "within")
    # A floor keeps positions determined where all boundaries are far.
    weights = np.maximum(np.exp(-((probits / float(within)) ** 2)), 1e-6)
    return trilaterate(distances, boundaries, weights=weights).position


def ruler_slopes(
    probits: Float[np.ndarray, "*batch trial time task"],
    distances: Float[np.ndarray, "*batch trial time task"],
    sigma: Scalar,
    *,
    reach: Scalar = 2.0,
) -> Float[np.ndarray, "*batch time"]:
    """Return the slope of Φ⁻¹(Ŷ) against the true distance at each step, per latent unit.

    Least squares through the origin over all tasks and trials with |d| < ``reach`` s; the posterior
    has 1/s = √k/σ.

    Parameters
    ----------
    probits, distances
        Φ⁻¹(Ŷ) and d = a·μ(k) − β, shape ``(..., trial, time, task)``.
    sigma
        σ > 0.
    reach
        How far from the boundary reports count, in standard errors; ``numpy.inf`` for all.

    Raises
    ------
    ValueError
        If ``reach`` is not positive, or distances are not of the same tasks.
    """
    if reach <= 0:
        raise ValueError(f"reach must be a number > 0, got {reach!r}")
    check_last_axis(distances, probits.shape[-1], "distances", "task")
    scale = standard_error(sigma, np.arange(1, probits.shape[-2] + 1))[:, None]
    near = np.abs(distances) < reach * scale
    cross = (probits * distances * near).sum(axis=(-3, -1))
    return cross / (distances**2 * near).sum(axis=(-3, -1))


def growth_exponent(
    slopes: Float[np.ndarray, "*batch time"], first: int = 1
) -> Float[np.ndarray, "*batch"]:
    """Return b of the power law slope ∝ k^b, by least squares in logarithms from step ``first``.

    0 for a mean code, ½ for the posterior, 1 for a sum code.

    Parameters
    ----------
    slopes
        Positive, shape ``(..., time)``; the first entry of the time axis is step 1.
    first
        The first step that counts, ≥ 1.

    Raises
    ------
    ValueError
        If ``first`` is no step, or a slope is not positive.
    """
    check_count(first, "first")
    check_positive(slopes, "slopes")
    logs = np.log(np.arange(first, slopes.shape[-1] + 1))
    centred = logs - logs.mean()
    return np.log(slopes[..., first - 1 :]) @ centred / (centred @ centred)


def decoded_r2(
    hidden: Real[np.ndarray, "replicate trial unit"],
    latents: Real[np.ndarray, "replicate trial dimension"],
    *,
    penalty: Scalar = 1e-4,
) -> Float[np.ndarray, " replicate"]:
    """Return the r² of x*, decoded linearly from each network by four-fold cross-validation.

    Trials are dealt to the folds in turn; they must be in random order.

    Parameters
    ----------
    hidden, latents
        Codes and positions of each network.
    penalty
        Relative ridge penalty; without one, a unit that is active in a handful of trials decides.
    """
    folds = np.arange(hidden.shape[1]) % 4
    pairs = zip(hidden, latents, strict=True)
    return np.array(
        [prior_r2(x, left_out_predictions(h, x, folds, penalty=penalty)).value for h, x in pairs]
    )


def calibration_errors(
    probits: Float[np.ndarray, "replicate trial time task"],
    labels: Real[np.ndarray, "replicate trial task"],
) -> Float[np.ndarray, "replicate time"]:
    """Return the expected calibration error of each network at each step, all tasks together.

    Parameters
    ----------
    probits, labels
        Φ⁻¹(Ŷ) and 0 or 1, of each network.
    """
    return np.array(
        [
            [float(expected_calibration_error(normal_cdf(u[:, k]), y)) for k in range(u.shape[1])]
            for u, y in zip(probits, labels, strict=True)
        ]
    )


def step_r2(
    hidden: Real[np.ndarray, "replicate trial time unit"], *, penalty: Scalar = 1e-4
) -> Float[np.ndarray, " replicate"]:
    """Return the R² with which a linear decoder finds log k in the state after k steps.

    Parameters
    ----------
    hidden
        States at every step from the first.
    penalty
        As in :func:`decoded_r2`; trials are dealt to four folds in turn.
    """
    _, n_trials, n_steps, n_units = hidden.shape
    logs = np.log(np.arange(1, n_steps + 1))
    targets = np.tile(logs, n_trials)[:, None]
    folds = np.repeat(np.arange(n_trials) % 4, n_steps)
    scores = []
    for states in hidden:
        codes = states.reshape(-1, n_units)
        guesses = left_out_predictions(codes, targets, folds, penalty=penalty)
        scores.append(1 - ((guesses - targets) ** 2).mean() / logs.var())
    return np.array(scores)


def position_kept(
    hidden: Real[np.ndarray, "replicate trial time unit"],
    latents: Real[np.ndarray, "replicate trial dimension"],
    *,
    penalty: Scalar = 1e-4,
) -> Float[np.ndarray, "replicate time"]:
    """Return the slope of the decoded against the true position, for a decoder fitted at time 0.

    1 if the state is held, 0 if nothing is left.

    Parameters
    ----------
    hidden, latents
        States from the moment at which the decoder is fitted, and positions.
    penalty
        As in :func:`decoded_r2`.
    """
    slopes = []
    for states, x in zip(hidden.astype(float), latents.astype(float), strict=True):
        guesses = fit_linear(states[:, 0], x, penalty=penalty).predict(states)
        x = x - x.mean(axis=0)
        slopes.append(np.einsum("tkd,td->k", guesses, x) / (x**2).sum())
    return np.array(slopes)
