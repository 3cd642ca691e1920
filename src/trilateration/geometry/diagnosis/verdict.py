"""From statistics to ranked findings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trilateration.geometry.diagnosis.causes import saturation, walk_variance
from trilateration.geometry.diagnosis.measured import Measured, measure
from trilateration.geometry.diagnosis.observed import Data, Model, checked
from trilateration.geometry.diagnosis.taxonomy import EXPLANATIONS, FAILURES
from trilateration.tasks import Boundaries

_SURE = 4.0  # standard errors with which a walk or a gap must be seen
_LIKELY = float(np.log(10))
_UNITS = 2  # a rectified unit for each side of each dimension
_THIN = 0.1  # of the variance in use
_LEAD, _GOOD = 0.15, 0.8
_LATE, _BELOW = 0.12, 0.1
_LEVEL = 0.03

# What looks alike in the model, so that the first is judged only if none of the others is found.
_MIMICS = {
    "few trials": ("misjudged noise",),
    "few units": (
        "ambiguous observations", "degenerate latents", "drifting latents", "few trials",
    ),
    "forgotten tasks": (
        "distant boundaries", "misjudged noise", "degenerate latents", "ambiguous observations",
        "few trials", "few units",
    ),
    "one loud task": (
        "distant boundaries", "misjudged noise", "degenerate latents", "ambiguous observations",
        "few trials", "few units", "forgotten tasks",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One failure, and why it is suspected.

    Attributes
    ----------
    failure
        One of ``FAILURES``.
    severity
        Share lost, from 0 to 1; ``lost`` says of what.
    lost
        What the severity is a share of.
    evidence
        A sentence with the numbers.
    cure
        What to change.
    """

    failure: str
    severity: float
    lost: str
    evidence: str
    cure: str

    @property
    def threshold(self) -> float:
        """Severity above which the failure counts as found."""
        return EXPLANATIONS[self.failure].threshold


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a model, the costliest first.

    Attributes
    ----------
    findings
        Failures above their thresholds, by severity.
    others
        All that were judged and not found, by severity.
    not_judged
        Failures that could not be judged, and why.
    lost
        Share of what the ideal observer knows about the labels of fresh trials that the model
        lacks, whatever the reason. What no finding explains is for more training to win.
    """

    findings: tuple[Finding, ...]
    others: tuple[Finding, ...]
    not_judged: dict[str, str]
    lost: float

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def first(self) -> str:
        """Name of the first finding, or ``"healthy"``."""
        return self.findings[0].failure if self.findings else "healthy"

    def table(self, *, everything: bool = False) -> pd.DataFrame:
        """Return the findings, one a row: failure, severity, threshold, lost, evidence, cure.

        Parameters
        ----------
        everything
            Whether to add what was judged and not found; a column ``found`` then tells.
        """
        columns = ["failure", "severity", "threshold", "lost", "evidence", "cure"]
        shown = self.findings + (self.others if everything else ())
        table = pd.DataFrame(
            [[getattr(each, name) for name in columns] for each in shown], columns=columns
        )
        if everything:
            table.insert(1, "found", [each in self.findings for each in shown])
        return table


def diagnose(model: Model, tasks: Boundaries, data: Data) -> Diagnosis:
    """Say what is wrong with a trained model, from its tasks, its data and what it does.

    Failures of tasks and data are read from tasks and data themselves, and their cost is computed
    for the ideal observer. Failures of training are read from the model: how much of what can be
    known about each label it knows, on fresh trials and on those of training, and how its hidden
    state holds the distances. Where a failure of training looks like another one in the model, it
    is judged only if that one is not found. :data:`EXPLANATIONS` says what each failure is, what
    its severity is a share of, and where its threshold comes from.

    What cannot be told apart is not: more noise and fewer readings are both ``"short trials"``; one
    loud task that stands last in the list and a last task that was trained last are both
    ``"forgotten tasks"``; noise is compared between training and use, and a belief that is wrong of
    both goes unseen; with one reading neither noise nor drift can be seen; without positions of
    training, blurred labels look like wrong ones or like too little training. A map that is nearly
    singular loses nothing if the noise comes before it, and counts as ambiguous if it comes after.

    Parameters
    ----------
    model
        What the model did on the trials of ``data`` (:class:`Behaviour`), or a function that takes
        observations ``(trial, time, feature)`` and returns :class:`Answers`.
    tasks
        The boundaries that labels are meant to follow.
    data
        Trials of training and fresh ones (:class:`Data`).

    Raises
    ------
    ValueError
        If tasks are not flat, shapes do not fit, a value is not finite, labels are not 0 or 1, σ is
        not positive, or there are fewer than 200 fresh trials, or these have no latents.
    """
    behaviour, data = checked(model, tasks, data)
    values = measure(behaviour, tasks, data)
    findings, others, not_judged = [], [], {}
    for failure in FAILURES:
        found = {each.failure for each in findings}
        mimics = [name for name in _MIMICS.get(failure, ()) if name in found]
        if mimics:
            not_judged[failure] = f"{' and '.join(mimics)} would look the same"
            continue
        judged = _JUDGES[failure](values)
        if isinstance(judged, str):
            not_judged[failure] = judged
            continue
        severity, evidence = judged
        known = EXPLANATIONS[failure]
        severity = float(np.clip(severity, 0, 1))
        finding = Finding(failure, severity, known.lost, evidence, known.cure)
        (findings if severity > known.threshold else others).append(finding)
    ranked = (tuple(sorted(x, key=lambda each: -each.severity)) for x in (findings, others))
    return Diagnosis(*ranked, not_judged, values.skills.lost)


Judged = tuple[float, str] | str


def _dependent(m: Measured) -> Judged:
    found = m.directions
    return found.missing, f"{m.n_tasks} normals have rank {found.rank} in D = {m.dimension}"


def _near_parallel(m):
    found = m.directions
    if found.rank < m.dimension:
        return f"rank {found.rank} < D = {m.dimension}: directions are missing, not narrow"
    return (
        found.spread - found.isotropic,
        f"condition number κ(A) = {found.condition:.3g} of {m.n_tasks} normals",
    )


def _distant(m):
    return m.constant, f"labels carry {1 - m.constant:.2f} bits each on average"


def _hard_signs(m):
    return saturation(m.graded), (
        f"s = {m.s:.3g}: at a boundary in the middle {m.graded:.1%} of reports would be within "
        "± 3 probits"
    )


def _misjudged(m):
    if not np.isfinite(m.noise_ratio):
        return "trials have one reading, whose noise cannot be told from position"
    factor = min(m.noise_ratio, 1 / m.noise_ratio)
    return (1 - factor) ** 2, (
        f"readings of fresh trials are {m.noise_ratio:.2f} times as noisy as those of training; "
        f"probits have {m.gain:.2f} times the slope they should have"
    )


def _short(m):
    share = m.s**2 / (m.s**2 + m.variance)
    return share, f"t = {m.n_steps} readings of σ = {m.sigma:.3g} leave s = {m.s:.3g}"


def _wrong(m):
    if m.labels is not None:
        return _of_labels(m, m.rate_cost, "evidence_rate", "at a rate of {0.rate:.3f} everywhere")
    if not np.isfinite(m.plateau):
        return "positions of training are not known, and no boundary is far from enough trials"
    # Units that are missing make reports unsure too.
    level = m.plateau > _LEVEL and m.units.alive > _UNITS * m.dimension
    return m.rate_cost * level, (
        f"far from every boundary reports level off at {m.plateau:.3f} from 0 and 1"
    )


def _blurred(m):
    if m.labels is None:
        return "positions of training are not known, and short training gives flat reports too"
    told = "as if boundaries moved by ± {0.blur:.3f}"
    return _of_labels(m, m.blur_cost, "evidence_blur", told)


def _of_labels(m, cost, evidence, told):
    sure = getattr(m.labels, evidence) > _LIKELY
    return cost * sure, (
        f"{m.labels.share:.1%} of the labels of training are wrong, {told.format(m.labels)}; far "
        f"from boundaries reports level off at {m.plateau:.3f}"
    )


def _degenerate(m):
    return m.cover.outside * (m.cover.thinnest < _THIN), (
        f"along its thinnest direction training has {m.cover.thinnest:.3f} of the variance of "
        f"positions in use, and {m.cover.outside:.2f} of these lie outside of where it was"
    )


def _ambiguous(m):
    noise = m.s_in_use**2 + walk_variance(m.walk.ratio * m.sigma, m.n_steps)
    known = noise / (noise + m.variance)
    # The mean of bent observations may hide what a network that sees each of them finds.
    return min(m.sight.unseen, m.unheld) - known, (
        f"along the worst direction mean observations leave {m.sight.unseen:.2f} of the variance "
        f"of position open and the hidden state {m.unheld:.2f}; noise accounts for {known:.2f}"
    )


def _drifting(m):
    lost = walk_variance(m.walk.ratio * m.sigma, m.n_steps)
    cost = lost / (lost + m.variance)
    return cost * (m.walk.z > _SURE), (
        f"readings differ the more, the farther apart: steps of {m.walk.ratio:.2f} σ "
        f"(z = {m.walk.z:.1f})"
    )


def _few_units(m):
    lost = 1 - m.sight.error / m.variance - m.units.r2
    return lost * (m.units.alive <= _UNITS * m.dimension), (
        f"{m.units.alive} of {m.n_units} units vary; they explain {m.units.r2:.2f} of the "
        f"distances, {m.units.dearest:.2f} less without the dearest"
    )


def _few_trials(m):
    if np.isnan(m.gap.value):
        return "hardly any fresh trial is where those of training were"
    return m.gap.value * (m.gap.value > _SURE * m.gap.standard_error), (
        f"{m.n_different} of {m.n_training} trials of training are different; fresh ones lose "
        f"{m.gap.value:.2f} ± {m.gap.standard_error:.2f} more of the information than these"
    )


def _loud(m):
    best, lead = m.profile.best, m.profile.lead
    skill = m.skills.each[best]
    loud = lead > _LEAD and skill > _GOOD and m.profile.below < _BELOW
    return m.skills.lost * loud, (
        f"task {best} knows {skill:.2f} of what can be known, {lead:.2f} more than the median of "
        "the others"
    )


def _forgotten(m):
    found = m.profile
    late = found.late > _LATE and found.best >= m.n_tasks - found.n_late
    return m.skills.lost * (late or found.below > _BELOW), (
        f"the last {found.n_late} tasks know {found.late:.2f} more of what can be known than those "
        f"before; surely wrong by {found.below:.2f}"
    )


_JUDGES: dict[str, Callable[[Measured], Judged]] = {
    "dependent tasks": _dependent,
    "near-parallel tasks": _near_parallel,
    "distant boundaries": _distant,
    "hard signs": _hard_signs,
    "misjudged noise": _misjudged,
    "short trials": _short,
    "wrong labels": _wrong,
    "blurred labels": _blurred,
    "degenerate latents": _degenerate,
    "ambiguous observations": _ambiguous,
    "drifting latents": _drifting,
    "few units": _few_units,
    "few trials": _few_trials,
    "one loud task": _loud,
    "forgotten tasks": _forgotten,
}
