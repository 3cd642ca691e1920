"""Whether labels can be separated without error, in which case no finite classifier is best.

Write x̃ = (x, 1) for a feature vector with a constant, and ζ = (2y − 1) x̃. If some e has e·ζ ≥ 0
for all trials and > 0 for one, the log loss falls for ever along e: it has no minimum. Otherwise,
if the x̃ span their space, it has exactly one (Albert & Anderson, Biometrika 71, 1984).
"""

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy import optimize

from trilateration.readout._data import validated

# The solver may violate a constraint by 1e-7, which moves the optimum by about as much; separable
# labels give an optimum of the order of one.
_OPTIMUM = 1e-6


def is_separable(
    features: Real[np.ndarray, "trial dimension"], labels: Real[np.ndarray, "trial task"]
) -> Bool[np.ndarray, " task"]:
    """Tell for each task whether some hyperplane separates its labels, ties allowed.

    Decided by a linear programme: the largest mean of e·ζ with e·ζ ≥ 0 for every trial and
    |e_j| ≤ 1 is positive if and only if the labels are separable.

    Parameters
    ----------
    features
        x, one row a trial.
    labels
        y, each 0 or 1.

    Raises
    ------
    ValueError
        If a shape or value is wrong, or the features lie in a hyperplane.
    """
    data = validated(features, labels)
    return np.array([separates(data.rows, signs) for signs in data.signs.T])


def separates(rows: Float[np.ndarray, "row parameter"], signs: Float[np.ndarray, " row"]) -> bool:
    """Solve the linear programme for one task; rows x̃ are best of unit size."""
    if np.all(signs == signs[0]):
        return True
    zeta = signs[:, None] * rows
    result = optimize.linprog(
        -zeta.mean(axis=0), A_ub=-zeta, b_ub=np.zeros(len(zeta)), bounds=(-1, 1), method="highs"
    )
    return bool(result.status == 0 and -result.fun > _OPTIMUM)
