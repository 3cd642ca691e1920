"""Reports as codes, and what a linear decoder can get out of many of them.

The same report can be handed on as a side, a probability, a logit or a probit. All but the side
carry the same information; they differ in how a straight line through them bends space. For
evenly spaced lines in the plane the bend is one curve, the radial response.
"""

import functools

import numpy as np
from jaxtyping import Float, Real
from scipy import optimize, special

from trilateration._arrays import Array, Scalar, as_floating
from trilateration._checks import check_choice, check_count, check_finite, check_positive
from trilateration.evidence import standard_error

CODES = ("sign", "probability", "logit", "probit")
_ANGLES = 720
_BOX_NODES, _NOISE_NODES = 24, 12


def report_code(u: Real[Array, "*shape"], kind: str) -> Float[Array, "*shape"]:
    """Return the reports Φ(u) in one of four forms, computed without saturation.

    Parameters
    ----------
    u
        Standardised distances d/s, any shape.
    kind
        ``"sign"``: ±1, the decision. ``"probability"``: Φ(u). ``"logit"``: log Φ(u)/Φ(−u), what
        enters the last sigmoid of an optimal network. ``"probit"``: u itself.

    Raises
    ------
    ValueError
        If ``kind`` is another name or ``u`` is not finite.
    """
    check_choice(kind, CODES, "kind")
    u = as_floating(u, "u")
    check_finite(u, "u")
    if kind == "sign":
        return np.sign(u)
    if kind == "probability":
        return special.ndtr(u)
    if kind == "logit":
        return special.log_ndtr(u) - special.log_ndtr(-u)
    return u


def radial_response(
    radius: Real[Array, "*shape"], kind: str, s: Scalar, *, harmonic: int = 1
) -> Float[Array, "*shape"]:
    """Return g_j(r) = (1/π) ∫₀^{2π} g(r cos θ/s) cos(jθ) dθ, the j-th harmonic of a code g.

    With j = 1 it is the length that evenly spaced lines read if the code is taken for a distance,
    (2/N) |Σ_i a_i g(a_i·μ/s)| in the limit N → ∞: r/s for the probit, 4/π for the sign.

    Parameters
    ----------
    radius
        r = |μ| ≥ 0, in latent units.
    kind
        One of :data:`CODES`.
    s
        Standard error s > 0.
    harmonic
        j ≥ 1, odd; even harmonics vanish, since only the odd part of a code counts.
    """
    check_positive(s, "s")
    check_count(harmonic, "harmonic")
    if harmonic % 2 == 0:
        raise ValueError(f"harmonic must be odd, got {harmonic}")
    radius = as_floating(radius, "radius")
    # The midpoint rule is exact to rounding for smooth periodic functions.
    theta = (np.arange(_ANGLES) + 0.5) * 2 * np.pi / _ANGLES
    code = report_code(radius[..., None] * (np.cos(theta) / s), kind)
    return code @ np.cos(harmonic * theta) * (2 / _ANGLES)


def dense_line_ceiling(kind: str, sigma: Scalar, n_steps: Scalar, *, n_harmonics: int = 4) -> float:
    """Return the r² of the best linear decoder of a code as the number of even lines grows.

    A linear decoder of lines in all directions is a combination of g_|j|(r) e^{ijθ} in polar
    coordinates of μ, and the symmetry of the square leaves j = 1, −3, 5, −7, …; the ceiling is the
    least-squares fit of x* = x₁ + i x₂ by the first of them, integrated over the unit box and the
    noise. One harmonic alone is a decoder that treats all directions alike, such as A⁺ with a gain.

    Parameters
    ----------
    kind
        One of :data:`CODES`.
    sigma, n_steps
        σ > 0 and t ≥ 1.
    n_harmonics
        How many of 1, −3, 5, −7, … to use.
    """
    check_count(n_harmonics, "n_harmonics")
    s = float(standard_error(sigma, n_steps))
    latent, mean, weights = _box_and_noise(s)
    radius, angle = np.abs(mean), np.angle(mean)
    table = np.linspace(0, radius.max(), 600)
    features = []
    for index in range(n_harmonics):
        m = 2 * index + 1
        response = np.interp(radius, table, radial_response(table, kind, s, harmonic=m))
        features.append(response * np.exp(1j * (-1) ** index * m * angle))
    design = np.stack(features, axis=1) * np.sqrt(weights)[:, None]
    target = latent * np.sqrt(weights)
    fit, *_ = np.linalg.lstsq(design, target, rcond=None)
    return float(1 - np.sum(np.abs(target - design @ fit) ** 2) * 6)


@functools.cache
def logistic_constant() -> float:
    """Return c = 1.7017…, for which the logistic curve 1/(1 + e^{−cu}) is closest to Φ(u).

    The minimax constant: the largest difference, below 0.0095, is as small as possible.
    """
    u = np.linspace(0, 6, 60_001)
    normal = special.ndtr(u)
    result = optimize.minimize_scalar(
        lambda c: np.abs(special.expit(c * u) - normal).max(),
        bounds=(1.6, 1.8),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(result.x)


def _box_and_noise(s):
    """Return quadrature nodes of x* and μ as complex numbers, and weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(_BOX_NODES)
    axis, weights = (nodes + 1) / 4, weights / 2  # a quarter of the box, by symmetry
    latent = axis[:, None] + 1j * axis
    noise, noise_weights = np.polynomial.hermite_e.hermegauss(_NOISE_NODES)
    noise_weights = noise_weights / noise_weights.sum()
    shift = s * (noise[:, None] + 1j * noise)
    mean = latent.reshape(-1, 1) + shift.reshape(1, -1)
    weight = np.outer(np.outer(weights, weights), np.outer(noise_weights, noise_weights))
    return np.repeat(latent.reshape(-1), shift.size), mean.reshape(-1), weight.reshape(-1)
