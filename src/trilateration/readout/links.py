"""The two links between a decision value and a probability, and their log losses.

A linear classifier has the decision value v = w·x + w₀ and reports F(v), with F = Φ (probit) or
F(v) = 1/(1 + e^−v) (logistic). Both F have F(−v) = 1 − F(v), so the log loss of a trial is ℓ(m) =
−log F(m) of its margin m = (2y − 1) v alone.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Real
from scipy import special

from trilateration._checks import check_choice

LINKS = ("probit", "logistic")
Link = Literal["probit", "logistic"]


class MarginLoss(NamedTuple):
    """The log loss of a margin and its first two derivatives.

    Attributes
    ----------
    value
        ℓ(m) = −log F(m) > 0, in nats.
    pull
        −ℓ′(m) > 0, how strongly a trial pulls its margin up.
    curvature
        ℓ″(m) > 0.
    """

    value: Float[np.ndarray, "*shape"]
    pull: Float[np.ndarray, "*shape"]
    curvature: Float[np.ndarray, "*shape"]


def margin_loss(margins: Real[np.ndarray, "*shape"], link: Link) -> MarginLoss:
    """Return ℓ(m), −ℓ′(m) and ℓ″(m).

    Probit: ℓ = −log Φ(m), −ℓ′ = ϱ(m) = φ(m)/Φ(m), ℓ″ = ϱ(m)(m + ϱ(m)). Logistic: ℓ = log(1 + e^−m),
    −ℓ′ = 1/(1 + e^m), ℓ″ = −ℓ′(1 + ℓ′). No overflow and no loss of digits in either tail.

    Parameters
    ----------
    margins
        m, any shape, no unit.
    link
        ``"probit"`` or ``"logistic"``.

    Raises
    ------
    ValueError
        If the link is neither.
    """
    check_choice(link, LINKS, "link")
    m = np.asarray(margins, dtype=np.float64)
    if link == "logistic":
        pull = special.expit(-m)
        return MarginLoss(np.logaddexp(0, -m), pull, pull * special.expit(m))
    # φ/Φ by the scaled complementary error function, which neither under- nor overflows below 0.
    pull = math.sqrt(2 / math.pi) / special.erfcx(-m / math.sqrt(2))
    return MarginLoss(-special.log_ndtr(m), pull, pull * _excess(m, pull))


def probabilities(values: Real[np.ndarray, "*shape"], link: Link) -> Float[np.ndarray, "*shape"]:
    """Return F(v), the reported probability of label 1; arguments as in :func:`margin_loss`."""
    check_choice(link, LINKS, "link")
    return special.ndtr(values) if link == "probit" else special.expit(values)


def _excess(m, pull):
    """Return m + ϱ(m) > 0; far below 0, where the two cancel, by the expansion of Mills' ratio."""
    excess = np.asarray(m + pull)
    far = m < -300
    if np.any(far):
        r = 1 / m[far]
        excess[far] = -r + 2 * r**3 - 10 * r**5
    return excess
