"""One family of hypotheses, written down together and judged together by Holm's procedure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int
from statsmodels.stats.multitest import multipletests

from trilateration._checks import check_between, check_finite, check_positive, check_probability
from trilateration.statistics.bootstrap import Interval
from trilateration.statistics.equivalence import equivalence
from trilateration.statistics.needed import swap_p, tasks_ratio
from trilateration.statistics.signflips import sign_flip_interval, sign_flip_p

Finding = Literal["supported", "not supported", "undecided at this power"]


@runtime_checkable
class Hypothesis(Protocol):
    """A claim about networks that one test can decide."""

    name: str

    def p(self, rng: np.random.Generator) -> float:
        """Return the p-value of its null hypothesis."""

    def interval(self, confidence: float, rng: np.random.Generator) -> Interval:
        """Return its parameter with an interval."""

    def finding(self, interval: Interval, rejected: bool) -> Finding:
        """Say what follows from the interval and from the null being rejected or not."""


@dataclass(frozen=True, eq=False)
class Higher:
    """The first scores higher than the second: sign-flip test of paired differences.

    Supported if "no difference" is rejected and the difference is positive. Not supported if it is
    rejected and negative, or if an advantage of ``margin`` or more is excluded. Else undecided.

    Attributes
    ----------
    name
        The claim, in words.
    differences
        First minus second, one a unit.
    margin
        The smallest difference that would matter, > 0.
    """

    name: str
    differences: Float[np.ndarray, " unit"]
    margin: float

    def __post_init__(self):
        check_positive(self.margin, "margin")
        check_finite(self.differences, f"differences of {self.name!r}")

    def p(self, rng: np.random.Generator) -> float:
        """Return the two-sided p-value of the sign-flip test."""
        return sign_flip_p(self.differences, rng=rng)

    def interval(self, confidence: float, rng: np.random.Generator) -> Interval:
        """Return the interval that inverts it."""
        return sign_flip_interval(self.differences, confidence, rng=rng)

    def finding(self, interval: Interval, rejected: bool) -> Finding:
        """Say what follows."""
        if rejected and interval.value > 0:
            return "supported"
        if (rejected and interval.value < 0) or interval.high < self.margin:
            return "not supported"
        return "undecided at this power"


@dataclass(frozen=True, eq=False)
class Equal:
    """The first scores as the second does, within a margin: TOST on paired differences.

    Supported if both one-sided tests reject. Not supported if the whole interval lies outside the
    margins. Else undecided.

    Attributes
    ----------
    name, differences, margin
        As in :class:`Higher`.
    """

    name: str
    differences: Float[np.ndarray, " unit"]
    margin: float

    def __post_init__(self):
        check_positive(self.margin, "margin")
        check_finite(self.differences, f"differences of {self.name!r}")

    def p(self, rng: np.random.Generator) -> float:
        """Return the larger of the two one-sided p-values; nothing is drawn."""
        return equivalence(self.differences, self.margin).p

    def interval(self, confidence: float, rng: np.random.Generator) -> Interval:
        """Return Student's interval at twice the level, which lies within the margins or not."""
        return equivalence(self.differences, self.margin, level=1 - confidence).interval

    def finding(self, interval: Interval, rejected: bool) -> Finding:
        """Say what follows."""
        if rejected:
            return "supported"
        outside = interval.low > self.margin or interval.high < -self.margin
        return "not supported" if outside else "undecided at this power"


