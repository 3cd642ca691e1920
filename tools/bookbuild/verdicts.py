"""What several checks say together about one sentence of the paper: the rule, and nothing else."""

import math
from collections.abc import Iterable
from typing import Literal

from scipy.stats import norm

from trilateration.claims import Claim, Verdict

Opinion = Literal["holds", "holds in part", "does not hold", "undecided", "not tested"]

_TURNED: dict[Verdict, Verdict] = {
    "holds": "does not hold",
    "does not hold": "holds",
    "undecided": "undecided",
}


def vote(verdict: Verdict, *, against: bool = False) -> Verdict:
    """Return what a check says about a sentence.

    Parameters
    ----------
    verdict
        The verdict of the check about its own statement.
    against
        Whether that statement contradicts the sentence, as a counterexample does: then the vote is
        the opposite of the verdict. An undecided check stays undecided.
    """
    return _TURNED[verdict] if against else verdict


def aggregate(votes: Iterable[Verdict]) -> Opinion:
    """Return the verdict on a sentence from the votes of its checks.

    It *holds* if every vote says so, and *holds in part* if some do. If none does, it *does not
    hold* if at least one vote says that, and is *undecided* otherwise. Without a vote it is *not
    tested*. The order and the number of equal votes do not matter.
    """
    cast = set(votes)
    if not cast:
        return "not tested"
    if cast == {"holds"}:
        return "holds"
    if "holds" in cast:
        return "holds in part"
    return "does not hold" if "does not hold" in cast else "undecided"


def more_units(claim: Claim, power: float = 0.8) -> tuple[float, float]:
    """Return by what factor the units of an undecided claim must grow until it is decided.

    It is assumed that the measured value is the true one, that the half-width of the interval falls
    as one over the root of the number of units, and that the estimate is normal. Then the interval
    stays on one side of the edge with probability ``power`` if the distance to the edge is
    ``(z + z_power) / z`` half-widths, ``z`` being the normal quantile of 95 % intervals.

    Parameters
    ----------
    claim
        An undecided claim, so one with an interval.
    power
        Wanted probability of a decision, in [0.5, 1).

    Returns
    -------
    tuple
        Least and largest factor, both at least 1, over the distances to the edge that are rounded
        to the recorded one. The largest is infinite if the value may lie on the edge, and both are
        if the interval has no end on the side of the edge.

    Raises
    ------
    ValueError
        If the claim is not undecided or the power is out of range.
    """
    if claim.verdict != "undecided":
        raise ValueError(f"claim {claim.name!r} must be undecided, got {claim.verdict!r}")
    if not 0.5 <= power < 1:
        raise ValueError(f"power must be in [0.5, 1), got {power!r}")
    below, above = _half_widths(claim)
    if claim.low <= claim.measured <= claim.high:
        gaps = ((below, claim.measured - claim.low), (above, claim.high - claim.measured))
    elif claim.measured < claim.low:
        gaps = ((above, claim.low - claim.measured),)
    else:
        gaps = ((below, claim.measured - claim.high),)
    finite = [(width, gap) for width, gap in gaps if math.isfinite(gap)]
    half_step = claim.resolution / 2
    scale = (norm.ppf(0.975) + norm.ppf(power)) / norm.ppf(0.975)
    least = max(width / (gap + half_step) for width, gap in finite)
    # The slack is for the last bit of sums of decimals.
    most = max(
        width / (gap - half_step) if gap > half_step * (1 + 1e-6) else math.inf
        for width, gap in finite
    )
    return max(1.0, (scale * least) ** 2), max(1.0, (scale * most) ** 2)


def _half_widths(claim: Claim) -> tuple[float, float]:
    if claim.interval is not None:
        low, high = claim.interval
        return claim.measured - low, high - claim.measured
    return claim.uncertainty, claim.uncertainty
