"""Gradient flow, which separable labels never let come to rest, and where it points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Real
from scipy import integrate, optimize

from trilateration._checks import check_positive
from trilateration.readout._data import validated
from trilateration.readout.classifiers import LinearClassifiers
from trilateration.readout.links import Link, margin_loss

# Errors of the solver, relative and absolute, per task.
_TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class FlowPath:
    """Where gradient flow stood at some times.

    Attributes
    ----------
    times
        Training times, rising; gradient descent with a small step ε is there after time/ε steps.
    parameters
        θ = (w, w₀) at these times, from θ = 0.
    losses
        Mean log loss at these times, in nats.
    link
        The link that was trained.
    """

    times: Float[np.ndarray, " time"]
    parameters: Float[np.ndarray, "time task parameter"]
    losses: Float[np.ndarray, "time task"]
    link: Link

    def at(self, index: int) -> LinearClassifiers:
        """Return the classifiers at the time with this index."""
        theta = self.parameters[index]
        return LinearClassifiers(theta[:, :-1], theta[:, -1], self.link)


def gradient_flow(
    features: Real[np.ndarray, "trial dimension"],
    labels: Real[np.ndarray, "trial task"],
    times: Sequence[float] | Real[np.ndarray, " time"],
    *,
    link: Link = "logistic",
) -> FlowPath:
    """Follow dθ/dt = −∇L(θ) from θ = 0, L the mean log loss.

    Solved in log(1 + t) by an implicit method, so that t = 1e12 costs little more than t = 1.

    Parameters
    ----------
    features, labels
        x, one row a trial, and y, each 0 or 1.
    times
        Training times > 0, rising.
    link
        ``"logistic"`` or ``"probit"``.

    Raises
    ------
    ValueError
        If a shape or value is wrong, or the times do not rise.
    """
    signs = validated(features, labels).signs
    times = np.asarray(times, dtype=np.float64)
    check_positive(times, "times")
    if times.ndim != 1 or np.any(np.diff(times) <= 0):
        raise ValueError(f"times must rise, got {times.tolist()}")
    rows = np.column_stack([np.asarray(features, dtype=np.float64), np.ones(len(features))])
    parameters = np.stack(
        [_flow(s[:, None] * rows, np.log1p(times), link) for s in signs.T], axis=1
    )
    margins = signs * np.einsum("ki,cti->ckt", rows, parameters)
    return FlowPath(times, parameters, margin_loss(margins, link).value.mean(axis=1), link)


def _flow(z, log_times, link):
    """Solve for one task with signed rows z = (2y − 1)(x, 1)."""

    def velocity(tau, theta):
        return np.exp(tau) * (margin_loss(z @ theta, link).pull @ z) / len(z)

    def jacobian(tau, theta):
        return -np.exp(tau) * (z.T * margin_loss(z @ theta, link).curvature) @ z / len(z)

    solution = integrate.solve_ivp(
        velocity,
        (0, log_times[-1]),
        np.zeros(z.shape[1]),
        method="Radau",
        t_eval=log_times,
        jac=jacobian,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    )
    if not solution.success:
        raise RuntimeError(f"the solver of the gradient flow stopped: {solution.message}")
    return solution.y.T


def max_margin(
    features: Real[np.ndarray, "trial dimension"], labels: Real[np.ndarray, "trial task"]
) -> LinearClassifiers:
    """Return the shortest θ = (w, w₀) with (2y − 1)(w·x + w₀) ≥ 1 in every trial.

    The direction to which gradient descent on the logistic loss turns (Soudry et al., JMLR 19,
    2018); its margin is 1/|θ|. The intercept counts in the length, as it does in gradient descent.
    Solved as a least-distance problem by non-negative least squares (Lawson & Hanson, *Solving
    Least Squares Problems*, 1974, chapter 23).

    Parameters
    ----------
    features, labels
        As in :func:`gradient_flow`.

    Raises
    ------
    ValueError
        If a task is not strictly separable (its index is named), or a shape or value is wrong.
    """
    signs = validated(features, labels).signs
    rows = np.column_stack([np.asarray(features, dtype=np.float64), np.ones(len(features))])
    parameters = np.empty((signs.shape[1], rows.shape[1]))
    for index, sign in enumerate(signs.T):
        z = sign[:, None] * rows
        system = np.vstack([z.T, np.ones(len(z))])
        target = np.append(np.zeros(z.shape[1]), 1.0)
        residual = target - system @ optimize.nnls(system, target)[0]
        # A residual of zero means that no θ satisfies the constraints.
        theta = -residual[:-1] / max(residual[-1], np.finfo(float).tiny)
        if not np.min(z @ theta) > 1 - 1e-6:
            raise ValueError(f"labels must be separable, got task {index}, which is not")
        parameters[index] = theta
    return LinearClassifiers(parameters[:, :-1], parameters[:, -1], "logistic")
