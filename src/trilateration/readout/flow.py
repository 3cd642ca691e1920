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
        ϑ = (w, w₀) at these times, from ϑ = 0.
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
        vartheta = self.parameters[index]
        return LinearClassifiers(vartheta[:, :-1], vartheta[:, -1], self.link)


def gradient_flow(
    features: Real[np.ndarray, "trial dimension"],
    labels: Real[np.ndarray, "trial task"],
    times: Sequence[float] | Real[np.ndarray, " time"],
    *,
    link: Link = "logistic",
) -> FlowPath:
    """Follow dϑ/d𝒯 = −∇L(ϑ) from ϑ = 0, L the mean log loss.

    Solved in log(1 + 𝒯) by an implicit method, so that 𝒯 = 1e12 costs little more than 𝒯 = 1.

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


def _flow(zeta, log_times, link):
    """Solve for one task with signed rows ζ = (2y − 1)(x, 1)."""

    def velocity(log_time, vartheta):
        return np.exp(log_time) * (margin_loss(zeta @ vartheta, link).pull @ zeta) / len(zeta)

    def jacobian(log_time, vartheta):
        return (
            -np.exp(log_time)
            * (zeta.T * margin_loss(zeta @ vartheta, link).curvature)
            @ zeta
            / len(zeta)
        )

    solution = integrate.solve_ivp(
        velocity,
        (0, log_times[-1]),
        np.zeros(zeta.shape[1]),
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
    """Return the shortest ϑ = (w, w₀) with (2y − 1)(w·x + w₀) ≥ 1 in every trial.

    The direction to which gradient descent on the logistic loss turns (Soudry et al., JMLR 19,
    2018); its margin is 1/|ϑ|. The intercept counts in the length, as it does in gradient descent.
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
        zeta = sign[:, None] * rows
        system = np.vstack([zeta.T, np.ones(len(zeta))])
        target = np.append(np.zeros(zeta.shape[1]), 1.0)
        residual = target - system @ optimize.nnls(system, target)[0]
        # A residual of zero means that no ϑ satisfies the constraints.
        vartheta = -residual[:-1] / max(residual[-1], np.finfo(float).tiny)
        if not np.min(zeta @ vartheta) > 1 - 1e-6:
            raise ValueError(f"labels must be separable, got task {index}, which is not")
        parameters[index] = vartheta
    return LinearClassifiers(parameters[:, :-1], parameters[:, -1], "logistic")
