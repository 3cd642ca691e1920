"""Ties a sentence of the book to the number under it.

A chapter calls :func:`check` once for each empirical sentence. The call prints one line that does
not change from machine to machine, glues the measured number under the claim's name, and leaves
the whole :class:`Claim` in the notebook's output, from which the book's build collects the
scoreboard. A sentence cites its claim with the role ``{claim}`` followed by the name.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

# Where a claim lies in the metadata of the output that prints its line.
CLAIM_KEY = "trilateration_claim"
Verdict = Literal["holds", "does not hold", "undecided"]
# What a plan that was written before the results may come to, and the verdict that it is.
FINDINGS: dict[str, Verdict] = {
    "supported": "holds",
    "not supported": "does not hold",
    "undecided at this power": "undecided",
}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Claim:
    """One checked sentence: what was asked, what was measured, and the verdict.

    Attributes
    ----------
    name
        Lower-case words joined by hyphens, unique in the book.
    statement
        The sentence in words; MyST markup such as mathematics between dollar signs is allowed.
    source
        Where the statement comes from: an equation or section of a paper, or this book.
    low, high
        The closed interval of values of ``measured`` for which the statement holds; either end
        may be infinite.
    measured
        The measured value, rounded to ``resolution``.
    uncertainty
        Half-width of the 95 % confidence interval of ``measured``, or None for a value without
        sampling error.
    resolution
        The smallest difference that is recorded, in the unit of ``measured``.
    wanted
        The condition in words, such as ``0 ± 0.002`` or ``at most 1e-10``, in the same unit.
    verdict
        Judged before anything was rounded. *Undecided* means that the 95 % interval of the measured
        value reaches across the edge of the condition.
    unit
        Unit of ``measured``; empty for a pure number.
    interval
        Both ends of a confidence interval that need not be symmetric, or None; its ends may be
        infinite.
    finding
        One of :data:`FINDINGS` where a test that was planned beforehand made the verdict, else
        empty.
    """

    name: str
    statement: str
    source: str
    low: float
    high: float
    measured: float
    uncertainty: float | None
    resolution: float
    wanted: str
    verdict: Verdict
    unit: str = ""
    interval: tuple[float, float] | None = None
    finding: str = ""

    @property
    def measured_text(self) -> str:
        """The measured value as it is printed, with its uncertainty and unit."""
        if abs(self.measured) < self.resolution:
            alone = self.uncertainty is None and self.interval is None
            number = f"below {self.resolution:.0e}" if alone else "0"
        else:
            number = format_to(self.measured, self.resolution)
        if self.uncertainty is not None:
            number += f" ± {format_to(self.uncertainty, self.resolution)}"
        if self.interval is not None:
            low, high = (_end(value, self.resolution) for value in self.interval)
            number += f" [{low}, {high}]"
        return f"{number} {self.unit}".rstrip()

    @property
    def line(self) -> str:
        """The one line that a chapter prints and that nbval compares."""
        said = self.finding or self.verdict
        return f"[{said}] {self.name}: measured {self.measured_text}, wanted {self.wanted}"

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON values; infinite ends become None, what is empty is left out."""
        record = asdict(self)
        for end in ("low", "high"):
            record[end] = record[end] if math.isfinite(record[end]) else None
        if self.interval is None:
            del record["interval"]
        else:
            record["interval"] = [x if math.isfinite(x) else None for x in self.interval]
        if not self.finding:
            del record["finding"]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Claim":
        """Rebuild a claim from :meth:`to_json`."""
        fields = dict(record)
        fields["low"] = -math.inf if fields["low"] is None else fields["low"]
        fields["high"] = math.inf if fields["high"] is None else fields["high"]
        if fields.get("interval") is not None:
            low, high = fields["interval"]
            fields["interval"] = (
                -math.inf if low is None else low,
                math.inf if high is None else high,
            )
        return cls(**fields)


def format_to(value: float, resolution: float) -> str:
    """Format a number with the decimals that ``resolution`` supports.

    Parameters
    ----------
    value
        Any finite number.
    resolution
        The smallest difference worth printing, > 0.
    """
    decimals = max(0, -math.floor(math.log10(resolution) + 1e-9))
    if decimals > 6:
        return f"{value:.1e}"
    return f"{value:.{decimals}f}"


