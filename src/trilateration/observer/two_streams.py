"""How much any code of one evidence stream can have in common with another stream's."""

import numpy as np
from jaxtyping import Float
from scipy import stats

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_positive

_NODES = 160
_REACH = 8.0  # standard errors beyond the box; the rest of the Gaussian is below 1e-15


def stream_correlations(
    standard_error: Scalar, *, half_width: Scalar = 0.5, levels: int = 3
) -> Float[np.ndarray, " level"]:
    """Return the canonical correlations of all functions of two means of one uniform coordinate.

    Two streams show the same x*, uniform on [−h, h], through independent Gaussian noise: means
    m₁, m₂ of standard error s. The operator f ↦ E[f(m₁) | x*] has singular values κ₁ ≥ κ₂ ≥ …
    besides the 1 of the constants; the correlations are κ². By quadrature, to about 1e-8 for
    s ≥ h/30.

    Parameters
    ----------
    standard_error
        s > 0.
    half_width
        h > 0.
    levels
        How many, from the largest.

    Notes
    -----
    For a Gaussian coordinate of variance τ² they are the powers of τ²/(τ² + s²) (Mehler).
    """
    check_positive(standard_error, "standard_error")
    check_positive(half_width, "half_width")
    check_count(levels, "levels")
    s = float(standard_error) / float(half_width)
    x, weights = np.polynomial.legendre.leggauss(_NODES)
    prior = weights / 2
    reach = 1 + _REACH * s
    m, widths = np.polynomial.legendre.leggauss(2 * _NODES)
    m, widths = m * reach, widths * reach
    likelihood = stats.norm.pdf(m, x[:, None], s)
    marginal = prior @ likelihood
    # A mean whose density underflows carries no weight.
    seen = marginal > 0
    joint = likelihood[:, seen] * np.sqrt(prior[:, None] * widths[seen] / marginal[seen])
    return np.linalg.svd(joint, compute_uv=False)[1 : levels + 1] ** 2
