"""Reports of finite precision: which distances a rounded probability can still carry.

A report is stored as the nearest number of its format. Near 1 every binary format is a grid of
spacing 2^−K, so all z with 1 − Φ(z) ≤ 2^−(K+1) are stored as 1; near 0 a floating-point format
goes on to its smallest positive number. What lies beyond is saturated, like a length that is
longer than the ruler.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy import special

from trilateration._arrays import Array, as_floating
from trilateration._checks import check_count, check_finite, check_probability

# A double holds every grid point and every tie of this many binary places below 1.
_MOST_PLACES = 52
# From here down scipy's Φ loses the subnormal numbers (it is 0 from −37.7 on); exp log Φ has them.
_SUBNORMAL = -37.0


class RecoverableRange(NamedTuple):
    """The probits that a format can hold: reports of z ≤ low are 0, of z ≥ high are 1.

    Attributes
    ----------
    low, high
        Ends of the open interval, in standard errors; times s they are distances.
    """

    low: float
    high: float


@dataclass(frozen=True)
class ReportFormat:
    """How a report is stored: rounded to the nearest number of a format, ties to even.

    Attributes
    ----------
    name
        What the reader of a figure sees.
    places
        K: the largest number below 1 is 1 − 2^−K.
    log2_smallest
        Binary logarithm of the smallest positive number.
    """

    name: str
    places: int
    log2_smallest: int

    @property
    def range(self) -> RecoverableRange:
        """The probits that are stored as neither 0 nor 1.

        low = Φ⁻¹(m/2) with m the smallest positive number, high = −Φ⁻¹(2^−(K+1)): a tie lies
        between an odd and an even significand, and 0 and 1 are the even ones.
        """
        logs = -np.log(2.0) * np.array([1 - self.log2_smallest, self.places + 1])
        low, minus_high = special.ndtri_exp(logs)
        return RecoverableRange(float(low), float(-minus_high))

    def round(self, z: Real[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Return the stored report for the probit z: Φ(z), rounded, as float64.

        Parameters
        ----------
        z
            Standardised distances d/s, any shape.
        """
        z = as_floating(z, "z").astype(np.float64)
        check_finite(z, "z")
        return self._store(special.ndtr(z), z)

    def probits(self, reports: Real[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Return Φ⁻¹ of stored reports; 0 and 1 are read as the ends of the range.

        A saturated report is a bound, |z| at least the end of the range, and is read as the bound.

        Parameters
        ----------
        reports
            Stored reports in [0, 1], any shape.
        """
        reports = as_floating(reports, "reports").astype(np.float64)
        check_probability(reports, "reports")
        low, high = self.range
        with np.errstate(divide="ignore"):
            z = special.ndtri_exp(np.log(reports))
        # Above one half the logarithm has lost the digits that count; 1 − p is exact there.
        upper = -special.ndtri(1 - reports)
        return np.where(reports > 0.5, np.minimum(upper, high), np.maximum(z, low))

    def saturated(self, reports: Real[Array, "*shape"]) -> Bool[Array, "*shape"]:
        """Tell which stored reports are 0 or 1 and so give a bound on a distance only."""
        return (reports <= 0) | (reports >= 1)

    def _store(self, p, z):
        if self.log2_smallest == -self.places:
            return np.round(p * 2.0**self.places) / 2.0**self.places
        if self == FLOAT32:
            return p.astype(np.float32).astype(np.float64)
        return np.where(z < _SUBNORMAL, np.exp(special.log_ndtr(np.minimum(z, 0))), p)


FLOAT64 = ReportFormat("float64", places=53, log2_smallest=-1074)
FLOAT32 = ReportFormat("float32", places=24, log2_smallest=-149)


def binary_places(places: int) -> ReportFormat:
    """Return the format of a report with K binary places, a multiple of 2^−K from 0 to 1.

    Parameters
    ----------
    places
        K, a whole number from 1 to 52.

    Raises
    ------
    ValueError
        If ``places`` is not such a number.
    """
    if check_count(places, "places") > _MOST_PLACES:
        raise ValueError(f"places must be at most {_MOST_PLACES}, got {places}")
    return ReportFormat(f"{places} binary places", places=places, log2_smallest=-places)
