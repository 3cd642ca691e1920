"""How well any agent can decide on given tasks: accuracy and log loss under the bounded prior."""

from typing import NamedTuple

import numpy as np

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_last_axis, check_positive
from trilateration.evidence import standard_error
from trilateration.observer.box import box_reports
from trilateration.observer.calibration import binary_entropy
from trilateration.observer.truncated import mass_of_box
from trilateration.tasks import Boundaries

# Beyond this many standard errors outside the box the mean of the evidence is never found.
_REACH = 8.0


class DecisionCeilings(NamedTuple):
    """What no agent with the same evidence can beat, averaged over tasks.

    Attributes
    ----------
    accuracy
        Largest expected fraction of right decisions, E max(Π, 1 − Π).
    log_loss
        Least expected log loss in nats, E H(Π).
    """

    accuracy: float
    log_loss: float


def decision_ceilings(
    boundaries: Boundaries,
    sigma: Scalar,
    n_steps: Scalar,
    *,
    half_width: Scalar = 0.5,
    n_nodes: int = 240,
) -> DecisionCeilings:
    """Return the accuracy and log loss of the ideal observer for latents uniform on the box.

    Given the evidence, deciding by Π > ½ is right with probability max(Π, 1 − Π), and no other
    decision is right more often; the log loss of the report Π is H(Π). Both are integrated over
    the law of the mean μ, whose density is ∏_j [Φ((h − μ_j)/s) − Φ((−h − μ_j)/s)]/(2h)^D, by
    Gauss–Legendre quadrature in the plane.

    Parameters
    ----------
    boundaries
        Tasks in the plane.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    half_width
        h > 0.
    n_nodes
        Quadrature nodes on each axis. max(Π, 1 − Π) has a kink, which leaves an error of about 2e-4
        in the accuracy at the paper's noise; that of the log loss is far smaller.

    Raises
    ------
    ValueError
        If the tasks are not two-dimensional or an argument is out of range.
    """
    check_last_axis(boundaries.normals, 2, "boundaries.normals", "dimension")
    check_positive(half_width, "half_width")
    check_count(n_nodes, "n_nodes", 2)
    scale, h = float(standard_error(sigma, n_steps)), float(half_width)
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    reach = h + _REACH * scale
    axis = reach * nodes
    mass = reach * weights * mass_of_box(axis, np.float64(scale), h) / (2 * h)
    means = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    # Means where almost none are found cost time and add nothing.
    density = mass[:, None] * mass
    kept = density > 1e-14 * density.max()
    reports = box_reports(means[kept], boundaries, sigma, n_steps, half_width=half_width)
    density = density[kept] / density[kept].sum()
    accuracy = density @ np.maximum(reports, 1 - reports)
    return DecisionCeilings(
        float(accuracy.mean()), float((density @ binary_entropy(reports)).mean())
    )