def make(
    name: str,
    statement: str,
    measured: float,
    *,
    source: str,
    expected: float | None = None,
    tolerance: float | None = None,
    at_most: float | None = None,
    at_least: float | None = None,
    uncertainty: float | None = None,
    interval: tuple[float, float] | None = None,
    finding: str = "",
    resolution: float | None = None,
    unit: str = "",
) -> Claim:
    """Judge one measured number without printing anything.

    Parameters
    ----------
    name, statement, source, unit
        As in :class:`Claim`.
    measured
        The measured value; must be finite.
    expected, tolerance
        The statement holds if ``|measured − expected| ≤ tolerance``. Give both, or neither.
    at_most, at_least
        The statement holds if ``measured`` is on this side of the bound; both make a range.
    uncertainty
        Half-width of the 95 % confidence interval, ≥ 0, in the unit of ``measured``.
    interval
        Both ends of a confidence interval, in place of ``uncertainty``; they may be infinite.
    finding
        What a test that was planned beforehand came to, one of :data:`FINDINGS`. It is the verdict,
        because it is corrected for a whole family and an interval alone is not.
    resolution
        Smallest recorded difference. By default a tenth of the tolerance (or of the smallest
        non-zero bound), rounded down to a power of ten, or the first digit of the uncertainty if
        that is finer: coarser than the differences between machines, finer than anything that
        matters to a reader. Must be given if the tolerance or every bound is zero.

    Raises
    ------
    ValueError
        If the name is malformed, a number is not finite, the condition is missing or doubled, the
        finding is unknown, or the interval does not contain the measured value.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name must be lower-case words joined by hyphens, such as 'calibration-flat', "
            f"got {name!r}"
        )
    for label, text in (("statement", statement), ("source", source)):
        if not text.strip():
            raise ValueError(f"{label} must be a non-empty text, got {text!r}")
    given = dict(
        measured=measured,
        expected=expected,
        tolerance=tolerance,
        at_most=at_most,
        at_least=at_least,
        uncertainty=uncertainty,
        resolution=resolution,
    )
    numbers = {
        key: _finite(f"{key} of claim {name!r}", value)
        for key, value in given.items()
        if value is not None or key == "measured"
    }
    low, high, wanted = _condition(name, numbers)
    step = numbers.get("resolution") or _default_resolution(name, numbers)
    measured, uncertainty = numbers["measured"], numbers.get("uncertainty")
    if interval is not None:
        interval = _checked_interval(name, measured, interval, uncertainty)
    if finding and finding not in FINDINGS:
        allowed = ", ".join(map(repr, FINDINGS))
        raise ValueError(f"finding of claim {name!r} must be one of {allowed}, got {finding!r}")
    return Claim(
        name=name,
        statement=statement,
        source=source,
        low=low,
        high=high,
        measured=_round_to(measured, step),
        # Never rounded away: an interval that is narrower than the resolution shows as one step.
        uncertainty=_round_to(max(uncertainty, step), step) if uncertainty else uncertainty,
        resolution=step,
        wanted=wanted,
        verdict=FINDINGS.get(finding) or _verdict(measured, uncertainty, interval, low, high),
        unit=unit,
        interval=None if interval is None else tuple(_round_end(x, step) for x in interval),
        finding=finding,
    )


def check(name: str, statement: str, measured: float, **condition: Any) -> Claim:
    """Judge one measured number, print its line, and leave it in the notebook's output.

    The arguments are those of :func:`make`. Outside a notebook only the line is printed.

    Raises
    ------
    ValueError
        As :func:`make`.
    """
    claim = make(name, statement, measured, **condition)
    _display({"text/plain": claim.line}, metadata={CLAIM_KEY: claim.to_json()})
    glue(claim.name, claim.measured, resolution=claim.resolution)
    return claim


def glue(name: str, value: float | str, *, resolution: float | None = None) -> None:
    """Glue a value into the page under ``name``, for the role ``{glue:text}``.

    Parameters
    ----------
    name
        The name that the prose uses.
    value
        A number, or a text.
    resolution
        Numbers are rounded to a multiple of this, so that the last digits of floating-point sums,
        which differ between machines, are never stored. Required for a number that is not whole.

    Raises
    ------
    ValueError
        If a fractional number comes without a resolution.
    """
    if isinstance(value, str):
        stored: float | int | str = value
    elif resolution is not None:
        stored = _round_to(_finite(f"value of {name!r}", value), resolution)
    elif float(value).is_integer():
        stored = int(value)
    else:
        raise ValueError(f"resolution of {name!r} must be given for a fractional value {value!r}")
    prefix = "application/papermill.record/"
    # myst_nb.glue does the same, but would make the whole of Sphinx a dependency of a reader who
    # only wants to rerun a notebook.
    _display(
        {prefix + "text/plain": repr(stored)},
        metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
    )


def claims_in(notebook: Mapping[str, Any]) -> Iterator[tuple[int, Claim]]:
    """Yield ``(cell index, claim)`` for each claim in an executed notebook (nbformat 4).

    Parameters
    ----------
    notebook
        The notebook as nbformat or ``json.load`` returns it.
    """
    for index, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", ()):
            record = output.get("metadata", {}).get(CLAIM_KEY)
            if record is not None:
                yield index, Claim.from_json(record)


def _finite(label: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{label} must be one finite number, got {value!r}")
    return number


def _condition(name: str, numbers: Mapping[str, float]) -> tuple[float, float, str]:
    two_sided = "expected" in numbers or "tolerance" in numbers
    one_sided = "at_most" in numbers or "at_least" in numbers
    if two_sided == one_sided or ("expected" in numbers) != ("tolerance" in numbers):
        raise ValueError(
            f"condition of claim {name!r} must be either expected and tolerance, or at_most "
            f"and/or at_least, got {sorted(numbers)}"
        )
    for key in ("tolerance", "uncertainty", "resolution"):
        if (key in numbers and numbers[key] < 0) or (key == "resolution" and numbers.get(key) == 0):
            raise ValueError(f"{key} of claim {name!r} must be positive, got {numbers[key]!r}")
    if two_sided:
        expected, tolerance = numbers["expected"], numbers["tolerance"]
        return expected - tolerance, expected + tolerance, f"{expected:.4g} ± {tolerance:.3g}"
    low, high = numbers.get("at_least", -math.inf), numbers.get("at_most", math.inf)
    if low > high:
        raise ValueError(
            f"at_least of claim {name!r} must not exceed at_most {high!r}, got {low!r}"
        )
    words = [f"at least {low:.4g}"] * ("at_least" in numbers)
    words += [f"at most {high:.4g}"] * ("at_most" in numbers)
    return low, high, " and ".join(words)


def _checked_interval(
    name: str, measured: float, interval: tuple[float, float], uncertainty: float | None
) -> tuple[float, float]:
    low, high = (float(x) for x in interval)
    if uncertainty is not None:
        raise ValueError(f"claim {name!r} must have an interval or an uncertainty, got both")
    if not low <= measured <= high:
        raise ValueError(
            f"interval of claim {name!r} must contain {measured!r}, got [{low!r}, {high!r}]"
        )
    return low, high


def _verdict(
    measured: float,
    uncertainty: float | None,
    interval: tuple[float, float] | None,
    low: float,
    high: float,
) -> Verdict:
    if interval is not None:
        if low <= interval[0] and interval[1] <= high:
            return "holds"
        return "does not hold" if interval[1] < low or interval[0] > high else "undecided"
    margin = min(abs(measured - low), abs(measured - high))
    if uncertainty is not None and uncertainty > margin:
        return "undecided"
    return "holds" if low <= measured <= high else "does not hold"


def _default_resolution(name: str, numbers: Mapping[str, float]) -> float:
    scales = [abs(numbers[key]) for key in ("tolerance", "at_most", "at_least") if numbers.get(key)]
    if not scales:
        raise ValueError(f"resolution of claim {name!r} must be given where the bound is zero")
    step = _power_of_ten(min(scales) / 10)
    uncertainty = numbers.get("uncertainty")
    return min(step, _power_of_ten(uncertainty)) if uncertainty else step


def _power_of_ten(scale: float) -> float:
    return 10.0 ** math.floor(math.log10(scale * (1 + 1e-9)))


def _round_to(value: float, resolution: float) -> float:
    # Dividing by the reciprocal keeps decimals exact: 0.0013 is stored as 0.0013.
    inverse = 1 / resolution
    rounded = (
        round(value * inverse) / inverse if inverse >= 1 else round(value / resolution) * resolution
    )
    return float(f"{rounded:.12g}")


def _round_end(value: float, resolution: float) -> float:
    return _round_to(value, resolution) if math.isfinite(value) else value


def _end(value: float, resolution: float) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    return format_to(value + 0.0, resolution)


def _display(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display(data, raw=True, metadata=metadata or {})
    elif "text/plain" in data:
        print(data["text/plain"])