@dataclass(frozen=True, eq=False)
class FewerTasks:
    """The first needs fewer tasks than the second to reach a target: swap test of whole curves.

    The parameter is log₂ of the ratio of the two numbers. Swaps test whether the curves are
    exchangeable, which they need not be where the numbers are equal; so the bootstrap interval must
    agree. Supported if exchangeability is rejected and the interval is negative. Not supported if
    it is rejected and the interval is positive, or if a ratio of ``margin`` or less is excluded.
    Else undecided.

    Attributes
    ----------
    name
        The claim, in words.
    counts
        Numbers of tasks tried.
    first, second
        Scores at them, of the same units.
    target
        Score to be reached.
    margin
        The largest ratio that would matter, between 0 and 1.
    scale
        What the curves are straight lines in, ``"log"`` N or ``"linear"``, for the interval; the
        test takes log N.
    """

    name: str
    counts: Int[np.ndarray, " count"]
    first: Float[np.ndarray, "count unit"]
    second: Float[np.ndarray, "count unit"]
    target: float
    margin: float
    scale: str = "log"

    def __post_init__(self):
        check_between(self.margin, 0, 1, "margin")

    def p(self, rng: np.random.Generator) -> float:
        """Return the two-sided p-value of the swap test."""
        return swap_p(self.counts, self.first, self.second, self.target, rng=rng)

    def interval(self, confidence: float, rng: np.random.Generator) -> Interval:
        """Return log₂ of the ratio with its bootstrap interval; a censored one is at its bound."""
        curves = (self.counts, self.first, self.second, self.target)
        ratio = tasks_ratio(*curves, rng=rng, confidence=confidence, scale=self.scale)
        low, high = _log2(ratio.low), _log2(ratio.high)
        inner, outer = _log2(ratio.at_least), _log2(ratio.at_most)
        # Of a bound that is infinite the other is told; of two, that nothing is known.
        bounds = [x for x in (inner, outer) if np.isfinite(x)]
        value = float(np.mean(bounds)) if len(bounds) == 1 or ratio.exact else 0.0
        # Percentiles may miss an estimate that is a bound.
        return Interval(value, min(low, value), max(high, value), confidence)

    def finding(self, interval: Interval, rejected: bool) -> Finding:
        """Say what follows."""
        if rejected and interval.high < 0:
            return "supported"
        if (rejected and interval.low > 0) or interval.low > np.log2(self.margin):
            return "not supported"
        return "undecided at this power"


class Judged(NamedTuple):
    """One hypothesis after the whole family was judged.

    Attributes
    ----------
    name
        The claim.
    interval
        Its parameter, with the interval at the level at which Holm's procedure judged it.
    p, p_holm
        The p-value, alone and corrected.
    finding
        What follows from it.
    """

    name: str
    interval: Interval
    p: float
    p_holm: float
    finding: Finding


def holm(p: Float[np.ndarray, " family"]) -> Float[np.ndarray, " family"]:
    """Return p-values corrected for the whole family by Holm's procedure (1979).

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1].
    """
    check_probability(p, "p")
    return multipletests(p, method="holm")[1]


def holm_levels(p: Float[np.ndarray, " family"], alpha: float) -> Float[np.ndarray, " family"]:
    """Return the level at which Holm's procedure judged each hypothesis.

    The k-th smallest of m p-values is held against α/(m − k + 1) as long as all before it were
    rejected; from the first that is not, all are held against the same level. An interval of
    coverage one minus that level excludes the null exactly if Holm rejects it.

    Raises
    ------
    ValueError
        If alpha is not between 0 and 1.
    """
    check_between(alpha, 0, 1, "alpha")
    m = len(p)
    order = np.argsort(p, kind="stable")
    levels = alpha / np.arange(m, 0, -1)
    failed = np.flatnonzero(p[order] > levels)
    if len(failed):
        levels[failed[0] :] = levels[failed[0]]
    result = np.empty(m)
    result[order] = levels
    return result


def judge(
    hypotheses: Sequence[Hypothesis], *, rng: np.random.Generator, alpha: float = 0.05
) -> dict[str, Judged]:
    """Test a whole family of hypotheses with Holm's correction, and say what each came to.

    Parameters
    ----------
    hypotheses
        All of them: one that is left out is not corrected for.
    rng
        Generator for tests and intervals that draw.
    alpha
        Bound on the probability of any false rejection.

    Returns
    -------
    dict
        By the hypotheses' names, in their order.

    Raises
    ------
    ValueError
        If there are none, or two have the same name.
    """
    names = [h.name for h in hypotheses]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"hypotheses must have different names, got {names}")
    p = np.array([h.p(rng) for h in hypotheses])
    corrected, levels = holm(p), holm_levels(p, alpha)
    found = {}
    for h, single, whole, level in zip(hypotheses, p, corrected, levels, strict=True):
        interval = h.interval(1 - level, rng)
        # Compared as Holm does, so that rounding cannot part the p-value from the interval.
        finding = h.finding(interval, bool(single <= level))
        found[h.name] = Judged(h.name, interval, float(single), float(whole), finding)
    return found


def _log2(x: float) -> float:
    return float(np.log2(x)) if 0 < x < np.inf else (np.inf if x > 0 else -np.inf)
